// The timers of 3.10.8 and 3.8: letting time pass, and looking.

#include <algorithm>

#include "tests/table/harness/events.hpp"
#include "tests/table/harness/observe.hpp"

namespace bowline::table {
namespace {

/// Lets time pass until something is sent or the connection changes state, at most for `most`.
void wait_for_anything(Scene& scene, Duration most) {
  const Time until = scene.now() + most;
  const State at_first = state_of(scene, true);
  while (scene.sent().empty() && state_of(scene, true) == at_first &&
         scene.pass_to_next_deadline(until)) {
  }
}

/// The timer is not meant to run in this situation: does the Stack say so?
Observed expect_not_set(Scene& scene, const Situation& situation, Time ConnectionView::* deadline) {
  Observed observed = look(scene, situation);
  if (observed.view.has_value() && (*observed.view).*deadline != kNever)
    observed.oddity = "runs the timer";
  return observed;
}

Observed user_timeout(Scene& scene, const Situation& situation) {
  // Something outstanding: to the end. Nothing: long enough for a timeout of 5 s, not for those of
  // TIME-WAIT and of an orphan in FIN-WAIT-2.
  const bool runs = situation.state == State::kSynSent || situation.state == State::kSynReceived ||
                    situation.text_unacked || situation.fin_unacked;
  const Time until = scene.now() + (runs ? Duration(300s) : Duration(20s));
  const State at_first = state_of(scene, true);
  while (state_of(scene, true) == at_first && scene.pass_to_next_deadline(until)) {
  }
  Observed observed = look(scene, situation);
  if (situation.state <= State::kListen) return observed;
  // What was sent before the end was the retransmission timer's.
  std::erase_if(observed.sent, [](const Sent& segment) { return !segment.has(wire::kRst); });
  look_as_user(scene, observed);
  return observed;
}

Observed time_wait_timeout(Scene& scene, const Situation& situation) {
  if (situation.state != State::kTimeWait)
    return expect_not_set(scene, situation, &ConnectionView::time_wait_at);
  scene.pass(60s - 51ms);  // it began 50 ms ago (situations.cpp)
  const bool ended_early = state_of(scene, false) != State::kTimeWait;
  scene.pass(2ms);
  Observed observed = look(scene, situation);
  if (ended_early) observed.oddity = "ends before 2 MSL";
  return observed;
}

Observed delayed_ack(Scene& scene, const Situation& situation) {
  if (!kReceiving.contains(situation.state) || situation.user == User::kGone)
    return expect_not_set(scene, situation, &ConnectionView::delayed_ack_at);
  const SeqNumber at = scene.rcv_nxt;
  scene.rcv_nxt += kPeerText;
  scene.send({.seq = at,
              .ack = scene.snd_una,
              .flags = wire::kAck | wire::kPsh,
              .window = kPeerWindow,
              .text = kPeerText});
  wait_for_anything(scene, 500ms);
  return look(scene, situation);
}

Observed keep_alive(Scene& scene, const Situation& situation, Timer timer, SeqNumber snd_nxt) {
  const State at_first = state_of(scene, situation.state == State::kListen);
  const auto is_probe = [snd_nxt](const Sent& segment) {
    return segment.seq == snd_nxt - 1 && !segment.has(wire::kSyn) && !segment.has(wire::kFin) &&
           !segment.has(wire::kRst);
  };
  Observed observed;
  scene.pass(Duration(2h) - 1s);
  if (std::ranges::any_of(scene.sent(), is_probe))
    observed.oddity = "probes before two hours (MUST-28)";
  scene.pass(timer == Timer::kKeepAlive ? Duration(2s) : Duration(22h));
  observed.sent = scene.take_sent();
  // Other timers may have sent something, and ended the connection; this one does not.
  std::erase_if(observed.sent, [&](const Sent& segment) { return !is_probe(segment); });
  observed.state = at_first;
  observed.now = scene.now();
  return observed;
}

}  // namespace

Observed time_out(const Cell& cell, Scene& scene, Before& before) {
  const Situation& situation = kSituations[cell.situation];
  switch (cell.event.timer) {
    case Timer::kUser:
      return user_timeout(scene, situation);
    case Timer::kRetransmission:
      wait_for_anything(scene, 10s);
      return look(scene, situation);
    case Timer::kTimeWait:
      return time_wait_timeout(scene, situation);
    case Timer::kDelayedAck: {
      Observed observed = delayed_ack(scene, situation);
      before.rcv_nxt = scene.rcv_nxt;
      return observed;
    }
    case Timer::kZeroWindowProbe:
      if (!situation.text_unacked)
        return expect_not_set(scene, situation, &ConnectionView::probe_at);
      wait_for_anything(scene, 10s);
      return look(scene, situation);
    case Timer::kKeepAlive:
    case Timer::kKeepAliveNotAsked:
      break;
  }
  return keep_alive(scene, situation, cell.event.timer, before.snd_nxt);
}

bool acknowledges_in_time(Scene& scene, const Expected& expected) {
  const Time until = scene.now() + 500ms;
  while (scene.pass_to_next_deadline(until)) {
    for (const Sent& segment : scene.take_sent()) {
      if (segment.has(wire::kAck) && segment.ack == expected.rcv_nxt) return true;
    }
  }
  return false;
}

}  // namespace bowline::table
