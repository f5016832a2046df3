// Known classes, part three: flaws of what TCP does with segments that are well-formed. One comment
// says what the flaw was and which rule here prevents it.

#include "bowline/base/range_budget.hpp"
#include "tests/attack/attack_test.hpp"

namespace bowline::attack {
namespace {

// The attacker's own connection, over which it has asked for the text.
Ground::Held asks(Ground& ground, const wire::TcpOptions& options,
                  std::vector<Bytes>* sent = nullptr, std::uint16_t window = 65'535) {
  auto held = ground.open(ground.forger().stranger(), window, options);
  EXPECT_TRUE(held);
  if (!held) return {};
  auto answers = ground.hit(ground.say(*held, wire::kAck | wire::kPsh, 1, 0, window));
  const auto later = ground.pass(1ms);
  answers.insert(answers.end(), later.begin(), later.end());
  held->seq = held->seq + 1;
  if (sent != nullptr) *sent = std::move(answers);
  return *held;
}

Bytes sack(const Ground& ground, const Ground::Held& held, std::uint32_t from, std::uint32_t to,
           std::uint32_t from2, std::uint32_t to2) {
  Tcp segment{.from = held.from, .to = ground.service(), .seq = held.seq, .ack = held.ack};
  segment.flags = wire::kAck;
  segment.options.sack_count = 2;
  segment.options.sack[0] = {held.ack + from, held.ack + to};
  segment.options.sack[1] = {held.ack + from2, held.ack + to2};
  return packet(segment);
}

class KnownTcpClass : public Attack {};
OVER_BOTH_FAMILIES(KnownTcpClass);

// ---- SACK Panic (2019) --------------------------------------------------------------------------

// CVE-2019-11477: with the smallest MSS and SACKs that make pieces grow together, a count of
// segments in 16 bits overflowed, and the kernel panicked. CVE-2019-11478: SACKs of single bytes
// cut the retransmission queue to pieces that were walked for each ACK. Here a range is split at
// the edges of blocks only, there are no more than Limits::sent_ranges, and finding one is O(log n)
// (tcp/sent_ranges.hpp).
TEST_P(KnownTcpClass, SackPanic_Cve2019_11477_11478) {
  StackConfig config = Ground::seeded();
  config.limits.sent_ranges = 512;
  Ground ground(GetParam(), config, 1U << 20U);
  wire::TcpOptions options;
  options.mss = 8;
  options.sack_permitted = true;
  const Ground::Held held = asks(ground, options);
  const Held before(ground);
  for (std::uint32_t at = 1; at < 60'000; at += 4) {
    (void)ground.hit(sack(ground, held, at, at + 1, at + 2, at + 3));
  }
  EXPECT_LE(before.more(), 512U << 10U) << "512 pieces, the tables that find them, the send buffer";
  // And one that covers them all: pieces grow together.
  (void)ground.hit(sack(ground, held, 1, 60'000, 0x7000'0000, 0x7000'0001));
  (void)ground.pass(1min);
  EXPECT_TRUE(ground.serves());
}

// The same over very many connections, none of which has more than its share: all of them together
// have Limits::all_sent_ranges, and a few each. What is not cut is not held for reported, which
// costs a retransmission (RFC 2018 section 8).
TEST_P(KnownTcpClass, SackPanic_OverManyConnections) {
  StackConfig config = Ground::seeded();
  config.limits.all_sent_ranges = 4'096;
  Ground ground(GetParam(), config, 1U << 20U);
  wire::TcpOptions options;
  options.mss = 1'460;
  options.sack_permitted = true;
  constexpr std::uint32_t kConnections = 100;
  std::vector<Ground::Held> all;
  for (std::uint32_t i = 0; i < kConnections; ++i) all.push_back(asks(ground, options));
  const Held before(ground);
  for (const Ground::Held& held : all) {
    for (std::uint32_t at = 1; at < 14'600; at += 16) {
      (void)ground.hit(sack(ground, held, at, at + 1, at + 8, at + 9));
    }
  }
  EXPECT_LE(ground.victim().usage().sent_ranges, 4'096 + kConnections * RangeBudget::kEach);
  EXPECT_GE(ground.victim().usage().sent_ranges, 2'048U) << "or nobody has tried";
  EXPECT_LE(before.more(), 3U << 20U) << "56 bytes for each, and the lists of the rate samples";
  EXPECT_TRUE(ground.serves()) << "who has few ranges notices nothing";
}

// CVE-2019-11479: a peer that announces the smallest MSS makes a packet of every few bytes. Here it
// is raised to Settings::mss_floor, counted (RFC 9293 3.7.1).
TEST_P(KnownTcpClass, SackPanic_Cve2019_11479_TheMssHasAFloor) {
  Ground ground(GetParam(), Ground::seeded(), 1U << 20U);
  wire::TcpOptions options;
  options.mss = 1;
  std::vector<Bytes> sent;
  (void)asks(ground, options, &sent);
  EXPECT_EQ(ground.count(Reason::mss_raised), 1U);
  ASSERT_FALSE(sent.empty());
  std::size_t data = 0;
  std::size_t payload = 0;
  for (const Bytes& each : sent) {
    const auto seen = read(each);
    ASSERT_TRUE(seen && seen->tcp);
    if (seen->tcp->payload_size == 0) continue;
    ++data;
    payload += seen->tcp->payload_size;
  }
  ASSERT_GT(data, 0U);
  EXPECT_GE(payload / data, 48U);
  EXPECT_LE(data, 10U) << "and the initial window is ten of them (RFC 6928)";
}

// ---- SegmentSmack (CVE-2018-5390) ---------------------------------------------------------------

// Tiny segments out of order made a queue that was walked and collapsed for each of them: a few
// thousand packets a second filled a processor. Here ranges out of order are bounded
// (Limits::reassembly_ranges, and reassembly_bytes by what they pin), found in O(log n)
// (tcp/reassembler.hpp), and what is beyond is dropped.
TEST_P(KnownTcpClass, SegmentSmack_Cve2018_5390) {
  StackConfig config = Ground::seeded();
  config.limits.reassembly_ranges = 1'000;
  Ground ground(GetParam(), config);
  ground.greeter().hang();
  const auto held = ground.open(ground.forger().stranger());
  ASSERT_TRUE(held);
  const Held before(ground);
  constexpr std::uint32_t kCount = 30'000;
  for (std::uint32_t i = 0; i < kCount; ++i) {  // backwards: each goes in front of all others
    (void)ground.hit(ground.say(*held, wire::kAck, 1, 2 * (kCount - i)));
  }
  EXPECT_EQ(ground.count(Reason::reassembly_full), kCount - 1'000);
  EXPECT_LE(before.more(), 1U << 20U) << "a block of 256 bytes and a node for each of 1,000";
  EXPECT_TRUE(ground.victim().accept(ground.greeter().listener(), ground.now()));
}

// ---- CVE-2004-0230, "slipping in the window" ----------------------------------------------------

// A reset or SYN anywhere in the window ended a connection: with a window of 64 KiB, 65,536 guesses
// for certain. Here only RCV.NXT itself does; the others are challenged (RFC 5961 3.2, 4.2).
TEST_P(KnownTcpClass, Cve2004_0230_AGuessInTheWindowEndsNothing) {
  Ground ground(GetParam());
  const auto held = ground.open(ground.forger().stranger());
  ASSERT_TRUE(held);
  std::size_t challenges = 0;
  for (std::uint32_t ahead = 1; ahead < 65'000; ahead += 1'000) {
    challenges += ground.hit(ground.say(*held, wire::kRst, 0, ahead)).size();
    challenges += ground.hit(ground.say(*held, wire::kSyn, 0, ahead)).size();
  }
  EXPECT_GE(challenges, 1U);
  EXPECT_LE(challenges, 10U) << "RFC 5961 7";
  EXPECT_EQ(ground.victim().usage().connections, 1U);
  EXPECT_TRUE(ground.hit(ground.say(*held, wire::kRst)).empty()) << "the exact number is believed";
  EXPECT_EQ(ground.victim().usage().connections, 0U);
}

// ---- CVE-2016-5696, the challenge ACK side channel ----------------------------------------------

// Challenge ACKs were limited for the host as a whole: whoever counted those on a connection of his
// own learned from the missing ones that a guess about somebody else's was right. Here the limit is
// each connection's own (RFC 5961 7): what the attacker gets does not depend on what others got.
TEST_P(KnownTcpClass, Cve2016_5696_ChallengesOfOthersAreNotVisible) {
  std::array<std::size_t, 2> got{};
  for (const bool guesses : {false, true}) {
    Ground ground(GetParam());
    ASSERT_TRUE(ground.keep_open());
    const auto own = ground.open(ground.forger().stranger());
    ASSERT_TRUE(own);
    if (guesses) {  // the right ports: each SYN is challenged, until that connection's limit
      for (int i = 0; i < 500; ++i) {
        EXPECT_TRUE(ground
                        .hit(packet(Tcp{.from = ground.kept(),
                                        .to = {ground.victim_address(), 90},
                                        .seq = ground.forger().number(),
                                        .flags = wire::kSyn}))
                        .empty())
            << "what it brings about goes to the client";
      }
      EXPECT_EQ(ground.count(Reason::send_challenge_suppressed), 490U);
    }
    for (int i = 0; i < 500; ++i) {
      got[guesses ? 1 : 0] += ground.hit(ground.say(*own, wire::kSyn, 0, 100)).size();
    }
  }
  EXPECT_EQ(got[0], 10U);
  EXPECT_EQ(got[1], got[0]);
}

// ---- LAND (CVE-1999-0016) -----------------------------------------------------------------------

// A SYN from the victim's own address and port made it answer itself for ever. Here such a segment
// is dropped before anybody looks for a listener.
TEST_P(KnownTcpClass, Land) {
  Ground ground(GetParam());
  for (const Endpoint& self : {ground.service(), ground.closed()}) {
    for (int flags = 0; flags < 64; ++flags) {
      const auto answers =
          ground.hit(ground.forger().segment(self, self, static_cast<std::uint16_t>(flags)));
      ASSERT_TRUE(answers.empty()) << lines(answers);
    }
  }
  EXPECT_EQ(ground.count(Reason::tcp_self_connect) + ground.count(Reason::ip_bad_source), 128U);
  EXPECT_EQ(ground.victim().usage().half_open, 0U);
  EXPECT_TRUE(ground.serves());
}

// ---- Sockstress (CVE-2008-4609) -----------------------------------------------------------------

// Connections are opened, asked, and their window is shut for ever, while every probe is answered:
// timers, buffers and blocks were held without bound. Here each holds its send buffer at most
// (Settings::send_buffer; it grows with what is acknowledged alone), and its probes back off to one
// a minute (RFC 9293 3.8.6.1).
TEST_P(KnownTcpClass, Sockstress_Cve2008_4609) {
  Ground ground(GetParam(), Ground::seeded(), 8U << 20U);
  ground.retort = Ground::keeps_shut;
  constexpr std::uint64_t kReaders = 100;
  for (std::uint64_t i = 0; i < kReaders; ++i) {
    const auto held = ground.open(ground.forger().stranger(), 0);
    ASSERT_TRUE(held);
    (void)ground.hit(ground.say(*held, wire::kAck | wire::kPsh, 1, 0, 0));
  }
  const std::size_t sent = ground.pass(1h).size();
  EXPECT_EQ(ground.victim().usage().connections, kReaders) << "they live: nothing ends them";
  EXPECT_LE(ground.victim().usage().buffer_bytes, kReaders * (160U << 10U));
  EXPECT_LE(sent, kReaders * 80);
  EXPECT_TRUE(ground.serves());
}

}  // namespace
}  // namespace bowline::attack
