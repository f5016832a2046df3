#pragma once

// The timing wheel: millions of deadlines, exact, in a fixed few KiB.
//
// Levels of 64 slots, each slot 64 times as wide as one of the level below; a deadline goes into
// the finest level whose 64 slots, from now on, reach it. In the classic wheel (Varghese and Lauck,
// 1987) a slot is a plain list, pays by cascading a whole slot down when its time comes, and knows
// deadlines only to the width of a slot. Here a slot is a leftist heap whose links lie in the
// elements: the earliest deadline of a slot is its root, so the wheel knows the exact next
// deadline, fires in exact order, and never cascades, hence never stalls: every operation costs
// O(log of the slot's elements) at worst, near O(1) for the near deadlines that make up nearly all.
// A jump of `now` costs nothing by itself; empty slots are skipped with a bitmap.
//
// The wheel knows elements by number only; each operation is given `links`, a function from a
// number to the element's WheelLink. Nothing is allocated. Nothing depends on addresses.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "bowline/base/time.hpp"

namespace bowline {

/// What an element that can wait in a TimerWheel carries. `deadline` may be read; the rest is the
/// wheel's.
struct WheelLink {
  static constexpr std::uint32_t kNone = 0xffffffff;
  static constexpr std::uint16_t kNoSlot = 0xffff;

  Time deadline = kNever;  ///< when it fires; kNever while it is not scheduled
  std::uint32_t left = kNone;
  std::uint32_t right = kNone;
  std::uint32_t parent = kNone;
  std::uint32_t order = 0;  // when it was scheduled, as a count: settles ties
  std::uint32_t fired = 0;  // the expire() call in which it fired last
  std::uint16_t slot = kNoSlot;
  std::uint8_t rank = 0;  // length of the shortest way down to a missing child

  /// Is it scheduled?
  [[nodiscard]] bool linked() const noexcept { return slot != kNoSlot; }

  template <class V>
  void visit(V& v) {
    v(deadline);
    v.excluded(left, "place in the heap: a matter of history, the deadline says when it fires");
    v.excluded(right, "as left");
    v.excluded(parent, "as left");
    v.excluded(order, "a count since the beginning; settles only ties");
    v.excluded(fired, "a count since the beginning");
    v.excluded(slot, "as left");
    v.excluded(rank, "as left");
  }
};

/// A set of deadlines. `links(id)` must give the same WheelLink& in every call while `id` is
/// scheduled.
class TimerWheel {
 public:
  static constexpr std::uint32_t kNone = WheelLink::kNone;

  TimerWheel() noexcept { slots_.fill(kNone); }

  /// Makes `id` fire at `deadline`, instead of at any deadline it had before. `kNever` only
  /// cancels. A deadline that has passed fires in the next expire() (or in this one, see there).
  template <class L>
  void schedule(L&& links, std::uint32_t id, Time deadline) noexcept {
    cancel(links, id);
    if (deadline == kNever) return;
    WheelLink& link = links(id);
    const bool again = expiring_ && link.fired == calls_ && deadline <= firing_;
    link.deadline = deadline;
    link.order = scheduled_++;
    put(links, id, again ? kHeld : slot_for(deadline));
    ++size_;
  }

  /// `id` will not fire. Does nothing when it is not scheduled.
  template <class L>
  void cancel(L&& links, std::uint32_t id) noexcept {
    WheelLink& link = links(id);
    if (!link.linked()) return;
    take(links, id);
    link.deadline = kNever;
    --size_;
  }

  /// The earliest deadline, exactly; kNever when nothing is scheduled. Constant time, at most one
  /// look into each level.
  template <class L>
  [[nodiscard]] Time next_deadline(L&& links) const noexcept {
    const std::uint32_t id = earliest(links);
    return id == kNone ? kNever : links(id).deadline;
  }

  /// Calls `fire(id)` once for each scheduled `id` whose deadline is not after `now`, in the order
  /// of their deadlines, equal ones in the order in which they were scheduled. Each is unscheduled
  /// before its call. `now` must not go back; it may jump by any amount.
  ///
  /// `fire` may schedule and cancel anything, itself included. What it schedules for a time not
  /// after `now` fires in the same call, with one exception, so that the call ends: an `id` that
  /// has fired in this call, scheduled again for a deadline not later than the one being served,
  /// waits for the next expire(). next_deadline() then says so. `fire` must not call expire().
  template <class L, class F>
  void expire(L&& links, Time now, F&& fire) {
    ++calls_;
    expiring_ = true;
    firing_ = Time::min();
    for (;;) {
      const std::uint32_t id = earliest_in_levels(links);
      if (id == kNone || links(id).deadline > now) break;
      WheelLink& link = links(id);
      if (link.deadline > firing_) firing_ = link.deadline;
      take(links, id);
      --size_;
      link.deadline = kNever;
      link.fired = calls_;
      fire(id);
    }
    expiring_ = false;
    if (tick(now) > cursor_) cursor_ = tick(now);
    // What waited for the next call goes where it belongs, in order.
    while (slots_[kHeld] != kNone) {
      const std::uint32_t id = slots_[kHeld];
      take(links, id);
      put(links, id, slot_for(links(id).deadline));
    }
  }

  /// How many are scheduled.
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// State. What is scheduled is in the elements' links: that is hashed, the wheel's arrangement is
  /// not.
  template <class V>
  void visit(V& v) {
    v.excluded(slots_, "arrangement of what the links say");
    v.excluded(occupied_, "as slots_");
    v.excluded(cursor_, "where the wheel stands does not change when anything fires");
    v.excluded(scheduled_, "a count since the beginning");
    v.excluded(calls_, "a count since the beginning");
    v.excluded(size_, "as slots_");
  }

 private:
  static constexpr int kTickBits = 17;  // the finest slot: 2^17 ns = 131 us
  static constexpr int kSlotBits = 6;
  static constexpr std::uint32_t kLevels = 6;  // 64^6 ticks = 104 days
  static constexpr std::uint32_t kSlots = 1U << kSlotBits;
  static constexpr std::uint16_t kFar = kLevels * kSlots;  // what lies beyond the levels
  static constexpr std::uint16_t kHeld = kFar + 1;         // put off to the next expire()

  [[nodiscard]] static constexpr std::uint64_t tick(Time time) noexcept {
    const std::int64_t count = time.time_since_epoch().count();
    return count <= 0 ? 0 : static_cast<std::uint64_t>(count) >> kTickBits;
  }

  [[nodiscard]] std::uint16_t slot_for(Time deadline) const noexcept {
    const std::uint64_t at = tick(deadline) < cursor_ ? cursor_ : tick(deadline);
    for (std::uint32_t level = 0; level < kLevels; ++level) {
      const std::uint64_t block = at >> level * kSlotBits;
      if (block - (cursor_ >> level * kSlotBits) < kSlots) {
        return static_cast<std::uint16_t>(level * kSlots + (block & (kSlots - 1)));
      }
    }
    return kFar;
  }

  // Everything in a level lies within 64 slots from the cursor's on, so going round from there is
  // going forward in time, and the first slot that holds something holds the level's earliest.
  [[nodiscard]] std::uint32_t first_of_level(std::uint32_t level) const noexcept {
    if (occupied_[level] == 0) return kNone;
    const auto from = static_cast<int>((cursor_ >> level * kSlotBits) & (kSlots - 1));
    const auto ahead =
        static_cast<std::uint32_t>(std::countr_zero(std::rotr(occupied_[level], from)));
    return slots_[level * kSlots + ((static_cast<std::uint32_t>(from) + ahead) & (kSlots - 1))];
  }

  template <class L>
  [[nodiscard]] std::uint32_t earliest_in_levels(L&& links) const noexcept {
    std::uint32_t best = slots_[kFar];
    for (std::uint32_t level = 0; level < kLevels; ++level) {
      best = earlier(links, best, first_of_level(level));
    }
    return best;
  }

  template <class L>
  [[nodiscard]] std::uint32_t earliest(L&& links) const noexcept {
    return earlier(links, earliest_in_levels(links), slots_[kHeld]);
  }

  template <class L>
  [[nodiscard]] static std::uint32_t earlier(L&& links, std::uint32_t a, std::uint32_t b) noexcept {
    if (a == kNone) return b;
    if (b == kNone) return a;
    return precedes(links(a), links(b)) ? a : b;
  }

  // Order is a count that wraps: right for ties scheduled within 2^31 schedulings of each other,
  // and the same on every run for all.
  [[nodiscard]] static bool precedes(const WheelLink& a, const WheelLink& b) noexcept {
    if (a.deadline != b.deadline) return a.deadline < b.deadline;
    return static_cast<std::int32_t>(a.order - b.order) < 0;
  }

  void set_root(std::uint16_t slot, std::uint32_t id) noexcept {
    slots_[slot] = id;
    if (slot >= kFar) return;
    const std::uint64_t bit = std::uint64_t{1} << slot % kSlots;
    std::uint64_t& word = occupied_[slot / kSlots];
    word = id == kNone ? word & ~bit : word | bit;
  }

  template <class L>
  void put(L&& links, std::uint32_t id, std::uint16_t slot) noexcept {
    WheelLink& link = links(id);
    link.left = link.right = link.parent = kNone;
    link.rank = 1;
    link.slot = slot;
    const std::uint32_t root = merge(links, slots_[slot], id);
    links(root).parent = kNone;
    set_root(slot, root);
  }

  // Takes `id` out of its heap: its children, merged, stand in its place, and the ranks above are
  // mended.
  template <class L>
  void take(L&& links, std::uint32_t id) noexcept {
    WheelLink& link = links(id);
    const std::uint32_t heir = merge(links, link.left, link.right);
    const std::uint32_t parent = link.parent;
    if (heir != kNone) links(heir).parent = parent;
    if (parent == kNone) {
      set_root(link.slot, heir);
    } else {
      WheelLink& above = links(parent);
      (above.left == id ? above.left : above.right) = heir;
      mend_ranks(links, parent);
    }
    link.left = link.right = link.parent = kNone;
    link.slot = WheelLink::kNoSlot;
    link.rank = 0;
  }

  template <class L>
  [[nodiscard]] static std::uint8_t rank_of(L&& links, std::uint32_t id) noexcept {
    return id == kNone ? std::uint8_t{0} : links(id).rank;
  }

  // Restores "the left child's rank is not the smaller" at `id`; true when the rank of `id`
  // changed.
  template <class L>
  static bool mend_rank(L&& links, std::uint32_t id) noexcept {
    WheelLink& link = links(id);
    if (rank_of(links, link.left) < rank_of(links, link.right)) {
      const std::uint32_t left = link.left;
      link.left = link.right;
      link.right = left;
    }
    const auto rank = static_cast<std::uint8_t>(rank_of(links, link.right) + 1);
    if (rank == link.rank) return false;
    link.rank = rank;
    return true;
  }

  // Upwards while ranks change; they are logarithmic and grow on the way, so it ends soon.
  template <class L>
  static void mend_ranks(L&& links, std::uint32_t id) noexcept {
    while (id != kNone && mend_rank(links, id)) id = links(id).parent;
  }

  // Merges two heaps along their right edges, which are logarithmic. The new root's parent is not
  // set.
  template <class L>
  static std::uint32_t merge(L&& links, std::uint32_t a, std::uint32_t b) noexcept {
    if (a == kNone) return b;
    if (b == kNone) return a;
    if (precedes(links(b), links(a))) std::swap(a, b);
    const std::uint32_t root = a;
    // `a` is a node of the merged edge, `b` a heap that has to go somewhere below it on the right.
    for (;;) {
      std::uint32_t below = links(a).right;
      if (below == kNone) {
        links(a).right = b;
        links(b).parent = a;
        break;
      }
      if (precedes(links(b), links(below))) std::swap(b, below);
      links(a).right = below;
      links(below).parent = a;
      a = below;
    }
    // From the bottom of the edge to the top: every node of it got a new right child.
    for (std::uint32_t node = a;; node = links(node).parent) {
      mend_rank(links, node);
      if (node == root) break;
    }
    return root;
  }

  std::array<std::uint32_t, kHeld + 1> slots_;
  std::array<std::uint64_t, kLevels> occupied_{};
  std::uint64_t cursor_ = 0;  // the tick of the latest `now`
  std::uint32_t scheduled_ = 0;
  std::uint32_t calls_ = 0;
  std::uint32_t size_ = 0;
  bool expiring_ = false;
  Time firing_{};
};

}  // namespace bowline
