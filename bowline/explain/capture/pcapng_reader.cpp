#include "bowline/explain/capture/pcapng_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace bowline::inline v0::explain {
namespace {

constexpr std::uint32_t kSectionHeader = 0x0a0d'0d0a;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kObsoletePacket = 2;
constexpr std::uint32_t kSimplePacket = 3;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint32_t kByteOrderMagic = 0x1a2b'3c4d;

constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kInterfaceName = 2;
constexpr std::uint16_t kPacketFlags = 2;
constexpr std::uint16_t kTimeResolution = 9;
constexpr std::uint16_t kCheckSequenceLength = 13;
constexpr std::uint16_t kTimeOffset = 14;

constexpr std::size_t kBlockHeader = 8;   // type and length
constexpr std::size_t kBlockTrailer = 4;  // the length again
constexpr std::size_t kSmallestBlock = 12;
constexpr std::size_t kMostComments = 64;  // shown of one packet

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// Calls take(code, value) for each option until they end or make no sense: what is wrong in the
// options of a packet is no reason to lose the packet.
template <class Take>
void for_each_option(std::span<const std::byte> options, ByteOrder order, Take take) {
  while (options.size() >= 4) {
    const auto code = load<std::uint16_t>(options, 0, order);
    const std::size_t length = load<std::uint16_t>(options, 2, order);
    if (code == 0 || length > options.size() - 4) return;
    take(code, options.subspan(4, length));
    options = options.subspan(std::min(options.size(), 4 + padded(length)));
  }
}

std::string_view text(std::span<const std::byte> bytes) {
  std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return view.substr(0, view.find('\0'));
}

}  // namespace

std::optional<Time> pcapng_time(std::uint64_t units, std::uint8_t resolution,
                                std::int64_t offset) noexcept {
  constexpr std::uint64_t kNanosecond = 1'000'000'000;
  constexpr std::int64_t kMostSeconds = 9'000'000'000;  // of 9,223,372,036
  const unsigned exponent = resolution & 0x7fU;
  std::uint64_t seconds = 0;
  std::uint64_t nanoseconds = 0;
  if ((resolution & 0x80U) != 0) {  // 2^-exponent
    if (exponent > 63) return std::nullopt;
    seconds = units >> exponent;
    std::uint64_t rest = exponent == 0 ? 0 : units & ((std::uint64_t{1} << exponent) - 1);
    const unsigned most = std::min(exponent, 32U);  // so that the product fits in 64 bits
    rest >>= exponent - most;
    nanoseconds = rest * kNanosecond >> most;
  } else {
    if (exponent > 19) return std::nullopt;
    std::uint64_t per_second = 1;
    for (unsigned i = 0; i < exponent; ++i) per_second *= 10;
    seconds = units / per_second;
    nanoseconds = units % per_second;
    for (unsigned i = exponent; i < 9; ++i) nanoseconds *= 10;
    for (unsigned i = exponent; i > 9; --i) nanoseconds /= 10;
  }
  if (seconds > static_cast<std::uint64_t>(kMostSeconds)) return std::nullopt;
  if (offset > kMostSeconds || offset < -kMostSeconds) return std::nullopt;
  const std::int64_t whole = static_cast<std::int64_t>(seconds) + offset;
  if (whole > kMostSeconds || whole < -kMostSeconds) return std::nullopt;
  return Time{std::chrono::seconds(whole) + Duration(static_cast<std::int64_t>(nanoseconds))};
}

bool PcapngReader::recognises(std::span<const std::byte> head) noexcept {
  return head.size() >= 4 && load<std::uint32_t>(head, 0, ByteOrder::little) == kSectionHeader;
}

PcapngReader::PcapngReader(InputBuffer& input) : input_(input) { info_.format = "pcapng"; }

bool PcapngReader::fail(std::string error) {
  failed_ = true;
  (void)broken(std::move(error));
  return false;
}

Read PcapngReader::next(CapturedPacket& packet) {
  Block block;
  while (read_block(block)) {
    bool is_packet = true;
    packet = {};
    switch (block.type) {
      case kSectionHeader:
        is_packet = false;
        section(block.body);
        break;
      case kInterfaceDescription:
        is_packet = false;
        interface(block.body);
        break;
      case kEnhancedPacket:
        timed_packet(true, block.body, packet);
        break;
      case kSimplePacket:
        simple_packet(block.body, packet);
        break;
      case kObsoletePacket:
        timed_packet(false, block.body, packet);
        break;
      default:  // names, statistics, secrets, what is yet to be invented
        is_packet = false;
    }
    if (failed_) return Read::broken;
    if (is_packet) return Read::packet;
  }
  return failed_ ? Read::broken : Read::end;
}

// The next block, whole; false at the end of the file and when it is broken.
bool PcapngReader::read_block(Block& block) {
  input_.consume(std::exchange(consumed_, 0));
  const std::uint64_t at = input_.offset();
  // A section header's magic says how its own length is to be read.
  auto head = input_.peek(kSmallestBlock);
  if (!input_.error().empty()) return fail(input_.error());
  if (head.empty()) return false;
  if (head.size() < kSmallestBlock) {
    return fail(fmt::format("it is cut short in the header of a block, at byte {}", at));
  }
  if (load<std::uint32_t>(head, 0, ByteOrder::little) == kSectionHeader) {
    if (load<std::uint32_t>(head, 8, ByteOrder::little) == kByteOrderMagic) {
      order_ = ByteOrder::little;
    } else if (load<std::uint32_t>(head, 8, ByteOrder::big) == kByteOrderMagic) {
      order_ = ByteOrder::big;
    } else {
      return fail(
          fmt::format("the section at byte {} has no byte-order magic: the file is damaged", at));
    }
  }
  block.type = number<std::uint32_t>(head, 0);
  const std::size_t length = number<std::uint32_t>(head, 4);
  if (length < kSmallestBlock || length % 4 != 0 || length > InputBuffer::kMost) {
    return fail(
        fmt::format("the block at byte {} claims {} bytes, which no block can have: the "
                    "file is damaged there",
                    at, length));
  }
  const auto whole = input_.peek(length);
  if (!input_.error().empty()) return fail(input_.error());
  if (whole.size() < length) {
    return fail(
        fmt::format("it is cut short behind packet {}: {} of the {} bytes of a block are "
                    "there",
                    packets_, whole.size(), length));
  }
  if (number<std::uint32_t>(whole, length - kBlockTrailer) != length) {
    return fail(fmt::format("the block at byte {} has two lengths, {} and {}: the file is damaged",
                            at, length, number<std::uint32_t>(whole, length - kBlockTrailer)));
  }
  block.body = whole.subspan(kBlockHeader, length - kBlockHeader - kBlockTrailer);
  consumed_ = length;
  return true;
}

bool PcapngReader::section(std::span<const std::byte> body) {
  constexpr std::size_t kHeader = 16;
  if (body.size() < kHeader) return fail("a section header is too short: the file is damaged");
  const auto major = number<std::uint16_t>(body, 4);
  if (major != 1) return fail(fmt::format("pcapng version {} is not read here; 1 is", major));
  first_ = info_.interfaces.size();
  interfaces_.clear();
  return true;
}

bool PcapngReader::interface(std::span<const std::byte> body) {
  constexpr std::size_t kHeader = 8;
  if (body.size() < kHeader) {
    return fail("the description of an interface is too short: the file is damaged");
  }
  if (info_.interfaces.size() == kMostInterfaces) {
    return fail(fmt::format("it describes more than {} interfaces", kMostInterfaces));
  }
  Interface made;
  made.link = static_cast<LinkType>(number<std::uint16_t>(body, 0));
  made.snap_length = number<std::uint32_t>(body, 4);
  std::string name;
  for_each_option(body.subspan(kHeader), order_,
                  [&](std::uint16_t code, std::span<const std::byte> value) {
                    if (code == kInterfaceName) name = text(value);
                    if (code == kTimeResolution && !value.empty()) {
                      made.resolution = std::to_integer<std::uint8_t>(value[0]);
                    }
                    if (code == kCheckSequenceLength && !value.empty()) {
                      made.check_sequence = std::to_integer<std::uint32_t>(value[0]);
                    }
                    if (code == kTimeOffset && value.size() == sizeof(std::uint64_t)) {
                      made.offset = static_cast<std::int64_t>(number<std::uint64_t>(value, 0));
                    }
                  });
  constexpr std::size_t kLongestName = 64;
  name.resize(std::min(name.size(), kLongestName));
  for (char& c : name) c = c >= ' ' && c <= '~' ? c : '?';  // it is printed
  info_.interfaces.push_back({std::move(name), made.link});
  interfaces_.push_back(made);
  return true;
}

// What all packet blocks have: `captured` bytes behind `header` bytes of `body`.
bool PcapngReader::take(const Interface& interface, std::size_t index,
                        std::span<const std::byte> body, std::size_t header, std::uint32_t captured,
                        std::uint32_t original, CapturedPacket& packet) {
  packet.number = ++packets_;
  if (captured > body.size() - header || captured > kMostPacketBytes) {
    return fail(
        fmt::format("packet {} claims {} bytes and its block has {}: the file is damaged "
                    "there",
                    packets_, captured, body.size() - header));
  }
  packet.link = interface.link;
  packet.interface = static_cast<std::uint32_t>(first_ + index);
  packet.bytes = body.subspan(header, captured);
  packet.size = std::clamp(original, captured, std::max(captured, kMostPacketBytes));
  if (interface.check_sequence > 0 && captured == packet.size &&
      captured > interface.check_sequence) {
    packet.bytes = packet.bytes.first(captured - interface.check_sequence);
    packet.size -= interface.check_sequence;
  }
  return true;
}

// An enhanced packet or an obsolete one: they differ in how wide the interface's number is.
bool PcapngReader::timed_packet(bool enhanced, std::span<const std::byte> body,
                                CapturedPacket& packet) {
  constexpr std::size_t kHeader = 20;
  if (body.size() < kHeader)
    return fail("the header of a packet is too short: the file is damaged");
  const std::size_t index =
      enhanced ? number<std::uint32_t>(body, 0) : number<std::uint16_t>(body, 0);
  if (index >= interfaces_.size()) {
    return fail(
        fmt::format("packet {} is from interface {}, which is not described", packets_ + 1, index));
  }
  const auto captured = number<std::uint32_t>(body, 12);
  if (!take(interfaces_[index], index, body, kHeader, captured, number<std::uint32_t>(body, 16),
            packet)) {
    return false;
  }
  const std::uint64_t units =
      std::uint64_t{number<std::uint32_t>(body, 4)} << 32U | number<std::uint32_t>(body, 8);
  packet.time = pcapng_time(units, interfaces_[index].resolution, interfaces_[index].offset);
  packet_options(body.subspan(std::min(body.size(), kHeader + padded(captured))), packet);
  return true;
}

// No time, no interface, no length captured: what is there is what fits (always interface 0).
bool PcapngReader::simple_packet(std::span<const std::byte> body, CapturedPacket& packet) {
  constexpr std::size_t kHeader = 4;
  if (body.size() < kHeader)
    return fail("the header of a packet is too short: the file is damaged");
  if (interfaces_.empty()) {
    return fail(fmt::format("packet {} comes before any interface is described", packets_ + 1));
  }
  const auto original = number<std::uint32_t>(body, 0);
  const std::uint32_t limit =
      interfaces_[0].snap_length == 0 ? original : std::min(original, interfaces_[0].snap_length);
  return take(interfaces_[0], 0, body, kHeader, limit, original, packet);
}

void PcapngReader::packet_options(std::span<const std::byte> options, CapturedPacket& packet) {
  for_each_option(options, order_, [&](std::uint16_t code, std::span<const std::byte> value) {
    if (code == kComment && packet.comments.size() < kMostComments) {
      packet.comments.push_back(text(value));
    }
    if (code == kPacketFlags && value.size() == sizeof(std::uint32_t)) {
      const std::uint32_t way = number<std::uint32_t>(value, 0) & 3U;
      if (way == 1) packet.way = trace::Way::in;
      if (way == 2) packet.way = trace::Way::out;
    }
  });
}

}  // namespace bowline::inline v0::explain
