#pragma once

// For the tests of the readers: files made by hand, in either byte order, and read back.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/explain/capture/capture.hpp"
#include "bowline/explain/capture/numbers.hpp"

namespace bowline::inline v0::explain::testing {

/// A file in the making.
class FileBytes {
 public:
  explicit FileBytes(ByteOrder order) : order_(order) {}
  FileBytes& u8(std::uint8_t value) { return number(value); }
  FileBytes& u16(std::uint16_t value) { return number(value); }
  FileBytes& u32(std::uint32_t value) { return number(value); }
  FileBytes& u64(std::uint64_t value) { return number(value); }
  FileBytes& text(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  /// A pcapng block of `type` around `body`.
  FileBytes& block(std::uint32_t type, const FileBytes& body) {
    const auto padding = (4 - body.bytes_.size() % 4) % 4;
    const auto length = static_cast<std::uint32_t>(body.bytes_.size() + padding + 12);
    u32(type).u32(length);
    bytes_.insert(bytes_.end(), body.bytes_.begin(), body.bytes_.end());
    bytes_.insert(bytes_.end(), padding, std::byte{0});
    return u32(length);
  }
  /// An option, padded.
  FileBytes& option(std::uint16_t code, std::string_view value) {
    u16(code).u16(static_cast<std::uint16_t>(value.size())).text(value);
    while (bytes_.size() % 4 != 0) u8(0);
    return *this;
  }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }
  [[nodiscard]] ByteOrder order() const { return order_; }

 private:
  template <class T>
  FileBytes& number(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const std::size_t shift = order_ == ByteOrder::little ? i : sizeof(T) - 1 - i;
      bytes_.push_back(static_cast<std::byte>(value >> (8 * shift) & 0xffU));
    }
    return *this;
  }

  ByteOrder order_;
  std::vector<std::byte> bytes_;
};

/// A packet that was read, with its views copied.
struct ReadPacket {
  std::uint64_t number = 0;
  std::optional<Time> time;
  LinkType link{};
  std::uint32_t interface = 0;
  std::uint32_t size = 0;
  std::string text;
  std::optional<trace::Way> way;
  std::vector<std::string> comments;
};

/// All packets of a file, and what was wrong with it.
struct ReadFile {
  std::vector<ReadPacket> packets;
  std::vector<CaptureInterface> interfaces;
  std::string format;
  std::string error;
};

/// Gives a source's bytes a few at a time, as a pipe may.
class SmallReads final : public ByteSource {
 public:
  explicit SmallReads(std::span<const std::byte> bytes) : memory_(bytes) {}
  [[nodiscard]] std::expected<std::size_t, std::string> read(std::span<std::byte> to) override {
    return memory_.read(to.first(std::min<std::size_t>(to.size(), 7)));
  }

 private:
  MemorySource memory_;
};

/// Opens and reads `bytes`.
inline ReadFile read_all(std::span<const std::byte> bytes) {
  ReadFile result;
  SmallReads source(bytes);
  InputBuffer input(source);
  auto reader = open_capture(input);
  if (!reader) {
    result.error = reader.error();
    return result;
  }
  CapturedPacket packet;
  Read read;
  while ((read = (*reader)->next(packet)) == Read::packet) {
    ReadPacket& one = result.packets.emplace_back();
    one.number = packet.number;
    one.time = packet.time;
    one.link = packet.link;
    one.interface = packet.interface;
    one.size = packet.size;
    one.text.assign(reinterpret_cast<const char*>(packet.bytes.data()), packet.bytes.size());
    one.way = packet.way;
    one.comments.assign(packet.comments.begin(), packet.comments.end());
  }
  result.interfaces = (*reader)->info().interfaces;
  result.format = (*reader)->info().format;
  if (read == Read::broken) result.error = (*reader)->error();
  return result;
}

}  // namespace bowline::inline v0::explain::testing
