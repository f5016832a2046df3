#pragma once

// Sets of sequence numbers: which have come, which are missing.

#include <algorithm>
#include <cstdint>

#include "bowline/base/range_map.hpp"

namespace bowline::inline v0 {

/// A set of sequence numbers, kept as ranges that neither overlap nor touch; all within 2^31 of
/// each other.
class IntervalSet {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  /// What a range of a set has for a value.
  struct Nothing {
    template <class V>
    void visit(V&) {}
  };
  using Ranges = RangeMap<Nothing>;

  /// An empty set of at most `limit` ranges; see RangeMap.
  IntervalSet(Memory& memory, std::uint32_t limit, std::uint64_t seed) noexcept
      : ranges_(memory, limit, seed) {}

  /// Adds the `length` numbers from `start` on. False, and the set is as before, when that would
  /// take more ranges than the limit or there is no memory.
  bool add(SeqNumber start, std::uint32_t length) noexcept {
    if (length == 0) return true;
    SeqNumber end = start + length;
    // The first range that touches the new one grows over it; what it then reaches is taken in.
    std::uint32_t id = ranges_.at_or_after(start - 1);
    if (id == kNone || after(ranges_[id].start, end)) {
      return ranges_.insert(start, length, {}) != kNone;
    }
    start = earliest(start, ranges_[id].start);
    for (;;) {
      end = latest(end, ranges_[id].end());
      const std::uint32_t next = ranges_.next(id);
      if (next == kNone || after(ranges_[next].start, end)) break;
      ranges_.erase(id);
      id = next;
    }
    ranges_[id].start = start;
    ranges_[id].length = distance(start, end);
    return true;
  }

  /// Removes every number before `edge`.
  void remove_before(SeqNumber edge) noexcept {
    for (std::uint32_t id = ranges_.first(); id != kNone && before(ranges_[id].start, edge);) {
      const SeqNumber end = ranges_[id].end();
      if (after(end, edge)) {
        ranges_[id].start = edge;
        ranges_[id].length = distance(edge, end);
        return;
      }
      ranges_.erase(id);
      id = ranges_.first();
    }
  }

  [[nodiscard]] bool contains(SeqNumber seq) const noexcept { return ranges_.find(seq) != kNone; }

  /// Are all `length` numbers from `start` on in the set? Yes, when `length` is 0.
  [[nodiscard]] bool covers(SeqNumber start, std::uint32_t length) const noexcept {
    if (length == 0) return true;
    const std::uint32_t id = ranges_.find(start);
    return id != kNone && distance(start, ranges_[id].end()) >= length;
  }

  /// The first number at `from` or after it that is not in the set.
  [[nodiscard]] SeqNumber first_gap(SeqNumber from) const noexcept {
    const std::uint32_t id = ranges_.find(from);
    return id == kNone ? from : ranges_[id].end();
  }

  /// The ranges, in order: first(), next(), operator[].
  [[nodiscard]] const Ranges& ranges() const noexcept { return ranges_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return ranges_.size(); }
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
  void clear() noexcept { ranges_.clear(); }
  /// Changes how many ranges there may be; those beyond a lower limit stay.
  void set_limit(std::uint32_t limit) noexcept { ranges_.set_limit(limit); }

  template <class V>
  void visit(V& v) {
    ranges_.visit(v);
  }
  template <class V, class N>
  void visit_numbered(V& v, N&& visit_number) {
    ranges_.visit_numbered(v, visit_number);
  }

 private:
  Ranges ranges_;
};

}  // namespace bowline::inline v0
