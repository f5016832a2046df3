// Routers and what they advertise: default routes, prefixes, addresses, the MTU (RFC 4861
// section 6.3, RFC 4862 section 5.5). All of it is bounded, and none of it outlives its lifetime.

#include <algorithm>

#include "bowline/ip/interface_id.hpp"
#include "bowline/stack/core.hpp"
#include "bowline/tcp/path_mtu.hpp"
#include "bowline/tcp/user_calls.hpp"

namespace bowline::inline v0 {
namespace {

Time until(Time now, std::uint32_t seconds) noexcept {
  return seconds == wire::kNdpInfinity ? kNever : Time(now + std::chrono::seconds(seconds));
}

// The first `prefix.prefix` bits alone: routers may leave anything behind them.
Cidr network_of(const Cidr& prefix) noexcept {
  std::array<std::byte, 16> bytes = prefix.address.raw();
  for (unsigned bit = prefix.prefix; bit < 128; ++bit) {
    bytes[bit / 8] &= static_cast<std::byte>(~(0x80U >> bit % 8));
  }
  return {IpAddress::v6(bytes), prefix.prefix};
}

}  // namespace

// Section 6.3.7.
void Stack::Core::solicit_routers(InterfaceId interface) noexcept {
  Interface& out = interface_of(interface);
  const ip::NeighbourTiming& timing = out.timing.neighbour;
  if (out.solicitations >= timing.router_solicitations) {
    out.solicit_at = kNever;
    return;
  }
  ++out.solicitations;
  out.solicit_at = now + timing.router_solicitation_interval;
  wire::NdpMessage message;
  message.type = wire::NdpType::router_solicitation;
  const IpAddress source = link_local_of(interface);
  if (!source.is_unspecified()) message.source_mac = out.link.mac;
  send_ndp(interface, source, wire::all_routers(), message, nullptr,
           Reason::send_router_solicitation);
}

// Section 6.3.4. The hop limit that a router proposes is not taken over: sockets have their own.
void Stack::Core::receive_router_advertisement(const wire::IpHeader& ip,
                                               const wire::NdpMessage& message,
                                               InterfaceId interface) noexcept {
  Interface& in = interface_of(interface);
  if (!in.router_discovery || !in.is_ethernet()) {
    return decisions.make(Reason::router_advertisement_ignored);
  }
  decisions.make(Reason::router_advertisement_taken);
  in.solicit_at = kNever;  // there is one

  constexpr std::uint32_t kMostReachable = 3'600'000;  // section 6.2.1
  constexpr std::uint32_t kLeastRetrans = 100;         // ours: less would flood the link
  constexpr std::uint32_t kMostRetrans = 60'000;
  if (message.reachable_time > kMostReachable) {
    decisions.make(Reason::router_advertisement_bad_value);
  } else if (const Duration base = std::chrono::milliseconds(message.reachable_time);
             base > Duration::zero() && base != in.timing.neighbour.reachable_time) {
    in.timing.neighbour.reachable_time = base;
    in.reachable_time = ip::random_reachable_time(base, random);
  }
  if (message.retrans_timer != 0) {
    if (message.retrans_timer < kLeastRetrans || message.retrans_timer > kMostRetrans) {
      decisions.make(Reason::router_advertisement_bad_value);
    } else {
      in.timing.neighbour.retrans_timer = std::chrono::milliseconds(message.retrans_timer);
    }
  }
  if (message.mtu != 0) {
    if (message.mtu < wire::kIpv6MinMtu || message.mtu > in.link.mtu) {
      decisions.make(Reason::router_advertisement_bad_value);
    } else if (message.mtu != in.ipv6_mtu) {
      in.ipv6_mtu = message.mtu;
      decisions.make(Reason::router_mtu);
      connections.for_each([&](std::uint32_t, tcp::Connection& c) {
        if (c.interface == interface && !c.local.address.is_v4() &&
            tcp::largest_packet(c) > message.mtu) {
          static_cast<void>(tcp::limit_path_mtu(c, message.mtu, now));
        }
      });
    }
  }

  ip::Announcement said;
  said.mac = message.source_mac;
  said.create = true;
  said.router = true;
  hear(interface, ip.source, said);
  advertise({{IpAddress::any(Family::ipv6), 0}, interface, ip.source},
            now + std::chrono::seconds(message.router_lifetime));
  for (std::size_t i = 0; i < message.prefix_count; ++i) {
    take_prefix(message.prefixes[i], interface);
  }
  plan_upkeep();
}

void Stack::Core::advertise(const Route& route, Time expires) noexcept {
  using Advertised = ip::RouteTable::Advertised;
  switch (routes.advertise(route, expires, now, config.limits.advertised_routes)) {
    case Advertised::refused:
      return decisions.make(Reason::router_advertisement_limit);
    case Advertised::added:
      if (route.gateway) decisions.make(Reason::router_found);
      return forget_next_hops();
    case Advertised::removed:
      decisions.make(Reason::router_gone);
      return forget_next_hops();
    case Advertised::nothing:
    case Advertised::renewed:
      return;
  }
}

void Stack::Core::take_prefix(const wire::PrefixInformation& info, InterfaceId interface) noexcept {
  const Cidr network = network_of(info.prefix);
  // Section 6.3.4: the link-local prefix is no router's to advertise; RFC 4862 section 5.5.3 c.
  if (network.address.is_link_local() || network.address.is_multicast() || network.prefix == 0 ||
      network.address.is_loopback()) {
    return decisions.make(Reason::router_advertisement_bad_value);
  }
  if (info.on_link) advertise({network, interface, std::nullopt}, until(now, info.valid));
  if (!info.autonomous) return;
  if (info.preferred > info.valid || network.prefix != 64) {
    return decisions.make(Reason::router_advertisement_bad_value);
  }
  form_address({network, info.on_link, info.autonomous, info.valid, info.preferred}, interface);
}

// RFC 4862 section 5.5.3 d and e.
void Stack::Core::form_address(const wire::PrefixInformation& info,
                               InterfaceId interface) noexcept {
  constexpr Duration kTwoHours = 2h;
  std::uint32_t count = 0;
  bool known = false;
  for (std::uint32_t i = 0; i < addresses.size(); ++i) {
    ip::LocalAddress& ours = addresses[i];
    if (ours.interface != interface || ours.origin != ip::AddressOrigin::advertised ||
        ours.state == AddressState::none) {
      continue;
    }
    ++count;
    if (!info.prefix.contains(ours.cidr.address)) continue;
    known = true;
    ours.preferred_until = until(now, info.preferred);
    if (ours.state == AddressState::deprecated && ours.preferred_until > now) {
      ours.state = AddressState::preferred;
    }
    // Nobody who is not authenticated may end an address sooner than in two hours.
    const Time valid = until(now, info.valid);
    if (valid > now + kTwoHours || valid > ours.valid_until) {
      ours.valid_until = valid;
    } else if (ours.valid_until > now + kTwoHours) {
      ours.valid_until = now + kTwoHours;
    }
  }
  if (known || info.valid == 0) return;
  if (count >= config.limits.advertised_addresses) {
    return decisions.make(Reason::router_advertisement_limit);
  }
  ip::LocalAddress like;
  like.origin = ip::AddressOrigin::advertised;
  like.preferred_until = until(now, info.preferred);
  like.valid_until = until(now, info.valid);
  const IpAddress address = ip::stable_address(secrets.interface_id, info.prefix.address,
                                               interface_of(interface).link.mac, 0);
  if (has_address(address)) return;
  decisions.make(add_address(interface, {address, 64}, like) ? Reason::address_formed
                                                             : Reason::no_memory);
}

}  // namespace bowline::inline v0
