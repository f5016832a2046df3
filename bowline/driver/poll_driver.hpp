#pragma once

// The driver in real time: poll(2) on the links' descriptors until the next deadline.
//
// A stack has a handful of links, so poll is as good as epoll; it keeps no state that could go
// stale and its timeout counts nanoseconds (ppoll).

#include <poll.h>

#include <atomic>
#include <functional>
#include <vector>

#include "bowline/base/result.hpp"
#include "bowline/base/time.hpp"
#include "bowline/driver/turn.hpp"

namespace bowline::inline v0::driver {

/// Runs Stacks in real time on the calling thread. Not movable: other threads and signal handlers
/// may hold it.
class PollDriver {
 public:
  /// Errors of start(): those of eventfd(2) (too many open files).
  PollDriver() = default;
  ~PollDriver();
  PollDriver(const PollDriver&) = delete;
  PollDriver& operator=(const PollDriver&) = delete;

  /// Opens the descriptor by which wake() and stop() are heard. To be called once, before all else.
  Status start();

  /// Runs `turn`, which must outlive this, with `application` in the middle of each of its turns.
  void add(Turn& turn, Application application = {});

  /// Waits until there is something to do, but not beyond `until`, then gives each Stack one turn.
  /// Errors: those of poll(2) that a retry does not mend.
  Status run_once(Time until = kNever);
  /// Repeats run_once() until `done` says so (asked before each), stop() was called or `until` has
  /// come. True when `done` did. Errors: as run_once().
  Result<bool> run_until(const std::function<bool()>& done, Time until = kNever);
  /// Runs until stop(). Errors: as run_once().
  Status run();

  /// Ends the wait that is under way, or the next one. Any thread; also in a signal handler.
  void wake() noexcept;
  /// Ends run() and run_until() for good. Any thread; also in a signal handler.
  void stop() noexcept;
  /// Has stop() been called?
  [[nodiscard]] bool stopped() const noexcept { return stopped_.load(std::memory_order_acquire); }

 private:
  struct Runner {
    Turn* turn;
    Application application;
  };
  [[nodiscard]] Time next_deadline() const noexcept;
  Status wait(Time until);

  std::vector<Runner> runners_;
  std::vector<pollfd> polled_;
  int wake_descriptor_ = -1;
  bool fresh_ = true;  // no turn has been given since the last add(): do not wait for the first
  std::atomic<bool> stopped_ = false;
  static_assert(std::atomic<bool>::is_always_lock_free, "stop() is for signal handlers");
};

}  // namespace bowline::inline v0::driver
