#include "bowline/ip/path_mtu.hpp"

#include <algorithm>

namespace bowline::inline v0::ip {

std::uint32_t believable_mtu(Family family, std::uint32_t said, std::uint32_t current) noexcept {
  const std::uint32_t least = least_path_mtu(family);
  if (said == 0 || said >= current) return 0;
  // No IPv6 link is smaller: such a message "must be discarded" (RFC 8201 section 4).
  if (family == Family::ipv6 && said < least) return 0;
  const std::uint32_t mtu = std::max(said, least);
  return mtu < current ? mtu : 0;
}

}  // namespace bowline::inline v0::ip
