#include "bowline/ip/neighbours.hpp"

#include <algorithm>

namespace bowline::inline v0::ip {
namespace {

// Those that nobody answers for take at most a quarter of the room.
constexpr std::uint32_t kIncompleteShare = 4;

}  // namespace

NeighbourCache::NeighbourCache(Memory& memory, const Limits& limits, SipKey key) noexcept
    : memory_(&memory),
      key_(key),
      limit_(limits.neighbours),
      entries_(memory, limits.neighbours),
      table_(memory, limits.neighbours) {}

std::uint64_t NeighbourCache::hash(InterfaceId interface, const IpAddress& address) const noexcept {
  SipHasher<1, 3> hasher(key_);
  const std::uint64_t last = detail::add_bytes(hasher, address.raw());
  hasher.add(static_cast<std::uint64_t>(interface) << 8U |
             static_cast<std::uint64_t>(address.family()));
  return hasher.finish(last);
}

std::uint32_t NeighbourCache::find(InterfaceId interface, const IpAddress& address) const noexcept {
  return table_.find(hash(interface, address), [&](std::uint32_t index) {
    return entries_[index].address == address && entries_[index].interface == interface;
  });
}

std::uint32_t NeighbourCache::victim(bool incomplete) const noexcept {
  const std::uint32_t share = std::max(limit_ / kIncompleteShare, 1U);
  if (incomplete && incomplete_count_ >= share) return incomplete_.front();
  if (entries_.size() < limit_) return kNone;
  return known_.empty() ? incomplete_.front() : known_.front();
}

std::uint32_t NeighbourCache::add(InterfaceId interface, const IpAddress& address,
                                  Time now) noexcept {
  const std::uint32_t index = entries_.emplace(*memory_);
  if (index == kNone) return kNone;
  Neighbour& entry = entries_[index];
  entry.address = address;
  entry.interface = interface;
  entry.hash = hash(interface, address);
  if (!table_.insert(entry.hash, index)) {
    entries_.erase(index);
    return kNone;
  }
  ++incomplete_count_;
  move_to(incomplete_, index);
  schedule(index, now);
  return index;
}

void NeighbourCache::forget(std::uint32_t index) noexcept {
  Neighbour& entry = entries_[index];
  schedule(index, kNever);
  leave_list(index);
  if (entry.state == NeighbourState::incomplete) --incomplete_count_;
  table_.erase(entry.hash, index);
  entries_.erase(index);
}

void NeighbourCache::schedule(std::uint32_t index, Time when) noexcept {
  wheel_.schedule([this](std::uint32_t i) -> WheelLink& { return entries_[i].wheel; }, index, when);
}

void NeighbourCache::leave_list(std::uint32_t index) noexcept {
  const auto links = [this](std::uint32_t i) -> ListLink& { return entries_[i].place; };
  (entries_[index].state == NeighbourState::incomplete ? incomplete_ : known_).erase(links, index);
}

void NeighbourCache::move_to(IndexList& list, std::uint32_t index) noexcept {
  if (list.tail == index && entries_[index].place.linked) return;
  leave_list(index);
  list.push_back([this](std::uint32_t i) -> ListLink& { return entries_[i].place; }, index);
}

void NeighbourCache::keep(std::uint32_t index) noexcept {
  if (entries_[index].state == NeighbourState::incomplete) leave_list(index);
}

void NeighbourCache::release(std::uint32_t index) noexcept {
  if (entries_[index].state == NeighbourState::incomplete) move_to(incomplete_, index);
}

void NeighbourCache::become_known(Neighbour& entry, std::uint32_t index) noexcept {
  if (entry.state == NeighbourState::incomplete) {
    leave_list(index);
    --incomplete_count_;
  }
  entry.state = NeighbourState::stale;
  entry.asked = 0;
  schedule(index, kNever);
  move_to(known_, index);
}

const wire::MacAddress* NeighbourCache::use(std::uint32_t index, Time now,
                                            const NeighbourTiming& timing) noexcept {
  Neighbour& entry = entries_[index];
  if (entry.state == NeighbourState::incomplete) return nullptr;
  if (entry.state == NeighbourState::reachable && now >= entry.reachable_until) {
    entry.state = NeighbourState::stale;
  }
  if (entry.state == NeighbourState::stale) {
    entry.state = NeighbourState::delay;
    entry.asked = 0;
    schedule(index, now + timing.delay_first_probe);
  }
  move_to(known_, index);
  return &entry.mac;
}

void NeighbourCache::confirm(std::uint32_t index, Time now, Duration reachable_time) noexcept {
  Neighbour& entry = entries_[index];
  // "Not applicable to entries in INCOMPLETE state": what has no address was not what worked.
  if (entry.state == NeighbourState::incomplete) return;
  if (entry.state == NeighbourState::delay || entry.state == NeighbourState::probe) {
    schedule(index, kNever);
  }
  entry.state = NeighbourState::reachable;
  entry.asked = 0;
  entry.reachable_until = saturating_add(now, reachable_time);
}

void NeighbourCache::doubt(std::uint32_t index) noexcept {
  Neighbour& entry = entries_[index];
  if (entry.state == NeighbourState::reachable) entry.state = NeighbourState::stale;
}

Heard NeighbourCache::hear(std::uint32_t index, const Announcement& said, Time now,
                           Duration reachable_time) noexcept {
  Neighbour& entry = entries_[index];
  if (entry.state == NeighbourState::incomplete) {
    if (!said.mac) return Heard::nothing;
    entry.mac = *said.mac;
    entry.router = said.router.value_or(false);
    become_known(entry, index);
    if (said.solicited) confirm(index, now, reachable_time);
    return Heard::resolved;
  }
  const bool differs = said.mac && *said.mac != entry.mac;
  if (differs && !said.override_mac) {
    // Section 7.2.5 (I): another address that does not claim to replace ours; doubt, no more.
    if (entry.state == NeighbourState::reachable) entry.state = NeighbourState::stale;
    return Heard::nothing;
  }
  if (said.router) entry.router = *said.router;
  if (differs) {
    entry.mac = *said.mac;
    become_known(entry, index);
  }
  if (said.solicited) confirm(index, now, reachable_time);
  return differs ? Heard::changed : Heard::noted;
}

Duration random_reachable_time(Duration base, Random& random) noexcept {
  const auto half = static_cast<std::uint64_t>(base.count() / 2);
  return base / 2 + Duration(static_cast<std::int64_t>(random.below(2 * half + 1)));
}

NeighbourDue NeighbourCache::timer_fired(std::uint32_t index, Time now,
                                         const NeighbourTiming& timing) noexcept {
  Neighbour& entry = entries_[index];
  // RFC 1122 section 2.3.2.1: at most one ARP request a second.
  const Duration wait =
      entry.address.is_v4() ? std::max<Duration>(timing.retrans_timer, 1s) : timing.retrans_timer;
  switch (entry.state) {
    case NeighbourState::incomplete:
      if (entry.asked >= timing.multicast_solicits) return NeighbourDue::failed;
      ++entry.asked;
      schedule(index, now + wait);
      return NeighbourDue::ask_all;
    case NeighbourState::delay:
      entry.state = NeighbourState::probe;
      [[fallthrough]];
    case NeighbourState::probe:
      if (entry.asked >= timing.unicast_solicits) return NeighbourDue::failed;
      ++entry.asked;
      schedule(index, now + wait);
      return NeighbourDue::ask_it;
    case NeighbourState::reachable:
    case NeighbourState::stale:
      break;
  }
  return NeighbourDue::nothing;
}

// The key of a loaded cache is another's.
void NeighbourCache::rehash() noexcept {
  entries_.for_each([this](std::uint32_t, Neighbour& entry) {
    entry.hash = hash(entry.interface, entry.address);
  });
}

}  // namespace bowline::inline v0::ip
