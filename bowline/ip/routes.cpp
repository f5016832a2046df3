#include "bowline/ip/routes.hpp"

#include <algorithm>
#include <utility>

namespace bowline::inline v0::ip {

Status RouteTable::add(const Route& route) noexcept {
  if (routes_.size() >= limit_ || !routes_.push_back({route})) {
    return fail(std::errc::not_enough_memory);
  }
  return {};
}

Status RouteTable::remove(const Route& route) noexcept {
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    if (routes_[i].route == route && !routes_[i].advertised) {
      routes_.erase(i);
      return {};
    }
  }
  return fail(std::errc::no_such_process);
}

const Route* RouteTable::find(const IpAddress& destination,
                              std::optional<InterfaceId> interface) const noexcept {
  const Route* best = nullptr;
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    const Route& route = routes_[i].route;
    if (!route.destination.contains(destination)) continue;
    if (interface && route.interface != *interface) continue;
    if (best == nullptr || route.destination.prefix > best->destination.prefix) best = &route;
  }
  return best;
}

RouteTable::Advertised RouteTable::advertise(const Route& route, Time expires, Time now,
                                             std::uint32_t limit) noexcept {
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    Entry& entry = routes_[i];
    if (!entry.advertised || entry.route.interface != route.interface) continue;
    ++count;
    if (entry.route != route) continue;
    if (expires <= now) {
      routes_.erase(i);
      note_expiry();
      return Advertised::removed;
    }
    entry.expires = expires;
    note_expiry();
    return Advertised::renewed;
  }
  if (expires <= now) return Advertised::nothing;
  if (count >= limit || routes_.size() >= limit_ || !routes_.push_back({route, expires, true})) {
    return Advertised::refused;
  }
  note_expiry();
  return Advertised::added;
}

std::uint32_t RouteTable::expire(Time now) noexcept {
  std::uint32_t gone = 0;
  for (std::uint32_t i = 0; i < routes_.size();) {
    if (routes_[i].expires <= now) {
      routes_.erase(i);
      ++gone;
    } else {
      ++i;
    }
  }
  note_expiry();
  return gone;
}

bool RouteTable::demote(InterfaceId interface, const IpAddress& gateway) noexcept {
  const auto is_by_it = [&](const Entry& entry) {
    return entry.route.interface == interface && entry.route.gateway == gateway;
  };
  bool found = false;
  std::uint32_t end = routes_.size();
  for (std::uint32_t i = 0; i < end;) {
    if (!is_by_it(routes_[i])) {
      ++i;
      continue;
    }
    found = true;
    for (std::uint32_t at = i; at + 1 < routes_.size(); ++at) {
      std::swap(routes_[at], routes_[at + 1]);
    }
    --end;
  }
  return found;
}

std::uint32_t RouteTable::drop_router(InterfaceId interface, const IpAddress& gateway) noexcept {
  std::uint32_t gone = 0;
  for (std::uint32_t i = 0; i < routes_.size();) {
    const Entry& entry = routes_[i];
    if (entry.advertised && entry.route.interface == interface && entry.route.gateway == gateway) {
      routes_.erase(i);
      ++gone;
    } else {
      ++i;
    }
  }
  note_expiry();
  return gone;
}

void RouteTable::note_expiry() noexcept {
  next_expiry_ = kNever;
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    next_expiry_ = std::min(next_expiry_, routes_[i].expires);
  }
}

}  // namespace bowline::inline v0::ip
