#include "bowline/tcp/rate_sampler.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bowline/base/random.hpp"

namespace bowline::tcp {
namespace {

constexpr Time kStart = Time(7s);

struct Piece {
  RateStamp stamp;
  Time at;
  SeqNumber end;
  std::uint32_t bytes;
};

/// A sender that keeps its pieces in order.
struct Sender {
  RateSampler sampler;
  std::vector<Piece> pieces;
  SeqNumber next{0xffffff00};  // wraps soon
  std::uint32_t in_flight = 0;

  Piece send(Time at, std::uint32_t bytes = 1'000) {
    Piece piece{sampler.sent(at, bytes, in_flight), at, next + bytes, bytes};
    next += bytes;
    in_flight += bytes;
    return piece;
  }
  RateSample ack(Time now, std::initializer_list<Piece> acked, Duration min_rtt = {}) {
    RateSample rs;
    for (const Piece& piece : acked) {
      sampler.delivered(rs, piece.stamp, piece.at, piece.end, piece.bytes, now);
      in_flight -= piece.bytes;
    }
    sampler.finish(rs, min_rtt);
    return rs;
  }
};

// Section 4.1.1.2.1, the ACK rate: data_acked / ack_elapsed, from the last ACK before the sending.
TEST(RateSampler, OneWindowPerRoundTrip) {
  Sender s;
  const Piece a = s.send(kStart), b = s.send(kStart + 10ms);
  const RateSample first = s.ack(kStart + 100ms, {a});
  EXPECT_EQ(first.delivered, 1'000u);
  EXPECT_EQ(first.interval, 100ms);
  EXPECT_EQ(first.delivery_rate, 10'000u);
  const Piece c = s.send(kStart + 100ms);
  (void)s.ack(kStart + 110ms, {b});
  const RateSample rs = s.ack(kStart + 200ms, {c});
  EXPECT_EQ(rs.prior_delivered, 1'000u);
  EXPECT_EQ(rs.delivered, 2'000u) << "b and c, since a was delivered";
  EXPECT_EQ(rs.interval, 100ms);
  EXPECT_EQ(rs.delivery_rate, 20'000u);
}

// Section 4.1.1.2.3, the send rate: ACKs in a bunch do not make the network faster than it was fed.
TEST(RateSampler, BunchedAcknowledgmentsAreBoundedByTheSendRate) {
  Sender s;
  const Piece a = s.send(kStart);
  const Piece b = s.send(kStart + 50ms), c = s.send(kStart + 100ms);
  (void)s.ack(kStart + 200ms, {a});
  const Piece d = s.send(kStart + 200ms);
  (void)s.ack(kStart + 201ms, {b, c});
  const Piece e = s.send(kStart + 250ms);
  const RateSample rs = s.ack(kStart + 251ms, {d, e});
  // e was sent 150 ms after c, the newest delivered by then, and delivered 50 ms after it.
  EXPECT_EQ(rs.ack_elapsed, 50ms);
  EXPECT_EQ(rs.send_elapsed, 150ms);
  EXPECT_EQ(rs.interval, 150ms);
  EXPECT_EQ(rs.delivered, 2'000u);
  EXPECT_EQ(rs.delivery_rate, 13'333u);
}

// UpdateRateSample(): the newest piece counts, in whatever order a SACK names them.
TEST(RateSampler, TheMostRecentlySentPieceMakesTheSample) {
  for (const bool forward : {true, false}) {
    Sender s;
    const Piece a = s.send(kStart), b = s.send(kStart + 30ms);
    const RateSample rs = forward ? s.ack(kStart + 100ms, {a, b}) : s.ack(kStart + 100ms, {b, a});
    EXPECT_EQ(rs.send_elapsed, 30ms);
    EXPECT_EQ(rs.newly_acked, 2'000u);
    EXPECT_EQ(rs.tx_in_flight, 2'000u);
    EXPECT_EQ(rs.last_end, b.end);
  }
}

// Sent at the same instant: the later number is the newer, also where the numbers wrap.
TEST(RateSampler, SentTogetherTheLaterNumberIsTheNewer) {
  for (const bool forward : {true, false}) {
    Sender s;
    const Piece a = s.send(kStart, 100), b = s.send(kStart, 400);
    const RateSample rs = forward ? s.ack(kStart + 1ms, {a, b}) : s.ack(kStart + 1ms, {b, a});
    EXPECT_EQ(rs.tx_in_flight, 500u);
  }
}

// GenerateRateSample(): "if (RS.interval < C.min_rtt) return".
TEST(RateSampler, AnIntervalBelowTheLeastRoundTripIsNoSample) {
  Sender s;
  const Piece a = s.send(kStart);
  const RateSample rs = s.ack(kStart + 5ms, {a}, 10ms);
  EXPECT_EQ(rs.delivery_rate, 0u);
  EXPECT_EQ(rs.delivered, 1'000u) << "it was delivered all the same";
  const Piece b = s.send(kStart + 10ms);
  EXPECT_EQ(s.ack(kStart + 20ms, {b}, 10ms).delivery_rate, 100'000u);
}

TEST(RateSampler, NothingDeliveredIsNoSample) {
  Sender s;
  (void)s.send(kStart);
  const RateSample rs = s.ack(kStart + 5ms, {});
  EXPECT_FALSE(rs.has_data);
  EXPECT_EQ(rs.delivery_rate, 0u);
  EXPECT_LT(rs.rtt, Duration::zero());
}

TEST(RateSampler, NoTimeAtAllIsNoSample) {
  Sender s;
  const Piece a = s.send(kStart);
  EXPECT_EQ(s.ack(kStart, {a}).delivery_rate, 0u);
}

// OnPacketSent(): after idle the interval begins with the sending, not with the last ACK.
TEST(RateSampler, IdleTimeIsNotTheNetworks) {
  Sender s;
  (void)s.ack(kStart + 100ms, {s.send(kStart)});
  const Piece b = s.send(kStart + 1h);
  EXPECT_EQ(s.ack(kStart + 1h + 100ms, {b}).interval, 100ms);
}

// Section 4.1.2.4: the mark is for what is sent until the bubble has been delivered.
TEST(RateSampler, ApplicationLimitedUntilTheBubbleIsDelivered) {
  Sender s;
  const Piece a = s.send(kStart);
  s.sampler.check_app_limited({.in_flight = s.in_flight, .cwnd = 10'000});
  EXPECT_TRUE(s.sampler.app_limited());
  const Piece b = s.send(kStart + 10ms);
  const RateSample first = s.ack(kStart + 100ms, {a});
  EXPECT_FALSE(first.app_limited) << "a was sent before the mark";
  EXPECT_TRUE(s.sampler.app_limited());
  EXPECT_TRUE(s.ack(kStart + 110ms, {b}).app_limited);
  EXPECT_FALSE(s.sampler.app_limited());
  EXPECT_FALSE(s.send(kStart + 111ms).stamp.app_limited);
}

TEST(RateSampler, EveryConditionOfTheMarkIsNeeded) {
  const SendState limited{.in_flight = 5, .cwnd = 10, .lost_out = 2, .retrans_out = 2};
  const auto marked = [](const SendState& state) {
    RateSampler sampler;
    sampler.check_app_limited(state);
    return sampler.app_limited();
  };
  EXPECT_TRUE(marked(limited));
  SendState state = limited;
  state.unsent_data = true;
  EXPECT_FALSE(marked(state)) << "the application was not the limit";
  state = limited;
  state.pending_below = true;
  EXPECT_FALSE(marked(state));
  state = limited;
  state.in_flight = state.cwnd;
  EXPECT_FALSE(marked(state)) << "the window was the limit";
  state = limited;
  state.lost_out = 3;
  EXPECT_FALSE(marked(state)) << "there is something to send again";
  EXPECT_TRUE(marked({.in_flight = 0, .cwnd = 10})) << "max(0, 1): also when all is delivered";
}

TEST(RateSampler, LossesAreCountedSinceTheSending) {
  Sender s;
  s.sampler.lost(0xfffffff0);
  const Piece a = s.send(kStart);
  s.sampler.lost(2'000);
  const Piece b = s.send(kStart + 1ms);
  EXPECT_EQ(s.ack(kStart + 100ms, {a}).lost, 2'000u) << "modulo 2^32";
  s.sampler.lost(500);
  EXPECT_EQ(s.ack(kStart + 101ms, {b}).lost, 500u);
}

// A sender at a constant rate over a link of a lower one: no sample is above the link's rate, by
// more than the one piece at the edge, and the largest is the link's.
TEST(RateSampler, ALinkIsMeasured) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    const auto per_piece = Duration(static_cast<std::int64_t>(10'000 + random.below(1'000'000)));
    const Duration delay = 20ms;
    Sender s;
    std::uint64_t most = 0;
    Time link_free = kStart;
    std::vector<std::pair<Time, Piece>> arriving;
    std::size_t acked = 0;
    Time now = kStart;
    while (now < kStart + 5 * delay + 200 * per_piece) {
      now += per_piece / 2;
      for (; acked < arriving.size() && arriving[acked].first <= now; ++acked) {
        const RateSample rs = s.ack(arriving[acked].first, {arriving[acked].second}, delay);
        most = std::max(most, rs.delivery_rate);
      }
      if (s.in_flight >= 3'000'000) continue;
      const Piece piece = s.send(now);
      link_free = std::max(link_free, now) + per_piece;
      arriving.emplace_back(link_free + delay, piece);
    }
    const auto link = 1'000 * static_cast<std::uint64_t>(1s / per_piece);
    EXPECT_GE(most, link - link / 20) << "seed " << seed;
    EXPECT_LE(most, link + link / 20) << "seed " << seed;
  }
}

}  // namespace
}  // namespace bowline::tcp
