#pragma once

// Undo: a window that was reduced for nothing is given back (RFC 3522 and 4015, RFC 3708).
//
// What looked like a loss was reordering or a delay if the acknowledgment answers the original and
// not the retransmission: its timestamp echo is older than that (Eifel detection), or the peer
// reports what was sent again as received twice (D-SACK). One such proof says nothing of the other
// repairs of the same episode, and a window that is given back over a queue that did overflow makes
// it overflow again: so every one of them has to be shown to have been needless.

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
  void begin(const CongestionControl& congestion, Time now) noexcept {
    if (active_) return;
    active_ = true;
    any_ = false;
    before_ = congestion;
    needed_ = 0;
    since_ = now;
  }
  /// So many packets were sent again.
  void retransmitted(std::uint32_t packets = 1) noexcept {
    if (!active_) return;
    needed_ += packets;
    any_ = true;
  }
  /// So many of the packets that were sent again since() need not have been.
  void needless(std::uint32_t packets) noexcept { needed_ -= std::min(needed_, packets); }
  /// Was it all for nothing?
  [[nodiscard]] bool was_spurious() const noexcept { return active_ && any_ && needed_ == 0; }
  void end() noexcept { active_ = false; }

  [[nodiscard]] bool active() const noexcept { return active_; }
  /// Something was sent again in it.
  [[nodiscard]] bool any() const noexcept { return active_ && any_; }
  /// When the episode began.
  [[nodiscard]] Time since() const noexcept { return since_; }
  /// The state before the first reduction.
  [[nodiscard]] const CongestionControl& before() const noexcept { return before_; }

  template <class V>
  void visit(V& v) {
    v(active_, any_, before_, needed_);
    v.excluded(since_, "compared with the times of retransmissions that timestamps ask for");
  }

 private:
  CongestionControl before_;
  std::uint32_t needed_ = 0;  // packets sent again, less those that need not have been
  Time since_{};
  bool active_ = false;
  bool any_ = false;
};

}  // namespace bowline::inline v0::tcp
