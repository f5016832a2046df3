// Blind attacks: RFC 5961, as RFC 9293 section 3.10.7.4 has it. REQUIREMENTS A7, B.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// RFC 5961 4.2, RFC 9293 3.10.7.4 fourth: a SYN on a live connection, wherever its number lies.
// 5961-4.2a
SCRIPT(ChallengeAck, K49_ALateSynChangesNothing) {
  open_passively();
  peer.sends("S 5:5(0)"_seg);
  expect(". 1:1(0) ack 1"_seg);
  peer.sends("S 3000000:3000000(0)"_seg);
  expect(". 1:1(0) ack 1"_seg);
  peer.sends("S. 5:5(0) ack 1"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
  peer.sends("P. 1:6(5) ack 1"_seg, "hello");
  app.reads("hello");
  after(40ms);
  expect(". 1:1(0) ack 6"_seg);
}

// The same where timestamps were agreed on and the SYN, which is of no connection, has none: not a
// case for RFC 7323 3.2.
// 5961-4.2a
SCRIPT(ChallengeAck, K49_ALateSynWithoutTimestampsIsChallenged) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 100 ecr 0>"_seg);
  peer.sends("S 5:5(0) <mss 1460>"_seg);
  forget_broken_rule();  // a new SYN without timestamps, and the old connection has them
  expect(". 1:1(0) ack 1"_seg);
  peer.sends("S 3000000:3000000(0) <mss 1460>"_seg);
  forget_broken_rule();
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
  expect_count(Reason::timestamp_missing, 0);
}

// The peer has restarted and opens anew (RFC 9293 3.5.1 figure 9 and 10): the challenge makes it
// reset, and the reset has the exact number.
SCRIPT(ChallengeAck, ARestartedPeerResetsTheOldConnection) {
  open_passively();
  peer.sends("S 5000:5000(0)"_seg);
  expect(". 1:1(0) ack 1"_seg);
  peer.sends("R 1:1(0)"_seg);  // <SEQ=SEG.ACK> of the challenge
  expect_state(State::closed);
  app.was_told(std::errc::connection_reset);
}

// RFC 5961 5.2: SEG.ACK < SND.UNA - MAX.SND.WND: challenged, and its data not taken.
// 5961-5.2a
SCRIPT(ChallengeAck, AnAckFromLongAgoIsNotBelieved) {
  open_passively("S 0:0(0) win 1000 <mss 1460>"_seg);
  Segment injected = "P. 1:6(5) ack 0"_seg;
  injected.ack = 0U - 1'000U;  // SND.UNA is 1, MAX.SND.WND 1000: one too old
  injected.window = 1'000;
  peer.sends(injected);
  expect(". 1:1(0) ack 1"_seg);
  app.reads_nothing();
  injected.ack = 0U - 999U;  // the oldest that is allowed
  peer.sends(injected);
  app.reads(5);
  after(40ms);
  expect(". 1:1(0) ack 6"_seg);
}

// RFC 9293 3.10.7.4 fifth: "If the ACK acks something not yet sent (SEG.ACK > SND.NXT), then send
// an ACK, drop the segment, and return."
// 5961-5.2a
SCRIPT(ChallengeAck, AnAckOfTheUnsentIsNotBelieved) {
  open_passively();
  peer.sends("P. 1:6(5) ack 2"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.reads_nothing();
  peer.sends(". 1:1(0) ack 1000000"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
}

// RFC 5961 7: limited, here to ten a second for each connection (REQUIREMENTS B).
// 5961-7a
SCRIPT(ChallengeAck, TenASecond) {
  open_passively();
  for (int i = 0; i < 10; ++i) {
    peer.sends("S 5:5(0)"_seg);
    expect(". 1:1(0) ack 1"_seg);
  }
  for (int i = 0; i < 100; ++i) peer.sends("S 5:5(0)"_seg);
  expect_nothing();
  expect_state(State::established);
  expect_count(Reason::send_challenge_suppressed, 100);
  idle(2s);
  peer.sends("S 5:5(0)"_seg);
  expect(". 1:1(0) ack 1"_seg);
}

// Those outside of the window are unacceptable segments (RFC 9293 3.10.7.4 first), and challenges
// all the same: whoever sends them is no more in the right. 5961-7a
SCRIPT(ChallengeAck, SynsOutsideOfTheWindowCountAsWell) {
  open_passively();
  std::size_t challenges = 0;
  for (std::uint32_t i = 1; i <= 100; ++i) {
    Segment syn = "S 0:0(0)"_seg;
    syn.seq = i * 30'000'000;
    peer.sends(syn);
    challenges += skip_sent();
  }
  expect_equal(challenges, 10U, "challenges");
  expect_count(Reason::send_challenge_suppressed, 90);
  expect_state(State::established);
}

// RFC 5961 7, RFC 9293 3.8.4: a forger who knows the ports uses the challenges up; a keepalive of
// the true peer is answered all the same, or he would take us for dead.
SCRIPT(ChallengeAck, AKeepaliveIsAnsweredThoughTheLimitIsUsedUp) {
  open_passively();
  for (int i = 0; i < 100; ++i) {
    peer.sends("S 5:5(0)"_seg);
    skip_sent();
  }
  std::size_t answers = 0;
  for (int i = 0; i < 100; ++i) {
    peer.sends(". 0:0(0) ack 1"_seg);
    answers += skip_sent();
  }
  expect_equal(answers, 100U, "answers to keepalives");
  for (int i = 0; i < 100; ++i) peer.sends(". 3000000:3000000(0) ack 1"_seg);
  expect_nothing();
}

// Sweeps are told of, and what an honest peer does is not.
SCRIPT(ChallengeAck, ABlindSweepRaisesAnAlarm) {
  open_passively();
  for (int i = 0; i < 7; ++i) peer.sends("R 3000000:3000000(0)"_seg);
  expect_count(Reason::alarm_blind_attack, 0);
  peer.sends("S 9000000:9000000(0)"_seg);
  skip_sent();
  expect_count(Reason::alarm_blind_attack, 1);
  for (int i = 0; i < 100; ++i) peer.sends("R 3000000:3000000(0)"_seg);
  expect_count(Reason::alarm_blind_attack, 1);
  expect_state(State::established);
}

// A peer that knows the numbers and acknowledges ahead (Savage et al. 1999).
SCRIPT(ChallengeAck, AcknowledgingAheadRaisesAnAlarm) {
  open_passively();
  for (std::uint32_t i = 1; i <= 3; ++i) {
    Segment ahead = ". 1:1(0) ack 1"_seg;
    ahead.ack = 1 + i * 1'460;
    peer.sends(ahead);
    skip_sent();
  }
  expect_count(Reason::alarm_optimistic_ack, 1);
  expect_count(Reason::alarm_blind_attack, 0);
}

// Per connection: one that is attacked leaves the others theirs (REQUIREMENTS B; CVE-2016-5696).
SCRIPT(ChallengeAck, TheLimitIsEachConnectionsOwn) {
  Peer& other = add_peer(40'001);
  Socket second(*this);
  open_passively();
  other.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect(other, "S. 0:0(0) ack 1"_seg);
  other.sends(". 1:1(0) ack 1"_seg);
  second.accepts(listener);
  std::size_t challenges = 0;
  for (int i = 0; i < 20; ++i) {
    peer.sends("S 5:5(0)"_seg);
    challenges += skip_sent();
  }
  expect_equal(challenges, 10U, "challenges to the first");
  other.sends("S 5:5(0)"_seg);
  expect(other, ". 1:1(0) ack 1"_seg);
}

}  // namespace bowline::test
