#include "bowline/driver/poll_driver.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>

#include "bowline/driver/clock.hpp"

namespace bowline::inline v0::driver {
namespace {

std::error_code last_error() { return {errno, std::generic_category()}; }

timespec to_timespec(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  timespec result{};
  result.tv_sec = static_cast<time_t>(seconds.count());
  result.tv_nsec = static_cast<long>((duration - seconds).count());
  return result;
}

}  // namespace

PollDriver::~PollDriver() {
  if (wake_descriptor_ >= 0) ::close(wake_descriptor_);
}

Status PollDriver::start() {
  wake_descriptor_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_descriptor_ < 0) return fail(last_error());
  return {};
}

void PollDriver::add(Turn& turn, Application application) {
  runners_.push_back({.turn = &turn, .application = std::move(application)});
  fresh_ = true;
}

void PollDriver::wake() noexcept {
  const int saved = errno;  // a signal handler must leave it as it was
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then a wake-up is under way already.
  [[maybe_unused]] const ssize_t written = ::write(wake_descriptor_, &one, sizeof one);
  errno = saved;
}

void PollDriver::stop() noexcept {
  stopped_.store(true, std::memory_order_release);
  wake();
}

Time PollDriver::next_deadline() const noexcept {
  if (fresh_) return Time{};
  Time deadline = kNever;
  for (const Runner& runner : runners_) deadline = std::min(deadline, runner.turn->next_deadline());
  return deadline;
}

Status PollDriver::wait(Time until) {
  polled_.clear();
  polled_.push_back({.fd = wake_descriptor_, .events = POLLIN, .revents = 0});
  for (const Runner& runner : runners_) {
    for (const Turn::Wait& wait : runner.turn->waits()) {
      const int events = (wait.readable ? POLLIN : 0) | (wait.writable ? POLLOUT : 0);
      polled_.push_back(
          {.fd = wait.descriptor, .events = static_cast<short>(events), .revents = 0});
    }
  }
  const Time now = monotonic_now();
  const timespec timeout = to_timespec(std::max(until - now, Duration::zero()));
  const int ready =
      ::ppoll(polled_.data(), polled_.size(), until == kNever ? nullptr : &timeout, nullptr);
  if (ready < 0 && errno != EINTR) return fail(last_error());
  if (ready > 0 && polled_[0].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_descriptor_, &count, sizeof count);
  }
  return {};
}

Status PollDriver::run_once(Time until) {
  const Time deadline = std::min(until, next_deadline());
  // With work at hand there is nothing to wait for, and no need to ask the kernel.
  if (deadline > monotonic_now()) BOWLINE_CHECK(wait(deadline));
  if (stopped()) return {};
  fresh_ = false;
  const Time now = monotonic_now();
  for (const Runner& runner : runners_) runner.turn->step(runner.application, now);
  return {};
}

Result<bool> PollDriver::run_until(const std::function<bool()>& done, Time until) {
  while (!done()) {
    if (stopped() || monotonic_now() >= until) return false;
    BOWLINE_CHECK(run_once(until));
  }
  return true;
}

Status PollDriver::run() {
  while (!stopped()) BOWLINE_CHECK(run_once());
  return {};
}

}  // namespace bowline::inline v0::driver
