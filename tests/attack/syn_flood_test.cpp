// A SYN flood, in memory: one SYN-ACK each, nothing that grows, honest clients served. REQUIREMENTS
// A18; RFC 4987.

#include "tests/attack/attack_test.hpp"

namespace bowline::attack {
namespace {

using SynFlood = Attack;
OVER_BOTH_FAMILIES(SynFlood);

// So many SYNs are far more than the SYN queue holds (ListenOptions::syn_backlog: 1,024).
constexpr int kMany = 20'000;

// RFC 4987 3.6: with cookies every SYN is answered once, and nothing is kept for it.
TEST_P(SynFlood, EachSynIsAnsweredByOneSynAckAndNothingMoreIsHeld) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  for (int i = 0; i < kMany; ++i) (void)ground.hit(forger.syn(forger.stranger(), ground.service()));
  const Held held(ground);
  const std::uint64_t requests = ground.memory().requests();
  for (int i = 0; i < kMany; ++i) {
    const Endpoint from = forger.stranger();
    const auto answers = ground.hit(forger.syn(from, ground.service()));
    const auto seen = only(answers);
    ASSERT_TRUE(seen && seen->has(wire::kSyn | wire::kAck)) << lines(answers);
    ASSERT_EQ(seen->ip.destination, from.address);
  }
  EXPECT_EQ(held.more(), 0U);
  EXPECT_EQ(ground.memory().requests(), requests) << "nothing was asked for and given back, either";
  EXPECT_LE(ground.victim().usage().half_open, 1'024U);
  EXPECT_TRUE(ground.serves());
}

// Under the flood an honest client is served, again and again, as fast as ever: by the cookie in
// its SYN-ACK.
TEST_P(SynFlood, HonestClientsAreServedUnderSyns) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 2'000; ++i) {
      (void)ground.hit(forger.syn(forger.stranger(), ground.service()));
    }
    ASSERT_TRUE(ground.serves()) << "round " << round;
    EXPECT_LT(ground.served_in(), 1s) << "no SYN had to be repeated";
  }
}

// A SYN costs its sender one packet; what it makes us send is bounded, in packets and bytes.
TEST_P(SynFlood, ASynIsAnsweredAtMostThreeTimes) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  auto answers = ground.hit(forger.bare_syn(forger.stranger(), ground.service()));
  const auto later = ground.pass(10min);
  answers.insert(answers.end(), later.begin(), later.end());
  EXPECT_GE(answers.size(), 1U);
  EXPECT_LE(answers.size(), 3U) << lines(answers);
  EXPECT_EQ(ground.victim().usage().half_open, 0U) << "and forgotten in the end (RFC 4987 3.3)";
}

// While a flood lasts SYNs are answered by a short way (stack/syn_flood.cpp), on which what nobody
// may answer is not answered, either.
TEST_P(SynFlood, ForgeriesAreNotAnsweredUnderAFlood) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  for (int i = 0; i < 5'000; ++i) {
    (void)ground.hit(forger.syn(forger.stranger(), ground.service()));
  }
  ASSERT_GT(ground.count(Reason::send_syn_cookie), 0U);
  EXPECT_TRUE(ground.hit(forger.syn(ground.service(), ground.service())).empty()) << "LAND";
  const std::vector<std::string_view> sources =
      GetParam() == Family::ipv4
          ? std::vector<std::string_view>{"10.0.0.1",   "127.0.0.1", "0.0.0.0",
                                          "10.0.0.255", "224.0.0.1", "255.255.255.255"}
          : std::vector<std::string_view>{"fd00::1", "::1", "::", "ff02::1"};
  for (const std::string_view source : sources) {
    const auto answers =
        ground.hit(forger.syn({*IpAddress::parse(source), 5'000}, ground.service()));
    EXPECT_TRUE(answers.empty()) << source << ": " << lines(answers);
  }
  const Endpoint stranger = forger.stranger();
  EXPECT_TRUE(ground.hit(forger.syn({stranger.address, 0}, ground.service())).empty());
  Bytes damaged = forger.syn(stranger, ground.service());
  damaged.back() ^= std::byte{1};
  EXPECT_TRUE(ground.hit(damaged).empty());
}

// What the attacker learns by a cookie of his own opens nothing elsewhere: not from another address
// or port, not at another port, not with a number beside it, and not after its time.
TEST_P(SynFlood, ACookieIsOfOneHandshake) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  for (int i = 0; i < 5'000; ++i) {
    (void)ground.hit(forger.syn(forger.stranger(), ground.service()));
  }
  const Endpoint from = forger.stranger();
  const Bytes syn = forger.bare_syn(from, ground.service());
  const auto answer = only(ground.hit(syn));
  ASSERT_TRUE(answer && answer->has(wire::kSyn | wire::kAck));
  Tcp ack{.from = from, .to = ground.service(), .flags = wire::kAck};
  ack.seq = read(syn)->tcp->header.seq + 1;
  ack.ack = answer->tcp->header.seq + 1;
  const auto opens = [&](const Tcp& segment) {
    const std::uint64_t before = ground.count(Reason::state_syn_cookie);
    (void)ground.hit(packet(segment));
    return ground.count(Reason::state_syn_cookie) > before;
  };
  Tcp wrong = ack;
  wrong.from = forger.stranger();
  EXPECT_FALSE(opens(wrong));
  wrong = ack;
  ++wrong.from.port;
  EXPECT_FALSE(opens(wrong));
  wrong = ack;
  wrong.seq = wrong.seq + 1;
  EXPECT_FALSE(opens(wrong));
  for (int i = 0; i < 20'000; ++i) {
    wrong = ack;
    wrong.ack = forger.number();
    ASSERT_FALSE(opens(wrong)) << "a guess is right once in 2^28";
  }
  EXPECT_TRUE(opens(ack));

  const Bytes second = forger.bare_syn(forger.stranger(), ground.service());
  const auto late = only(ground.hit(second));
  ASSERT_TRUE(late && late->has(wire::kSyn | wire::kAck));
  ack.from = {late->ip.destination, late->tcp->header.destination_port};
  ack.seq = read(second)->tcp->header.seq + 1;
  ack.ack = late->tcp->header.seq + 1;
  (void)ground.pass(3min);
  EXPECT_FALSE(opens(ack));
}

}  // namespace
}  // namespace bowline::attack
