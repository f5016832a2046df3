#pragma once

// pcapng (draft-ietf-opsawg-pcapng): a file of blocks, each with its type and length.
//
// Read are section headers, interface descriptions, the three kinds of packet blocks (enhanced,
// simple, and the obsolete one) and their comments; all other blocks (names, statistics, secrets)
// are passed over. A section may have another byte order than the one before it, and its interfaces
// are numbered from 0 again; here they are numbered through the file.

#include "bowline/explain/capture/capture.hpp"
#include "bowline/explain/capture/numbers.hpp"

namespace bowline::inline v0::explain {

/// Reads a pcapng file.
class PcapngReader final : public CaptureReader {
 public:
  /// Does a file that begins with `head` (4 bytes or more) look like one?
  [[nodiscard]] static bool recognises(std::span<const std::byte> head) noexcept;
  /// `input` stands at the file's beginning and must outlive the reader.
  explicit PcapngReader(InputBuffer& input);

  [[nodiscard]] Read next(CapturedPacket& packet) override;

 private:
  // How the packets of an interface are to be read.
  struct Interface {
    LinkType link{};
    std::uint32_t snap_length = 0;
    std::uint8_t resolution = 6;  // if_tsresol: 10^-6 s unless it says otherwise
    std::int64_t offset = 0;      // if_tsoffset, seconds
    std::uint32_t check_sequence = 0;
  };
  // A block whose lengths have been checked, without them.
  struct Block {
    std::uint32_t type = 0;
    std::span<const std::byte> body;
  };

  bool read_block(Block& block);
  bool section(std::span<const std::byte> body);
  bool interface(std::span<const std::byte> body);
  bool timed_packet(bool enhanced, std::span<const std::byte> body, CapturedPacket& packet);
  bool simple_packet(std::span<const std::byte> body, CapturedPacket& packet);
  bool take(const Interface& interface, std::size_t index, std::span<const std::byte> body,
            std::size_t header, std::uint32_t captured, std::uint32_t original,
            CapturedPacket& packet);
  void packet_options(std::span<const std::byte> options, CapturedPacket& packet);
  bool fail(std::string error);
  template <class T>
  [[nodiscard]] T number(std::span<const std::byte> bytes, std::size_t offset) const {
    return load<T>(bytes, offset, order_);
  }

  InputBuffer& input_;
  ByteOrder order_ = ByteOrder::little;
  std::vector<Interface> interfaces_;  // of this section
  std::size_t first_ = 0;              // its first one's index in the file
  std::uint64_t packets_ = 0;
  std::size_t consumed_ = 0;  // the block that the last packet stands in: kept until the next call
  bool failed_ = false;
};

/// The time that `units` of an interface's clock mean, since 1970: `resolution` is if_tsresol,
/// `offset` if_tsoffset. Nothing when it lies beyond what 64 bits of nanoseconds hold.
[[nodiscard]] std::optional<Time> pcapng_time(std::uint64_t units, std::uint8_t resolution,
                                              std::int64_t offset) noexcept;

}  // namespace bowline::inline v0::explain
