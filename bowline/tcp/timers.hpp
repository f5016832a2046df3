#pragma once

// The timers of a connection: kinds and their deadlines.
//
// No callbacks and no wheel: setting one is a store. The Stack looks at the earliest, when the
// connection is settled after an event, and moves its one place in the wheel only when that lies
// before it (lazy re-arming, DESIGN section 7).

#include <algorithm>
#include <array>
#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// What a deadline is for.
enum class Timer : std::uint8_t {
  retransmit,  ///< RTO (RFC 6298), for data, FIN and SYN
  probe,  ///< zero window (RFC 9293 section 3.8.6.1), and the override of a withheld small segment
  delayed_ack,  ///< RFC 9293 section 3.8.6.3
  keepalive,    ///< RFC 9293 section 3.8.4
  give_up,      ///< R2 or the user timeout (RFC 9293 sections 3.8.3 and 3.10.8)
  ending,       ///< 2 MSL in TIME-WAIT, or the limit of an orphan in FIN-WAIT-2
  shed,         ///< idle for a while: the Transfer is given back
  reorder,      ///< what was overtaken is lost if it has not come by then (RFC 8985 6.2 step 5)
  tail_probe,   ///< nothing came back: ask (RFC 8985 section 7)
  pace,         ///< the next piece may go (see pacer.hpp)
};

/// Deadlines by kind.
class Timers {
 public:
  Timers() noexcept { deadlines_.fill(kNever); }

  void set(Timer timer, Time deadline) noexcept { at(timer) = deadline; }
  void cancel(Timer timer) noexcept { at(timer) = kNever; }
  void cancel_all() noexcept { deadlines_.fill(kNever); }
  [[nodiscard]] bool is_set(Timer timer) const noexcept { return deadline(timer) != kNever; }
  [[nodiscard]] Time deadline(Timer timer) const noexcept {
    return deadlines_[static_cast<std::size_t>(timer)];
  }
  /// Is `timer` due at `now`? Then cancels it and says so.
  [[nodiscard]] bool take_due(Timer timer, Time now) noexcept {
    if (deadline(timer) > now) return false;
    cancel(timer);
    return true;
  }
  /// The first deadline; kNever when none is set.
  [[nodiscard]] Time earliest() const noexcept {
    return *std::min_element(deadlines_.begin(), deadlines_.end());
  }

  template <class V>
  void visit(V& v) {
    v(deadlines_);
  }

 private:
  static constexpr std::size_t kKinds = 10;
  [[nodiscard]] Time& at(Timer timer) noexcept {
    return deadlines_[static_cast<std::size_t>(timer)];
  }
  std::array<Time, kKinds> deadlines_;
};

}  // namespace bowline::inline v0::tcp
