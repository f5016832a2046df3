#include "bowline/wire/ethernet.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/cursor.hpp"

namespace bowline::inline v0::wire {

MacAddress local_mac(std::uint64_t random) noexcept {
  MacAddress mac{};
  for (std::byte& each : mac) {
    each = static_cast<std::byte>(random);
    random >>= 8U;
  }
  mac[0] = (mac[0] & std::byte{0xfc}) | std::byte{0x02};
  return mac;
}

std::optional<MacAddress> parse_mac(std::string_view text) noexcept {
  constexpr std::size_t kText = 17;
  if (text.size() != kText) return std::nullopt;
  MacAddress mac{};
  for (std::size_t i = 0; i < mac.size(); ++i) {
    const char* const pair = text.data() + 3 * i;
    if (i > 0 && (pair[-1] != text[2] || (text[2] != ':' && text[2] != '-'))) return std::nullopt;
    std::uint8_t value = 0;
    const auto [end, error] = std::from_chars(pair, pair + 2, value, 16);
    if (error != std::errc{} || end != pair + 2) return std::nullopt;
    mac[i] = static_cast<std::byte>(value);
  }
  return mac;
}

std::optional<EthernetHeader> parse_ethernet(std::span<const std::byte> frame) noexcept {
  if (frame.size() < kEthernetHeaderSize) return std::nullopt;
  const auto bytes = frame.first<kEthernetHeaderSize>();
  EthernetHeader header;
  std::ranges::copy(bytes.subspan<0, 6>(), header.destination.begin());
  std::ranges::copy(bytes.subspan<6, 6>(), header.source.begin());
  header.type = field<std::uint16_t, 12>(bytes);
  return header;
}

std::uint32_t emit_ethernet(std::byte* to, const EthernetHeader& header) noexcept {
  std::memcpy(to, header.destination.data(), header.destination.size());
  std::memcpy(to + 6, header.source.data(), header.source.size());
  store_be(to + 12, header.type);
  return kEthernetHeaderSize;
}

MacAddress ipv4_multicast_mac(std::uint32_t address) noexcept {
  return {std::byte{0x01},
          std::byte{0x00},
          std::byte{0x5e},
          static_cast<std::byte>(address >> 16U & 0x7fU),
          static_cast<std::byte>(address >> 8U & 0xffU),
          static_cast<std::byte>(address & 0xffU)};
}

MacAddress ipv6_multicast_mac(std::span<const std::byte, 16> address) noexcept {
  MacAddress mac{std::byte{0x33}, std::byte{0x33}};
  std::ranges::copy(address.subspan<12, 4>(), mac.begin() + 2);
  return mac;
}

}  // namespace bowline::inline v0::wire
