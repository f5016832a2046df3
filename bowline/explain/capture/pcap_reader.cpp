#include "bowline/explain/capture/pcap_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace bowline::inline v0::explain {
namespace {

constexpr std::uint32_t kMicroseconds = 0xa1b2'c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b2'3c4d;
constexpr std::uint32_t kModified = 0xa1b2'cd34;  // packet headers of 24 bytes
constexpr std::size_t kFileHeader = 24;
constexpr std::size_t kModifiedRecordHeader = 24;
// The link type shares its word with the length of the frame check sequence, in words of 16 bits.
constexpr std::uint32_t kLinkTypeMask = 0x03ff'ffff;
constexpr std::uint32_t kHasCheckSequence = 0x0400'0000;
constexpr unsigned kCheckSequenceShift = 28;

bool is_magic(std::uint32_t value) noexcept {
  return value == kMicroseconds || value == kNanoseconds || value == kModified;
}

}  // namespace

bool PcapReader::recognises(std::span<const std::byte> head) noexcept {
  return head.size() >= 4 && (is_magic(load<std::uint32_t>(head, 0, ByteOrder::little)) ||
                              is_magic(load<std::uint32_t>(head, 0, ByteOrder::big)));
}

PcapReader::PcapReader(InputBuffer& input) : input_(input) { info_.format = "pcap"; }

Read PcapReader::header() {
  const auto head = input_.peek(kFileHeader);
  if (!input_.error().empty()) return broken(input_.error());
  if (head.size() < kFileHeader) {
    return broken(fmt::format("it is cut short: {} bytes, and a pcap header has 24", head.size()));
  }
  order_ =
      is_magic(load<std::uint32_t>(head, 0, ByteOrder::big)) ? ByteOrder::big : ByteOrder::little;
  const auto magic = load<std::uint32_t>(head, 0, order_);
  nanoseconds_ = magic == kNanoseconds;
  if (magic == kModified) record_header_ = kModifiedRecordHeader;
  const auto major = load<std::uint16_t>(head, 4, order_);
  const auto minor = load<std::uint16_t>(head, 6, order_);
  if (major != 2) {
    return broken(fmt::format("pcap version {}.{} is not read here; 2.4 is", major, minor));
  }
  const auto network = load<std::uint32_t>(head, 20, order_);
  const auto link = static_cast<LinkType>(network & kLinkTypeMask);
  if ((network & kHasCheckSequence) != 0) check_sequence_ = (network >> kCheckSequenceShift) * 2;
  info_.interfaces.push_back({"", link});
  input_.consume(kFileHeader);
  begun_ = true;
  return Read::packet;
}

Read PcapReader::next(CapturedPacket& packet) {
  if (!begun_ && header() == Read::broken) return Read::broken;
  const auto head = input_.peek(record_header_);
  if (!input_.error().empty()) return broken(input_.error());
  if (head.empty()) return Read::end;
  const std::uint64_t number = packets_ + 1;
  if (head.size() < record_header_) {
    return broken(fmt::format("it is cut short in the header of packet {}, at byte {}", number,
                              input_.offset()));
  }
  const auto seconds = load<std::uint32_t>(head, 0, order_);
  const auto fraction = load<std::uint32_t>(head, 4, order_);
  const auto captured = load<std::uint32_t>(head, 8, order_);
  const auto original = load<std::uint32_t>(head, 12, order_);
  if (captured > kMostPacketBytes) {
    return broken(
        fmt::format("packet {} at byte {} claims {} bytes, more than any packet has: the "
                    "file is damaged there",
                    number, input_.offset(), captured));
  }
  const auto whole = input_.peek(record_header_ + captured);
  if (!input_.error().empty()) return broken(input_.error());
  if (whole.size() < record_header_ + captured) {
    return broken(fmt::format("it is cut short in packet {}: {} of {} bytes are there", number,
                              whole.size() - record_header_, captured));
  }
  packet = {};
  packet.number = packets_ = number;
  packet.time = Time{std::chrono::seconds(seconds) +
                     (nanoseconds_ ? Duration(fraction) : std::chrono::microseconds(fraction))};
  packet.link = info_.interfaces.front().link;
  packet.bytes = whole.subspan(record_header_);
  packet.size = std::clamp(original, captured, std::max(captured, kMostPacketBytes));
  if (check_sequence_ > 0 && captured == packet.size && captured > check_sequence_) {
    packet.bytes = packet.bytes.first(captured - check_sequence_);
    packet.size -= check_sequence_;
  }
  input_.consume(record_header_ + captured);
  return Read::packet;
}

}  // namespace bowline::inline v0::explain
