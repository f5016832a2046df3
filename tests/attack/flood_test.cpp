// Floods: many packets, each cheap to send, from addresses that nobody has. REQUIREMENTS A18, D5.

#include "tests/attack/attack_test.hpp"

namespace bowline::attack {
namespace {

using Flood = Attack;
OVER_BOTH_FAMILIES(Flood);

constexpr int kMany = 20'000;

TEST_P(Flood, AFloodOfSynsIsAnsweredAtMostThreefold) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  for (int i = 0; i < kMany; ++i) {
    (void)ground.hit(forger.bare_syn(forger.stranger(), ground.service()));
  }
  (void)ground.pass(10min);
  EXPECT_LE(ground.traffic().packets_out, 3 * ground.traffic().packets_in);
  EXPECT_EQ(ground.victim().usage().half_open, 0U);
}

// A SYN from one address again and again is one half-open entry (RFC 9293 3.10.7.4 fourth).
TEST_P(Flood, TheSameSynIsOneEntry) {
  Ground ground(GetParam());
  const Bytes syn = ground.forger().syn(ground.forger().stranger(), ground.service());
  for (int i = 0; i < 1'000; ++i) (void)ground.hit(syn);
  EXPECT_EQ(ground.victim().usage().half_open, 1U);
  EXPECT_LE(ground.traffic().packets_out, 1'000U);
}

// RFC 9293 3.10.7.2 second: an ACK for nothing is reset, by a packet that is no longer; and nobody
// gets more of them a second than Limits::stateless_replies_per_second.
TEST_P(Flood, AcksAreResetAndTheResetsAreLimited) {
  StackConfig config = Ground::seeded();
  config.limits.stateless_replies_per_second = 1'000;
  Ground ground(GetParam(), config);
  Forger& forger = ground.forger();
  const Held held(ground);
  const auto flood = [&](auto&& source) {
    const std::uint64_t before = ground.traffic().packets_out;
    for (int i = 0; i < kMany; ++i) {
      const Bytes ack = forger.segment(source(), ground.service(), wire::kAck, 0);
      for (const Bytes& each : ground.hit(ack)) {
        EXPECT_EQ(each.size(), ack.size());
        EXPECT_TRUE(read(each)->has(wire::kRst)) << line(each);
      }
    }
    return ground.traffic().packets_out - before;
  };
  const Endpoint one = forger.stranger();
  const std::uint64_t to_one = flood([&] { return one; });
  EXPECT_LE(to_one, 1'000U) << "whoever's address that is, he gets no more";
  EXPECT_GE(to_one, 300U) << "an honest peer's stray ACK is told";
  // Each has his own share, but for one in 256, 78 expected, whose counter is the one just used up.
  EXPECT_GE(flood([&] { return forger.stranger(); }), std::uint64_t{kMany} - 78 - 44);
  EXPECT_EQ(ground.victim().usage().connections + ground.victim().usage().half_open, 0U);
  EXPECT_LE(held.more(), 64U << 10U) << "the pool's first blocks";
  EXPECT_TRUE(ground.serves());
}

// What a closed port gets is answered by nothing longer (RFC 9293 3.10.7.1).
TEST_P(Flood, DataForNothingIsResetByABareSegment) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  for (int i = 0; i < 1'000; ++i) {
    const Bytes data = forger.segment(forger.stranger(), ground.closed(), wire::kAck | wire::kPsh,
                                      forger.random().index(1'400));
    const auto answers = ground.hit(data);
    ASSERT_LE(bytes_of(answers), data.size());
    ASSERT_LE(bytes_of(answers), bare_size(GetParam()));
  }
}

// RFC 9293 3.10.7.1: a reset is never answered, wherever it goes.
TEST_P(Flood, ResetsAreNeverAnswered) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  for (int i = 0; i < 5'000; ++i) {
    const Endpoint to = i % 2 == 0 ? ground.service() : ground.closed();
    const std::uint16_t flags = i % 3 == 0 ? wire::kRst | wire::kAck : wire::kRst;
    ASSERT_TRUE(ground.hit(forger.segment(forger.stranger(), to, flags)).empty());
  }
  EXPECT_EQ(ground.count(Reason::tcp_reset_ignored), 5'000U);
}

// RFC 1812 4.3.2.8, RFC 4443 2.4 f: errors and echoes are limited together; an echo is as long as
// what it answers, an error longer by no more than its own header.
TEST_P(Flood, IcmpAnswersAreLimited) {
  StackConfig config = Ground::seeded();
  config.limits.stateless_replies_per_second = 1'000;
  Ground ground(GetParam(), config);
  Forger& forger = ground.forger();
  const std::size_t header = wire::ip_header_size(GetParam()) + std::size_t{wire::kIcmpHeaderSize};
  const Endpoint from = forger.stranger();
  for (int i = 0; i < kMany; ++i) {
    const bool echo = i % 2 == 0;
    const Bytes sent = echo ? echo_request(from.address, ground.victim_address(), 56)
                            : udp(from, ground.closed(), forger.random().index(1'200));
    const auto answers = ground.hit(sent);
    ASSERT_LE(bytes_of(answers), sent.size() + (echo ? 0 : header)) << lines(answers);
  }
  EXPECT_LE(ground.traffic().packets_out, 1'000U);
  EXPECT_GT(ground.count(Reason::icmp_rate_limited), 0U);
  EXPECT_TRUE(ground.serves());
}

// Nothing that is wrong in itself is answered: no oracle, and nobody's address is proven by it.
TEST_P(Flood, WhatIsDamagedIsNotAnswered) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  const std::size_t ip = wire::ip_header_size(GetParam());
  for (int i = 0; i < 2'000; ++i) {
    Bytes packet = forger.syn(forger.stranger(), ground.service());
    // One byte of the TCP header or its options; the checksum is wrong from there on.
    const std::size_t at = ip + forger.random().index(packet.size() - ip);
    packet[at] ^= static_cast<std::byte>(1 + forger.random().below(255));
    ASSERT_TRUE(ground.hit(packet).empty()) << line(packet);
  }
  EXPECT_EQ(ground.victim().usage().half_open, 0U);
  EXPECT_TRUE(ground.serves());
}

}  // namespace
}  // namespace bowline::attack
