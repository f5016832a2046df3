// RFC 4987 section 3.6. A8, A18.
#include "bowline/tcp/syn_cookie.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <set>

#include "bowline/base/random.hpp"
#include "bowline/tcp/secrets.hpp"

namespace bowline::tcp {
namespace {

const Endpoint kLocal{IpAddress::v4(0x0a000001), 80};
const Endpoint kRemote{IpAddress::v4(0x0a000002), 40'000};
constexpr SeqNumber kIrs{1'000'000};

SynCookieSecrets& secrets() {
  static SynCookieSecrets all(Secrets::derive({1, 2, 3, 4}).syn_cookie);
  return all;
}

SeqNumber cookie_at(Time now, std::uint16_t mss = 1460) {
  return *make_syn_cookie(secrets(), kLocal, kRemote, kIrs, mss, now);
}

std::optional<std::uint16_t> opened(SeqNumber cookie, Time now) {
  return open_syn_cookie(secrets(), kLocal, kRemote, kIrs, cookie, now);
}

// Another each minute, and the same again: what was forgotten is made anew.
TEST(SynCookie, SecretsRotate) {
  std::set<std::uint64_t> seen;
  for (std::int64_t minute = 0; minute < 1'000; ++minute) {
    const SipKey now = secrets().of(minute);
    EXPECT_FALSE(secrets().of(minute + 1) == now);
    EXPECT_EQ(secrets().of(minute), now);
    seen.insert(now.k0);
    seen.insert(now.k1);
  }
  EXPECT_EQ(seen.size(), 2'000U);
  SynCookieSecrets late(secrets().master());
  EXPECT_EQ(late.of(999), secrets().of(999));
}

// The peer is never sent more than it takes (MUST-16), and not much less.
TEST(SynCookie, SaysTheLargestClassThatThePeerTakes) {
  for (std::uint32_t mss = 48; mss <= 65'535; mss += mss < 10'000 ? 1 : 97) {
    const auto said = opened(cookie_at(Time(1h), static_cast<std::uint16_t>(mss)), Time(1h));
    ASSERT_TRUE(said);
    ASSERT_LE(*said, mss);
  }
  EXPECT_EQ(opened(cookie_at(Time(1h), 1460), Time(1h)), 1460);
  EXPECT_EQ(opened(cookie_at(Time(1h), 1440), Time(1h)), 1440);
  EXPECT_EQ(opened(cookie_at(Time(1h), 536), Time(1h)), 536);
  EXPECT_EQ(opened(cookie_at(Time(1h), 1459), Time(1h)), 1440);
  EXPECT_EQ(make_syn_cookie(secrets(), kLocal, kRemote, kIrs, 47, Time(1h)), std::nullopt);
}

TEST(SynCookie, IsGoodForOneToTwoMinutes) {
  const Time begin = Time(64s * 100);
  for (const Duration since : {Duration(0s), Duration(32s), Duration(64s) - 1ns}) {
    const SeqNumber cookie = cookie_at(begin + since);
    EXPECT_TRUE(opened(cookie, begin + since));
    EXPECT_TRUE(opened(cookie, begin + since + 64s));
    EXPECT_FALSE(opened(cookie, begin + since + 128s));
    EXPECT_FALSE(opened(cookie, begin + since - 64s)) << "nor before it was made";
  }
}

TEST(SynCookie, IsOfOneFourTupleOneSynAndOneKey) {
  const SeqNumber cookie = cookie_at(Time(1h));
  const Endpoint other_port{kRemote.address, 40'001};
  const Endpoint other_host{IpAddress::v4(0x0a000003), kRemote.port};
  EXPECT_FALSE(open_syn_cookie(secrets(), kLocal, other_port, kIrs, cookie, Time(1h)));
  EXPECT_FALSE(open_syn_cookie(secrets(), kLocal, other_host, kIrs, cookie, Time(1h)));
  EXPECT_FALSE(open_syn_cookie(secrets(), kRemote, kLocal, kIrs, cookie, Time(1h)));
  EXPECT_FALSE(open_syn_cookie(secrets(), kLocal, kRemote, kIrs + 1, cookie, Time(1h)));
  SynCookieSecrets other(Secrets::derive({1, 2, 3, 5}).syn_cookie);
  EXPECT_FALSE(open_syn_cookie(other, kLocal, kRemote, kIrs, cookie, Time(1h)));
}

// I10: 2 minutes x 8 classes are good of 2^32 numbers: of a million guesses 1/256 is right on
// average.
TEST(SynCookie, IsNotGuessed) {
  Random random({5, 6, 7, 8});
  int right = 0;
  for (int i = 0; i < 1 << 20; ++i) {
    if (opened(SeqNumber(static_cast<std::uint32_t>(random.next())), Time(1h))) ++right;
  }
  EXPECT_LE(right, 1);
}

// Neither neighbours in ports nor in numbers have cookies near each other.
TEST(SynCookie, CookiesOfNeighboursHaveNothingInCommon) {
  std::set<std::uint32_t> seen;
  std::uint32_t ones = 0;
  std::uint32_t last = 0;
  constexpr std::uint16_t kCount = 4'096;
  for (std::uint16_t i = 0; i < kCount; ++i) {
    const Endpoint remote{kRemote.address, static_cast<std::uint16_t>(1'024 + i)};
    const std::uint32_t cookie =
        make_syn_cookie(secrets(), kLocal, remote, kIrs, 1460, Time(1h))->raw();
    seen.insert(cookie);
    ones += static_cast<std::uint32_t>(std::popcount(cookie ^ last));
    last = cookie;
  }
  EXPECT_GE(seen.size(), kCount - 8U);  // the birthday bound is 0.002
  EXPECT_NEAR(static_cast<double>(ones) / kCount, 16.0, 0.3) << "bits that differ, of 32";
}

TEST(SynCookie, TimestampCarriesTheOptionsAndNeverRunsAhead) {
  Offer offer;
  offer.window_scaling = true;
  offer.shift = 7;
  offer.timestamps = true;
  offer.sack = true;
  for (const std::uint32_t clock : {0U, 1U, 63U, 64U, 1'000'000U, 0xffffffffU}) {
    for (std::uint8_t shift = 0; shift <= 14; ++shift) {
      for (const bool sack : {false, true}) {
        for (const FeedbackMode feedback : {FeedbackMode::none, FeedbackMode::accurate}) {
          Negotiated agreed;
          agreed.window_scaling = true;
          agreed.snd_shift = shift;
          agreed.sack = sack;
          agreed.feedback = feedback;
          const std::uint32_t value = timestamp_with_options(clock, agreed);
          ASSERT_LT(clock - value, 64U) << "behind by less than 64 ms";
          const Negotiated again = agreed_by_timestamp(value, 1'440, offer, EcnMode::accept);
          ASSERT_TRUE(again.window_scaling);
          ASSERT_EQ(again.snd_shift, shift);
          ASSERT_EQ(again.rcv_shift, 7);
          ASSERT_EQ(again.sack, sack);
          ASSERT_EQ(again.feedback,
                    feedback == FeedbackMode::none ? FeedbackMode::none : FeedbackMode::classic);
          ASSERT_EQ(again.peer_mss, 1'440);
        }
      }
    }
  }
  Negotiated none;
  EXPECT_FALSE(agreed_by_timestamp(timestamp_with_options(77, none), 536, offer, EcnMode::accept)
                   .window_scaling);
}

// The low bits are the peer's word: none of them agrees to what our settings do not.
TEST(SynCookie, AnEchoAgreesToNothingThatWeDoNot) {
  for (std::uint32_t echo = 0; echo < 64; ++echo) {
    const Negotiated agreed = agreed_by_timestamp(echo, 536, Offer{}, EcnMode::off);
    EXPECT_FALSE(agreed.window_scaling);
    EXPECT_FALSE(agreed.sack);
    EXPECT_EQ(agreed.feedback, FeedbackMode::none);
    EXPECT_EQ(agreed.snd_shift, 0);
  }
}

}  // namespace
}  // namespace bowline::tcp
