#include "bowline/wire/arp.hpp"

#include <algorithm>

#include "bowline/wire/cursor.hpp"

namespace bowline::inline v0::wire {
namespace {

constexpr std::uint16_t kHardwareEthernet = 1;
constexpr std::uint8_t kMacSize = 6;
constexpr std::uint8_t kIpv4Size = 4;

MacAddress take_mac(Cursor& cursor) noexcept {
  MacAddress mac{};
  std::ranges::copy(cursor.bytes(mac.size()), mac.begin());
  return mac;
}

}  // namespace

std::optional<ArpPacket> parse_arp(std::span<const std::byte> packet) noexcept {
  Cursor cursor(packet);
  const bool known = cursor.u16() == kHardwareEthernet && cursor.u16() == kEtherTypeIpv4 &&
                     cursor.u8() == kMacSize && cursor.u8() == kIpv4Size;
  const std::uint16_t operation = cursor.u16();
  if (!known || (operation != static_cast<std::uint16_t>(ArpOperation::request) &&
                 operation != static_cast<std::uint16_t>(ArpOperation::reply))) {
    return std::nullopt;
  }
  ArpPacket result;
  result.operation = static_cast<ArpOperation>(operation);
  result.sender_mac = take_mac(cursor);
  result.sender_ip = IpAddress::v4(cursor.u32());
  result.target_mac = take_mac(cursor);
  result.target_ip = IpAddress::v4(cursor.u32());
  if (!cursor.ok()) return std::nullopt;
  return result;
}

std::uint32_t emit_arp(std::byte* to, const ArpPacket& packet) noexcept {
  Writer writer({to, kArpSize});
  writer.u16(kHardwareEthernet);
  writer.u16(kEtherTypeIpv4);
  writer.u8(kMacSize);
  writer.u8(kIpv4Size);
  writer.u16(static_cast<std::uint16_t>(packet.operation));
  writer.bytes(packet.sender_mac);
  writer.u32(packet.sender_ip.v4_value());
  writer.bytes(packet.target_mac);
  writer.u32(packet.target_ip.v4_value());
  return kArpSize;
}

}  // namespace bowline::inline v0::wire
