#include "bowline/driver/virtual_driver.hpp"

#include <algorithm>

namespace bowline::inline v0::driver {

void VirtualDriver::add(Turn& turn, Application application) {
  runners_.push_back({.turn = &turn, .application = std::move(application)});
}

Time VirtualDriver::next_deadline() const noexcept {
  Time deadline = kNever;
  for (const Runner& runner : runners_) deadline = std::min(deadline, runner.turn->next_deadline());
  return deadline;
}

Ending VirtualDriver::run_until(const std::function<bool()>& done, Time until) {
  if (done && done()) return Ending::done;
  std::uint64_t turns = 0;
  while (true) {
    for (const Runner& runner : runners_) runner.turn->step(runner.application, now_);
    if (done && done()) return Ending::done;
    const Time next = next_deadline();
    if (next <= now_) {
      if (++turns > max_turns_at_once_) return Ending::livelock;
      continue;
    }
    turns = 0;
    if (next == kNever) {
      if (until != kNever) now_ = std::max(now_, until);
      return Ending::idle;
    }
    if (next > until) {
      now_ = std::max(now_, until);
      return Ending::deadline;
    }
    now_ = next;
  }
}

Ending VirtualDriver::run_for(Duration duration) {
  return run_until({}, saturating_add(now_, duration));
}

Ending VirtualDriver::run(Time until) { return run_until({}, until); }

}  // namespace bowline::inline v0::driver
