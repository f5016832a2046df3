// RFC 7661: what pipeACK is, and what follows when it is less than half of the window.

#include "bowline/tcp/window_validation.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

constexpr std::uint32_t kMss = 1'000;
constexpr Duration kRtt = 100ms;

/// A sender that is given so many segments for each round trip.
struct Sender {
  WindowValidation validation;
  SeqNumber una{0xffff'f000};  // the numbers wrap
  Time now{10s};
  std::uint32_t cwnd = 20 * kMss;

  void round(std::uint32_t segments) {
    const SeqNumber nxt = una + segments * kMss;
    for (std::uint32_t i = 0; i < segments; ++i) {
      una += kMss;
      validation.acked(now, una, nxt, kMss, kRtt, cwnd);
    }
    now += kRtt;
  }
  void rounds(int count, std::uint32_t segments) {
    for (int i = 0; i < count; ++i) round(segments);
  }
  [[nodiscard]] bool validated() const { return validation.validated(now, cwnd); }
};

// Section 4.2: undefined until it is measured; section 4.3: validated then.
TEST(WindowValidation, BeforeTheFirstMeasurementTheWindowIsTrusted) {
  const Sender sender;
  EXPECT_EQ(sender.validation.pipe_ack(sender.now), std::nullopt);
  EXPECT_TRUE(sender.validated());
}

TEST(WindowValidation, AFirstRoundThatIsNotOverIsNoMeasurement) {
  Sender sender;
  sender.validation.acked(sender.now, sender.una + kMss, sender.una + 20 * kMss, kMss, kRtt,
                          sender.cwnd);
  sender.validation.acked(sender.now, sender.una + 2 * kMss, sender.una + 20 * kMss, kMss, kRtt,
                          sender.cwnd);
  EXPECT_TRUE(sender.validated());
}

// Section 4.2: what is acknowledged within a round trip.
TEST(WindowValidation, MeasuresWhatARoundTripAcknowledges) {
  Sender sender;
  sender.rounds(5, 12);
  EXPECT_NEAR(*sender.validation.pipe_ack(sender.now), 12 * kMss, kMss);
  EXPECT_TRUE(sender.validated());
}

// Section 4.3: less than half of it in use: not validated.
TEST(WindowValidation, HalfOfTheWindowIsTheMeasure) {
  Sender sender;
  sender.rounds(50, 11);
  EXPECT_TRUE(sender.validated());
  sender.rounds(50, 5);
  EXPECT_FALSE(sender.validated());
}

// Section 4.2: the largest sample of the sampling period counts, so that a pause of a round trip or
// two changes nothing.
TEST(WindowValidation, ALargeRoundCountsForAPeriod) {
  Sender sender;
  sender.round(1);
  sender.round(15);
  sender.rounds(9, 2);
  EXPECT_TRUE(sender.validated());
  sender.rounds(30, 2);
  EXPECT_FALSE(sender.validated());
}

// Section 4.2: what nothing has confirmed since counts no longer.
TEST(WindowValidation, AnIdleSenderHasShownNothing) {
  Sender sender;
  sender.rounds(5, 15);
  sender.now += 10s;
  EXPECT_EQ(sender.validation.pipe_ack(sender.now), 0U);
  EXPECT_FALSE(sender.validated());
}

// Section 4.4.3: kept for five minutes, then halved for each five minutes more.
TEST(WindowValidation, IsKeptForFiveMinutes) {
  Sender sender;
  sender.rounds(20, 15);
  sender.now += 4min;
  EXPECT_EQ(sender.validation.take_expired(sender.now, sender.cwnd), 0U);
  sender.now += 2min;
  EXPECT_EQ(sender.validation.take_expired(sender.now, sender.cwnd), 1U);
  EXPECT_EQ(sender.validation.take_expired(sender.now, sender.cwnd), 0U) << "once";
  sender.now += 24h;
  EXPECT_EQ(sender.validation.take_expired(sender.now, sender.cwnd), 32U);
}

TEST(WindowValidation, UseBeforeTheFiveMinutesAreOverBeginsThemAnew) {
  Sender sender;
  sender.rounds(20, 2);
  ASSERT_FALSE(sender.validated());
  sender.now += 4min;
  sender.rounds(20, 15);
  sender.rounds(40, 2);
  sender.now += 4min;
  EXPECT_EQ(sender.validation.take_expired(sender.now, sender.cwnd), 0U);
}

// Section 4.4.1: reductions begin at what was in use.
TEST(WindowValidation, ALossReducesWhatWasInUse) {
  Sender sender;
  sender.rounds(50, 6);
  EXPECT_NEAR(sender.validation.lost(sender.now, sender.cwnd, 4 * kMss, 0), 6 * kMss, kMss);
  EXPECT_EQ(sender.validation.lost(sender.now, sender.cwnd, 10 * kMss, 0), sender.cwnd) << "in use";
  EXPECT_EQ(sender.validation.lost(sender.now, sender.cwnd, 8 * kMss, 10'000), 8 * kMss);
  // Two segments were sent again: half of the other six.
  EXPECT_EQ(sender.validation.recovered(10'000 + 2 * kMss), 3 * kMss);
  EXPECT_TRUE(sender.validated()) << "to be measured anew";
}

TEST(WindowValidation, ALossOfAValidatedWindowIsAsEver) {
  Sender sender;
  sender.rounds(50, 15);
  EXPECT_EQ(sender.validation.lost(sender.now, sender.cwnd, 4 * kMss, 0), sender.cwnd);
  EXPECT_EQ(sender.validation.recovered(4 * kMss), std::nullopt);
}

}  // namespace
}  // namespace bowline::tcp
