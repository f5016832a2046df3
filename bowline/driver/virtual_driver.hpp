#pragma once

// The driver in virtual time: stacks over links in memory, and a clock that jumps.
//
// All Stacks get their turns at one instant until none has work left that needs no waiting; then
// the clock goes on to the next deadline of any of them. Two runs from the same seeds are the same,
// event for event. Wires that lose, delay and reorder are sim/'s; this is for stacks joined by a
// LinkPair, and for tests that want to hold the clock in their hands.

#include <functional>
#include <vector>

#include "bowline/base/time.hpp"
#include "bowline/driver/turn.hpp"

namespace bowline::inline v0::driver {

/// Why a run in virtual time ended.
enum class Ending : std::uint8_t {
  done,      ///< the caller's condition holds
  deadline,  ///< the given time has come
  idle,      ///< nothing is left that could ever happen
  livelock,  ///< turn after turn at one instant: somebody makes work without end
};

/// Runs Stacks in virtual time.
class VirtualDriver {
 public:
  /// Turns at one instant after which a run counts as a livelock. A bulk transfer over links
  /// without delay needs one for each window, and time stands still meanwhile.
  static constexpr std::uint64_t kMaxTurnsAtOnce = 10'000'000;

  /// The clock starts at `start`.
  explicit VirtualDriver(Time start = Time{} + 1h,
                         std::uint64_t max_turns_at_once = kMaxTurnsAtOnce)
      : now_(start), max_turns_at_once_(max_turns_at_once) {}

  /// Runs `turn`, which must outlive this, with `application` in the middle of each of its turns.
  void add(Turn& turn, Application application = {});

  /// Runs until `done` says so (asked after each round of turns), `until` has come (events at that
  /// very time still happen) or nothing can happen any more; the clock then stands at `until`, or
  /// where it was when there is none.
  Ending run_until(const std::function<bool()>& done, Time until = kNever);
  /// Runs for so long, and leaves the clock there.
  Ending run_for(Duration duration);
  /// Runs until nothing is left to happen at or before `until`.
  Ending run(Time until = kNever);

  [[nodiscard]] Time now() const noexcept { return now_; }  ///< Where the clock stands.

 private:
  struct Runner {
    Turn* turn;
    Application application;
  };
  [[nodiscard]] Time next_deadline() const noexcept;

  std::vector<Runner> runners_;
  Time now_;
  std::uint64_t max_turns_at_once_;
};

}  // namespace bowline::inline v0::driver
