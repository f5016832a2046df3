// A peer that lies (SACK blocks, acknowledgments, windows, timestamps, marks that are not true)
// costs bounded memory and time, is counted, and never corrupts or wedges the other direction.
// REQUIREMENTS: bad input. That a liar's own direction suffers is its own affair.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/script.hpp"

namespace bowline::test {
namespace {

/// A conversation with a liar: the client under test has something to send, and so has the peer.
class WithLiar : public Script {
 public:
  using Script::Script;

 protected:
  /// Says the segment in the text, with numbers put in. Returns how many packets answer it.
  template <class... Numbers>
  std::size_t lies(std::string_view text, Numbers... numbers) {
    const std::string said = fmt::vformat(text, fmt::make_format_args(numbers...));
    const ParsedSegment parsed = parse_segment(said);
    if (parsed.error != nullptr) fail(fmt::format("{}: {}", said, parsed.error), Where::current());
    skip_sent();
    peer.sends(parsed.segment);
    return skip_sent();
  }
  /// Lets time pass; what is sent meanwhile is nobody's business. Returns how many packets it was.
  std::size_t waits(Duration duration) {
    skip_sent();
    lets_pass(duration);
    return skip_sent();
  }
  /// Data of the peer's that is no lie arrives as ever. `acknowledged`: what it says of ours.
  void the_other_direction_goes_on(std::uint32_t acknowledged, Where where = Where::current()) {
    constexpr std::uint32_t kBytes = 1'000;
    skip_sent();
    Segment data = ". 1:1001(1000) ack 1"_seg;
    data.seq = peer_next_;
    data.ack = acknowledged;
    peer.sends(data, {}, where);
    peer_next_ += kBytes;
    skip_sent();
    app.reads(kBytes, where);
    skip_sent();
  }
  /// What the stack holds has not grown by more than `bytes` since remember_memory().
  void remember_memory() { held_before_ = memory().live_bytes(); }
  void holds_at_most(std::size_t bytes, Where where = Where::current()) {
    const std::size_t now = memory().live_bytes();
    const std::size_t more = now > held_before_ ? now - held_before_ : 0;
    expect_true(more <= bytes, fmt::format("{} bytes more are held, {} at most", more, bytes),
                where);
  }
  /// The numbers (relative, our SYN is 0) that the stack has sent, since the beginning.
  std::uint32_t next() { return distance(view().iss, view().snd_nxt); }
  std::uint32_t acknowledged() { return distance(view().iss, view().snd_una); }

 private:
  std::uint32_t peer_next_ = 1;
  std::size_t held_before_ = 0;
};

}  // namespace

// ---- acknowledgments ----------------------------------------------------------------------------

// RFC 9293 3.10.7.4 fifth, RFC 5961 5.2: what was never sent cannot be acknowledged. Each such
// segment is counted, ten a second are answered, and none of them moves anything.
SCRIPT_OF(WithLiar, LyingPeer, AcknowledgesWhatWasNeverSent) {
  open_actively();
  app.writes(1'000);
  expect("P. 1:1001(1000) ack 1"_seg);
  remember_memory();
  std::size_t answers = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    answers += lies(". 1:1(0) ack {}", 1'002 + i * 10'000'000);
  }
  expect_true(answers <= 10, "ten challenges a second at most");
  // Half of the numbers after SND.NXT are, counted in the circle, before it: too old.
  expect_equal(stack().counters()[Reason::ack_of_unsent] + stack().counters()[Reason::ack_too_old],
               200U, "counted");
  expect_true(stack().counters()[Reason::ack_of_unsent] >= 100, "most of them as unsent");
  expect_equal(acknowledged(), 1U, "SND.UNA");
  holds_at_most(0);
  the_other_direction_goes_on(1);
  peer.sends(". 1001:1001(0) ack 1001"_seg);
  expect_equal(acknowledged(), 1'001U, "and the truth is believed");
}

// Savage et al. 1999: who acknowledges what is still under way hastens the sender. It is told
// nothing that was not sent, so the window grows by the bytes that were, and no faster.
SCRIPT_OF(WithLiar, LyingPeer, AcknowledgesWhatIsStillUnderWay) {
  config.tcp.send_buffer = 200'000;
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  app.writes(200'000);
  const std::uint32_t initial = view().cwnd;
  std::uint32_t largest = 0;
  for (int i = 0; acknowledged() < 200'001 && i < 2'000; ++i) {
    const std::uint32_t sent = next();
    lies(". 1:1(0) ack {}", sent);
    largest = std::max(largest, view().cwnd);
    expect_true(view().cwnd <= initial + sent, "a byte of window for a byte acknowledged");
    expect_true(view().in_flight <= 65'535, "the offered window holds");
    if (next() == sent && sent < 200'001) waits(5ms);  // pacing
  }
  expect_true(largest > initial, "slow start it is");
  the_other_direction_goes_on(200'001);
}

// The same paper's ACK division, RFC 3465: a packet acknowledged byte by byte gives the window what
// it gives when it is acknowledged at once. It is counted.
SCRIPT_OF(WithLiar, LyingPeer, AcknowledgesByteByByte) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 500>"_seg);
  app.writes(20'000);
  waits(100ms);
  const std::uint32_t before = view().cwnd;
  for (std::uint32_t ack = 2; ack <= 501; ++ack) {
    lies(". 1:1(0) ack {}", ack);
  }
  expect_true(view().cwnd <= before + 500,
              fmt::format("from {} to {}: as for one segment", before, view().cwnd));
  // All but the last; the first numbers of a range of several packets are told apart for certain.
  expect_true(stack().counters()[Reason::ack_divided] >= 400, "counted");
  the_other_direction_goes_on(501);
}

// An honest receiver's ACKs stand at the ends of packets, one or several of them.
SCRIPT_OF(WithLiar, LyingPeer, IsNotWhoAcknowledgesWholePackets) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 500>"_seg);
  app.writes(10'000);
  std::uint32_t ack = 1;
  for (int i = 0; ack < 10'001 && i < 100; ++i) {
    waits(20ms);
    ack = std::min(ack + 1'000, next());
    lies(". 1:1(0) ack {}", ack);
  }
  expect_equal(ack, 10'001U, "all of it went");
  expect_count(Reason::ack_divided, 0);
  expect_count(Reason::ack_of_unsent, 0);
}

// The same paper's spoofed duplicates. With SACK a duplicate that reports nothing means nothing.
SCRIPT_OF(WithLiar, LyingPeer, StormsWithDuplicatesThatReportNothing) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>"_seg);
  app.writes(50'000);
  waits(1ms);
  const std::uint32_t sent = next();
  remember_memory();
  for (int i = 0; i < 500; ++i) peer.sends(". 1:1(0) ack 1"_seg);
  expect_equal(next(), sent, "nothing new");
  expect_equal(view().retransmissions, 0U, "nothing again");
  holds_at_most(0);
  the_other_direction_goes_on(1);
}

// Without SACK each stands for a packet that has left the network, and lets one out at most (RFC
// 5681 3.2 step 4), within the offered window; the hole is repaired once.
SCRIPT_OF(WithLiar, LyingPeer, StormsWithDuplicatesWhereTheyCount) {
  config.tcp.send_buffer = 200'000;
  open_actively("S. 0:0(0) ack 1 win 30000 <mss 1000>"_seg);
  app.writes(200'000);
  waits(1ms);
  for (int i = 0; i < 500; ++i) {
    expect_true(lies(". 1:1(0) ack 1") <= 1 + (i == 2 ? 1 : 0), "a packet for each at most");
  }
  expect_true(view().in_flight <= 30'000, "the offered window holds");
  expect_equal(view().retransmissions, 1U, "the first hole, once");
  the_other_direction_goes_on(1);
}

// ---- SACK blocks --------------------------------------------------------------------------------

// RFC 2018 3: blocks outside of what is outstanding, backwards, or around it mark nothing.
SCRIPT_OF(WithLiar, LyingPeer, ReportsWhatWasNeverSent) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>"_seg);
  app.writes(3'000);
  waits(1ms);
  lies(". 1:1(0) ack 1 <nop,nop,sack 5001:9001>");            // beyond SND.NXT
  lies(". 1:1(0) ack 1 <nop,nop,sack 2001:3002>");            // a byte of it beyond
  lies(". 1:1(0) ack 1 <nop,nop,sack 3001:2001>");            // backwards
  lies(". 1:1(0) ack 1 <nop,nop,sack 4294967000:501>");       // from before SND.UNA
  lies(". 1:1(0) ack 1 <nop,nop,sack 3000000000:1>");         // a billion numbers ago: no duplicate
  lies(". 1:1(0) ack 1 <nop,nop,sack 5001:6001 5001:7001>");  // a duplicate of what was not sent
  expect_equal(view().sacked, 0U, "reported");
  expect_count(Reason::dsack_received, 0);
  expect_count(Reason::sack_ignored, 7);
  the_other_direction_goes_on(1);
  lies(". 1001:1001(0) ack 3001");
  waits(100ms);
  idle(5s);
}

// SACK Panic and the slowness of 2019 (CVE-2019-11477, 11478): blocks of one byte each cut the
// flight to pieces. There are no more pieces than Limits::sent_ranges, and the flight is repaired.
SCRIPT_OF(WithLiar, LyingPeer, ReportsBytesOneByOne) {
  config.limits.sent_ranges = 64;
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>"_seg);
  app.writes(20'000);
  waits(1ms);
  const std::uint32_t sent = next();
  remember_memory();
  for (std::uint32_t byte = 3; byte + 8 < sent; byte += 8) {
    lies(". 1:1(0) ack 1 <nop,nop,sack {}:{} {}:{}>", byte, byte + 1, byte + 4, byte + 5);
  }
  holds_at_most(16 * 1'024);  // 64 pieces, and the tables that find them
  expect_true(view().sacked <= sent / 4, "no more than it said");
  the_other_direction_goes_on(1);
  // Whatever became of the small pieces, the rest comes.
  std::uint32_t ack = 1;
  for (int rounds = 0; ack < 20'001 && rounds < 200; ++rounds) {
    waits(1s);
    ack = next();
    lies(". 1001:1001(0) ack {}", ack);
  }
  expect_equal(ack, 20'001U, "acknowledged in the end");
}

// RFC 2018 8: a peer that throws away what it had reported. The timeout forgets the reports, and
// every byte is sent again.
// 2018-5b 2018-8a
SCRIPT_OF(WithLiar, LyingPeer, ThrowsAwayWhatItHadReported) {
  config.tcp.mtu_probing = tcp::MtuProbing::off;  // its silence would be taken for a black hole
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>"_seg);
  app.writes(5'000);
  waits(1ms);
  lies(". 1:1(0) ack 1 <nop,nop,sack 1001:5001>");
  expect_equal(view().sacked, 4'000U, "believed for now");
  the_other_direction_goes_on(1);
  // Only the first is acknowledged, and never the rest, unless it is sent again.
  lies(". 1001:1001(0) ack 1001");
  std::uint32_t ack = 1'001;
  for (int rounds = 0; rounds < 30 && ack < 5'001; ++rounds) {
    skip_sent();
    lets_pass(2s);
    while (has_sent()) {
      const SentPacket again = take_sent();
      const std::uint32_t first = distance(*peer.our_iss(), again.tcp->header.seq);
      if (first == ack) ack += again.tcp->payload_size;
    }
    lies(". 1001:1001(0) ack {}", ack);
  }
  expect_equal(ack, 5'001U, "all of it came again");
  expect_true(stack().counters()[Reason::cwnd_timeout] > 0, "after a timeout");
  expect_true(stack().counters()[Reason::sack_taken_back] > 0, "counted");
}

// RFC 2883, 8985 6.2: reports of duplicates that never were make the detector patient, but never by
// more than an RTT: a real loss is still repaired.
SCRIPT_OF(WithLiar, LyingPeer, ReportsDuplicatesThatNeverWere) {
  app.connects();
  expect("S 0:0(0)"_seg);
  after(40ms);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.writes(1'000);
  expect("P. 1:1001(1000) ack 1"_seg);
  after(40ms);
  peer.sends(". 1:1(0) ack 1001"_seg);
  app.writes(10'000);
  waits(30ms);
  const std::uint32_t cwnd = view().cwnd;
  remember_memory();
  for (int i = 0; i < 300; ++i) peer.sends(". 1:1(0) ack 1001 <nop,nop,sack 1:1001>"_seg);
  expect_nothing();
  expect_count(Reason::dsack_received, 300);
  expect_equal(view().cwnd, cwnd, "the window");
  holds_at_most(0);
  peer.sends(". 1:1(0) ack 1001 <nop,nop,sack 2001:11001>"_seg);
  if (!has_sent()) lets_pass(80ms);  // the RTT and as much patience
  bool repaired = false;
  while (has_sent()) {
    repaired = distance(*peer.our_iss(), take_sent().tcp->header.seq) == 1'001 || repaired;
  }
  expect_true(repaired, "the hole is filled");
  the_other_direction_goes_on(11'001);
}

// ---- windows and sizes --------------------------------------------------------------------------

// RFC 9293 3.8.6 MUST-34: a window that shrinks with every segment, and opens, and shrinks. What is
// beyond it waits; nothing is lost; it is counted.
SCRIPT_OF(WithLiar, LyingPeer, TakesBackItsWindow) {
  open_actively("S. 0:0(0) ack 1 win 10000 <mss 1000>"_seg);
  app.writes(30'000);
  waits(1ms);
  std::uint32_t ack = next();
  std::uint64_t shrunk = 0;
  for (int i = 0; ack < 30'001 && i < 100; ++i) {
    const std::uint32_t edge = ack + 3'000;
    lies(". 1:1(0) ack {} win 3000", ack);
    waits(5ms);
    expect_true(next() <= edge || next() == ack, "nothing new beyond the edge");
    lies(". 1:1(0) ack {} win 1000", ack);
    if (next() < 30'001) ++shrunk;
    waits(300ms);
    ack = next();
  }
  lies(". 1:1(0) ack {}", ack);
  expect_equal(ack, 30'001U, "all of it went");
  expect_true(stack().counters()[Reason::window_peer_shrunk] >= shrunk, "counted");
  the_other_direction_goes_on(30'001);
}

// A window that shuts and opens with every pair of segments makes us send what is in flight again,
// but no more than the congestion window of it for each time that it opens.
SCRIPT_OF(WithLiar, LyingPeer, FlapsItsWindow) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>"_seg);
  app.writes(60'000);
  waits(1ms);
  remember_memory();
  for (int i = 0; i < 50; ++i) {
    lies(". 1:1(0) ack 1 win 0");
    const std::size_t again = lies(". 1:1(0) ack 1 win 65535");
    expect_true(again <= view().cwnd / 1'000, "a window of it at most");
  }
  holds_at_most(16 * 1'024);
  expect_count(Reason::window_peer_open, 50);
  the_other_direction_goes_on(1);
}

// MUST-37: a window that stays shut is probed for ever while the peer answers; the other direction
// is as good as ever, and what waits is the send buffer and no more.
SCRIPT_OF(WithLiar, LyingPeer, KeepsItsWindowShutForEver) {
  config.tcp.send_buffer = 20'000;
  open_actively("S. 0:0(0) ack 1 win 0 <mss 1000>"_seg);
  expect_true(app.tries_to_write(100'000) <= 20'000, "the send buffer is full");
  remember_memory();
  for (std::uint32_t minutes = 0; minutes < 20; ++minutes) {
    waits(1min);
    the_other_direction_goes_on(1);
    lies(". {}:{}(0) ack 1 win 0", 1'001 + 1'000 * minutes, 1'001 + 1'000 * minutes);
  }
  const std::uint64_t probes = stack().counters()[Reason::send_window_probe];
  expect_true(probes >= 20 && probes <= 35, fmt::format("{} probes in 20 minutes", probes));
  holds_at_most(16 * 1'024);
  expect_state(State::established);
}

// RFC 9293 3.7.1, CVE-2019-11479: an MSS of 1 would make a packet of each byte. It is raised to
// Settings::mss_floor, and counted; both who connects and who listens do it.
SCRIPT_OF(WithLiar, LyingPeer, AsksForSegmentsOfOneByte) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1>"_seg);
  expect_count(Reason::mss_raised, 1);
  app.writes(480);
  forget_broken_rule();  // the peer's MSS admits one byte
  expect_equal(take_sent().tcp->payload_size, 48U, "the floor");
  forget_broken_rule();
  std::uint32_t ack = 49;
  for (int i = 0; ack < 481 && i < 100; ++i) {
    waits(20ms);
    forget_broken_rule();
    expect_true(lies(". 1:1(0) ack {}", ack) <= 4, "few packets for each");
    forget_broken_rule();
    ack = std::min(ack + 96, next());
  }
  lies(". 1:1(0) ack 481");
  the_other_direction_goes_on(481);
}

SCRIPT_OF(WithLiar, LyingPeer, AsksAListenerForSegmentsOfOneByte) {
  open_passively("S 0:0(0) win 65535 <mss 1,nop,nop,TS val 1 ecr 0>"_seg);
  expect_count(Reason::mss_raised, 1);
  app.writes(36);
  forget_broken_rule();
  expect_equal(take_sent().tcp->payload_size, 36U, "the floor, less the timestamps");
  forget_broken_rule();
  skip_sent();
  the_other_direction_goes_on(37);
}

// ---- timestamps ---------------------------------------------------------------------------------

// RFC 7323 5.3 (PAWS): a clock that runs backwards. Its segments are not taken; each that has data
// is answered, those that have none within the limit; and what the clock says later is taken.
SCRIPT_OF(WithLiar, LyingPeer, TurnsItsClockBack) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,TS val 100000 ecr 0>"_seg);
  peer.sends(". 1:1001(1000) ack 1 <nop,nop,TS val 100010 ecr 0>"_seg);
  app.reads(1'000);
  waits(50ms);
  for (std::uint32_t i = 1; i <= 50; ++i) {
    const std::size_t answers =
        lies(". 1001:2001(1000) ack 1 <nop,nop,TS val {} ecr 0>", 100'010 - i);
    expect_equal(answers, std::size_t{1}, "an answer to data");
  }
  std::size_t challenges = 0;
  for (std::uint32_t i = 1; i <= 50; ++i) {
    challenges += lies(". 1001:1001(0) ack 1 <nop,nop,TS val {} ecr 0>", 100'010 - i);
  }
  expect_true(challenges <= 10, "ten answers a second to what has none");
  expect_count(Reason::paws, 100);
  app.reads_nothing();
  app.writes(500);
  expect_equal(take_sent().tcp->payload_size, 500U, "our direction");
  peer.sends(". 1001:2001(1000) ack 501 <nop,nop,TS val 100020 ecr 0>"_seg);
  skip_sent();
  app.reads(1'000);
}

// RFC 7323 4.1: an echo that nobody can have seen gives no RTT sample; nor does one from long ago
// set the timer beyond its bounds.
SCRIPT_OF(WithLiar, LyingPeer, InventsEchoes) {
  app.connects();
  expect("S 0:0(0)"_seg);
  after(20ms);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,TS val 1 ecr 0>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.writes(900);
  expect("P. 1:901(900) ack 1"_seg);
  after(20ms);
  const auto later = view().srtt;
  lies(". 1:1(0) ack 501 <nop,nop,TS val 2 ecr 5000000>");  // in 83 minutes
  expect_count(Reason::echo_from_the_future, 1);
  expect_true(view().srtt <= std::max<Duration>(later, 20ms), "no sample of it");
  waits(2s);  // the rest is sent again: now only the echo could tell an RTT
  lies(". 1:1(0) ack 901 <nop,nop,TS val 3 ecr 4294367296>");  // ten minutes before we began
  expect_true(view().rto >= 200ms && view().rto <= 60s, "the RTO is within its bounds");
  the_other_direction_goes_on(901);
}

// ---- marks --------------------------------------------------------------------------------------

// RFC 3168 6.1.2: ECE on every ACK halves the window once for each window of data, and never below
// two segments; it is counted.
SCRIPT_OF(WithLiar, LyingPeer, SaysThatEverythingWasMarked) {
  config.tcp.ecn = tcp::EcnMode::request;
  app.connects();
  expect("SEW 0:0(0)"_seg);
  peer.sends("SE. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.writes(100'000);
  std::uint32_t ack = 1;
  int rounds = 0;
  for (; ack < 100'001 && rounds < 300; ++rounds) {
    waits(50ms);
    const std::uint32_t end = next();
    for (; ack < end; ack = std::min(ack + 1'000, end)) {
      lies("E. 1:1(0) ack {}", ack);
    }
    lies("E. 1:1(0) ack {}", ack);
    expect_true(view().cwnd >= 2'000, "two segments");
  }
  expect_equal(ack, 100'001U, "all of it went");
  const std::uint64_t reductions = stack().counters()[Reason::cwnd_ecn];
  expect_true(reductions > 3 && reductions <= static_cast<std::uint64_t>(rounds) + 1,
              fmt::format("{} reductions in {} rounds", reductions, rounds));
  the_other_direction_goes_on(100'001);
}

// Without the agreement ECE says nothing (RFC 3168 6.1.1).
SCRIPT_OF(WithLiar, LyingPeer, SaysThatSomethingWasMarkedUnasked) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  app.writes(10'000);
  waits(1ms);
  for (int i = 0; i < 20; ++i) lies("E. 1:1(0) ack 1");
  expect_count(Reason::cwnd_ecn, 0);
  the_other_direction_goes_on(1);
}

// ---- data ---------------------------------------------------------------------------------------

// SegmentSmack (CVE-2018-5390): bytes that come one by one and out of order. There are no more
// pieces than Limits::reassembly_ranges; the rest is counted and dropped; and what comes in order
// is taken, whatever waits behind it.
SCRIPT_OF(WithLiar, LyingPeer, SendsCrumbsOutOfOrder) {
  config.limits.reassembly_ranges = 64;
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,sackOK>"_seg);
  remember_memory();
  constexpr std::uint32_t kCrumbs = 300;
  for (std::uint32_t i = 0; i < kCrumbs; ++i) {
    lies(". {}:{}(1) ack 1", 3 + 2 * i, 4 + 2 * i);
  }
  expect_count(Reason::reassembly_full, kCrumbs - 64);
  expect_equal(view().out_of_order, 64U, "bytes that wait");
  holds_at_most(64 * 1'024);
  app.writes(700);
  expect_equal(take_sent().tcp->payload_size, 700U, "our direction");
  peer.sends(". 1:701(700) ack 701"_seg);
  skip_sent();
  app.reads(700);
  expect_equal(view().out_of_order, 0U, "bytes that wait");
}

// RFC 9293 3.10.7.4 seventh: who repeats other bytes under the same numbers has said the first ones
// first. What the application has read or could read does not change.
SCRIPT_OF(WithLiar, LyingPeer, ContradictsItself) {
  open_actively();
  const auto says = [this](const Segment& segment, std::string_view text) {
    peer.sends(segment, text);
    skip_sent();
  };
  says(". 1:6(5) ack 1"_seg, "truth");
  says(". 1:6(5) ack 1"_seg, "lying");   // all of it again
  says(". 4:9(5) ack 1"_seg, "ieser");   // some of it, and more
  says(". 11:14(3) ack 1"_seg, "abc");   // out of order
  says(". 11:14(3) ack 1"_seg, "def");   // the same
  says(". 9:14(5) ack 1"_seg, "xyzzy");  // the hole, and what waits behind it
  // Where two contradict each other it is the first that counts.
  app.reads("truthserxyabc");
}

}  // namespace bowline::test
