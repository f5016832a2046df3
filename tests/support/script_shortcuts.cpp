// The usual ways to a state, so that a script can begin where it gets interesting.

#include "tests/support/script.hpp"

namespace bowline::test {

void Script::open_passively(Where where) {
  open_passively("S 0:0(0) win 65535 <mss 1460>"_seg, where);
}

void Script::open_passively(const Segment& syn, Where where) {
  if (!listener.handle()) listener.listens({}, where);
  peer.sends(syn, {}, where);
  expect("S. 0:0(0) ack 1"_seg, where);
  peer.sends(". 1:1(0) ack 1"_seg, {}, where);
  app.accepts(listener, where);
  expect_state(State::established, where);
}

void Script::open_actively(Where where) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg, where);
}

void Script::open_actively(const Segment& syn_ack, Where where) {
  app.connects({}, where);
  expect("S 0:0(0)"_seg, where);
  peer.sends(syn_ack, {}, where);
  expect(". 1:1(0) ack 1"_seg, where);
  expect_state(State::established, where);
}

void Script::open_with_a_sample(Where where) {
  app.connects({}, where);
  expect("S 0:0(0)"_seg, where);
  after(10ms, where);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg, {}, where);
  expect(". 1:1(0) ack 1"_seg, where);
  app.writes(100, where);
  expect("P. 1:101(100) ack 1"_seg, where);
  after(10ms, where);
  peer.sends(". 1:1(0) ack 101"_seg, {}, where);
  expect_equal(view(where).rto, Duration(200ms), "the RTO after a sample of 10 ms", where);
}

void Script::enter(State target, Where where) {
  switch (target) {
    case State::closed:
      (void)stack();
      break;
    case State::listen:
      listener.listens({}, where);
      break;
    case State::syn_sent:
      app.connects({}, where);
      expect("S 0:0(0)"_seg, where);
      break;
    case State::syn_received:
      listener.listens({}, where);
      peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg, {}, where);
      expect("S. 0:0(0) ack 1"_seg, where);
      break;
    case State::established:
      open_actively(where);
      break;
    case State::fin_wait_1:
      open_actively(where);
      app.shuts_down(Direction::send, where);
      expect("F. 1:1(0) ack 1"_seg, where);
      break;
    case State::fin_wait_2:
      enter(State::fin_wait_1, where);
      peer.sends(". 1:1(0) ack 2 win 65535"_seg, {}, where);
      break;
    case State::close_wait:
      open_actively(where);
      peer.sends("F. 1:1(0) ack 1 win 65535"_seg, {}, where);
      expect(". 1:1(0) ack 2"_seg, where);
      break;
    case State::closing:
      enter(State::fin_wait_1, where);
      peer.sends("F. 1:1(0) ack 1 win 65535"_seg, {}, where);
      expect(". 2:2(0) ack 2"_seg, where);
      break;
    case State::last_ack:
      enter(State::close_wait, where);
      app.shuts_down(Direction::send, where);
      expect("F. 1:1(0) ack 2"_seg, where);
      break;
    case State::time_wait:
      enter(State::fin_wait_2, where);
      peer.sends("F. 1:1(0) ack 2 win 65535"_seg, {}, where);
      expect(". 2:2(0) ack 2"_seg, where);
      break;
  }
  if (target != State::listen) expect_state(target, where);
}

}  // namespace bowline::test
