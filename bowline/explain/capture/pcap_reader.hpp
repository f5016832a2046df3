#pragma once

// The classic format of libpcap (draft-ietf-opsawg-pcap): a header of 24 bytes, then for each
// packet 16 bytes and what was captured of it. Either byte order, micro- or nanoseconds; also the
// variant with longer packet headers that old Linux kernels' tcpdump wrote.

#include "bowline/explain/capture/capture.hpp"
#include "bowline/explain/capture/numbers.hpp"

namespace bowline::inline v0::explain {

/// Reads a pcap file.
class PcapReader final : public CaptureReader {
 public:
  /// Does a file that begins with `head` (4 bytes or more) look like one?
  [[nodiscard]] static bool recognises(std::span<const std::byte> head) noexcept;
  /// `input` stands at the file's beginning and must outlive the reader.
  explicit PcapReader(InputBuffer& input);

  [[nodiscard]] Read next(CapturedPacket& packet) override;

 private:
  Read header();

  InputBuffer& input_;
  ByteOrder order_ = ByteOrder::little;
  bool nanoseconds_ = false;
  std::size_t record_header_ = 16;
  std::uint32_t check_sequence_ = 0;  // bytes of it behind each packet
  bool begun_ = false;
  std::uint64_t packets_ = 0;
};

}  // namespace bowline::inline v0::explain
