// RFC 8985 section 6.2, step by step, on a flight of segments sent a millisecond apart.

#include "bowline/tcp/rack.hpp"

#include <gtest/gtest.h>

#include "bowline/base/testing/failing_memory.hpp"

namespace bowline::tcp {
namespace {

constexpr SeqNumber kStart(0xffff'ff00);  // the numbers wrap
constexpr std::uint32_t kMss = 100;
constexpr Duration kRtt = 40ms;

class RackTest : public ::testing::Test {
 protected:
  // Segment i leaves at i ms.
  void send(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      SentRange how;
      how.sent_at = Time(1ms * i);
      ASSERT_TRUE(sent_.sent(kStart + i * kMss, kMss, how));
    }
  }
  // Segments `first` up to before `last` are reported at `now`.
  void sack(std::uint32_t first, std::uint32_t last, Time now, Time echo = {}) {
    rack_.begin_ack(now, path_.min_rtt, echo);
    static_cast<void>(sent_.mark_sacked(kStart + first * kMss, kStart + last * kMss,
                                        [&](const Delivered& part) { rack_.delivered(part); }));
  }
  void acknowledge(std::uint32_t before, Time now, Time echo = {}) {
    rack_.begin_ack(now, path_.min_rtt, echo);
    static_cast<void>(sent_.acknowledge(kStart + before * kMss,
                                        [&](const Delivered& part) { rack_.delivered(part); }));
  }
  Rack::Loss detect(Time now) { return rack_.detect_loss(sent_, path_, now); }
  // Reordering was seen: segment 0 comes after segment 1.
  void show_reordering() {
    send(2);
    sack(1, 2, Time(kRtt + 1ms));
    acknowledge(2, Time(kRtt + 2ms));
    ASSERT_TRUE(rack_.reordering_seen());
  }

  testing::FailingMemory memory_;
  SentRanges sent_{memory_, 64, 1};
  RackPath path_{.min_rtt = kRtt, .srtt = kRtt};
  Rack rack_;
};

// Step 5: without anything delivered nothing is lost.
TEST_F(RackTest, SilenceIsNoEvidence) {
  send(3);
  const Rack::Loss loss = detect(Time(10s));
  EXPECT_EQ(loss.bytes, 0U);
  EXPECT_EQ(loss.next, kNever);
}

// Step 4: with no reordering seen, three reported segments mean no patience (as DupThresh had it).
// 8985-5.2a 8985-6.2d
TEST_F(RackTest, ThreeReportedSegmentsMakeTheOneBeforeThemLost) {
  send(4);
  sack(1, 4, Time(kRtt + 3ms));
  path_.hurried = true;
  EXPECT_EQ(detect(Time(kRtt + 3ms)).bytes, kMss);
  EXPECT_EQ(sent_.lost(), kMss);
}

// Step 4 and 5: otherwise a quarter of the smallest RTT, counted from RACK.rtt after its sending.
TEST_F(RackTest, OneReportedSegmentStartsAQuarterOfTheRtt) {
  send(2);
  sack(1, 2, Time(kRtt + 1ms));  // RACK.rtt = 40 ms
  const Rack::Loss loss = detect(Time(kRtt + 1ms));
  EXPECT_EQ(loss.bytes, 0U);
  EXPECT_EQ(loss.next, Time(kRtt + 10ms));
  EXPECT_EQ(detect(loss.next - 1ns).bytes, 0U);
  EXPECT_EQ(detect(loss.next).bytes, kMss);
}

// Step 5: what was sent after the latest delivered segment is not judged.
TEST_F(RackTest, LaterSegmentsAreLeftAlone) {
  send(5);
  sack(2, 3, Time(kRtt + 2ms));
  path_.hurried = true;
  EXPECT_EQ(detect(Time(1s)).bytes, 2 * kMss);
  EXPECT_EQ(sent_.in_network(), 2 * kMss);
}

// Step 5: a retransmission that was overtaken in its turn is lost again. No count of duplicate ACKs
// can tell that.
// 8985-5.1a
TEST_F(RackTest, ALostRetransmissionIsFound) {
  send(4);
  sack(1, 3, Time(kRtt + 2ms));
  path_.hurried = true;
  ASSERT_EQ(detect(Time(kRtt + 2ms)).bytes, kMss);
  sent_.sent_again(sent_.first_lost(), kMss, Time(kRtt + 3ms));
  EXPECT_EQ(detect(Time(kRtt + 3ms)).bytes, 0U);
  // A new segment, sent 1 ms after the retransmission, is reported a round trip later.
  SentRange how;
  how.sent_at = Time(kRtt + 4ms);
  ASSERT_TRUE(sent_.sent(kStart + 4 * kMss, kMss, how));
  sack(4, 5, Time(2 * kRtt + 4ms));
  EXPECT_EQ(detect(Time(2 * kRtt + 4ms)).bytes, 2 * kMss) << "the retransmission, and segment 3";
}

// Step 2: an acknowledgment that cannot be the retransmission's says nothing of its time.
// 8985-6.2a
TEST_F(RackTest, TheOriginalsAcknowledgmentIsNotTheRetransmissions) {
  send(2);
  sent_.mark_lost(sent_.first());
  sent_.sent_again(sent_.first(), kMss, Time(100ms));
  acknowledge(1, Time(120ms));  // 20 ms after it, on a path of 40
  EXPECT_EQ(rack_.rtt(), Duration::zero());
  EXPECT_EQ(detect(Time(10s)).bytes, 0U) << "segment 1 was sent before the retransmission";
}

TEST_F(RackTest, ATimestampTellsTheOriginalFromTheRetransmission) {
  send(2);
  sent_.mark_lost(sent_.first());
  sent_.sent_again(sent_.first(), kMss, Time(100ms));
  acknowledge(1, Time(150ms), Time(1ms));  // echoes something sent before the retransmission
  EXPECT_EQ(rack_.rtt(), Duration::zero());
}

// Step 3: a segment that was sent once and comes after a later one has been overtaken.
// 8985-6.2b
TEST_F(RackTest, ReorderingIsSeen) { show_reordering(); }

TEST_F(RackTest, AFilledHoleIsNoReordering) {
  send(2);
  sack(1, 2, Time(kRtt + 1ms));
  sent_.mark_lost(sent_.first());
  sent_.sent_again(sent_.first(), kMss, Time(kRtt + 2ms));
  acknowledge(2, Time(2 * kRtt + 2ms));
  EXPECT_FALSE(rack_.reordering_seen());
}

// Step 4: once reordering was seen, there is patience in recovery as well.
TEST_F(RackTest, SeenReorderingKeepsTheWindowInRecovery) {
  show_reordering();
  path_.hurried = true;
  EXPECT_EQ(rack_.reordering_window(path_), kRtt / 4);
}

// Step 4: each round trip with a D-SACK widens the window by a quarter, up to SRTT; after 16
// recoveries without one it is the default again.
// 8985-6.2c
TEST_F(RackTest, DsacksWidenTheWindowOnceInARoundTrip) {
  show_reordering();
  rack_.on_dsack(kStart, kStart + 10 * kMss);
  rack_.on_dsack(kStart + kMss, kStart + 12 * kMss);
  EXPECT_EQ(rack_.reordering_window(path_), 2 * kRtt / 4);
  rack_.on_dsack(kStart + 10 * kMss, kStart + 20 * kMss);
  EXPECT_EQ(rack_.reordering_window(path_), 3 * kRtt / 4);
  for (std::uint32_t i = 0; i < 5; ++i) {
    rack_.on_dsack(kStart + (20 + 10 * i) * kMss, kStart + (30 + 10 * i) * kMss);
  }
  EXPECT_EQ(rack_.reordering_window(path_), kRtt) << "at most SRTT";
  for (int i = 0; i < 16; ++i) rack_.on_recovered();
  EXPECT_EQ(rack_.reordering_window(path_), kRtt / 4);
}

// A repair that is known to have come too early by so much widens the window by as much at once.
TEST_F(RackTest, ANeedlessRepairTellsHowWideTheWindowHasToBe) {
  show_reordering();
  rack_.on_needless_repair(kRtt / 4 * 2 + 1ms);
  EXPECT_EQ(rack_.reordering_window(path_), 3 * kRtt / 4);
  rack_.on_needless_repair(Duration::zero());
  EXPECT_EQ(rack_.reordering_window(path_), 3 * kRtt / 4) << "how late is not known";
  rack_.on_needless_repair(1h);
  EXPECT_EQ(rack_.reordering_window(path_), kRtt) << "at most SRTT";
}

// Section 6.3: a timeout holds the first segment for lost, and what is overdue, but not what has
// just been sent.
// 8985-6.3a
TEST_F(RackTest, ATimeoutSparesWhatHasJustBeenSent) {
  send(3);
  SentRange how;
  how.sent_at = Time(290ms);
  ASSERT_TRUE(sent_.sent(kStart + 3 * kMss, kMss, how));
  rack_.mark_timed_out(sent_, path_, Time(300ms));
  EXPECT_EQ(sent_.lost(), 3 * kMss);
  EXPECT_EQ(sent_.in_network(), kMss);
}

// Linux's tcp_rack_advance(): the RTT of what was reported last counts, though something that was
// sent later has arrived (Settings::rack_rtt_of_any).
TEST_F(RackTest, RttOfWhateverArrivedLastWhereItIsAskedFor) {
  send(2);
  for (const bool any : {false, true}) {
    Rack rack;
    rack.begin_ack(Time(kRtt + 10ms), kRtt, Time{}, any);
    static_cast<void>(rack.delivered({kStart + 2 * kMss, kMss, sent_[sent_.last()].value}));
    EXPECT_EQ(rack.rtt(), kRtt + 9ms);
    static_cast<void>(rack.delivered({kStart + kMss, kMss, sent_[sent_.first()].value}));
    EXPECT_EQ(rack.rtt(), any ? kRtt + 10ms : kRtt + 9ms);
  }
}

// Step 3: what lies below something that has arrived, and was sent once, had been overtaken.
TEST_F(RackTest, TellsWhatHadBeenOvertaken) {
  send(3);
  rack_.begin_ack(Time(kRtt), kRtt, Time{});
  const auto delivered = [&](std::uint32_t id) {
    const auto& node = sent_[id];
    return rack_.delivered({node.end(), kMss, node.value});
  };
  EXPECT_FALSE(delivered(sent_.next(sent_.first())));
  EXPECT_TRUE(delivered(sent_.first()));
  EXPECT_FALSE(delivered(sent_.last()));
  EXPECT_EQ(rack_.fack(), kStart + 3 * kMss);
}

}  // namespace
}  // namespace bowline::tcp
