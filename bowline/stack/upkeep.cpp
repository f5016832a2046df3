// What is due now and then on Ethernet interfaces: addresses that are checked, announced and given
// up, routes that expire, questions for routers, reports of groups.

#include <algorithm>

#include "bowline/ip/interface_id.hpp"
#include "bowline/stack/core.hpp"
#include "bowline/tcp/user_calls.hpp"

namespace bowline::inline v0 {
namespace {

constexpr std::uint8_t kIdGenRetries = 3;  // IDGEN_RETRIES, RFC 7217 section 6

}  // namespace

void Stack::Core::plan_upkeep() noexcept {
  Time next = routes.next_expiry();
  for (const ip::LocalAddress& address : local_addresses()) {
    next = std::min(next, ip::next_step(address));
  }
  interfaces.for_each([&](std::uint32_t, const Interface& interface) {
    next = std::min({next, interface.solicit_at, interface.report_at});
  });
  upkeep_at = next;
}

void Stack::Core::upkeep() noexcept {
  if (upkeep_at > now) return;
  if (const std::uint32_t gone = routes.expire(now); gone > 0) {
    decisions.make(Reason::router_gone);
    forget_next_hops();
  }
  // RFC 4862 section 5.4.2: the group is joined before the question is asked there.
  interfaces.for_each([this](std::uint32_t index, Interface& interface) {
    const auto id = static_cast<InterfaceId>(index);
    if (interface.report_at <= now) report_all_groups(id);
    if (interface.solicit_at <= now) solicit_routers(id);
  });
  for (std::uint32_t i = 0; i < addresses.size(); ++i) step_address(i);
  plan_upkeep();
}

void Stack::Core::step_address(std::uint32_t place) noexcept {
  for (;;) {
    ip::LocalAddress& address = addresses[place];
    const InterfaceId interface = address.interface;
    if (address.state == AddressState::none) return;
    const ip::AddressStep step = ip::step(address, now, interface_of(interface).timing, random);
    switch (step) {
      case ip::AddressStep::nothing:
        return;
      case ip::AddressStep::probe: {
        if (address.cidr.address.is_v4()) {
          announce_by_arp(address, Reason::send_arp_probe);
          break;
        }
        wire::NdpMessage message;
        message.target = address.cidr.address;
        send_ndp(interface, IpAddress::any(Family::ipv6), wire::solicited_node(message.target),
                 message, nullptr, Reason::send_duplicate_check);
        break;
      }
      case ip::AddressStep::prefer:
        decisions.make(Reason::address_preferred);
        if (address.origin == ip::AddressOrigin::link_local) {
          Interface& out = interface_of(interface);
          out.report_at = now;  // RFC 3590: the report has a source now
          const ip::NeighbourTiming& timing = out.timing.neighbour;
          const auto most = static_cast<std::uint64_t>(timing.router_solicitation_delay.count());
          if (out.router_discovery) {
            out.solicit_at = now + Duration(static_cast<std::int64_t>(random.below(most + 1)));
          }
        }
        interfaces.for_each([this](std::uint32_t, Interface& in) { resume(in.waiting); });
        break;
      case ip::AddressStep::announce:
        announce_by_arp(address, Reason::send_arp_announcement);
        break;
      case ip::AddressStep::deprecate:
        decisions.make(Reason::address_deprecated);
        break;
      case ip::AddressStep::expire: {
        decisions.make(Reason::address_expired);
        const IpAddress gone = address.cidr.address;
        static_cast<void>(remove_address(interface, gone));
        return;
      }
    }
  }
}

// RFC 4862 section 5.4.5; what was made by RFC 7217 is made anew with another identifier (its
// section 6).
void Stack::Core::address_is_taken(std::uint32_t place, Reason why) noexcept {
  decisions.make(why);
  const ip::LocalAddress taken = addresses[place];
  addresses[place].state = AddressState::duplicate;
  addresses[place].due = kNever;
  connections.for_each([&](std::uint32_t index, tcp::Connection& c) {
    if (c.local.address != taken.cidr.address || c.state == tcp::State::closed) return;
    tcp::Context ctx = context();
    tcp::end(c, tcp::EndReason::unreachable, Reason::state_address_lost, ctx);
    settle(index);
  });
  if (taken.origin != ip::AddressOrigin::configured && taken.conflicts < kIdGenRetries &&
      why == Reason::address_duplicate) {
    const auto conflicts = static_cast<std::uint8_t>(taken.conflicts + 1);
    static_cast<void>(remove_address(taken.interface, taken.cidr.address));
    ip::LocalAddress like = taken;
    like.conflicts = conflicts;
    const IpAddress address = ip::stable_address(secrets.interface_id, taken.cidr.address,
                                                 interface_of(taken.interface).link.mac, conflicts);
    static_cast<void>(add_address(taken.interface, {address, taken.cidr.prefix}, like));
  }
  plan_upkeep();
}

// Somebody else speaks from an address of ours (RFC 5227 section 2.4, RFC 4862 section 5.4.4).
void Stack::Core::conflict_about(std::uint32_t place) noexcept {
  ip::LocalAddress& address = addresses[place];
  if (address.state == AddressState::tentative) {
    return address_is_taken(place, Reason::address_duplicate);
  }
  if (!address.usable()) return decisions.make(Reason::address_conflict);
  decisions.make(Reason::address_conflict);
  if (!address.cidr.address.is_v4()) return;  // NDP has no defence: whoever came later gives way
  if (ip::may_defend(address, now, interface_of(address.interface).timing.conflict)) {
    return announce_by_arp(address, Reason::send_arp_defence);
  }
  address_is_taken(place, Reason::address_lost);
}

IpAddress Stack::Core::link_local_of(InterfaceId interface) const noexcept {
  for (const ip::LocalAddress& address : local_addresses()) {
    if (address.interface == interface && address.usable() && !address.cidr.address.is_v4() &&
        address.cidr.address.is_link_local()) {
      return address.cidr.address;
    }
  }
  return IpAddress::any(Family::ipv6);
}

void Stack::Core::add_link_local(InterfaceId interface, std::uint8_t conflicts) noexcept {
  constexpr std::array<std::byte, 16> kLinkLocal{std::byte{0xfe}, std::byte{0x80}};
  ip::LocalAddress like;
  like.origin = ip::AddressOrigin::link_local;
  like.conflicts = conflicts;
  const IpAddress address = ip::stable_address(secrets.interface_id, IpAddress::v6(kLinkLocal),
                                               interface_of(interface).link.mac, conflicts);
  static_cast<void>(add_address(interface, {address, 64}, like));
}

// The state of all groups at once (RFC 3810 section 5.2.12): right as the answer to any query, and
// as the news that one was joined.
void Stack::Core::report_all_groups(InterfaceId interface) noexcept {
  interface_of(interface).report_at = kNever;
  constexpr std::size_t kMost = 32;  // well within 1280 bytes
  InlineVector<IpAddress, kMost> groups;
  const auto report = [&] {
    if (!groups.empty()) report_groups(interface, wire::MldRecord::mode_is_exclude, groups.span());
    groups.clear();
  };
  for (const ip::LocalAddress& address : local_addresses()) {
    if (address.interface != interface || address.cidr.address.is_v4() || !address.hoped_for()) {
      continue;
    }
    if (groups.full()) report();
    groups.emplace_back(wire::solicited_node(address.cidr.address));
  }
  report();
}

void Stack::Core::report_groups(InterfaceId interface, wire::MldRecord record,
                                std::span<const IpAddress> groups) noexcept {
  const std::uint32_t size = wire::mld_packet_size(groups.size());
  const Buffer buffer = pool->allocate(kHeadroom + size);
  if (!buffer) return decisions.make(Reason::no_memory);
  wire::emit_mld_report(buffer.data() + kHeadroom, link_local_of(interface), record, groups);
  Frame frame;
  frame.checksum = Checksum::complete;
  frame.append(buffer.slice(kHeadroom, size));
  frame.headroom = kHeadroom;
  static_cast<void>(queue(interface, std::move(frame), Reason::send_multicast_report, 0));
}

}  // namespace bowline::inline v0
