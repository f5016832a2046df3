#pragma once

// A capture, packet by packet, whatever file it stands in.
//
// Packets are numbered from 1 in the order of the file, as tcpdump and Wireshark number them, so
// that a finding can be looked up there. What the file claims (lengths, counts) is checked before
// it is used; a file that ends in the middle gives everything up to there, then one line.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/base/time.hpp"
#include "bowline/explain/capture/byte_source.hpp"
#include "bowline/explain/capture/link_type.hpp"
#include "bowline/trace/output.hpp"

namespace bowline::inline v0::explain {

/// One packet of a capture. All views end with the next call of CaptureReader::next().
struct CapturedPacket {
  std::uint64_t number = 0;  ///< from 1
  /// Since 1970, or as a text prints it. Nothing where the file does not say.
  std::optional<Time> time;
  LinkType link{};
  std::uint32_t interface = 0;  ///< index in CaptureInfo::interfaces
  std::uint32_t size = 0;       ///< bytes on the wire; bytes.size() or more
  std::span<const std::byte> bytes;
  /// Which way it went, as the capturing machine saw it, where the file says so.
  std::optional<trace::Way> way;
  std::vector<std::string_view> comments;
};

/// An interface of a capture.
struct CaptureInterface {
  std::string name;  ///< empty where the file does not say
  LinkType link{};
};

/// What a file says of itself.
struct CaptureInfo {
  std::string format;  ///< "pcap", "pcapng", "text"
  /// Those that had to be described so far. At most kMostInterfaces.
  std::vector<CaptureInterface> interfaces;
  /// The packets were put together from lines of text: addresses, ports, numbers and lengths are
  /// theirs, everything else in the bytes is made up.
  bool from_text = false;
};

/// The most interfaces that one capture may describe.
inline constexpr std::size_t kMostInterfaces = 4'096;
/// The most bytes that one packet may have. The kernel's largest (BIG TCP) have 512 KiB.
inline constexpr std::uint32_t kMostPacketBytes = std::uint32_t{1} << 20U;

/// How next() ended.
enum class Read : std::uint8_t {
  packet,
  end,    ///< the file is over, and it is whole
  broken  ///< it is cut or damaged, or cannot be read: see error()
};

/// Reads a capture from front to back.
class CaptureReader {
 public:
  virtual ~CaptureReader() = default;
  /// Reads the next packet to `packet`. After `end` or `broken` it must not be called again.
  [[nodiscard]] virtual Read next(CapturedPacket& packet) = 0;
  [[nodiscard]] const CaptureInfo& info() const noexcept { return info_; }
  /// What is wrong, in one line without the file's name.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 protected:
  Read broken(std::string error) {
    error_ = std::move(error);
    return Read::broken;
  }
  CaptureInfo info_;  // NOLINT: filled in by the readers

 private:
  std::string error_;
};

/// Looks at the first bytes and gives the reader for what they are. `input` must outlive it. The
/// error is one line without the file's name.
[[nodiscard]] std::expected<std::unique_ptr<CaptureReader>, std::string> open_capture(
    InputBuffer& input);

}  // namespace bowline::inline v0::explain
