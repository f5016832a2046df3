// The shut window: RFC 9293 section 3.8.6.1. REQUIREMENTS A10, B: probes from the RTO up to 60 s.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

namespace {

/// A probe carries at least one octet of new data (MUST-36: "at least one octet"), or, as many
/// stacks do, none and an old number; here it must be something that a receiver answers.
bool is_probe(const SentPacket& packet, const Peer& peer, std::uint32_t next) {
  const std::uint32_t seq = distance(*peer.our_iss(), packet.tcp->header.seq);
  return (seq == next && packet.tcp->payload_size >= 1) ||
         (seq == next - 1 && packet.tcp->payload_size <= 1);
}

/// A script that shuts and opens the window of an established connection.
class ShutWindow : public Script {
 public:
  using Script::Script;

 protected:
  /// The window opens; bytes 101 to 1100 must come, in one segment or in several (the octet of the
  /// probes may come first).
  void opens_and_expects_the_rest(Where where = Where::current()) {
    peer.sends(". 1:1(0) ack 101 win 65535"_seg, {}, where);
    std::uint32_t next = 101;
    while (next < 1'101) {
      const SentPacket data = take_sent(where);
      expect_equal(distance(*peer.our_iss(), data.tcp->header.seq), next, "what comes", where);
      expect_true(data.tcp->payload_size > 0, "data", where);
      next += data.tcp->payload_size;
      if (has_sent()) continue;
      Segment ack = ". 1:1(0) ack 1"_seg;
      ack.ack = next;
      peer.sends(ack, {}, where);
    }
  }
};

}  // namespace

// SHLD-29, SHLD-30: the first after the RTO, then exponentially; B: at most 60 s apart; MUST-37:
// for as long as the peer answers.
// MUST-36
SCRIPT_OF(ShutWindow, ZeroWindow, K94_IsProbedFromTheRtoUpToAMinute) {
  open_with_a_sample();
  peer.sends(". 1:1(0) ack 101 win 0"_seg);
  app.writes(1'000);
  expect_nothing();
  Duration wait = 200ms;
  for (int probes = 0; probes < 12; ++probes) {
    after(wait);
    const SentPacket probe = take_sent();
    expect_true(is_probe(probe, peer, 101), "a probe");
    peer.sends(". 1:1(0) ack 101 win 0"_seg);
    wait = std::min<Duration>(2 * wait, 60s);
  }
  expect_state(State::established);
  // Nothing was lost: the answers to probes are no sign of congestion.
  expect_equal(view().cwnd, 14'600U, "cwnd");
  opens_and_expects_the_rest();
}

// MUST-37: a peer that answers its probes keeps the connection for ever.
SCRIPT_OF(ShutWindow, ZeroWindow, LastsAsLongAsThePeerAnswers) {
  open_with_a_sample();
  peer.sends(". 1:1(0) ack 101 win 0"_seg);
  app.writes(1'000);
  const Time end = now() + 1h;
  while (now() < end) {
    lets_pass(1s);
    if (skip_sent() > 0) peer.sends(". 1:1(0) ack 101 win 0"_seg);
  }
  expect_state(State::established);
  opens_and_expects_the_rest();
}

// A9, I11: one that does not answer is given up after R2 (100 s).
SCRIPT(ZeroWindow, IsGivenUpWhenNobodyAnswers) {
  open_with_a_sample();
  peer.sends(". 1:1(0) ack 101 win 0"_seg);
  app.writes(1'000);
  lets_pass(99s);
  skip_sent();
  expect_state(State::established);
  lets_pass(70s);
  skip_sent();
  expect_state(State::closed);
  app.was_told(std::errc::timed_out);
}

// A lost window update costs no more than a probe (K94): the answer to the probe tells.
SCRIPT(ZeroWindow, ALostUpdateIsMadeUpForByTheProbe) {
  open_with_a_sample();
  peer.sends(". 1:1(0) ack 101 win 0"_seg);
  app.writes(1'000);
  after(200ms);
  const SentPacket probe = take_sent();
  const std::uint32_t end =
      distance(*peer.our_iss(), probe.tcp->header.seq) + probe.tcp->payload_size;
  Segment answer = ". 1:1(0) ack 101 win 65535"_seg;
  answer.ack = std::max(101U, end);
  peer.sends(answer);
  const SentPacket rest = take_sent();
  expect_equal(distance(*peer.our_iss(), rest.tcp->header.seq), *answer.ack,
               "the rest begins there");
  expect_equal(rest.tcp->payload_size, 1'101U - *answer.ack, "the rest");
}

// RFC 9293 3.8.6.1 MUST-35, 3.10.7.4 first: as a receiver with the window shut: data is not taken,
// and answered with an ACK; RST is heard, and an ACK's field is used.
// MUST-66
SCRIPT(ZeroWindow, OursRefusesDataAndHearsTheRest) {
  tcp::SocketOptions options;
  options.receive_buffer = 2'000;
  ListenOptions listening;
  listening.socket = options;
  listener.listens(listening);
  peer.sends("S 0:0(0) win 65535 <mss 1000>"_seg);
  expect("S. 0:0(0) ack 1 win 2000"_seg);
  peer.sends(". 1:1(0) ack 1"_seg);
  app.accepts(listener);
  peer.sends(". 1:1001(1000) ack 1"_seg);
  peer.sends("P. 1001:2001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 2001 win 0"_seg);
  peer.sends("P. 2001:2002(1) ack 1"_seg);  // a probe
  expect(". 1:1(0) ack 2001 win 0"_seg);
  app.writes(10);
  expect("P. 1:11(10) ack 2001 win 0"_seg);
  peer.sends(". 2001:2001(0) ack 11"_seg);
  expect_equal(distance(view().iss, view().snd_una), 11U, "SND.UNA");
  app.reads(2'000);
  expect(". 11:11(0) ack 2001 win 2000"_seg);
  peer.sends("P. 2001:2002(1) ack 11"_seg);
  app.reads(1);
  lets_pass(40ms);
  skip_sent();
}

// RFC 9293 3.8.6.1: a FIN is not held back by a shut window for ever either.
SCRIPT(ZeroWindow, AFinBehindDataIsSentWhenItOpens) {
  open_with_a_sample();
  peer.sends(". 1:1(0) ack 101 win 0"_seg);
  app.writes(10);
  app.shuts_down();
  expect_nothing();
  expect_state(State::fin_wait_1);
  peer.sends(". 1:1(0) ack 101 win 1000"_seg);
  expect("F. 101:111(10) ack 1"_seg);
}

}  // namespace bowline::test
