#include "bowline/ip/interface_id.hpp"

#include <algorithm>
#include <array>

#include "bowline/base/byte_order.hpp"

namespace bowline::inline v0::ip {
namespace {

// RFC 5453: the subnet-router anycast address, and the reserved subnet anycast addresses of
// RFC 2526.
bool is_reserved(std::uint64_t id) noexcept {
  return id == 0 || (id >= 0xfdffffffffffff80 && id <= 0xfdffffffffffffff);
}

}  // namespace

IpAddress stable_address(const SipKey& key, const IpAddress& prefix, const wire::MacAddress& mac,
                         std::uint8_t conflicts) noexcept {
  // F(Prefix, Net_Iface, Network_ID, DAD_Counter, secret_key): the interface is known by its MAC
  // address; a Network_ID is optional, and there is none on a wire.
  std::array<std::byte, 16> input{};
  std::ranges::copy(std::span(prefix.raw()).first<8>(), input.begin());
  std::ranges::copy(mac, input.begin() + 8);
  input[14] = static_cast<std::byte>(conflicts);
  std::uint64_t id = 0;
  for (unsigned attempt = 0; is_reserved(id); ++attempt) {
    input[15] = static_cast<std::byte>(attempt);
    id = siphash24(key, input);
  }
  std::array<std::byte, 16> bytes{};
  std::ranges::copy(std::span(prefix.raw()).first<8>(), bytes.begin());
  store_be(bytes.data() + 8, id);
  return IpAddress::v6(bytes);
}

}  // namespace bowline::inline v0::ip
