#pragma once

// A text trace as a capture: tcpdump's lines of today, and the classic ones of books and tutorials
// (`S first:last(bytes) ack n win w`).
//
// Each line that is about a TCP segment becomes a packet with an IP and a TCP header, so that all
// that follows sees packets and nothing else. Lines about something else (ARP, UDP, ICMP) count as
// packets, so that numbers agree with the capture that was printed, and are passed over.

#include "bowline/explain/capture/capture.hpp"
#include "bowline/trace/trace_reader.hpp"

namespace bowline::inline v0::explain {

/// Reads lines.
class TextReader final : public CaptureReader {
 public:
  /// The longest line; a longer one is none of a trace.
  static constexpr std::size_t kLongestLine = 8'192;

  /// Can a file that begins with `head` be text? (bytes that occur in no text are not there)
  [[nodiscard]] static bool recognises(std::span<const std::byte> head) noexcept;
  /// `input` stands at the file's beginning and must outlive the reader.
  explicit TextReader(InputBuffer& input);

  [[nodiscard]] Read next(CapturedPacket& packet) override;

 private:
  Read fault(const std::string& what);

  InputBuffer& input_;
  trace::TraceReader reader_;
  std::vector<std::byte> packet_;
  std::uint64_t line_ = 0;
  std::uint64_t packets_ = 0;
  bool understood_ = false;  // a line, so that the others are meant as a trace
};

}  // namespace bowline::inline v0::explain
