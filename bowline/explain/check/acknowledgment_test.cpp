// Acknowledgments, SACK, windows, options: what breaks which rule.

#include <gtest/gtest.h>

#include "bowline/explain/testing/scene.hpp"

namespace bowline::explain {
namespace {

using testing::explained;
using testing::found;
using testing::kHandshake;
using testing::kHandshakeWithOptions;
using testing::Scene;
using trace::Side;

Explanation with_options(std::string_view lines) { return explained(kHandshakeWithOptions, lines); }

// RFC 9293 3.10.7.4 fifth. What the peer sends next shows that it had not sent that much.
TEST(Acknowledgment, ReportsOneOfWhatWasNeverSent) {
  const Explanation all = explained(
      kHandshake,
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 65535, length 10\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 500, win 65535, length 0\n"
      "2.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 11:21, ack 1, win 65535, length 10\n");
  ASSERT_NE(found(all, Rule::ack_of_unsent), nullptr);
  EXPECT_EQ(found(all, Rule::ack_of_unsent)->side, Side::right);
  EXPECT_EQ(found(all, Rule::ack_of_unsent)->packets.front(), 5u);
}

// The same, but the peer goes on behind it: the capture missed what was acknowledged.
TEST(Acknowledgment, TakesItForAGapOfTheCaptureWhenThePeerGoesOnBehindIt) {
  const Explanation all = explained(
      kHandshake,
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 65535, length 10\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 500, win 65535, length 0\n"
      "2.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 500:510, ack 1, win 65535, length 10\n");
  EXPECT_EQ(found(all, Rule::ack_of_unsent), nullptr);
  EXPECT_EQ(all.connections[0]->end(Side::left).counters.missed_bytes, 489u);
}

TEST(Acknowledgment, MeasuresRoundTrips) {
  const Explanation all = explained(
      kHandshake,
      "2.000 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 65535, length 10\n"
      "2.030 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 11, win 65535, length 0\n");
  const RoundTrips& trips = all.connections[0]->end(Side::left).round_trips;
  EXPECT_EQ(trips.count, 2u) << "of the SYN and of the data";
  EXPECT_EQ(trips.least, Duration(10ms));
  EXPECT_EQ(trips.most, Duration(30ms));
}

// RFC 2883 4.
TEST(Acknowledgment, ReadsADuplicateSack) {
  const Explanation all = with_options(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 512, options "
      "[nop,nop,TS val "
      "102 ecr 900], length 10\n"
      "2.5 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 512, options "
      "[nop,nop,TS val "
      "602 ecr 900], length 10\n"
      "2.6 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 11, win 512, options [nop,nop,TS val 902 "
      "ecr "
      "102], length 0\n"
      "2.7 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 11, win 512, options [nop,nop,TS val 903 "
      "ecr "
      "602,nop,nop,sack 1 {1:11}], length 0\n");
  EXPECT_NE(found(all, Rule::timeout), nullptr);
  EXPECT_NE(found(all, Rule::spurious_timestamp), nullptr)
      << "RFC 3522: the first was acknowledged";
  EXPECT_NE(found(all, Rule::spurious_dsack), nullptr);
}

TEST(Acknowledgment, ReportsSackThatNobodyAgreedOnOrOfWhatWasNeverSent) {
  const Explanation unasked = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000, win 65535, options [mss 1460], "
      "length 0\n"
      "1.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 5000, ack 1001, win 65535, options [mss "
      "1460], "
      "length 0\n"
      "1.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], ack 1, win 65535, options [nop,nop,sack 1 "
      "{5:9}], "
      "length 0\n");
  EXPECT_NE(found(unasked, Rule::sack_unasked), nullptr);
  const Explanation unsent = with_options(
      "2.0 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 1, win 512, options [nop,nop,TS val 902 "
      "ecr "
      "101,nop,nop,sack 1 {50:90}], length 0\n");
  EXPECT_NE(found(unsent, Rule::sack_of_unsent), nullptr);
}

// RFC 9293 3.8.6: shut, asked about (MUST-36), and opened.
TEST(Window, K94_TellsHowLongItWasShutAndWhoAsked) {
  const Explanation all = explained(
      kHandshake,
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 65535, length 10\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 11, win 0, length 0\n"
      "2.4 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 11:12, ack 1, win 65535, length 1\n"
      "2.5 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 11, win 0, length 0\n"
      "4.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 11, win 5000, length 0\n");
  ASSERT_NE(found(all, Rule::zero_window), nullptr);
  EXPECT_NE(found(all, Rule::zero_window)->text.find("2 s, until packet 8 (1 probes)"),
            std::string::npos)
      << found(all, Rule::zero_window)->text;
  EXPECT_NE(found(all, Rule::window_probe), nullptr);
  EXPECT_NE(found(all, Rule::window_update), nullptr);
  EXPECT_EQ(found(all, Rule::beyond_window), nullptr) << "a probe may";
}

// RFC 9293 3.8.6 SHLD-14; rounding to the scale's unit is no shrinking.
TEST(Window, ReportsOneThatShrinks) {
  const Explanation shrunk = with_options(
      "2.0 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 1, win 512, options [nop,nop,TS val 901 "
      "ecr "
      "101], length 0\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 1, win 500, options [nop,nop,TS val 902 "
      "ecr "
      "101], length 0\n");
  ASSERT_NE(found(shrunk, Rule::window_shrunk), nullptr);
  EXPECT_NE(found(shrunk, Rule::window_shrunk)->text.find("takes back 1536 bytes"),
            std::string::npos);
  const Explanation rounded = with_options(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:101, ack 1, win 512, options "
      "[nop,nop,TS val "
      "102 ecr 900], length 100\n"
      "2.0 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 1, win 512, options [nop,nop,TS val 901 "
      "ecr "
      "101], length 0\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 101, win 511, options [nop,nop,TS val "
      "902 ecr "
      "102], length 0\n");
  EXPECT_EQ(found(rounded, Rule::window_shrunk), nullptr);
}

// Two acknowledgments that overtook one another take nothing back.
TEST(Window, DoesNotTakeDisorderForShrinking) {
  const Explanation all = with_options(
      "2.0 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 1, win 512, options [nop,nop,TS val 902 "
      "ecr "
      "101], length 0\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 1, win 500, options [nop,nop,TS val 901 "
      "ecr "
      "101], length 0\n");
  EXPECT_EQ(found(all, Rule::window_shrunk), nullptr);
}

// RFC 9293 3.2, RFC 7323 2.2.
TEST(Options, ReportsThoseOfTheHandshakeAfterIt) {
  const Explanation all = with_options(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], ack 1, win 512, options [mss 500,nop,wscale "
      "3,nop,nop,TS val 102 ecr 900], length 0\n");
  ASSERT_NE(found(all, Rule::option_after_handshake), nullptr);
  EXPECT_TRUE(found(all, Rule::option_after_handshake)->text.starts_with("MSS, window scale in a"));
}

// RFC 7323 3.2.
TEST(Options, ReportsATimestampThatIsMissingOrUnasked) {
  const Explanation missing = with_options(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:11, ack 1, win 512, length 10\n");
  EXPECT_NE(found(missing, Rule::timestamp_missing), nullptr);
  const Explanation unasked = explained(kHandshake,
                                        "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], ack 1, win "
                                        "512, options [nop,nop,TS val 1 ecr 2], "
                                        "length 0\n");
  EXPECT_NE(found(unasked, Rule::timestamp_unasked), nullptr);
}

// RFC 7323 5.4. An old acknowledgment that was overtaken is no violation.
TEST(Options, ReportsATimestampThatGoesBack) {
  const Explanation back = with_options(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:11, ack 1, win 512, options "
      "[nop,nop,TS val "
      "200 ecr 900], length 10\n"
      "2.1 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 11:21, ack 1, win 512, options "
      "[nop,nop,TS val "
      "150 ecr 900], length 10\n");
  EXPECT_NE(found(back, Rule::timestamp_back), nullptr);
  const Explanation overtaken = with_options(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], ack 1, win 512, options [nop,nop,TS val 200 "
      "ecr "
      "900], length 0\n"
      "2.1 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], ack 1, win 512, options [nop,nop,TS val 150 "
      "ecr "
      "900], length 0\n");
  EXPECT_EQ(found(overtaken, Rule::timestamp_back), nullptr);
}

// RFC 9293 3.1 MUST-3.
TEST(Checksum, TellsDamageFromWhatTheDeviceFillsIn) {
  trace::Segment segment;
  segment.source = {*IpAddress::parse("10.0.0.1"), 1'000};
  segment.destination = {*IpAddress::parse("10.0.0.2"), 80};
  segment.seq = SeqNumber(1'000'001);
  segment.ack = SeqNumber(5'000'001);
  segment.flags = wire::kAck;
  segment.window = 65'535;
  segment.length = 4;
  auto damaged = trace::to_packet(segment);
  damaged.back() ^= std::byte{1};
  Scene scene;
  scene.lines(kHandshake).packet(damaged, 2s);
  const Explanation all = scene.finish();
  EXPECT_NE(found(all, Rule::bad_checksum), nullptr);
  EXPECT_EQ(all.connections[0]->end(Side::left).counters.new_bytes, 0u);

  // A sender whose every checksum is wrong was captured before its device made them.
  auto syn = segment;
  syn.flags = wire::kSyn;
  syn.seq = SeqNumber(1'000);
  syn.length = 0;
  auto zero = trace::to_packet(syn);
  zero[36] = zero[37] = std::byte{0};
  Scene sending;
  sending.packet(zero, 1s);
  const Explanation offload = sending.finish();
  EXPECT_EQ(found(offload, Rule::bad_checksum), nullptr);
  EXPECT_NE(found(offload, Rule::checksum_to_device), nullptr);
}

// RFC 3168 6.1.
TEST(Marks, ShowCongestionAndUrgency) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [SEW], seq 1000, win 65535, options [mss 1460], "
      "length "
      "0\n"
      "1.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.E], seq 5000, ack 1001, win 65535, options "
      "[mss 1460], "
      "length 0\n"
      "1.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.U], seq 1:5, ack 1, win 65535, urg 2, length "
      "4\n"
      "1.3 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.E], ack 5, win 65535, length 0\n");
  EXPECT_NE(found(all, Rule::congestion_echo), nullptr);
  ASSERT_NE(found(all, Rule::urgent), nullptr);
  EXPECT_NE(found(all, Rule::urgent)->text.find("up to 2"), std::string::npos) << "K18";
}

}  // namespace
}  // namespace bowline::explain
