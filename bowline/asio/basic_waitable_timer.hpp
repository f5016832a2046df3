#pragma once

// steady_timer, on the time of its context.
//
// Asio's own timer asks the operating system's clock, whatever executor it is given. This
// specialisation of basic_waitable_timer for the steady clock asks its context first: with a
// virtual clock (virtual_clock.hpp) it waits there, otherwise it is Asio's own timer, over a clock
// type of ours so that the primary template serves. So timeouts in unmodified programs and in Beast
// run in virtual time.
//
// A type must be the same in every translation unit of a program: each one that uses steady_timer
// or Beast includes bowline/asio.hpp before any header of theirs. expires_at() takes points of the
// context's time line: in virtual time that is not what std::chrono::steady_clock::now() says, so
// programs use expires_after().

#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "bowline/asio/context.hpp"
#include "bowline/asio/initiation.hpp"
#include "bowline/asio/operation.hpp"
#include "bowline/asio/virtual_clock.hpp"

namespace bowline::inline v0::net {
namespace detail {

/// The steady clock under another name: the primary template of basic_waitable_timer serves it.
struct WallClock {
  using rep = std::chrono::steady_clock::rep;
  using period = std::chrono::steady_clock::period;
  using duration = std::chrono::steady_clock::duration;
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr bool is_steady = true;
  static time_point now() noexcept { return std::chrono::steady_clock::now(); }
};

/// A program's WaitTraits are for the steady clock; the wall timer's clock has the same points.
template <class WaitTraits>
struct WallTraits {
  static WallClock::duration to_wait_duration(const WallClock::duration& span) {
    return WaitTraits::to_wait_duration(span);
  }
  static WallClock::duration to_wait_duration(const WallClock::time_point& when) {
    return WaitTraits::to_wait_duration(when);
  }
};

/// A timer on a VirtualClock. Its operations are those of basic_waitable_timer.
template <class Executor>
class VirtualTimer {
 public:
  using time_point = WallClock::time_point;
  using duration = WallClock::duration;

  VirtualTimer(Executor executor, VirtualClock& clock)
      : executor_(std::move(executor)), clock_(&clock) {}
  /// From a timer of another executor type.
  template <class Other>
  explicit VirtualTimer(VirtualTimer<Other>&& other)
      : executor_(other.executor_),
        clock_(other.clock_),
        expiry_(other.expiry_),
        waits_(std::exchange(other.waits_, {})) {}
  VirtualTimer(VirtualTimer&& other) noexcept
      : executor_(other.executor_),
        clock_(other.clock_),
        expiry_(other.expiry_),
        waits_(std::exchange(other.waits_, {})) {}
  VirtualTimer& operator=(VirtualTimer&& other) noexcept {
    if (this == &other) return *this;
    cancel();
    executor_ = other.executor_;
    clock_ = other.clock_;
    expiry_ = other.expiry_;
    waits_ = std::exchange(other.waits_, {});
    return *this;
  }
  ~VirtualTimer() { cancel(); }

  [[nodiscard]] const Executor& get_executor() const noexcept { return executor_; }
  [[nodiscard]] time_point expiry() const noexcept { return expiry_; }
  [[nodiscard]] Time now() const noexcept { return clock_->now(); }

  std::size_t expires_at(time_point when) {
    const std::size_t cancelled = cancel();
    expiry_ = when;
    return cancelled;
  }
  std::size_t expires_after(duration after) {
    const Time now = clock_->now();
    const Time end = after < duration::zero() ? now : saturating_add(now, after);
    return expires_at(time_point(end.time_since_epoch()));
  }
  std::size_t cancel() {
    const std::vector<VirtualClock::Key> waits = std::exchange(waits_, {});
    return static_cast<std::size_t>(std::count_if(
        waits.begin(), waits.end(), [this](const auto& wait) { return clock_->cancel(wait); }));
  }
  std::size_t cancel_one() {
    while (!waits_.empty()) {
      const VirtualClock::Key first = waits_.front();
      waits_.erase(waits_.begin());
      if (clock_->cancel(first)) return 1;
    }
    return 0;
  }

  /// Nobody would move the clock while this thread waits.
  void wait(boost::system::error_code& error) const {
    const bool over = Time(expiry_.time_since_epoch()) <= clock_->now();
    error = over ? boost::system::error_code() : boost::asio::error::would_block;
  }

  template <class Handler>
  void async_wait(Handler&& handler) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    Operation* const wait = make_operation(Elapsed{}, std::forward<Handler>(handler), executor_);
    // A timer that is used again and again: the keys of waits that are over go when all of them
    // are.
    if (clock_->now() >= Time(expiry_.time_since_epoch())) waits_.clear();
    const VirtualClock::Key key =
        clock_->add(Time(expiry_.time_since_epoch()), wait, context_of(executor_));
    waits_.push_back(key);
    if (slot.is_connected()) {
      slot.assign([clock = clock_, key](boost::asio::cancellation_type type) {
        if (type != boost::asio::cancellation_type::none) clock->cancel(key);
      });
    }
  }

 private:
  template <class Other>
  friend class VirtualTimer;

  struct Elapsed {
    static bool perform(SocketState& /*socket*/, boost::system::error_code& /*error*/) {
      return true;
    }
    static std::tuple<boost::system::error_code> arguments(boost::system::error_code error) {
      return {error};
    }
  };

  Executor executor_;
  VirtualClock* clock_;
  time_point expiry_{};
  std::vector<VirtualClock::Key> waits_;  // some of them may be over
};

}  // namespace detail

/// What steady_timer is: a timer on its context's virtual clock, or on the wall clock where it has
/// none. The members are those of boost::asio::basic_waitable_timer and mean the same.
template <class WaitTraits, class Executor>
class SteadyTimer {
  using Wall = boost::asio::basic_waitable_timer<detail::WallClock, detail::WallTraits<WaitTraits>,
                                                 Executor>;
  using Virtual = detail::VirtualTimer<Executor>;

 public:
  using executor_type = Executor;
  using clock_type = std::chrono::steady_clock;
  using duration = clock_type::duration;
  using time_point = clock_type::time_point;
  using traits_type = WaitTraits;

  explicit SteadyTimer(const Executor& executor) : timer_(make(executor)) {}
  SteadyTimer(const Executor& executor, const time_point& expiry) : SteadyTimer(executor) {
    expires_at(expiry);
  }
  SteadyTimer(const Executor& executor, const duration& after) : SteadyTimer(executor) {
    expires_after(after);
  }
  template <detail::ExecutionContext Context>
  explicit SteadyTimer(Context& context) : SteadyTimer(Executor(context.get_executor())) {}
  template <detail::ExecutionContext Context>
  SteadyTimer(Context& context, const time_point& expiry) : SteadyTimer(context) {
    expires_at(expiry);
  }
  template <detail::ExecutionContext Context>
  SteadyTimer(Context& context, const duration& after) : SteadyTimer(context) {
    expires_after(after);
  }
  SteadyTimer(SteadyTimer&&) = default;
  SteadyTimer& operator=(SteadyTimer&&) = default;

  [[nodiscard]] const Executor& get_executor() noexcept {
    return std::visit([](auto& timer) -> const Executor& { return timer.get_executor(); }, timer_);
  }
  [[nodiscard]] time_point expiry() const {
    return std::visit([](const auto& timer) { return timer.expiry(); }, timer_);
  }
  std::size_t expires_at(const time_point& expiry) {
    return std::visit([&](auto& timer) { return timer.expires_at(expiry); }, timer_);
  }
  std::size_t expires_after(const duration& after) {
    return std::visit([&](auto& timer) { return timer.expires_after(after); }, timer_);
  }
  std::size_t cancel() {
    return std::visit([](auto& timer) { return timer.cancel(); }, timer_);
  }
  std::size_t cancel_one() {
    return std::visit([](auto& timer) { return timer.cancel_one(); }, timer_);
  }

#if !defined(BOOST_ASIO_NO_DEPRECATED)
  // The old spellings, as long as Asio has them.
  std::size_t cancel(boost::system::error_code& error) {
    error = {};
    return cancel();
  }
  std::size_t cancel_one(boost::system::error_code& error) {
    error = {};
    return cancel_one();
  }
  [[nodiscard]] time_point expires_at() const { return expiry(); }
  std::size_t expires_at(const time_point& when, boost::system::error_code& error) {
    error = {};
    return expires_at(when);
  }
  [[nodiscard]] duration expires_from_now() const { return expiry() - now(); }
  std::size_t expires_from_now(const duration& after) { return expires_after(after); }
  std::size_t expires_from_now(const duration& after, boost::system::error_code& error) {
    error = {};
    return expires_after(after);
  }
#endif

  /// Blocks until the time has come; in virtual time that fails with would_block unless it has.
  void wait(boost::system::error_code& error) {
    std::visit([&](auto& timer) { timer.wait(error); }, timer_);
  }
  void wait() {
    boost::system::error_code error;
    wait(error);
    boost::asio::detail::throw_error(error, "wait");
  }

  template <boost::asio::completion_token_for<void(boost::system::error_code)> Token =
                detail::DefaultToken<Executor>>
  auto async_wait(Token&& token = detail::DefaultToken<Executor>()) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
        detail::Initiation(get_executor(),
                           [this](auto&& handler) {
                             std::visit(
                                 [&](auto& timer) {
                                   timer.async_wait(std::forward<decltype(handler)>(handler));
                                 },
                                 timer_);
                           }),
        token);
  }

 protected:
  template <class OtherTraits, class OtherExecutor>
  friend class SteadyTimer;

  /// Takes over a timer of another executor type.
  template <class Other>
  static SteadyTimer from(SteadyTimer<WaitTraits, Other>&& other) {
    return SteadyTimer(std::visit(
        [](auto& timer) -> Timer {
          using Source = std::decay_t<decltype(timer)>;
          if constexpr (std::is_same_v<Source, detail::VirtualTimer<Other>>) {
            return Timer(std::in_place_type<Virtual>, std::move(timer));
          } else {
            return Timer(std::in_place_type<Wall>, std::move(timer));
          }
        },
        other.timer_));
  }

 private:
  using Timer = std::variant<Wall, Virtual>;

  explicit SteadyTimer(Timer&& timer) : timer_(std::move(timer)) {}

  static Timer make(const Executor& executor) {
    if (VirtualClock* const clock = find_virtual_clock(detail::context_of(executor))) {
      return Timer(std::in_place_type<Virtual>, executor, *clock);
    }
    return Timer(std::in_place_type<Wall>, executor);
  }
  [[nodiscard]] time_point now() const {
    if (const Virtual* const timer = std::get_if<Virtual>(&timer_)) {
      return time_point(timer->now().time_since_epoch());
    }
    return clock_type::now();
  }

  Timer timer_;
};

}  // namespace bowline::inline v0::net

namespace boost::asio {

/// steady_timer: see bowline::net::SteadyTimer.
template <class WaitTraits, class Executor>
class basic_waitable_timer<std::chrono::steady_clock, WaitTraits, Executor>
    : public bowline::net::SteadyTimer<WaitTraits, Executor> {
  using Base = bowline::net::SteadyTimer<WaitTraits, Executor>;

 public:
  template <class Other>
  struct rebind_executor {
    using other = basic_waitable_timer<std::chrono::steady_clock, WaitTraits, Other>;
  };

  using Base::Base;
  basic_waitable_timer(basic_waitable_timer&&) = default;
  basic_waitable_timer& operator=(basic_waitable_timer&&) = default;
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_waitable_timer(basic_waitable_timer<std::chrono::steady_clock, WaitTraits, Other>&& other)
      : Base(Base::from(std::move(other))) {}
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_waitable_timer& operator=(
      basic_waitable_timer<std::chrono::steady_clock, WaitTraits, Other>&& other) {
    return *this = basic_waitable_timer(std::move(other));
  }
};

}  // namespace boost::asio
