#include "bowline/sockets/ports.hpp"

namespace bowline::inline v0::sockets {
namespace {

bool covers_all(const PortClaim& claim, Family family) noexcept {
  return claim.local.address.is_unspecified() &&
         (claim.dual || claim.local.address.family() == family);
}

bool overlap(const PortClaim& a, const PortClaim& b) noexcept {
  return a.local.address == b.local.address || covers_all(a, b.local.address.family()) ||
         covers_all(b, a.local.address.family());
}

}  // namespace

void Ports::enter(const PortClaim& claim) { claims_.emplace(claim.local.port, &claim); }

void Ports::leave(const PortClaim& claim) {
  auto [at, end] = claims_.equal_range(claim.local.port);
  for (; at != end; ++at) {
    if (at->second == &claim) {
      claims_.erase(at);
      return;
    }
  }
}

bool Ports::conflict(const PortClaim& claim) const {
  auto [at, end] = claims_.equal_range(claim.local.port);
  for (; at != end; ++at) {
    const PortClaim& other = *at->second;
    if (&other == &claim || !overlap(claim, other)) continue;
    const bool shared_address = claim.reuse_address && other.reuse_address && !other.listening;
    const bool shared_port = claim.reuse_port && other.reuse_port;
    if (!shared_address && !shared_port) return true;
  }
  return false;
}

bool Ports::taken(std::uint16_t port, const PortClaim* mine) const {
  auto [at, end] = claims_.equal_range(port);
  for (; at != end; ++at) {
    if (at->second != mine) return true;
  }
  return false;
}

}  // namespace bowline::inline v0::sockets
