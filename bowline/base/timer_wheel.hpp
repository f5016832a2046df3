#pragma once

// The timing wheel: millions of deadlines, exact, in a fixed few KiB.
//
// Levels of 64 slots, each slot 64 times as wide as one of the level below; a deadline goes into
// the finest level whose 64 slots, from now on, reach it. In the classic wheel (Varghese and Lauck,
// 1987) a slot is a plain list: it pays by cascading a whole slot down when its time comes, which
// stalls when a million connections have a keepalive, and knows deadlines only to the width of a
// slot. Here a slot is a binomial heap (Vuillemin, 1978) whose links lie in the elements. Putting
// one in costs about one comparison, as for a list; taking one out usually as little, since half of
// all elements have nothing below them; only firing costs O(log of the slot's elements). So the
// wheel knows the exact next deadline, fires in exact order, and never cascades. A jump of `now`
// costs nothing by itself: empty slots are skipped with a bitmap.
//
// The wheel knows elements by number only; each operation is given `links`, a function from a
// number to the element's WheelLink. Nothing is allocated. Nothing depends on addresses.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "bowline/base/time.hpp"

namespace bowline::inline v0 {

/// What an element that can wait in a TimerWheel carries. `deadline` may be read; the rest is the
/// wheel's.
struct WheelLink {
  static constexpr std::uint32_t kNone = 0xffffffff;
  static constexpr std::uint16_t kNoSlot = 0xffff;

  Time deadline = kNever;          ///< when it fires; kNever while it is not scheduled
  std::uint32_t child = kNone;     // the tree below: its first, of the highest rank
  std::uint32_t next = kNone;      // the next sibling; of a root, the next root
  std::uint32_t previous = kNone;  // the sibling before; of a first child, its parent
  std::uint32_t order = 0;         // when it was scheduled, as a count: settles ties
  std::uint32_t fired = 0;         // the expire() call in which it fired last
  std::uint16_t slot = kNoSlot;
  std::uint8_t rank = 0;  // how often the tree below grew to double its size

  /// Is it scheduled?
  [[nodiscard]] bool linked() const noexcept { return slot != kNoSlot; }

  template <class V>
  void visit(V& v) {
    v(deadline);
    v.excluded(child, "place in the heap: a matter of history, the deadline says when it fires");
    v.excluded(next, "as child");
    v.excluded(previous, "as child");
    v.excluded(order, "a count since the beginning; settles only ties");
    v.excluded(fired, "a count since the beginning");
    v.excluded(slot, "as child");
    v.excluded(rank, "as child");
  }
};

/// A set of deadlines. `links(id)` must give the same WheelLink& in every call while `id` is
/// scheduled.
class TimerWheel {
 public:
  static constexpr std::uint32_t kNone = WheelLink::kNone;

  TimerWheel() noexcept {
    roots_.fill(kNone);
    first_.fill(kNone);
  }

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
    while (first_[kHeld] != kNone) {
      const std::uint32_t id = first_[kHeld];
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
    v.excluded(roots_, "arrangement of what the links say");
    v.excluded(first_, "as roots_");
    v.excluded(occupied_, "as roots_");
    v.excluded(cursor_, "where the wheel stands does not change when anything fires");
    v.excluded(scheduled_, "a count since the beginning");
    v.excluded(calls_, "a count since the beginning");
    v.excluded(size_, "as roots_");
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
    return first_[level * kSlots + ((static_cast<std::uint32_t>(from) + ahead) & (kSlots - 1))];
  }

  template <class L>
  [[nodiscard]] std::uint32_t earliest_in_levels(L&& links) const noexcept {
    std::uint32_t best = first_[kFar];
    for (std::uint32_t level = 0; level < kLevels; ++level) {
      best = earlier(links, best, first_of_level(level));
    }
    return best;
  }

  template <class L>
  [[nodiscard]] std::uint32_t earliest(L&& links) const noexcept {
    return earlier(links, earliest_in_levels(links), first_[kHeld]);
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

  void set_first(std::uint16_t slot, std::uint32_t id) noexcept {
    first_[slot] = id;
    if (slot >= kFar) return;
    const std::uint64_t bit = std::uint64_t{1} << slot % kSlots;
    std::uint64_t& word = occupied_[slot / kSlots];
    word = id == kNone ? word & ~bit : word | bit;
  }

  // A slot is a row of trees, each with its earliest on top, of rising ranks. A new element is a
  // tree of rank 0; while there is another tree of its rank the two become one of the next rank, as
  // a binary number is counted up.
  template <class L>
  void put(L&& links, std::uint32_t id, std::uint16_t slot) noexcept {
    WheelLink& link = links(id);
    link.child = kNone;
    link.rank = 0;
    link.slot = slot;
    std::uint32_t tree = id;
    std::uint32_t following = roots_[slot];
    while (following != kNone && links(following).rank == links(tree).rank) {
      const std::uint32_t other = following;
      following = links(other).next;
      tree = join(links, tree, other);
    }
    roots_[slot] = tree;
    link_roots(links, kNone, tree);
    link_roots(links, tree, following);
    if (first_[slot] == kNone || precedes(links(id), links(first_[slot]))) set_first(slot, id);
  }

  template <class L>
  void take(L&& links, std::uint32_t id) noexcept {
    WheelLink& link = links(id);
    const std::uint16_t slot = link.slot;
    cut(links, id);
    if (link.child != kNone) adopt(links, slot, link.child);
    link.child = link.next = link.previous = kNone;
    link.slot = WheelLink::kNoSlot;
    if (first_[slot] != id) return;
    std::uint32_t best = kNone;
    for (std::uint32_t root = roots_[slot]; root != kNone; root = links(root).next) {
      best = earlier(links, best, root);
    }
    set_first(slot, best);
  }

  // Cuts the tree under `id` off. Its parent keeps its rank: ranks then promise less than they say,
  // which costs time at most, and not much of it: a rank is never more than the logarithm of all
  // puts into the slot.
  template <class L>
  void cut(L&& links, std::uint32_t id) noexcept {
    const WheelLink& link = links(id);
    if (link.next != kNone) links(link.next).previous = link.previous;
    if (link.previous == kNone) {
      roots_[link.slot] = link.next;
    } else {
      WheelLink& before = links(link.previous);
      (before.child == id ? before.child : before.next) = link.next;
    }
  }

  // Makes the tree `child` and its next siblings roots of `slot`, joining trees of equal rank.
  template <class L>
  void adopt(L&& links, std::uint16_t slot, std::uint32_t child) noexcept {
    std::array<std::uint32_t, kMaxRank + 1> by_rank;
    by_rank.fill(kNone);
    for (std::uint32_t tree = roots_[slot]; tree != kNone; tree = links(tree).next) {
      by_rank[links(tree).rank] = tree;
    }
    while (child != kNone) {
      std::uint32_t tree = child;
      child = links(tree).next;
      while (by_rank[links(tree).rank] != kNone) {
        tree = join(links, tree, std::exchange(by_rank[links(tree).rank], kNone));
      }
      by_rank[links(tree).rank] = tree;
    }
    std::uint32_t last = kNone;
    for (const std::uint32_t tree : by_rank) {
      if (tree == kNone) continue;
      if (last == kNone) roots_[slot] = tree;
      link_roots(links, last, tree);
      last = tree;
    }
    if (last != kNone) links(last).next = kNone;
  }

  template <class L>
  static void link_roots(L&& links, std::uint32_t previous, std::uint32_t next) noexcept {
    if (previous != kNone) links(previous).next = next;
    if (next != kNone) links(next).previous = previous;
  }

  // Makes one tree of two of the same rank: the later becomes the first child of the earlier.
  template <class L>
  [[nodiscard]] static std::uint32_t join(L&& links, std::uint32_t a, std::uint32_t b) noexcept {
    if (precedes(links(b), links(a))) std::swap(a, b);
    WheelLink& top = links(a);
    WheelLink& below = links(b);
    below.previous = a;
    below.next = top.child;
    if (top.child != kNone) links(top.child).previous = b;
    top.child = b;
    ++top.rank;
    return a;
  }

  // 2^47 timers in one slot, one after the other, before a rank could pass this.
  static constexpr std::size_t kMaxRank = 47;

  std::array<std::uint32_t, kHeld + 1> roots_;  // of each slot: the tree of the lowest rank
  std::array<std::uint32_t, kHeld + 1> first_;  // of each slot: the earliest
  std::array<std::uint64_t, kLevels> occupied_{};
  std::uint64_t cursor_ = 0;  // the tick of the latest `now`
  std::uint32_t scheduled_ = 0;
  std::uint32_t calls_ = 0;
  std::uint32_t size_ = 0;
  bool expiring_ = false;
  Time firing_{};
};

}  // namespace bowline::inline v0
