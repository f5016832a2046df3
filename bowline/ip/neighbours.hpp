#pragma once

// The neighbour cache: which station on the link has which IP address (RFC 826, RFC 4861
// section 7).
//
// One unit for ARP and neighbour discovery, since what they remember and when they doubt it is the
// same: the states are RFC 4861's, and ARP, which has none, does what RFC 1122 section 2.3.2.1 asks
// by polling in the PROBE state. The cache does no I/O: it says when somebody must be asked, and is
// told what was heard. Packets and connections that wait for an answer wait here.
//
// Strangers cannot fill it. Only a packet that is to be sent, or a request for an address of ours,
// makes an entry; entries are bounded, the one unused for longest goes first, and those that nobody
// answers for are bounded apart, so that asking for many absent hosts displaces no present one.

#include <cstdint>
#include <optional>

#include "bowline/base/decision.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/base/index_table.hpp"
#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/limits.hpp"
#include "bowline/base/random.hpp"
#include "bowline/base/ring.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/base/timer_wheel.hpp"
#include "bowline/ip/neighbour_state.hpp"
#include "bowline/ip/timing.hpp"
#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::ip {

/// A frame that waits for its turn, or for a neighbour.
struct HeldFrame {
  Frame frame;
  Reason why = Reason::send_udp;
  std::uint64_t connection = 0;

  template <class V>
  void visit(V& v) {
    v(frame, why, connection);
  }
};

/// One entry.
struct Neighbour {
  explicit Neighbour(Memory& memory) noexcept : held(memory) {}

  IpAddress address;
  InterfaceId interface{};
  NeighbourState state = NeighbourState::incomplete;
  bool router = false;     ///< it said so
  std::uint8_t asked = 0;  ///< solicitations in this state
  wire::MacAddress mac{};  ///< unless incomplete
  Time reachable_until{};  ///< of the state reachable
  std::uint64_t hash = 0;
  WheelLink wheel;
  ListLink place;        ///< among the incomplete or the known, in the order of their last use
  IndexList waiters;     ///< connections that have something to send, by the owner's links
  Ring<HeldFrame> held;  ///< with room for the link's header in front, unwritten

  template <class V>
  void visit(V& v) {
    v(address, interface, state, router, asked, mac, reachable_until, place, waiters, held);
    v.excluded(hash, "depends on the key of the table");
    v(wheel);
  }
};

/// What a message from a neighbour led to.
enum class Heard : std::uint8_t {
  nothing,   ///< an entry that does not exist, or nothing new
  noted,     ///< the entry is there, and as it was but for its state
  resolved,  ///< it was incomplete: what waits can go
  changed,   ///< it has another address now
};

/// What ARP or neighbour discovery says of a neighbour.
struct Announcement {
  std::optional<wire::MacAddress> mac;
  bool create = false;         ///< makes an entry where there is none
  bool solicited = false;      ///< the answer to a question of ours: it is reachable
  bool override_mac = true;    ///< replaces an address that is known
  std::optional<bool> router;  ///< whether it is one
};

/// What is due for an entry whose timer fired.
enum class NeighbourDue : std::uint8_t {
  nothing,
  ask_all,  ///< broadcast a request, or solicit by multicast
  ask_it,   ///< the same by unicast
  failed,   ///< nobody answered: forget() it
};

/// ReachableTime: a random part of `base`, from half of it to one and a half (RFC 4861
/// section 6.3.2).
[[nodiscard]] Duration random_reachable_time(Duration base, Random& random) noexcept;

/// All neighbours of a Stack.
class NeighbourCache {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  NeighbourCache(Memory& memory, const Limits& limits, SipKey key) noexcept;

  /// The entry for `address` on `interface`; kNone.
  [[nodiscard]] std::uint32_t find(InterfaceId interface, const IpAddress& address) const noexcept;
  /// Entry `index`, if it still is the one of that generation; null.
  [[nodiscard]] const Neighbour* find(std::uint32_t index,
                                      std::uint32_t generation) const noexcept {
    return entries_.find(index, generation);
  }
  [[nodiscard]] Neighbour& operator[](std::uint32_t index) noexcept { return entries_[index]; }
  [[nodiscard]] std::uint32_t generation(std::uint32_t index) const noexcept {
    return entries_.generation(index);
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] std::uint32_t incomplete() const noexcept { return incomplete_count_; }

  /// The entry that must be forgotten before another, incomplete or not, can be made; kNone: none,
  /// there is room, or there is no room that could be made.
  [[nodiscard]] std::uint32_t victim(bool incomplete) const noexcept;
  /// Makes an entry, incomplete; ask_all is due at once. kNone when there is no room or memory.
  [[nodiscard]] std::uint32_t add(InterfaceId interface, const IpAddress& address,
                                  Time now) noexcept;
  /// Forgets an entry. Its waiters and held frames must have been seen to.
  void forget(std::uint32_t index) noexcept;

  /// The address to send a packet to now, or null: it must wait. Sending to a neighbour that is in
  /// doubt starts the wait before it is asked (section 7.3.3).
  [[nodiscard]] const wire::MacAddress* use(std::uint32_t index, Time now,
                                            const NeighbourTiming& timing) noexcept;
  /// Entry `index` was heard of, an upper layer makes progress (section 7.3.1).
  void confirm(std::uint32_t index, Time now, Duration reachable_time) noexcept;
  /// An upper layer makes none (RFC 9293 section 3.8.3, MUST-20: negative advice): entry `index` is
  /// in doubt from now on, and asked soon after it is used again.
  void doubt(std::uint32_t index) noexcept;
  /// What ARP or neighbour discovery says of entry `index` (section 7.2.5; RFC 826, where every
  /// packet overrides).
  [[nodiscard]] Heard hear(std::uint32_t index, const Announcement& said, Time now,
                           Duration reachable_time) noexcept;

  /// Connections wait for entry `index`, or none do any more: it cannot, or can, be a victim.
  void keep(std::uint32_t index) noexcept;
  void release(std::uint32_t index) noexcept;

  /// Lets the timers run: `fire(index, due)` for each. It may forget that entry.
  template <class F>
  void expire(Time now, const auto& timing_of, F&& fire) {
    wheel_.expire([this](std::uint32_t i) -> WheelLink& { return entries_[i].wheel; }, now,
                  [&](std::uint32_t index) {
                    const NeighbourTiming& timing = timing_of(entries_[index].interface);
                    fire(index, timer_fired(index, now, timing));
                  });
  }
  [[nodiscard]] Time next_deadline() const noexcept {
    return wheel_.next_deadline(
        [this](std::uint32_t i) -> const WheelLink& { return entries_[i].wheel; });
  }

  /// Calls `visitor(index, neighbour)` for each.
  template <class F>
  void for_each(F&& visitor) {
    entries_.for_each(visitor);
  }
  template <class F>
  void for_each(F&& visitor) const {
    entries_.for_each(visitor);
  }

  template <class V>
  void visit(V& v) {
    entries_.visit(v, *memory_);
    v(incomplete_, known_, incomplete_count_, wheel_);
    if constexpr (!V::hashing) v(table_);
    if constexpr (V::loading) rehash();
  }

 private:
  [[nodiscard]] NeighbourDue timer_fired(std::uint32_t index, Time now,
                                         const NeighbourTiming& timing) noexcept;
  [[nodiscard]] std::uint64_t hash(InterfaceId interface, const IpAddress& address) const noexcept;
  void schedule(std::uint32_t index, Time when) noexcept;
  void move_to(IndexList& list, std::uint32_t index) noexcept;
  void become_known(Neighbour& entry, std::uint32_t index) noexcept;
  void leave_list(std::uint32_t index) noexcept;
  void rehash() noexcept;

  Memory* memory_;
  SipKey key_;
  std::uint32_t limit_;
  Slab<Neighbour> entries_;
  IndexTable table_;
  IndexList incomplete_;  ///< without connections that wait; the oldest in front
  IndexList known_;       ///< the one unused for longest in front
  std::uint32_t incomplete_count_ = 0;
  TimerWheel wheel_;
};

}  // namespace bowline::inline v0::ip
