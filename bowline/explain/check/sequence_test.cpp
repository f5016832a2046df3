// Data and FIN: repeats and their reasons, disorder, windows, and what lies where it must not.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "bowline/explain/testing/scene.hpp"

namespace bowline::explain {
namespace {

using testing::explained;
using testing::found;
using testing::kHandshake;
using testing::kHandshakeWithOptions;
using testing::Scene;
using trace::Side;

Explanation after(std::string_view first, std::string_view second = {}) {
  Scene scene;
  return scene.lines(kHandshake).lines(first).lines(second).finish();
}

constexpr std::string_view kFourSegments =
    "2.000 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:1001, ack 1, win 65535, length 1000\n"
    "2.001 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1001:2001, ack 1, win 65535, length "
    "1000\n"
    "2.002 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 2001:3001, ack 1, win 65535, length "
    "1000\n"
    "2.003 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 3001:4001, ack 1, win 65535, length "
    "1000\n";

// RFC 6298 5.4.
TEST(Sequence, TellsATimeout) {
  const Explanation all = after(kFourSegments,
                                "2.300 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:1001, ack "
                                "1, win 65535, length 1000\n");
  ASSERT_NE(found(all, Rule::timeout), nullptr);
  EXPECT_EQ(found(all, Rule::timeout)->packets, std::vector<std::uint64_t>{8});
  EXPECT_NE(found(all, Rule::timeout)->text.find("bytes 1 to 1000 again, 300 ms after packet 4"),
            std::string::npos)
      << found(all, Rule::timeout)->text;
  const End& end = all.connections[0]->end(Side::left);
  EXPECT_EQ(end.counters.again_segments, 1u);
  EXPECT_EQ(end.counters.new_bytes, 4'000u);
  EXPECT_TRUE(all.connections[0]->ladder().events[3].lost) << "the first one did not arrive";
}

// RFC 5681 3.2.
TEST(Sequence, TellsAFastRetransmission) {
  std::string lines(kFourSegments);
  for (int i = 0; i < 4; ++i) {
    lines += "2.020 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 1, win 65535, length 0\n";
  }
  const Explanation all = after(lines,
                                "2.021 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:1001, ack "
                                "1, win 65535, length 1000\n");
  EXPECT_NE(found(all, Rule::fast_retransmission), nullptr);
  EXPECT_EQ(found(all, Rule::timeout), nullptr);
  EXPECT_EQ(found(all, Rule::duplicate_ack)->count, 4u) << "the handshake's ACK of 1 came before";
}

// RFC 8985 7: the last segment, before a timeout.
TEST(Sequence, TellsATailProbe) {
  const Explanation all = after(kFourSegments,
                                "2.060 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 3001:4001, "
                                "ack 1, win 65535, length 1000\n");
  EXPECT_NE(found(all, Rule::tail_probe), nullptr);
}

TEST(Sequence, TellsANeedlessRetransmission) {
  const Explanation all =
      after(kFourSegments,
            "2.200 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 4001, win 65535, length 0\n"
            "2.201 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:1001, ack 1, win 65535, length "
            "1000\n");
  EXPECT_NE(found(all, Rule::spurious), nullptr);
  EXPECT_EQ(found(all, Rule::timeout), nullptr);
}

// Two segments that overtook one another: less than a round trip apart.
TEST(Sequence, TellsDisorderFromARepeatByTime) {
  constexpr std::string_view kFirst =
      "2.000 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1001:2001, ack 1, win 65535, length "
      "1000\n";
  const Explanation soon = after(kFirst,
                                 "2.002 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:1001, ack "
                                 "1, win 65535, length 1000\n");
  EXPECT_NE(found(soon, Rule::gap), nullptr);
  EXPECT_NE(found(soon, Rule::out_of_order), nullptr);
  EXPECT_EQ(found(soon, Rule::lost_upstream), nullptr);
  EXPECT_EQ(soon.connections[0]->end(Side::left).counters.new_bytes, 2'000u);
  const Explanation late = after(kFirst,
                                 "2.050 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:1001, ack "
                                 "1, win 65535, length 1000\n");
  EXPECT_EQ(found(late, Rule::out_of_order), nullptr);
  EXPECT_NE(found(late, Rule::lost_upstream), nullptr);
}

// RFC 7323: what was sent first has the older timestamp, however late it comes.
TEST(Sequence, TellsDisorderFromARepeatByTimestamps) {
  const auto with = [](int stamp) {
    return explained(
        kHandshakeWithOptions,
        fmt::format("2.000 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1001:2001, ack 1, win "
                    "512, options [nop,nop,TS val 200 ecr 900], length 1000\n"
                    "2.018 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:1001, ack 1, win "
                    "512, options [nop,nop,TS val {} ecr 900], length 1000\n",
                    stamp));
  };
  const Explanation overtaken = with(199);
  EXPECT_NE(found(overtaken, Rule::out_of_order), nullptr);
  const Explanation repeated = with(218);
  EXPECT_NE(found(repeated, Rule::lost_upstream), nullptr);
  EXPECT_EQ(found(repeated, Rule::timestamp_back), nullptr);
}

TEST(Sequence, SaysWhatTheCaptureMissed) {
  const Explanation all = after(
      "2.000 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1001:2001, ack 1, win 65535, length "
      "1000\n"
      "2.010 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 2001, win 65535, length 0\n");
  EXPECT_EQ(all.connections[0]->end(Side::left).counters.missed_bytes, 1'000u);
  EXPECT_NE(found(all, Rule::capture_missed), nullptr);
}

// RFC 9293 3.8.6, 3.10.7.4 first. The window is 100 from 1 on: 100 is its last byte.
TEST(Sequence, ReportsDataBeyondTheWindow) {
  const auto with = [](int last) {
    return explained(fmt::format(
        "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000, win 65535, options [mss 1460], "
        "length "
        "0\n"
        "1.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 5000, ack 1001, win 100, options [mss "
        "1460], "
        "length 0\n"
        "1.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:{}, ack 1, win 65535, length {}\n",
        last + 1, last));
  };
  const Explanation full = with(100);
  EXPECT_NE(found(full, Rule::window_full), nullptr);
  EXPECT_EQ(found(full, Rule::beyond_window), nullptr);
  const Explanation beyond = with(101);
  ASSERT_NE(found(beyond, Rule::beyond_window), nullptr);
  EXPECT_NE(found(beyond, Rule::beyond_window)->text.find("1 bytes past the edge 101"),
            std::string::npos)
      << found(beyond, Rule::beyond_window)->text;
}

// RFC 7323 2.2: the window counts in the unit that both agreed on, but not in a SYN.
TEST(Sequence, K23_ScalesTheWindow) {
  const Explanation all = explained(kHandshakeWithOptions,
                                    "2.0 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 1, win "
                                    "512, options [nop,nop,TS val 901 ecr "
                                    "101], length 0\n"
                                    "2.1 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:60001, "
                                    "ack 1, win 512, options [nop,nop,TS "
                                    "val 102 ecr 901], length 60000\n");
  EXPECT_EQ(all.connections[0]->end(Side::right).window, 512u * 128u);
  EXPECT_EQ(found(all, Rule::beyond_window), nullptr);
}

// RFC 9293 3.4: a number stands for one byte.
TEST(Sequence, ReportsOtherBytesUnderTheSameNumbers) {
  trace::Segment segment;
  segment.source = {*IpAddress::parse("10.0.0.1"), 1'000};
  segment.destination = {*IpAddress::parse("10.0.0.2"), 80};
  segment.seq = SeqNumber(1'000'001);
  segment.ack = SeqNumber(5'000'001);
  segment.flags = wire::kAck;
  segment.window = 65'535;
  segment.length = 4;
  const auto packet = [&](std::string_view data) {
    return trace::to_packet(segment, std::as_bytes(std::span(data.data(), data.size())));
  };
  Scene same;
  same.lines(kHandshake).packet(packet("abcd"), 2s).packet(packet("abcd"), 3s);
  const Explanation same_all = same.finish();
  EXPECT_EQ(found(same_all, Rule::data_changed), nullptr);
  Scene other;
  other.lines(kHandshake).packet(packet("abcd"), 2s).packet(packet("abXd"), 3s);
  const Explanation other_all = other.finish();
  EXPECT_NE(found(other_all, Rule::data_changed), nullptr);
}

TEST(Sequence, ReportsAFinThatMovesAndDataBehindIt) {
  const Explanation all = after(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [F.], seq 1, ack 1, win 65535, length 0\n"
      "2.1 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [F.], seq 1:11, ack 1, win 65535, length 10\n");
  EXPECT_NE(found(all, Rule::fin_moved), nullptr);
  EXPECT_NE(found(all, Rule::after_fin), nullptr);
}

TEST(Sequence, PassesOverWhatLiesFarOutside) {
  const Explanation all = after(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 3000000000:3000000010, ack 1, win 65535, "
      "length 10\n");
  EXPECT_NE(found(all, Rule::stray), nullptr);
  EXPECT_EQ(all.connections[0]->end(Side::left).counters.new_bytes, 0u);
}

// RFC 9293 3.8.4.
TEST(Sequence, K112_RecognisesKeepalives) {
  const Explanation all = after(
      "9.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:2, ack 1, win 65535, length 1\n"
      "9.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 2, win 65535, length 0\n"
      "19.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:2, ack 1, win 65535, length 1\n"
      "19.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 2, win 65535, length 0\n");
  EXPECT_NE(found(all, Rule::keepalive), nullptr);
  EXPECT_EQ(all.connections[0]->end(Side::left).counters.again_segments, 0u);
}

// RFC 9293 3.6: the orderly end, four segments, and who is left in TIME-WAIT.
TEST(Sequence, K57_FollowsTheFourSegmentsOfTheEnd) {
  const Explanation all = after(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [F.], seq 1, ack 1, win 65535, length 0\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 2, win 65535, length 0\n"
      "2.2 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [F.], seq 1, ack 2, win 65535, length 0\n"
      "2.3 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], ack 2, win 65535, length 0\n");
  const Connection& one = *all.connections[0];
  EXPECT_EQ(one.ending(), Ending::closed);
  EXPECT_EQ(one.first_fin(), Side::left);
  EXPECT_EQ(one.end(Side::left).state.state(), tcp::State::time_wait);
  EXPECT_EQ(one.end(Side::right).state.state(), tcp::State::closed);
  EXPECT_TRUE(one.findings().list().empty());
}

TEST(Sequence, K63_CallsOneFinHalfClosed) {
  const Explanation all = after(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [F.], seq 1, ack 1, win 65535, length 0\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 2, win 65535, length 0\n");
  EXPECT_EQ(all.connections[0]->ending(), Ending::half_closed);
  EXPECT_EQ(all.connections[0]->end(Side::right).state.state(), tcp::State::close_wait);
}

// RFC 9293 3.6 figure 13.
TEST(Sequence, K70_RecognisesASimultaneousClose) {
  const Explanation all = after(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [F.], seq 1, ack 1, win 65535, length 0\n"
      "2.0 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [F.], seq 1, ack 1, win 65535, length 0\n"
      "2.1 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 2, ack 2, win 65535, length 0\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], seq 2, ack 2, win 65535, length 0\n");
  EXPECT_NE(found(all, Rule::simultaneous_close), nullptr);
  EXPECT_EQ(all.connections[0]->ending(), Ending::closed);
}

TEST(Sequence, TakesLargeSegmentsForTheDevicesWork) {
  const Explanation all = explained(kHandshakeWithOptions,
                                    "2.1 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1:20001, "
                                    "ack 1, win 512, options [nop,nop,TS "
                                    "val 102 ecr 900], length 20000\n");
  EXPECT_NE(found(all, Rule::offload), nullptr);
}

}  // namespace
}  // namespace bowline::explain
