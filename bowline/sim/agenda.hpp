#pragma once

// The agenda: who of a simulation has something to do next.
//
// Two runs from one seed are the same run only if what shares an instant has an order too. It is
// that of DESIGN section 3 (frames, timers, calls), and within these the order in which they were
// planned; nothing depends on addresses, on hashes or on how the heap happens to lie.
//
// Each party (a direction of a wire, a node's timers, its applications, the planned calls) stands
// here once at most, with what it does next, so the heap is as small as the network however many
// packets are under way. It has four children to a place: half as deep as with two, and a place's
// children share a cache line or two.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::sim {

/// Who goes first among what happens at one instant.
enum class Turn : std::uint8_t { frame, timer, call };

/// Whom the agenda knows, in the order of add().
enum class Party : std::uint32_t {};

/// The agenda. Copyable.
class Agenda {
 public:
  /// What a party does next.
  struct Entry {
    Time at = kNever;        ///< when
    std::uint64_t rank = 0;  ///< among what happens then, the lower the earlier; rank_of()
    Party party{};           ///< whose
  };

  /// The rank of what takes its `turn` at its instant and was planned as number `order`, which must
  /// be below 2^62.
  [[nodiscard]] static constexpr std::uint64_t rank_of(Turn turn, std::uint64_t order) noexcept {
    return static_cast<std::uint64_t>(turn) << 62U | order;
  }

  /// A new party, with nothing to do.
  [[nodiscard]] Party add() {
    places_.push_back(kNowhere);
    return static_cast<Party>(places_.size() - 1);
  }

  /// Enters what `party` does next, in place of what stood here. At kNever: nothing.
  void plan(Party party, Time at, std::uint64_t rank) {
    const std::size_t place = places_[index(party)];
    if (at == kNever) {
      if (place != kNowhere) remove(place);
      return;
    }
    const Entry entry{at, rank, party};
    if (place == kNowhere) {
      heap_.push_back(entry);
      rise(heap_.size() - 1, entry);
    } else if (earlier(entry, heap_[place])) {
      rise(place, entry);
    } else {
      sink(place, entry);
    }
  }

  /// What stands here for `party`; at kNever: nothing.
  [[nodiscard]] Entry planned(Party party) const noexcept {
    const std::size_t place = places_[index(party)];
    return place == kNowhere ? Entry{} : heap_[place];
  }
  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }  ///< Nothing to do?
  /// What comes next; there must be something.
  [[nodiscard]] const Entry& next() const noexcept { return heap_.front(); }

 private:
  static constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t kChildren = 4;

  static std::size_t index(Party party) noexcept { return static_cast<std::size_t>(party); }
  static bool earlier(const Entry& a, const Entry& b) noexcept {
    return a.at != b.at ? a.at < b.at : a.rank < b.rank;
  }
  void put(std::size_t place, const Entry& entry) noexcept {
    heap_[place] = entry;
    places_[index(entry.party)] = place;
  }
  void rise(std::size_t place, const Entry entry) noexcept {
    while (place > 0) {
      const std::size_t parent = (place - 1) / kChildren;
      if (!earlier(entry, heap_[parent])) break;
      put(place, heap_[parent]);
      place = parent;
    }
    put(place, entry);
  }
  void sink(std::size_t place, const Entry entry) noexcept {
    for (;;) {
      const std::size_t first = place * kChildren + 1;
      if (first >= heap_.size()) break;
      const std::size_t end = first + kChildren < heap_.size() ? first + kChildren : heap_.size();
      std::size_t child = first;
      for (std::size_t i = first + 1; i < end; ++i) {
        if (earlier(heap_[i], heap_[child])) child = i;
      }
      if (!earlier(heap_[child], entry)) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, entry);
  }
  void remove(std::size_t place) noexcept {
    places_[index(heap_[place].party)] = kNowhere;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) return;
    if (earlier(last, heap_[place])) {
      rise(place, last);
    } else {
      sink(place, last);
    }
  }

  std::vector<Entry> heap_;
  std::vector<std::size_t> places_;  // of each party in heap_
};

}  // namespace bowline::inline v0::sim
