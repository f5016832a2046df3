// Every arrow of RFC 9293 figure 5 (section 3.3.2) with its notes, one script each, and what leads
// to CLOSED from everywhere. REQUIREMENTS A4, A14.
//
// One arrow of the figure has no script: LISTEN to SYN-SENT by SEND. A listener of Bowline stays
// one; the socket interface has no such call (tests/table, Choice::kListenerBecomesActive).

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// CLOSED -> LISTEN: passive OPEN, create TCB.
SCRIPT(Figure5, ClosedToListenByPassiveOpen) {
  listener.listens();
  expect_nothing();
  expect_equal(stack().usage().listeners, 1U, "listeners");
}

// CLOSED -> SYN-SENT: active OPEN, create TCB, snd SYN.
SCRIPT(Figure5, ClosedToSynSentByActiveOpen) {
  app.connects();
  expect("S 0:0(0)"_seg);
  expect_state(State::syn_sent);
}

// LISTEN -> CLOSED: CLOSE, delete TCB.
SCRIPT(Figure5, ListenToClosedByClose) {
  listener.listens();
  listener.closes();
  expect_equal(stack().usage().listeners, 0U, "listeners");
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("R. 0:0(0) ack 1"_seg);
}

// LISTEN -> SYN-RECEIVED: rcv SYN, snd SYN,ACK.
SCRIPT(Figure5, ListenToSynReceivedBySyn) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  expect_state(State::syn_received);
}

// SYN-SENT -> SYN-RECEIVED: rcv SYN, snd SYN,ACK.
SCRIPT(Figure5, SynSentToSynReceivedBySyn) {
  enter(State::syn_sent);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  expect_state(State::syn_received);
}

// SYN-SENT -> ESTABLISHED: rcv SYN,ACK, snd ACK.
SCRIPT(Figure5, SynSentToEstablishedBySynAck) {
  enter(State::syn_sent);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
}

// SYN-SENT -> CLOSED: CLOSE, delete TCB.
SCRIPT(Figure5, SynSentToClosedByClose) {
  enter(State::syn_sent);
  app.closes();
  expect_nothing();
  expect_state(State::closed);
}

// SYN-RECEIVED -> ESTABLISHED: rcv ACK of SYN.
SCRIPT(Figure5, SynReceivedToEstablishedByAckOfSyn) {
  enter(State::syn_received);
  peer.sends(". 1:1(0) ack 1 win 65535"_seg);
  expect_state(State::established);
}

// SYN-RECEIVED -> LISTEN: rcv RST (note 1), after a passive open: the entry goes, the listener
// stays.
// MUST-11
SCRIPT(Figure5, SynReceivedToListenByReset) {
  enter(State::syn_received);
  peer.sends("R 1:1(0)"_seg);
  expect_nothing();
  expect_equal(stack().usage().half_open, 0U, "half-open entries");
  listener.is_not_ready(kError | kAcceptable);
  peer.reincarnates(100'000);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
}

// SYN-RECEIVED -> FIN-WAIT-1: CLOSE, snd FIN (see Simultaneous.CloseBeforeItIsEstablished); in a
// passive open nobody holds the connection yet: a listener that closes takes it along.
SCRIPT(Figure5, SynReceivedEndsWithItsListener) {
  enter(State::syn_received);
  listener.closes();
  const std::size_t resets = skip_sent();  // RFC 9293 3.5.2: may tell the peer
  expect_true(resets <= 1, "at most a RST");
  expect_state(State::closed);
  expect_equal(stack().usage().half_open, 0U, "half-open entries");
}

// SYN-RECEIVED -> CLOSE-WAIT: the ACK of our SYN comes with a FIN (3.10.7.4 fifth, then eighth).
SCRIPT(Figure5, SynReceivedToCloseWaitByFin) {
  enter(State::syn_received);
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  expect(". 1:1(0) ack 2"_seg);
  expect_state(State::close_wait);
  app.accepts(listener);
  app.reads_end();
}

// ESTABLISHED -> FIN-WAIT-1: CLOSE, snd FIN.
SCRIPT(Figure5, EstablishedToFinWait1ByClose) {
  enter(State::established);
  app.closes();
  expect("F. 1:1(0) ack 1"_seg);
  expect_state(State::fin_wait_1);
}

// ESTABLISHED -> CLOSE-WAIT: rcv FIN, snd ACK.
SCRIPT(Figure5, EstablishedToCloseWaitByFin) {
  enter(State::established);
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  expect(". 1:1(0) ack 2"_seg);
  expect_state(State::close_wait);
}

// FIN-WAIT-1 -> FIN-WAIT-2: rcv ACK of FIN.
SCRIPT(Figure5, FinWait1ToFinWait2ByAckOfFin) {
  enter(State::fin_wait_1);
  peer.sends(". 1:1(0) ack 2 win 65535"_seg);
  expect_nothing();
  expect_state(State::fin_wait_2);
}

// FIN-WAIT-1 -> CLOSING: rcv FIN, snd ACK.
SCRIPT(Figure5, FinWait1ToClosingByFin) {
  enter(State::fin_wait_1);
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_state(State::closing);
}

// FIN-WAIT-1 -> TIME-WAIT: rcv FIN and ACK of FIN (note 2), snd ACK.
SCRIPT(Figure5, FinWait1ToTimeWaitByFinAndAckOfFin) {
  enter(State::fin_wait_1);
  peer.sends("F. 1:1(0) ack 2 win 65535"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_state(State::time_wait);
}

// FIN-WAIT-2 -> TIME-WAIT: rcv FIN, snd ACK.
SCRIPT(Figure5, FinWait2ToTimeWaitByFin) {
  enter(State::fin_wait_2);
  peer.sends("F. 1:1(0) ack 2 win 65535"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_state(State::time_wait);
}

// CLOSING -> TIME-WAIT: rcv ACK of FIN.
SCRIPT(Figure5, ClosingToTimeWaitByAckOfFin) {
  enter(State::closing);
  peer.sends(". 2:2(0) ack 2 win 65535"_seg);
  expect_nothing();
  expect_state(State::time_wait);
}

// CLOSE-WAIT -> LAST-ACK: CLOSE, snd FIN.
SCRIPT(Figure5, CloseWaitToLastAckByClose) {
  enter(State::close_wait);
  app.closes();
  expect("F. 1:1(0) ack 2"_seg);
  expect_state(State::last_ack);
}

// LAST-ACK -> CLOSED: rcv ACK of FIN.
SCRIPT(Figure5, LastAckToClosedByAckOfFin) {
  enter(State::last_ack);
  peer.sends(". 2:2(0) ack 2 win 65535"_seg);
  expect_nothing();
  expect_state(State::closed);
}

// TIME-WAIT -> CLOSED: Timeout = 2MSL, delete TCB.
SCRIPT(Figure5, TimeWaitToClosedAfter2Msl) {
  enter(State::time_wait);
  idle(59s + 999ms);
  expect_state(State::time_wait);
  idle(2ms);
  expect_state(State::closed);
}

// Any synchronized state -> CLOSED by a RST at RCV.NXT (3.10.7.4 second).
class EveryStateByReset : public Script {
 public:
  EveryStateByReset(const Variant& variant, State from) : Script(variant), from_(from) {}

 private:
  void play() override {
    enter(from_);
    const std::uint32_t rcv_nxt = distance(view().irs, view().rcv_nxt);
    Segment reset = "R 0:0(0)"_seg;
    reset.seq = rcv_nxt;
    peer.sends(reset);
    expect_nothing();
    expect_state(State::closed);
    app.is_ready(kError | kClosed);
    app.ended(EndReason::reset);
    app.was_told(std::errc::connection_reset);
  }
  State from_;
};

void reset_in(State from) {
  run_variants([from](const Variant& variant) {
    return std::make_unique<EveryStateByReset>(variant, from);
  });
}

TEST(Figure5, EstablishedToClosedByReset) { reset_in(State::established); }
TEST(Figure5, FinWait1ToClosedByReset) { reset_in(State::fin_wait_1); }
TEST(Figure5, FinWait2ToClosedByReset) { reset_in(State::fin_wait_2); }
TEST(Figure5, CloseWaitToClosedByReset) { reset_in(State::close_wait); }

// In CLOSING, LAST-ACK and TIME-WAIT (for the latter see RFC 1337) there is nothing left to tell:
// "delete the TCB, enter the CLOSED state, and return".
class LastStatesByReset : public Script {
 public:
  LastStatesByReset(const Variant& variant, State from) : Script(variant), from_(from) {}

 private:
  void play() override {
    enter(from_);
    peer.sends("R 2:2(0)"_seg);
    expect_nothing();
    expect_state(State::closed);
  }
  State from_;
};

void late_reset_in(State from) {
  run_variants([from](const Variant& variant) {
    return std::make_unique<LastStatesByReset>(variant, from);
  });
}

TEST(Figure5, ClosingToClosedByReset) { late_reset_in(State::closing); }
TEST(Figure5, LastAckToClosedByReset) { late_reset_in(State::last_ack); }

// Any state -> CLOSED by ABORT (3.10.5): a RST to whom knows us, silence in SYN-SENT and where both
// FINs are exchanged.
class EveryStateByAbort : public Script {
 public:
  EveryStateByAbort(const Variant& variant, State from) : Script(variant), from_(from) {}

 private:
  void play() override {
    enter(from_);
    const ConnectionView v = view();
    app.aborts();
    const bool tells = from_ == State::established || from_ == State::fin_wait_1 ||
                       from_ == State::fin_wait_2 || from_ == State::close_wait;
    if (tells) {
      const SentPacket reset = take_sent();
      expect_true(reset.tcp->header.has(wire::kRst), "a RST");
      expect_equal(reset.tcp->header.seq, v.snd_nxt, "its number: SND.NXT");
    } else {
      skip_sent();  // 3.5.2 allows a RST at any time
    }
    expect_state(State::closed);
    app.is_gone();
  }
  State from_;
};

void abort_in(State from) {
  run_variants([from](const Variant& variant) {
    return std::make_unique<EveryStateByAbort>(variant, from);
  });
}

TEST(Figure5, SynSentToClosedByAbort) { abort_in(State::syn_sent); }
TEST(Figure5, EstablishedToClosedByAbort) { abort_in(State::established); }
TEST(Figure5, FinWait1ToClosedByAbort) { abort_in(State::fin_wait_1); }
TEST(Figure5, FinWait2ToClosedByAbort) { abort_in(State::fin_wait_2); }
TEST(Figure5, CloseWaitToClosedByAbort) { abort_in(State::close_wait); }
TEST(Figure5, ClosingToClosedByAbort) { abort_in(State::closing); }
TEST(Figure5, LastAckToClosedByAbort) { abort_in(State::last_ack); }

}  // namespace bowline::test
