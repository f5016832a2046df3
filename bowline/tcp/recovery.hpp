#pragma once

// Recovery: how much may be sent while losses are repaired (RFC 9937, proportional rate reduction).
//
// It starts when a loss is found and ends when everything that was in flight then is acknowledged
// (RFC 6582's `recover`). In between it lets out segments in proportion to what the acknowledgments
// say has been delivered, so that the window goes down to ssthresh over one round trip instead of
// falling at once. It knows nothing but the numbers that it is told.

#include <algorithm>
#include <cstdint>

#include "bowline/base/seq_number.hpp"

namespace bowline::inline v0::tcp {

/// The state of one connection's recovery.
class Recovery {
 public:
  [[nodiscard]] bool active() const noexcept { return active_; }
  /// Recovery ends when this is acknowledged.
  [[nodiscard]] SeqNumber point() const noexcept { return point_; }

  /// A loss was found: `in_flight` bytes are out, up to `snd_nxt`; the window is to become
  /// `ssthresh`.
  void enter(SeqNumber snd_nxt, std::uint32_t in_flight, std::uint32_t ssthresh) noexcept {
    active_ = true;
    point_ = snd_nxt;
    flight_ = std::max(in_flight, 1U);
    ssthresh_ = ssthresh;
    delivered_ = sent_ = allowed_ = 0;
    window_ = in_flight;
    repair_due_ = true;
  }
  /// An acknowledgment says that `delivered` bytes more have left the network, in which `pipe`
  /// bytes are left (RFC 9937 section 6.1). `progress`: SND.UNA moved, and no new loss was found by
  /// it. `whole`: segments that it lets out in part go out whole.
  void acked(std::uint32_t delivered, std::uint32_t pipe, std::uint32_t mss, bool progress,
             bool whole = false) noexcept;
  /// `bytes` were sent.
  void sent(std::uint32_t bytes) noexcept {
    sent_ += bytes;
    allowed_ -= std::min(allowed_, bytes);
    repair_due_ = false;
  }
  /// Bytes that may be sent now. The repair of a hole that was just found always may.
  [[nodiscard]] std::uint32_t allowance(std::uint32_t mss) const noexcept {
    return repair_due_ ? std::max(allowed_, mss) : allowed_;
  }
  /// What may be in the network as the last acknowledgment left it: pipe + SndCnt, which is what
  /// RFC 9937 section 6.1 makes cwnd.
  [[nodiscard]] std::uint32_t window() const noexcept { return window_; }
  /// Ends it. Losses before `snd_nxt` start none anew until that is acknowledged.
  void leave(SeqNumber snd_nxt) noexcept {
    active_ = false;
    point_ = snd_nxt;
  }

  template <class V>
  void visit(V& v) {
    v(active_, flight_, ssthresh_, delivered_, sent_, allowed_, repair_due_);
    v.excluded(window_, "for statistics alone");
    v.local(point_);
  }

 private:
  SeqNumber point_;
  std::uint32_t flight_ = 0;  // RecoverFS
  std::uint32_t ssthresh_ = 0;
  std::uint32_t delivered_ = 0;  // prr_delivered
  std::uint32_t sent_ = 0;       // prr_out
  std::uint32_t allowed_ = 0;    // SndCnt, what is left of it
  std::uint32_t window_ = 0;
  bool active_ = false;
  bool repair_due_ = false;
};

}  // namespace bowline::inline v0::tcp
