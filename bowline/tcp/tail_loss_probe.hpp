#pragma once

// The tail loss probe: when nothing comes back, ask (RFC 8985 section 7).
//
// If the last segments of a burst are lost, nothing arrives after them that could tell. Two round
// trips after the last transmission the sender sends something: new data if there is any, else the
// last segment once more. What comes back lets RACK find the losses long before the timeout.

#include <cstdint>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// How long to wait after the last transmission (section 7.2): twice `srtt` (zero: a second), and
/// where only one segment is out, as long as its receiver may delay the ACK.
[[nodiscard]] constexpr Duration probe_timeout(Duration srtt, bool one_segment) noexcept {
  constexpr Duration kDelayedAck = 200ms;  // WCDelAckT
  if (srtt == Duration::zero()) return 1s;
  return 2 * srtt + (one_segment ? kDelayedAck : Duration::zero());
}

/// The probe of one connection. One at a time.
class TailLossProbe {
 public:
  /// A probe has been sent, and not answered.
  [[nodiscard]] bool outstanding() const noexcept { return outstanding_; }
  /// Sent, with everything before `snd_nxt` out; `again`: it repeated the last segment.
  void sent(SeqNumber snd_nxt, bool again) noexcept {
    outstanding_ = true;
    again_ = again;
    end_ = snd_nxt;
  }
  /// The timeout, or a recovery, makes it void.
  void cancel() noexcept { outstanding_ = false; }

  /// What an ACK says about it (section 7.4.2): true when the probe repaired a loss that nothing
  /// else had noticed, which is a reason to slow down. `dsack_of_probe`: the ACK reports the last
  /// segment as received twice; `new_sack`: it reports something else out of order; `progress`: it
  /// acknowledges new data.
  [[nodiscard]] bool acknowledged(SeqNumber ack, bool dsack_of_probe, bool new_sack,
                                  bool progress) noexcept {
    if (!outstanding_ || before(ack, end_)) return false;
    if (!again_ || dsack_of_probe) {
      outstanding_ = false;  // new data arrived, or both the original and its repetition did
    } else if (after(ack, end_)) {
      outstanding_ = false;  // one of the two arrived, and the data sent after it
      return true;
    } else if (!new_sack && !progress) {
      outstanding_ = false;  // the second of the two is acknowledged by a bare duplicate
    }
    return false;
  }

  template <class V>
  void visit(V& v) {
    v(outstanding_, again_);
    // While no probe is out there is no number: hashed, it would tell the ISN.
    if (!V::hashing || outstanding_) v.local(end_);
  }

 private:
  SeqNumber end_;
  bool outstanding_ = false;
  bool again_ = false;
};

}  // namespace bowline::inline v0::tcp
