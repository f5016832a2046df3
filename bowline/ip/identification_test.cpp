#include "bowline/ip/identification.hpp"

#include <gtest/gtest.h>

#include <set>

namespace bowline::ip {
namespace {

const IpAddress kOurs = IpAddress::v4(0x0a000001);
const SipKey kKey{1, 2};

// RFC 6864 4.2: no identification twice for a pair and protocol, as long as 16 bits allow that.
TEST(Identifications, DoNotRepeat) {
  Identifications ids(kKey);
  std::set<std::uint16_t> seen;
  for (int i = 0; i < 65'536; ++i) {
    seen.insert(static_cast<std::uint16_t>(ids.next(kOurs, IpAddress::v4(0x0a000002), 17)));
  }
  EXPECT_EQ(seen.size(), 65'536U);
}

// RFC 7739 3: what one destination sees says nothing of what another sees.
TEST(Identifications, OfOtherPairsHaveNothingToDoWithEachOther) {
  Identifications ids(kKey);
  std::set<std::uint32_t> gaps;
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    const std::uint32_t one = ids.next(kOurs, IpAddress::v4(0x0a010000 + i), 17);
    const std::uint32_t two = ids.next(kOurs, IpAddress::v4(0x0a020000 + i), 17);
    gaps.insert((two - one) & 0xffffU);
  }
  EXPECT_GT(gaps.size(), 950U);
}

TEST(Identifications, DependOnTheKeyAndTheProtocol) {
  Identifications one(kKey);
  Identifications two(SipKey{1, 3});
  Identifications three(kKey);
  const std::uint32_t first = one.next(kOurs, kOurs, 17);
  EXPECT_NE(first, two.next(kOurs, kOurs, 17));
  EXPECT_NE(first, three.next(kOurs, kOurs, 1));
}

}  // namespace
}  // namespace bowline::ip
