// Known classes, part five: fragments.

#include "tests/attack/attack_test.hpp"

namespace bowline::attack {
namespace {

class KnownIpClass : public Attack {};
OVER_BOTH_FAMILIES(KnownIpClass);

// FragmentSmack (CVE-2018-5391): many fragments of many datagrams, in random order, each of which
// was looked for in a list; a few thousand a second filled a processor. Here they stand in an
// ordered map, O(log n) (ip/reassembly.hpp), and there are no more than
// Limits::fragments_per_datagram of one, fragment_datagrams_per_source of a source and
// fragment_bytes of all.
TEST_P(KnownIpClass, FragmentSmack_Cve2018_5391) {
  Ground ground(GetParam());
  const IpAddress from = ground.forger().stranger().address;
  constexpr int kMany = 30'000;
  for (int i = 0; i < kMany; ++i) {
    // 64 datagrams at a time, of which no fragment follows another.
    const Fragment piece{
        .from = from,
        .to = ground.victim_address(),
        .id = 1 + static_cast<std::uint32_t>(ground.forger().random().below(64)),
        .offset = 16 * static_cast<std::uint32_t>(ground.forger().random().below(4'000)),
        .payload = ground.forger().noise(8)};
    ASSERT_TRUE(ground.hit(packet(piece)).empty());
    ASSERT_LE(ground.victim().usage().fragmented_datagrams, 33U);
  }
  EXPECT_GT(ground.count(Reason::fragment_source_quota), 0U);
  EXPECT_LE(ground.victim().usage().fragment_bytes, Limits{}.fragment_bytes / 2);
  EXPECT_TRUE(ground.serves());
}

// The same with one datagram: it is given up at Limits::fragments_per_datagram.
TEST_P(KnownIpClass, FragmentSmack_OneDatagramHasItsEnd) {
  Ground ground(GetParam());
  const IpAddress from = ground.forger().stranger().address;
  for (std::uint32_t i = 0; i < 2'000; ++i) {
    const Fragment piece{.from = from,
                         .to = ground.victim_address(),
                         .offset = 16 * i,
                         .payload = ground.forger().noise(8)};
    (void)ground.hit(packet(piece));
    ASSERT_LE(ground.victim().usage().fragment_bytes, 256U * 1'024);
  }
  EXPECT_GE(ground.count(Reason::fragment_too_many), 1U);
  EXPECT_TRUE(ground.serves());
}

}  // namespace
}  // namespace bowline::attack
