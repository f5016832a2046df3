// Port scans: what each probe learns. REQUIREMENTS A19; RFC 9293 3.10.7.1 (closed) and 3.10.7.2
// (listening).

#include "tests/attack/attack_test.hpp"

namespace bowline::attack {
namespace {

using Scan = Attack;
OVER_BOTH_FAMILIES(Scan);

constexpr std::uint16_t kRstAck = wire::kRst | wire::kAck;
constexpr std::uint16_t kSynAck = wire::kSyn | wire::kAck;
constexpr std::uint16_t kNone = 0xffff;

struct Rule {
  Probe probe;
  std::uint16_t open;    // the flags of the answer of a listening port, or kNone
  std::uint16_t closed;  // and of one where nobody listens
};
// RFC 9293 3.10.7.2: first RST, second ACK, third SYN, fourth: "you are unlikely to get here":
// dropped. 3.10.7.1: everything but RST is reset.
constexpr Rule kRules[] = {
    {Probe::syn, kSynAck, kRstAck},       {Probe::fin, kNone, kRstAck},
    {Probe::null, kNone, kRstAck},        {Probe::xmas, kNone, kRstAck},
    {Probe::ack, wire::kRst, wire::kRst}, {Probe::maimon, wire::kRst, wire::kRst},
    {Probe::syn_fin, kNone, kRstAck},     {Probe::rst, kNone, kNone},
};

TEST_P(Scan, EachProbeGetsTheAnswerOfTheRfc) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  for (const Rule& rule : kRules) {
    for (const bool open : {true, false}) {
      const Endpoint to = open ? ground.service() : ground.closed();
      const Bytes sent = forger.probe(rule.probe, forger.stranger(), to);
      const auto probe = read(sent)->tcp->header;
      const auto answers = ground.hit(sent);
      const std::uint16_t expected = open ? rule.open : rule.closed;
      SCOPED_TRACE(line(sent));
      if (expected == kNone) {
        EXPECT_TRUE(answers.empty()) << lines(answers);
        continue;
      }
      const auto seen = only(answers);
      ASSERT_TRUE(seen) << lines(answers);
      EXPECT_EQ(seen->tcp->header.flags, expected) << lines(answers);
      if (expected == wire::kRst) {  // <SEQ=SEG.ACK><CTL=RST>
        EXPECT_EQ(seen->tcp->header.seq, probe.ack);
      } else if (expected == kRstAck) {  // <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
        const bool syn = (probe.flags & wire::kSyn) != 0;
        const bool fin = (probe.flags & wire::kFin) != 0;
        EXPECT_EQ(seen->tcp->header.seq, SeqNumber(0));
        EXPECT_EQ(seen->tcp->header.ack, probe.seq + (syn ? 1 : 0) + (fin ? 1 : 0));
      } else {
        EXPECT_EQ(seen->tcp->header.ack, probe.seq + 1);
      }
    }
  }
  EXPECT_TRUE(ground.serves());
}

// A reset tells nothing but that it is one: the same TTL, window and size for an open port and a
// closed one (what nmap's -sW looks at), and no longer than the probe.
TEST_P(Scan, ResetsOfOpenAndClosedPortsAreAlike) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  for (const Probe probe : {Probe::ack, Probe::maimon}) {
    const Bytes to_open = forger.probe(probe, forger.stranger(), ground.service());
    const Bytes to_closed = forger.probe(probe, forger.stranger(), ground.closed());
    const auto open = ground.hit(to_open);
    const auto closed = ground.hit(to_closed);
    ASSERT_TRUE(only(open) && only(closed));
    EXPECT_EQ(only(open)->ip.ttl, only(closed)->ip.ttl);
    EXPECT_EQ(only(open)->tcp->header.window, 0);
    EXPECT_EQ(only(closed)->tcp->header.window, 0);
    EXPECT_EQ(open.front().size(), closed.front().size());
    EXPECT_LE(open.front().size(), to_open.size());
  }
}

// A scan of all ports holds nothing but the half-open entries of those that listen, and is not
// worth a packet more than it has sent.
TEST_P(Scan, AScanOfAllPortsIsCheap) {
  StackConfig config = Ground::seeded();
  config.limits.stateless_replies_per_second = 100'000;
  Ground ground(GetParam(), config);
  Forger& forger = ground.forger();
  const Endpoint scanner = forger.stranger();
  const Held held(ground);
  std::uint32_t open = 0;
  for (std::uint32_t port = 1; port <= 0xffff; ++port) {
    const Endpoint to{ground.victim_address(), static_cast<std::uint16_t>(port)};
    const auto seen = only(ground.hit(forger.probe(Probe::syn, scanner, to)));
    ASSERT_TRUE(seen) << "port " << port;
    if (seen->has(kSynAck)) ++open;
  }
  EXPECT_EQ(open, 1U);
  EXPECT_EQ(ground.traffic().packets_out, ground.traffic().packets_in);
  EXPECT_EQ(ground.victim().usage().half_open, 1U);
  EXPECT_EQ(ground.victim().usage().connections, 0U);
  EXPECT_LE(held.more(), 64U << 10U);
}

// The RST by which a half-open scan takes its SYN back frees the entry at once (RFC 9293 3.10.7.4
// second).
TEST_P(Scan, AHalfOpenScanLeavesNothingBehind) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  const Endpoint scanner = forger.stranger();
  const Bytes syn = forger.probe(Probe::syn, scanner, ground.service());
  const SeqNumber next = read(syn)->tcp->header.seq + 1;
  ASSERT_TRUE(only(ground.hit(syn)));
  ASSERT_EQ(ground.victim().usage().half_open, 1U);
  const auto answers = ground.hit(
      packet(Tcp{.from = scanner, .to = ground.service(), .seq = next, .flags = wire::kRst}));
  EXPECT_TRUE(answers.empty()) << lines(answers);
  EXPECT_EQ(ground.victim().usage().half_open, 0U);
}

}  // namespace
}  // namespace bowline::attack
