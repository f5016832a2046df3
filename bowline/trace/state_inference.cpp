#include "bowline/trace/state_inference.hpp"

namespace bowline::inline v0::trace {

using tcp::State;

bool StateInference::sent(const Segment& segment) noexcept {
  if (segment.has(wire::kRst)) {
    state_ = State::closed;
    return false;
  }
  bool wrong = false;
  if (segment.has(wire::kAck) && !segment.has(wire::kSyn)) {
    if (rcv_nxt_ && after(segment.ack, *rcv_nxt_)) rcv_nxt_ = segment.ack;
    if (peer_fin_end_ && at_or_after(segment.ack, *peer_fin_end_)) {
      take_fin();
    } else if (peer_fin_taken_) {
      // It does not acknowledge the FIN: that had not come when it left (RFC 9293 figure 13).
      wrong = true;
      peer_fin_taken_ = false;
      peer_fin_late_ = true;
      rcv_nxt_ = segment.ack;
      if (state_) state_ = correct(*state_);
    }
  }
  if (segment.has(wire::kSyn)) {
    iss_ = segment.seq;
    if (segment.has(wire::kAck)) {
      // Sent again it shows that the ACK which would have made the end ESTABLISHED was lost.
      passive_ = passive_ || state_ == State::listen;
      state_ = State::syn_received;
      late_syn_.reset();
    } else {
      state_ = State::syn_sent;
    }
  } else if (!state_) {
    state_ = State::established;  // a conversation whose beginning nobody saw
  }
  if (segment.has(wire::kFin)) sent_fin(segment);
  return wrong;
}

void StateInference::sent_fin(const Segment& segment) noexcept {
  const bool again = fin_end_.has_value();
  fin_end_ = segment.end();
  if (again) {
    // Its acknowledgment, taken to have arrived, did not.
    switch (*state_) {
      case State::fin_wait_2:
        state_ = State::fin_wait_1;
        return;
      case State::time_wait:
        state_ = State::closing;
        return;
      case State::closed:
        state_ = State::last_ack;
        return;
      default:
        return;
    }
  }
  move(State::syn_received, State::fin_wait_1);
  move(State::established, State::fin_wait_1);
  move(State::close_wait, State::last_ack);
}

void StateInference::arrived(const Segment& segment) noexcept {
  if (late_syn_ && state_ == State::syn_sent) {
    const Segment syn = *late_syn_;
    late_syn_.reset();
    syn_arrived(syn);
  }
  if (peer_fin_late_ && !segment.has(wire::kSyn)) {
    peer_fin_late_ = false;
    rcv_nxt_ = peer_fin_end_;
    take_fin();
  }
  if (segment.has(wire::kRst)) {
    // A listener stays (3.10.7.2 first), TIME-WAIT too (RFC 1337); a half-open entry goes back
    // (fig. 8).
    if (state_ == State::listen || state_ == State::time_wait || !state_) return;
    state_ = passive_ && state_ == State::syn_received ? State::listen : State::closed;
    return;
  }
  if (segment.has(wire::kSyn)) {
    syn_arrived(segment);
  } else {
    if (!state_) state_ = State::established;
    if (segment.has(wire::kAck)) ack_arrived(segment.ack);
  }
  text_arrived(segment);
}

void StateInference::syn_arrived(const Segment& segment) noexcept {
  const bool acknowledges = segment.has(wire::kAck) && iss_ && segment.ack == *iss_ + 1;
  if (state_ == State::listen && !segment.has(wire::kAck)) {
    passive_ = true;
    state_ = State::syn_received;
    rcv_nxt_ = segment.seq + 1;
  } else if (state_ == State::syn_sent && acknowledges) {
    state_ = State::established;
    rcv_nxt_ = segment.seq + 1;
  } else if (state_ == State::syn_sent && !segment.has(wire::kAck)) {
    state_ = State::syn_received;
    rcv_nxt_ = segment.seq + 1;
  } else if (state_ == State::syn_received && acknowledges) {
    state_ = State::established;
  } else if (state_ == State::closed && !segment.has(wire::kAck)) {
    late_syn_ = segment;
  }
}

void StateInference::ack_arrived(SeqNumber ack) noexcept {
  if (state_ == State::syn_received && iss_ && after(ack, *iss_)) state_ = State::established;
  if (fin_end_ && at_or_after(ack, *fin_end_)) {
    move(State::fin_wait_1, State::fin_wait_2);
    move(State::closing, State::time_wait);
    move(State::last_ack, State::closed);
  }
}

void StateInference::text_arrived(const Segment& segment) noexcept {
  if (segment.has(wire::kFin)) peer_fin_end_ = segment.end();
  if (!rcv_nxt_) rcv_nxt_ = segment.seq;
  if (at_or_before(segment.seq, *rcv_nxt_) && after(segment.end(), *rcv_nxt_)) {
    rcv_nxt_ = segment.end();
  }
  if (peer_fin_end_ && at_or_after(*rcv_nxt_, *peer_fin_end_)) take_fin();
}

void StateInference::take_fin() noexcept {
  if (peer_fin_taken_) return;
  peer_fin_taken_ = true;
  peer_fin_late_ = false;
  move(State::fin_wait_2, State::time_wait);
  move(State::fin_wait_1, State::closing);
  move(State::established, State::close_wait);
  move(State::syn_received, State::close_wait);
}

State StateInference::correct(State state) noexcept {
  switch (state) {
    case State::close_wait:
      return State::established;
    case State::closing:
      return State::fin_wait_1;
    case State::time_wait:
      return State::fin_wait_2;
    default:
      return state;
  }
}

}  // namespace bowline::inline v0::trace
