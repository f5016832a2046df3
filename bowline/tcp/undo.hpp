#pragma once

// Undo: a window that was reduced for nothing is given back (RFC 3522 and 4015, RFC 3708).
//
// What looked like a loss was reordering or a delay if the acknowledgment answers the original and
// not the retransmission: its timestamp echo is older than the retransmission (Eifel detection), or
// every retransmission is reported as received twice (D-SACK).

#include <algorithm>
#include <cstdint>

#include "bowline/base/time.hpp"
#include "bowline/tcp/congestion_control.hpp"

namespace bowline::inline v0::tcp {

/// What a recovery, or a timeout, would give back.
class Undo {
 public:
  /// The window is about to be reduced from what `congestion` has. Further reductions of the same
  /// episode keep the first.
  void begin(const CongestionControl& congestion) noexcept {
    if (active_) return;
    active_ = true;
    before_ = congestion;
    retransmitted_ = 0;
    first_ = kNever;
  }
  /// A packet was sent again at `now`. (Kept as the timestamp clock counts, in milliseconds: an
  /// echo from within the same one proves nothing.)
  void retransmitted(Time now) noexcept {
    if (!active_) return;
    ++retransmitted_;
    first_ = std::min(first_, Time(std::chrono::floor<std::chrono::milliseconds>(now)));
  }
  /// The peer reports a packet as received twice.
  void duplicate_reported() noexcept {
    if (active_ && retransmitted_ > 0) --retransmitted_;
  }
  /// Was it for nothing? `echo`: the instant that the timestamp echo of an ACK with progress says
  /// (Time{}: none).
  [[nodiscard]] bool was_spurious(Time echo) const noexcept {
    if (!active_ || first_ == kNever) return false;
    return retransmitted_ == 0 || (echo != Time{} && echo < first_);
  }
  void end() noexcept { active_ = false; }

  [[nodiscard]] bool active() const noexcept { return active_; }
  /// The state before the first reduction.
  [[nodiscard]] const CongestionControl& before() const noexcept { return before_; }

  template <class V>
  void visit(V& v) {
    v(active_, before_, retransmitted_);
    v.excluded(first_, "compared with timestamps alone, which are off in the exploration");
  }

 private:
  CongestionControl before_;
  std::uint32_t retransmitted_ = 0;  // and not reported as duplicates
  Time first_ = kNever;              // the first retransmission
  bool active_ = false;
};

}  // namespace bowline::inline v0::tcp
