#include "bowline/wire/ethernet.hpp"

#include <algorithm>
#include <cstring>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/cursor.hpp"

namespace bowline::inline v0::wire {

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

MacAddress ipv6_multicast_mac(std::span<const std::byte, 16> address) noexcept {
  MacAddress mac{std::byte{0x33}, std::byte{0x33}};
  std::ranges::copy(address.subspan<12, 4>(), mac.begin() + 2);
  return mac;
}

}  // namespace bowline::inline v0::wire
