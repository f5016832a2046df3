#pragma once

// A system call under way.
//
// A Stack never blocks, so neither can a call on top of it: it is tried, and either it is done or
// it waits for something to happen. A Call that waits is a value that remembers how far it has come
// (the bytes of a large write that are queued already, the connection that a connect() has begun).
// Whoever made it calls resume() after anything has happened to the Stack (frames came, timers ran,
// another call was made) and at until() at the latest; in between he sleeps on a futex, jumps the
// virtual clock, or lets others run.
//
// The buffers and structures that the call was given must stay until it is done, as they must while
// a thread blocks in the kernel; arrays of iovec are copied at once.

#include <functional>
#include <optional>
#include <utility>

#include "bowline/base/time.hpp"
#include "bowline/sockets/outcome.hpp"

namespace bowline::inline v0::sockets {

/// One call: done, or waiting. The SocketTable that made it must outlive it.
class Call {
 public:
  /// Tries the call at `now`. Nothing: it has to wait, which it may only say when `may_wait`;
  /// otherwise the step gives what Linux gives when time is up (EAGAIN, or what was done so far).
  using Step = std::function<std::optional<Outcome>(Time now, bool may_wait)>;

  /// A call that was done at once.
  Call(Outcome outcome) : outcome_(outcome) {}  // NOLINT(google-explicit-constructor)
  /// A call that is tried now, and waits no longer than `until` (at or before `now`: not at all).
  Call(Step step, Time now, Time until) : step_(std::move(step)), until_(until) { resume(now); }

  /// Is there an outcome?
  [[nodiscard]] bool done() const noexcept { return outcome_.has_value(); }
  /// What it came to; only when done().
  [[nodiscard]] const Outcome& outcome() const noexcept { return *outcome_; }
  /// When it must be resumed at the latest (SO_RCVTIMEO, SO_SNDTIMEO, SO_LINGER, the timeout of
  /// poll and epoll_wait); kNever: it waits for ever.
  [[nodiscard]] Time until() const noexcept { return until_; }
  /// Tries again; `now` does not go back. Returns done(). Nothing happens when it is done already.
  bool resume(Time now) {
    if (!outcome_) outcome_ = step_(now, now < until_);
    if (outcome_) step_ = nullptr;  // lets go of the socket
    return done();
  }
  /// Ends the wait as a signal would: what was done so far, or else EINTR.
  void interrupt(Time now) {
    if (!outcome_) outcome_ = step_(now, false);
    if (!outcome_) outcome_ = failed(std::errc::interrupted);
    if (outcome_->error == static_cast<int>(std::errc::resource_unavailable_try_again)) {
      outcome_->error = static_cast<int>(std::errc::interrupted);
    }
    step_ = nullptr;
  }

 private:
  [[nodiscard]] static Outcome failed(std::errc error) noexcept {
    return sockets::failed(static_cast<int>(error));
  }

  Step step_;
  Time until_ = kNever;
  std::optional<Outcome> outcome_;
};

}  // namespace bowline::inline v0::sockets
