#pragma once

// One end as a state machine that is fed with what it sent and what it received: the rules of RFC
// 9293 sections 3.10.7.2 to 3.10.7.4, run from outside. infer_states() leads it along a ladder.

#include <optional>

#include "bowline/base/seq_number.hpp"
#include "bowline/tcp/state.hpp"
#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::trace {

/// The inferred state of one end.
class StateInference {
 public:
  /// Begins in `start`; nothing when that is not known.
  explicit StateInference(std::optional<tcp::State> start) noexcept : state_(start) {}

  /// Nothing: not known yet.
  [[nodiscard]] std::optional<tcp::State> state() const noexcept { return state_; }

  /// The end sent `segment`. True when this shows that the peer's FIN, taken to have arrived, had
  /// not: the states inferred since then were wrong (see correct()).
  bool sent(const Segment& segment) noexcept;
  /// `segment` came to the end.
  void arrived(const Segment& segment) noexcept;
  /// Segments are missing from here on: forget what had come.
  void skip() noexcept { rcv_nxt_.reset(); }

  /// The state that was meant where `state` was inferred from a FIN that had not arrived.
  [[nodiscard]] static tcp::State correct(tcp::State state) noexcept;

 private:
  void sent_fin(const Segment& segment) noexcept;
  void syn_arrived(const Segment& segment) noexcept;
  void ack_arrived(SeqNumber ack) noexcept;
  void text_arrived(const Segment& segment) noexcept;
  void take_fin() noexcept;
  void move(tcp::State from, tcp::State to) noexcept {
    if (state_ == from) state_ = to;
  }

  std::optional<tcp::State> state_;
  bool passive_ = false;
  std::optional<SeqNumber> iss_;
  std::optional<SeqNumber> fin_end_;  // the number after this end's FIN
  std::optional<SeqNumber> rcv_nxt_;
  std::optional<SeqNumber> peer_fin_end_;
  bool peer_fin_taken_ = false;
  bool peer_fin_late_ = false;       // shown not to have arrived; it will with what follows
  std::optional<Segment> late_syn_;  // a SYN that crosses this end's own
};

}  // namespace bowline::inline v0::trace
