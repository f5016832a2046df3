#include "bowline/ip/address_check.hpp"

#include <algorithm>

namespace bowline::inline v0::ip {
namespace {

Duration between(Random& random, Duration least, Duration most) noexcept {
  if (most <= least) return least;
  const auto range = static_cast<std::uint64_t>((most - least).count());
  return least + Duration(static_cast<std::int64_t>(random.below(range + 1)));
}

void become_preferred(LocalAddress& address, Time now) noexcept {
  address.state = AddressState::preferred;
  address.due = address.cidr.address.is_v4() ? now : kNever;  // the announcements
}

// RFC 5227 section 2.1.1.
AddressStep step_tentative_v4(LocalAddress& address, Time now, const AddressConflictTiming& timing,
                              Random& random) noexcept {
  if (address.probes >= timing.probe_num) {
    become_preferred(address, now);
    return AddressStep::prefer;
  }
  ++address.probes;
  address.due =
      now + (address.probes < timing.probe_num ? between(random, timing.probe_min, timing.probe_max)
                                               : timing.announce_wait);
  return AddressStep::probe;
}

// RFC 4862 section 5.4.
AddressStep step_tentative_v6(LocalAddress& address, Time now,
                              const NeighbourTiming& timing) noexcept {
  if (address.probes >= timing.dad_transmits) {
    become_preferred(address, now);
    return AddressStep::prefer;
  }
  ++address.probes;
  address.due = now + timing.retrans_timer;
  return AddressStep::probe;
}

}  // namespace

void begin_check(LocalAddress& address, bool detect, Time now, const Timing& timing,
                 Random& random) noexcept {
  const bool v4 = address.cidr.address.is_v4();
  const std::uint8_t questions = v4 ? timing.conflict.probe_num : timing.neighbour.dad_transmits;
  address.probes = address.announcements = 0;
  if (!detect || questions == 0) {
    become_preferred(address, now);
    return;
  }
  address.state = AddressState::tentative;
  // RFC 5227 section 2.1.1, RFC 4862 section 5.4.2: hosts that start together ask one by one.
  const Duration most =
      v4 ? timing.conflict.probe_wait : timing.neighbour.router_solicitation_delay;
  address.due = now + between(random, Duration::zero(), most);
}

AddressStep step(LocalAddress& address, Time now, const Timing& timing, Random& random) noexcept {
  if (address.state == AddressState::none) return AddressStep::nothing;
  if (address.valid_until <= now) {
    address.due = kNever;
    return AddressStep::expire;
  }
  if (address.state == AddressState::preferred && address.preferred_until <= now) {
    address.state = AddressState::deprecated;
    return AddressStep::deprecate;
  }
  if (address.due > now) return AddressStep::nothing;
  if (address.state == AddressState::tentative) {
    return address.cidr.address.is_v4() ? step_tentative_v4(address, now, timing.conflict, random)
                                        : step_tentative_v6(address, now, timing.neighbour);
  }
  if (!address.usable() || address.announcements >= timing.conflict.announce_num) {
    address.due = kNever;
    return AddressStep::nothing;
  }
  // RFC 5227 section 2.3.
  ++address.announcements;
  address.due = address.announcements < timing.conflict.announce_num
                    ? now + timing.conflict.announce_interval
                    : kNever;
  return AddressStep::announce;
}

Time next_step(const LocalAddress& address) noexcept {
  if (address.state == AddressState::none) return kNever;
  Time next = std::min(address.due, address.valid_until);
  if (address.state == AddressState::preferred) next = std::min(next, address.preferred_until);
  return next;
}

bool may_defend(LocalAddress& address, Time now, const AddressConflictTiming& timing) noexcept {
  const bool again =
      address.conflict_at != kNever && now - address.conflict_at < timing.defend_interval;
  address.conflict_at = now;
  return !again;
}

}  // namespace bowline::inline v0::ip
