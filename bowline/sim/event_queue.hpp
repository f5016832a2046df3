#pragma once

// What is going to happen, in order.
//
// Two runs from one seed are the same run only if events that share an instant have an order too.
// It is the one of DESIGN section 3 (frames, timers, calls), and within these the order in which
// they were planned; nothing depends on addresses, on hashes or on how the heap happens to lie.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::sim {

/// Who goes first among events of one instant.
enum class Turn : std::uint8_t { frame, timer, call };

/// Events of type `What`, the earliest first. Copyable if `What` is.
template <class What>
class EventQueue {
 public:
  struct Event {
    Time at{};
    Turn turn = Turn::frame;
    std::uint64_t number = 0;  ///< in the order of planning
    What what;
  };

  /// Plans `what` for `at`.
  void plan(Time at, Turn turn, What what) {
    heap_.push_back({at, turn, ++planned_, std::move(what)});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
  /// When the next one is due; kNever if there is none.
  [[nodiscard]] Time next() const noexcept { return heap_.empty() ? kNever : heap_.front().at; }

  /// Takes out the next one. The queue must not be empty.
  [[nodiscard]] Event take() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Event event = std::move(heap_.back());
    heap_.pop_back();
    return event;
  }

  /// Does `predicate(what)` hold for any event?
  template <class Predicate>
  [[nodiscard]] bool any_of(Predicate predicate) const {
    return std::any_of(heap_.begin(), heap_.end(),
                       [&](const Event& event) { return predicate(event.what); });
  }

 private:
  static bool later(const Event& a, const Event& b) noexcept {
    if (a.at != b.at) return a.at > b.at;
    if (a.turn != b.turn) return a.turn > b.turn;
    return a.number > b.number;
  }

  std::vector<Event> heap_;
  std::uint64_t planned_ = 0;
};

}  // namespace bowline::inline v0::sim
