#pragma once

// Captures in pcapng, every packet with the stack's reasons as its comments.
//
// The format is draft-ietf-opsawg-pcapng: a section header, a description of each interface, then
// one enhanced packet block for each packet. Wireshark, tshark and tcpdump read it; the first two
// show the comments (field frame.comment).

#include <cstdint>
#include <string>
#include <vector>

#include "bowline/trace/byte_sink.hpp"
#include "bowline/trace/output.hpp"

namespace bowline::inline v0::trace {

/// How a capture is written.
struct PcapngOptions {
  /// The most bytes of each packet; 0: all of them.
  std::uint32_t snap_length = 0;
  /// From 1970-01-01 00:00 UTC to the origin of the Stack's time line.
  Duration epoch{};
};

/// Writes a capture to `sink`, which must outlive it. After an error of the sink it goes on in
/// silence: the stack is not to stop because a disk is full. Ask the sink.
class PcapngOutput : public Output {
 public:
  /// To `sink`, which must outlive it.
  explicit PcapngOutput(ByteSink& sink, PcapngOptions options = {});

  void interface(const InterfaceName& interface) override;
  void frame(const FrameEvent& event) override;
  void decision(const Decision& decision) override;
  void flush() override { sink_.flush(); }

 private:
  std::vector<std::string> comments(const FrameEvent& event);

  ByteSink& sink_;
  PcapngOptions options_;
  std::vector<InterfaceId> interfaces_;  // in the order of their blocks
  std::vector<Decision> waiting_;        // decisions without a frame, for their connection's next
};

}  // namespace bowline::inline v0::trace
