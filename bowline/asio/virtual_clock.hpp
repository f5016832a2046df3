#pragma once

// Virtual time for Asio programs.
//
// In a simulation a timer must not wait: time jumps to the next thing that happens. A VirtualClock
// is that time line; use_virtual_time() lays it under an execution context, and from then on every
// steady_timer of the context (a program's own, Beast's, a stack's) waits on it. Whoever runs the
// simulation asks next() and calls advance_to(). Several contexts may share one clock; all of it is
// one thread's.

#include <boost/asio/execution_context.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "bowline/asio/operation.hpp"
#include "bowline/base/time.hpp"

namespace bowline::inline v0::net {

/// A clock that stands still until somebody moves it. Must outlive the contexts that use it.
class VirtualClock {
 public:
  /// Names a wait: when it ends, and its place among those that end together.
  using Key = std::pair<Time, std::uint64_t>;

  explicit VirtualClock(Time start = Time{}) noexcept : now_(start) {}  ///< Time begins at `start`.
  VirtualClock(const VirtualClock&) = delete;
  VirtualClock& operator=(const VirtualClock&) = delete;
  ~VirtualClock();

  [[nodiscard]] Time now() const noexcept { return now_; }  ///< Where it stands.
  /// When the next wait ends; kNever if nobody waits. In the past: at once.
  [[nodiscard]] Time next() const noexcept;
  /// Goes to `to` (not before now()); the waits that end on the way complete in order, each at its
  /// time: their handlers are posted.
  void advance_to(Time to);

  /// Takes `wait` of a timer of `context`, to be completed at `end`. For timers.
  Key add(Time end, Operation* wait, const boost::asio::execution_context& context);
  /// Completes the wait with operation_aborted if it is still there; false: it is not.
  bool cancel(const Key& key);
  /// Drops all waits of `context` uncalled: it is going.
  void abandon(const boost::asio::execution_context& context) noexcept;

 private:
  struct Wait {
    Operation* operation;
    const boost::asio::execution_context* context;
  };
  Operation* take(const Key& key) noexcept;

  Time now_;
  std::uint64_t count_ = 0;
  std::map<Key, Wait> waits_;
};

/// From now on the timers of `context` that are made later run on `clock`. Call it before any timer
/// is made. Throws service_already_exists when the context has one.
void use_virtual_time(boost::asio::execution_context& context, VirtualClock& clock);

/// The clock of `context`, or null: wall time.
[[nodiscard]] VirtualClock* find_virtual_clock(boost::asio::execution_context& context);

}  // namespace bowline::inline v0::net
