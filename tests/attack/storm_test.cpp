// Storms: small pieces that are cheap to send and dear to keep. SegmentSmack, FragmentSmack and
// their kin; REQUIREMENTS D5.

#include "bowline/base/byte_order.hpp"
#include "tests/attack/attack_test.hpp"

namespace bowline::attack {
namespace {

using Storm = Attack;
OVER_BOTH_FAMILIES(Storm);

constexpr int kMany = 20'000;

// Segments of one byte, out of order, in the window of a connection of the attacker's own. They
// make no more ranges than Limits::reassembly_ranges, pin no more than Limits::reassembly_bytes,
// and the rest is dropped and counted.
TEST_P(Storm, TinySegmentsOutOfOrderAreBounded) {
  StackConfig config = Ground::seeded();
  config.limits.reassembly_ranges = 256;
  config.limits.reassembly_bytes = 128U << 10U;
  Ground ground(GetParam(), config);
  ground.greeter().hang();
  const auto held = ground.open(ground.forger().stranger());
  ASSERT_TRUE(held);
  const Held before(ground);
  for (int i = 0; i < kMany; ++i) {
    const auto ahead = 2 + 2 * static_cast<std::uint32_t>(ground.forger().random().below(30'000));
    const auto answers = ground.hit(ground.say(*held, wire::kAck, 1, ahead));
    // RFC 5681 4.2: each is answered by a duplicate ACK, of which none is longer than a header.
    ASSERT_LE(answers.size(), 1U);
  }
  EXPECT_GT(ground.count(Reason::reassembly_full), 10'000U);
  EXPECT_LE(before.more(), (128U << 10U) + (192U << 10U)) << "pinned buffers, and what finds them";
  // What comes in order is taken all the same (RFC 9293 3.10.7.4 seventh).
  ASSERT_FALSE(ground.hit(ground.say(*held, wire::kAck | wire::kPsh, 1'000)).empty() &&
               ground.pass(1s).empty());
}

// Another client notices nothing.
TEST_P(Storm, TinySegmentsStopNobodyElse) {
  Ground ground(GetParam());
  const auto held = ground.open(ground.forger().stranger());
  ASSERT_TRUE(held);
  for (int i = 0; i < kMany; ++i) {
    const auto ahead = 2 + 2 * static_cast<std::uint32_t>(ground.forger().random().below(30'000));
    (void)ground.hit(ground.say(*held, wire::kAck, 1, ahead));
  }
  EXPECT_TRUE(ground.serves());
  EXPECT_LT(ground.served_in(), 1s);
}

// Fragments of datagrams that are never complete, each from another source: bounded in bytes and
// number (Limits::fragment_bytes, fragment_datagrams); the oldest goes.
TEST_P(Storm, FragmentsFromEverywhereAreBounded) {
  Ground ground(GetParam());
  const Limits limits;
  for (int i = 0; i < kMany; ++i) {
    Fragment piece{.from = ground.forger().stranger().address,
                   .to = ground.victim_address(),
                   .id = static_cast<std::uint32_t>(i),
                   .offset = 8 * static_cast<std::uint32_t>(ground.forger().random().below(1'000)),
                   .payload = ground.forger().noise(64)};
    ASSERT_TRUE(ground.hit(packet(piece)).empty());
    const StackUsage usage = ground.victim().usage();
    ASSERT_LE(usage.fragmented_datagrams, limits.fragment_datagrams);
    ASSERT_LE(usage.fragment_bytes, limits.fragment_bytes);
  }
  EXPECT_GT(ground.count(Reason::fragment_evicted), 10'000U);
  EXPECT_TRUE(ground.serves());
  (void)ground.pass(2min);
  EXPECT_EQ(ground.victim().usage().fragmented_datagrams, 0U) << "RFC 1122 3.3.2: 60 s";
}

// From one source no more than Limits::fragment_datagrams_per_source, so that it displaces nobody.
TEST_P(Storm, FragmentsFromOneSourceDisplaceNobody) {
  Ground ground(GetParam());
  const IpAddress loud = ground.forger().stranger().address;
  const IpAddress quiet = ground.forger().stranger().address;
  const Bytes echo = echo_request(quiet, ground.victim_address(), 2'000);
  const auto halves = cut(echo, 1'200, 77);
  ASSERT_EQ(halves.size(), 2U);
  ASSERT_TRUE(ground.hit(halves[0]).empty());
  for (int i = 0; i < kMany; ++i) {
    Fragment piece{.from = loud,
                   .to = ground.victim_address(),
                   .id = static_cast<std::uint32_t>(i),
                   .offset = 8,
                   .payload = ground.forger().noise(64)};
    ASSERT_TRUE(ground.hit(packet(piece)).empty());
  }
  EXPECT_LE(ground.victim().usage().fragmented_datagrams, 33U);
  EXPECT_GT(ground.count(Reason::fragment_source_quota), 10'000U);
  const auto answers = ground.hit(halves[1]);
  EXPECT_GE(bytes_of(answers), 2'000U) << "the quiet one's datagram was whole: " << lines(answers);
}

// RFC 5722 4, RFC 8200 4.5: fragments that overlap discard their datagram, in every order in which
// they may come; nothing of it is delivered.
TEST_P(Storm, OverlappingFragmentsDeliverNothing) {
  Ground ground(GetParam());
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    const Bytes echo =
        echo_request(ground.forger().stranger().address, ground.victim_address(), 1'600);
    auto pieces = cut(echo, 400, i);
    // One of them twice, the second time eight bytes further on.
    Bytes again = pieces[1 + ground.forger().random().index(pieces.size() - 1)];
    const bool v4 = GetParam() == Family::ipv4;
    const std::size_t field = v4 ? 6 : wire::kIpv6HeaderSize + 2;
    auto place = load_be<std::uint16_t>(again.data() + field);
    place = static_cast<std::uint16_t>(place + (v4 ? 1 : 8));
    store_be<std::uint16_t>(again.data() + field, place);
    if (v4) {
      store_be<std::uint16_t>(again.data() + 10, std::uint16_t{0});
      store_be<std::uint16_t>(again.data() + 10,
                              wire::sum_of(std::span(again).first(wire::kIpv4HeaderSize)).finish());
    }
    pieces.push_back(again);
    for (std::size_t left = pieces.size(); left > 1; --left) {
      std::swap(pieces[left - 1], pieces[ground.forger().random().index(left)]);
    }
    // The last to come must not complete it: put one of the overlapping pair in front.
    std::swap(pieces.front(), *std::ranges::find(pieces, again));
    const auto answers = ground.hit(pieces);
    for (const Bytes& each : answers) {
      const auto seen = read(each);
      ASSERT_FALSE(seen && seen->icmp && seen->icmp->kind == wire::IcmpKind::echo_reply)
          << lines(answers);
    }
  }
  EXPECT_GT(ground.count(Reason::fragment_overlap) + ground.count(Reason::fragment_contradiction) +
                ground.count(Reason::fragment_too_long),
            4'000U);
  EXPECT_LE(ground.victim().usage().fragment_bytes, Limits{}.fragment_bytes);
  EXPECT_TRUE(ground.serves());
}

// "Teardrop" (1997) and the tiny fragments of RFC 3128: a first fragment too short for the TCP
// header, and one that would write over the flags of the first.
TEST_P(Storm, TinyFirstFragmentsAreRefused) {
  Ground ground(GetParam());
  const Bytes syn = ground.forger().bare_syn(ground.forger().stranger(), ground.service());
  for (std::uint32_t id = 0; id < 100; ++id) {
    for (const Bytes& piece : cut(syn, 8, id)) {
      for (const Bytes& answer : ground.hit(piece)) {
        ASSERT_FALSE(read(answer) && read(answer)->tcp) << line(answer);
      }
    }
  }
  EXPECT_EQ(ground.victim().usage().half_open, 0U);
  EXPECT_GE(ground.count(Reason::fragment_tiny), 100U);
}

}  // namespace
}  // namespace bowline::attack
