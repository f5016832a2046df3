#include "bowline/ip/routes.hpp"

namespace bowline::inline v0::ip {

Status RouteTable::add(const Route& route) noexcept {
  if (routes_.size() >= limit_ || !routes_.push_back(route)) {
    return fail(std::errc::not_enough_memory);
  }
  return {};
}

Status RouteTable::remove(const Route& route) noexcept {
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    if (routes_[i] == route) {
      routes_.erase(i);
      return {};
    }
  }
  return fail(std::errc::no_such_process);
}

const Route* RouteTable::find(const IpAddress& destination) const noexcept {
  const Route* best = nullptr;
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    const Route& route = routes_[i];
    if (!route.destination.contains(destination)) continue;
    if (best == nullptr || route.destination.prefix > best->destination.prefix) best = &route;
  }
  return best;
}

}  // namespace bowline::inline v0::ip
