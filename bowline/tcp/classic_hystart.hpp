#pragma once

// HyStart in its classic form: what Linux does where others do HyStart++ (Ha and Rhee, Taming the
// Elephants: New TCP Slow Start, 2011).
//
// Two signs end slow start at once, whichever comes first: the acknowledgments of one round trip
// come close together for as long as half of the smallest RTT (the ACK train: the pipe is as full
// as a burst can make it), or the RTTs at the beginning of a round are larger than the smallest by
// more than an eighth (the queue grows). Nothing is tried out in between, so that noise can end
// slow start early; that is why RFC 9406 does it differently.

#include <cstdint>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/ack_event.hpp"

namespace bowline::inline v0::tcp {

/// The slow start of one connection, and every later one.
class ClassicHyStart {
 public:
  /// Slow start begins, or begins again after a timeout.
  void start() noexcept { *this = ClassicHyStart(); }

  /// An ACK in slow start, with the window at `cwnd`. True: slow start is to end with that. One
  /// without an RTT sample says nothing.
  [[nodiscard]] bool acked(const AckEvent& event, std::uint32_t cwnd, std::uint32_t mss) noexcept;

  template <class V>
  void visit(V& v) {
    v(in_round_);
    v.excluded(round_end_, "says when the RTTs are compared, which are left out as well");
    v.excluded(round_began_, "a point in time");
    v.excluded(last_ack_, "a point in time");
    v.excluded(round_min_, "a measured time");
    v.excluded(samples_, "how many measured times");
  }

 private:
  [[nodiscard]] bool train_is_long(const AckEvent& event, std::uint32_t cwnd) noexcept;
  [[nodiscard]] bool delay_has_grown(const AckEvent& event) noexcept;

  Time round_began_{};
  Time last_ack_{};       // of the train
  Duration round_min_{};  // zero: none yet
  SeqNumber round_end_;
  std::uint8_t samples_ = 0;
  bool in_round_ = false;
};

}  // namespace bowline::inline v0::tcp
