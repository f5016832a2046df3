#include "bowline/ip/path_mtu.hpp"

#include <algorithm>

#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::ip {

void PathMtuCache::learn(const IpAddress& destination, std::uint32_t mtu, Time now) noexcept {
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].destination == destination) {
      entries_[i].mtu = mtu;
      entries_[i].learnt_at = now;
      return;
    }
  }
  if (entries_.size() >= limit_) entries_.pop_front();
  // Without memory the connection itself still knows.
  static_cast<void>(entries_.push_back({destination, mtu, now}));
}

std::uint32_t PathMtuCache::look_up(const IpAddress& destination, std::uint32_t link_mtu,
                                    Time now) const noexcept {
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.destination == destination && now - entry.learnt_at < kLifetime) {
      return std::min(entry.mtu, link_mtu);
    }
  }
  return link_mtu;
}

std::uint32_t believable_mtu(Family family, std::uint32_t said, std::uint32_t current) noexcept {
  constexpr std::uint32_t kLeastV4 = 552;
  if (said == 0 || said >= current) return 0;
  // No IPv6 link is smaller: such a message "must be discarded" (RFC 8201 section 4).
  if (family == Family::ipv6 && said < wire::kIpv6MinMtu) return 0;
  const std::uint32_t mtu = family == Family::ipv4 ? std::max(said, kLeastV4) : said;
  return mtu < current ? mtu : 0;
}

}  // namespace bowline::inline v0::ip
