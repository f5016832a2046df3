// Which of our addresses, which interface, which port: questions that are asked when something is
// opened.

#include <algorithm>
#include <bit>

#include "bowline/stack/core.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0 {

namespace {

// CommonPrefixLen of RFC 6724 section 2.2, in bits; IPv4 in its mapped form.
std::uint32_t common_prefix(const IpAddress& a, const IpAddress& b) noexcept {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < a.raw().size(); ++i, bits += 8) {
    const auto difference = std::to_integer<std::uint8_t>(a.raw()[i] ^ b.raw()[i]);
    if (difference != 0) return bits + static_cast<std::uint32_t>(std::countl_zero(difference));
  }
  return bits;
}

}  // namespace

Status Stack::Core::add_address(InterfaceId interface, const Cidr& cidr,
                                const ip::LocalAddress& like) noexcept {
  const auto number = static_cast<std::uint32_t>(interface);
  const unsigned most = cidr.address.is_v4() ? 32 : 128;
  if (!interfaces.live(number) || cidr.prefix > most || cidr.address.is_unspecified() ||
      cidr.address.is_multicast() || cidr.address.is_limited_broadcast()) {
    return fail(std::errc::invalid_argument);
  }
  if (has_address(cidr.address)) return fail(std::errc::address_in_use);
  constexpr std::uint32_t kMost = 0xffff;  // a half-open entry names it by 16 bits
  std::uint32_t place = 0;
  while (place < addresses.size() && addresses[place].state != AddressState::none) ++place;
  if (place >= kMost || !interfaces[number].addresses.reserve_more(1) ||
      (place == addresses.size() && !addresses.reserve_more(1))) {
    return fail(std::errc::not_enough_memory);
  }
  // RFC 5942 section 4: an address formed of an advertised prefix says nothing of who is on the
  // link.
  if (like.origin != ip::AddressOrigin::advertised) {
    BOWLINE_CHECK(routes.add({cidr, interface, std::nullopt}));
  }
  Interface& on = interfaces[number];
  static_cast<void>(on.addresses.push_back(cidr));
  if (place == addresses.size()) static_cast<void>(addresses.push_back({}));
  ip::LocalAddress& made = addresses[place] = like;
  made.cidr = cidr;
  made.interface = interface;
  made.state = AddressState::preferred;
  if (!on.is_ethernet()) return {};
  ip::begin_check(made, on.detect_duplicates, now, on.timing, random);
  if (made.state == AddressState::tentative) decisions.make(Reason::address_tentative);
  if (!cidr.address.is_v4()) on.report_at = std::min(on.report_at, std::min(made.due, now));
  if (made.origin == ip::AddressOrigin::link_local && made.usable() && on.router_discovery) {
    on.solicit_at = now;
  }
  plan_upkeep();
  return {};
}

Status Stack::Core::remove_address(InterfaceId interface, const IpAddress& address) noexcept {
  const std::uint32_t place = address_index(interface, address);
  if (place == kNone) return fail(std::errc::address_not_available);
  half_open.for_each([&](std::uint32_t i, const tcp::SynEntry& entry) {
    if (entry.local_address == place) drop_syn_entry(i, Reason::state_address_lost);
  });
  if (addresses[place].origin != ip::AddressOrigin::advertised) {
    static_cast<void>(routes.remove({addresses[place].cidr, interface, std::nullopt}));
  }
  addresses[place] = {};
  addresses[place].state = AddressState::none;
  auto& ours = interfaces[static_cast<std::uint32_t>(interface)].addresses;
  for (std::uint32_t i = 0; i < ours.size(); ++i) {
    if (ours[i].address == address) {
      ours.erase(i);
      break;
    }
  }
  forget_next_hops();
  plan_upkeep();
  return {};
}

std::uint32_t Stack::Core::address_index(InterfaceId interface,
                                         const IpAddress& address) const noexcept {
  for (std::uint32_t i = 0; i < addresses.size(); ++i) {
    const ip::LocalAddress& ours = addresses[i];
    if (ours.cidr.address == address && ours.interface == interface &&
        ours.state != AddressState::none) {
      return i;
    }
  }
  return kNone;
}

bool Stack::Core::may_bind(const IpAddress& address) const noexcept {
  for (const ip::LocalAddress& ours : local_addresses()) {
    if (ours.cidr.address == address && ours.hoped_for()) return true;
  }
  return false;
}

bool Stack::Core::has_address(const IpAddress& address) const noexcept {
  for (std::uint32_t i = 0; i < addresses.size(); ++i) {
    if (addresses[i].cidr.address == address && addresses[i].state != AddressState::none) {
      return true;
    }
  }
  return false;
}

bool Stack::Core::is_local(const IpAddress& address) const noexcept {
  return ip::find_local(address, local_addresses()) < addresses.size();
}

Result<InterfaceId> Stack::Core::interface_towards(const IpAddress& remote) const noexcept {
  // To ourselves: over the interface that has the address, which must loop frames back.
  if (const ip::Route* route = routes.find(remote)) return route->interface;
  return fail(std::errc::network_unreachable);
}

Result<IpAddress> Stack::Core::source_for(const IpAddress& remote) const noexcept {
  if (is_local(remote)) return remote;  // to ourselves from ourselves (RFC 6724 section 5, rule 1)
  const ip::Route* route = routes.find(remote);
  if (route == nullptr) return fail(std::errc::network_unreachable);
  return source_by(route->interface, remote);
}

// Of RFC 6724 section 5, what a host with few addresses needs: one that may be used (rule 3), of
// the same scope (rule 2), in the network of the next hop, and with the longest prefix in common
// (rule 8). A tentative one is better than none: a connection waits for it.
Result<IpAddress> Stack::Core::source_by(InterfaceId interface,
                                         const IpAddress& remote) const noexcept {
  const IpAddress hop = next_hop(interface, remote).value_or(remote);
  const ip::LocalAddress* best = nullptr;
  std::uint32_t best_rank = 0;
  for (const ip::LocalAddress& ours : local_addresses()) {
    const IpAddress& address = ours.cidr.address;
    if (ours.interface != interface || !ours.hoped_for() || address.family() != remote.family()) {
      continue;
    }
    std::uint32_t rank = 1 + common_prefix(address, remote);
    if (ours.cidr.contains(hop)) rank += 1U << 8U;
    if (ours.state == AddressState::preferred) rank += 1U << 9U;
    if (address.is_link_local() == remote.is_link_local()) rank += 1U << 10U;
    if (ours.usable()) rank += 1U << 11U;
    if (rank > best_rank) {
      best = &ours;
      best_rank = rank;
    }
  }
  if (best == nullptr) return fail(std::errc::network_unreachable);
  return best->cidr.address;
}

std::uint32_t Stack::Core::mtu_towards(InterfaceId interface,
                                       const IpAddress& remote) const noexcept {
  const Interface& on = interfaces[static_cast<std::uint32_t>(interface)];
  const bool advertised = !remote.is_v4() && on.ipv6_mtu != 0;
  const std::uint32_t mtu = advertised ? std::min(on.ipv6_mtu, on.link.mtu) : on.link.mtu;
  return path_mtus.look_up(remote, mtu, now);
}

std::uint32_t Stack::Core::datagram_mtu(InterfaceId interface,
                                        const IpAddress& remote) const noexcept {
  return udp_path_mtus.look_up(remote, mtu_towards(interface, remote), now);
}

// One at the very address comes before one at all of ours. Of listeners that share a port each flow
// is for the one that scores highest with it: when one of them goes, the flows of the others stay
// where they were.
std::uint32_t Stack::Core::find_listener(const Endpoint& local, std::uint64_t flow) const noexcept {
  std::uint32_t best = kNone;
  bool best_exact = false;
  std::uint64_t best_score = 0;
  static_cast<void>(listening.find(port_hash(local.port), [&](std::uint32_t index) {
    const tcp::Listener& listener = listeners[index];
    const bool exact = listener.local.address == local.address;
    const bool of_all = listener.local.address.is_unspecified() &&
                        listener.local.address.family() == local.address.family();
    if (listener.local.port != local.port || !(exact || of_all)) return false;
    const std::uint64_t score =
        listener.share_port ? siphash13(secrets.tuple, std::array<std::uint64_t, 2>{flow, index})
                            : 0;
    const bool better = exact != best_exact ? exact : score > best_score;
    if (best == kNone || better) {
      best = index;
      best_exact = exact;
      best_score = score;
    }
    return exact && !listener.share_port;
  }));
  return best;
}

Endpoint Stack::Core::local_of(const tcp::SynEntry& entry) const noexcept {
  return {addresses[entry.local_address].cidr.address, entry.local_port};
}

std::uint32_t Stack::Core::find_tuple(std::uint64_t tuple_hash, const Endpoint& local,
                                      const Endpoint& remote) const noexcept {
  return tuples.find(tuple_hash, [&](std::uint32_t found) {
    const std::uint32_t index = index_of(found);
    switch (kind_of(found)) {
      case Kind::connection:
        return connections[index].local == local && connections[index].remote == remote;
      case Kind::syn_entry: {
        const tcp::SynEntry& entry = half_open[index];
        return entry.remote() == remote && local_of(entry) == local;
      }
      case Kind::time_wait:
        return time_waits[index].local == local && time_waits[index].remote == remote;
    }
    return false;
  });
}

// RFC 6056 section 3.3.3: where the search begins depends on a secret and the destination, so that
// nobody else can tell from the ports that he is given which ones others are.
Result<std::uint16_t> Stack::Core::ephemeral_port(const IpAddress& local,
                                                  const Endpoint& remote) noexcept {
  const std::uint32_t first = config.first_ephemeral_port;
  const std::uint32_t count = config.last_ephemeral_port - first + 1U;
  const std::uint64_t offset =
      tcp::tuple_hash(secrets.port, {local, 0}, remote) + random.below(count);
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    const auto port = static_cast<std::uint16_t>(first + (offset + tried) % count);
    const Endpoint candidate{local, port};
    if (find_listener(candidate) != kNone) continue;
    if (find_tuple(hash(candidate, remote), candidate, remote) == kNone) return port;
  }
  return fail(std::errc::address_not_available);
}

Status Stack::Core::can_bind(const Endpoint& local, bool share_port) const noexcept {
  if (!local.address.is_unspecified() && !may_bind(local.address)) {
    return fail(std::errc::address_not_available);
  }
  if (local.port == 0) return {};
  // The unspecified address overlaps with each of ours.
  const std::uint32_t other = listening.find(port_hash(local.port), [&](std::uint32_t index) {
    const Endpoint& taken = listeners[index].local;
    if (share_port && listeners[index].share_port) return false;
    return taken.port == local.port && taken.address.family() == local.address.family() &&
           (taken.address == local.address || taken.address.is_unspecified() ||
            local.address.is_unspecified());
  });
  if (other != kNone) return fail(std::errc::address_in_use);
  return {};
}

}  // namespace bowline::inline v0
