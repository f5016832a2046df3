#include "bowline/wire/ndp.hpp"

#include <algorithm>

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/cursor.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::wire {
namespace {

enum class Option : std::uint8_t {
  source_link_layer = 1,
  target_link_layer = 2,
  prefix_information = 3,
  mtu = 5,
};

constexpr std::uint8_t kRouterFlag = 0x80;
constexpr std::uint8_t kSolicitedFlag = 0x40;
constexpr std::uint8_t kOverrideFlag = 0x20;
constexpr std::uint8_t kOnLinkFlag = 0x80;
constexpr std::uint8_t kAutonomousFlag = 0x40;
constexpr std::size_t kOptionUnit = 8;

IpAddress take_address(Cursor& cursor) noexcept {
  const std::span<const std::byte> bytes = cursor.bytes(16);
  return bytes.size() == 16 ? IpAddress::v6(bytes.first<16>()) : IpAddress::any(Family::ipv6);
}

// An option of link-layer address is one unit long on Ethernet (RFC 2464 section 6); another
// length belongs to another kind of link.
std::optional<MacAddress> take_mac(Cursor option) noexcept {
  if (option.remaining() != 6) return std::nullopt;
  MacAddress mac{};
  std::ranges::copy(option.bytes(mac.size()), mac.begin());
  return mac;
}

// Section 4.6.2: 32 bytes.
void take_prefix(Cursor option, NdpMessage& message) noexcept {
  PrefixInformation info;
  const std::uint8_t length = option.u8();
  const std::uint8_t flags = option.u8();
  info.on_link = (flags & kOnLinkFlag) != 0;
  info.autonomous = (flags & kAutonomousFlag) != 0;
  info.valid = option.u32();
  info.preferred = option.u32();
  option.skip(4);
  info.prefix = {take_address(option), length};
  if (!option.ok() || option.remaining() != 0 || length > 128 ||
      message.prefix_count == message.prefixes.size()) {
    return;
  }
  message.prefixes[message.prefix_count++] = info;
}

// Section 4.6: "Nodes MUST silently discard an ND packet that contains an option with length zero."
bool take_options(Cursor& cursor, NdpMessage& message) noexcept {
  while (cursor.remaining() > 0) {
    const auto type = static_cast<Option>(cursor.u8());
    const std::size_t units = cursor.u8();
    if (units == 0) return false;
    Cursor option = cursor.part(units * kOptionUnit - 2);
    if (!cursor.ok()) return false;
    switch (type) {
      case Option::source_link_layer:
        message.source_mac = take_mac(option);
        break;
      case Option::target_link_layer:
        message.target_mac = take_mac(option);
        break;
      case Option::prefix_information:
        take_prefix(option, message);
        break;
      case Option::mtu:
        option.skip(2);
        if (option.remaining() == 4) message.mtu = option.u32();
        break;
    }
  }
  return cursor.ok();
}

std::array<std::byte, 16> group(std::byte last, std::byte before = {}) noexcept {
  std::array<std::byte, 16> bytes{};
  bytes[0] = std::byte{0xff};
  bytes[1] = std::byte{0x02};
  bytes[14] = before;
  bytes[15] = last;
  return bytes;
}

}  // namespace

std::expected<NdpMessage, Reason> parse_ndp(std::span<const std::byte> bytes) noexcept {
  const auto refused = std::unexpected(Reason::neighbour_discovery_malformed);
  Cursor cursor(bytes);
  const std::uint8_t type = cursor.u8();
  const std::uint8_t code = cursor.u8();
  cursor.skip(2);
  if (!is_ndp(type) || code != 0) return refused;
  NdpMessage message;
  message.type = static_cast<NdpType>(type);
  switch (message.type) {
    case NdpType::router_solicitation:
      cursor.skip(4);
      break;
    case NdpType::router_advertisement:
      message.hop_limit = cursor.u8();
      cursor.skip(1);  // M and O speak of DHCPv6
      message.router_lifetime = cursor.u16();
      message.reachable_time = cursor.u32();
      message.retrans_timer = cursor.u32();
      break;
    case NdpType::neighbour_advertisement: {
      const std::uint8_t flags = cursor.u8();
      message.router = (flags & kRouterFlag) != 0;
      message.solicited = (flags & kSolicitedFlag) != 0;
      message.override_flag = (flags & kOverrideFlag) != 0;
      cursor.skip(3);
      message.target = take_address(cursor);
      break;
    }
    case NdpType::neighbour_solicitation:
      cursor.skip(4);
      message.target = take_address(cursor);
      break;
    case NdpType::redirect:
      cursor.skip(4);
      message.target = take_address(cursor);
      cursor.skip(16);
      break;
  }
  if (!cursor.ok() || message.target.is_multicast()) return refused;
  if (!take_options(cursor, message)) return refused;
  return message;
}

std::uint32_t emit_ndp(std::byte* to, const IpAddress& source, const IpAddress& destination,
                       const NdpMessage& message) noexcept {
  Writer writer({to, kNdpMaxEmitted});
  writer.u8(static_cast<std::uint8_t>(message.type));
  writer.u8(0);
  writer.u16(0);
  switch (message.type) {
    case NdpType::router_solicitation:
      writer.u32(0);
      break;
    case NdpType::neighbour_solicitation:
      writer.u32(0);
      writer.bytes(message.target.bytes());
      break;
    case NdpType::neighbour_advertisement: {
      unsigned flags = message.router ? kRouterFlag : 0U;
      if (message.solicited) flags |= kSolicitedFlag;
      if (message.override_flag) flags |= kOverrideFlag;
      writer.u8(static_cast<std::uint8_t>(flags));
      writer.fill(3, std::byte{0});
      writer.bytes(message.target.bytes());
      break;
    }
    default:
      return 0;
  }
  const auto mac = message.source_mac ? message.source_mac : message.target_mac;
  if (mac) {
    writer.u8(static_cast<std::uint8_t>(message.source_mac ? Option::source_link_layer
                                                           : Option::target_link_layer));
    writer.u8(1);
    writer.bytes(*mac);
  }
  const auto size = static_cast<std::uint32_t>(writer.size());
  ChecksumSum sum = pseudo_header_sum(source, destination, kProtocolIcmpV6, size);
  sum.add({to, size});
  store_be(to + 2, sum.finish());
  return size;
}

IpAddress solicited_node(const IpAddress& address) noexcept {
  std::array<std::byte, 16> bytes = group(std::byte{0});
  bytes[11] = std::byte{0x01};
  bytes[12] = std::byte{0xff};
  std::ranges::copy(std::span(address.raw()).last<3>(), bytes.begin() + 13);
  return IpAddress::v6(bytes);
}

IpAddress all_nodes() noexcept { return IpAddress::v6(group(std::byte{1})); }
IpAddress all_routers() noexcept { return IpAddress::v6(group(std::byte{2})); }
IpAddress all_mld_routers() noexcept { return IpAddress::v6(group(std::byte{0x16})); }

}  // namespace bowline::inline v0::wire
