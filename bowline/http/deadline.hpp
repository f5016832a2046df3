#pragma once

// A point in time that is moved far more often than it is reached: with every stretch of bytes. The
// timer below is left alone then and looks, when it fires, whether the time has really come.

// First of all: what it specialises must be so in every unit of a program.
#include "bowline/asio.hpp"

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace bowline::inline v0::http {

/// Calls a function when time runs out. Used on the thread that runs the executor; destroyed
/// without a trace.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// `expired` is called at most once for each set().
  Deadline(const boost::asio::any_io_executor& executor, std::function<void()> expired)
      : timer_(executor), reading_(executor), expired_(std::move(expired)) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  /// From now on `after` is left; replaces what was set.
  void set(Clock::duration after) {
    at_ = now() + after;
    if (!armed_ || at_ < armed_at_) arm();
  }
  /// Nothing is waited for; the context may run out of work.
  void clear() {
    at_ = Clock::time_point::max();
    armed_ = false;
    timer_.cancel();
  }

 private:
  // The timer's own clock, which may be virtual.
  Clock::time_point now() {
    reading_.expires_after(Clock::duration::zero());
    return reading_.expiry();
  }

  void arm() {
    armed_ = true;
    armed_at_ = at_;
    timer_.expires_at(at_);
    // One that has fired already may be called when this is gone.
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](const auto& error) {
      if (error || alive.expired()) return;  // moved or destroyed
      armed_ = false;
      if (at_ == Clock::time_point::max()) return;
      if (now() < at_) {
        arm();
        return;
      }
      at_ = Clock::time_point::max();
      expired_();
    });
  }

  boost::asio::steady_timer timer_;
  boost::asio::steady_timer reading_;  // never waits: the time line as `timer_` has it
  std::function<void()> expired_;
  Clock::time_point at_ = Clock::time_point::max();
  Clock::time_point armed_at_{};
  bool armed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace bowline::inline v0::http
