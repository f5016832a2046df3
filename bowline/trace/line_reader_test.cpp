#include "bowline/trace/line_reader.hpp"

#include <gtest/gtest.h>

#include "bowline/trace/testing/conversation.hpp"

namespace bowline::trace {
namespace {

TraceLine read(std::string_view text) {
  const auto line = read_line(text);
  if (!line) ADD_FAILURE() << text << ": " << line.error();
  if (!line || !*line) {
    ADD_FAILURE() << text << ": no segment";
    return {};
  }
  return **line;
}

std::string error(std::string_view text) {
  const auto line = read_line(text);
  return line ? "" : line.error();
}

TEST(ReadLine, A23_TodaysNotation) {
  const TraceLine line = read(
      "14:03:59.000001 IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [P.], seq 1:101, ack 7, win 512, "
      "options [nop,nop,TS val 5 ecr 6], length 100: HTTP: GET / HTTP/1.1");
  EXPECT_EQ(line.notation, Notation::today);
  EXPECT_EQ(line.time, 14h + 3min + 59s + 1us);
  EXPECT_EQ(line.source, testing::at("10.0.0.1", 1234));
  EXPECT_EQ(line.destination, testing::at("10.0.0.2", 80));
  EXPECT_EQ(line.flags, wire::kPsh | wire::kAck);
  EXPECT_EQ(line.seq, 1U);
  EXPECT_EQ(line.length, 100U);
  EXPECT_EQ(line.ack, 7U);
  EXPECT_EQ(line.window, 512);
  EXPECT_EQ(line.options.timestamps, (wire::Timestamps{5, 6}));
}

TEST(ReadLine, A23_ClassicNotation) {
  const TraceLine line = read(
      "IP6 fd00::1.1234 > fd00::2.80: FP 1:101(100) ack 7 win 512 urg 3 <mss 1460,nop,wscale "
      "7,sackOK,timestamp 5 6> (DF) [tos 0x10]");
  EXPECT_EQ(line.notation, Notation::classic);
  EXPECT_EQ(line.time, std::nullopt);
  EXPECT_EQ(line.source, testing::at("fd00::1", 1234));
  EXPECT_EQ(line.flags, wire::kFin | wire::kPsh | wire::kAck | wire::kUrg);
  EXPECT_EQ(line.length, 100U);
  EXPECT_EQ(line.urgent, 3);
  EXPECT_EQ(line.options.mss, 1'460);
  EXPECT_EQ(line.options.window_scale, 7);
  EXPECT_TRUE(line.options.sack_permitted);
  EXPECT_EQ(line.options.timestamps, (wire::Timestamps{5, 6}));
}

TEST(ReadLine, TheAbridgedFormLeavesThingsUnsaid) {
  const TraceLine syn = read("10.0.0.1.1 > 10.0.0.2.2: S 5:5");
  EXPECT_EQ(syn.flags, wire::kSyn);
  EXPECT_EQ(syn.window, std::nullopt);
  EXPECT_EQ(syn.ack, std::nullopt);
  const TraceLine ack = read("IP 10.0.0.1.1 > 10.0.0.2.2: ack 1739326487,ack 1");
  EXPECT_EQ(ack.flags, wire::kAck);
  EXPECT_EQ(ack.seq, std::nullopt);
  EXPECT_EQ(ack.ack, 1'739'326'487U);
  EXPECT_EQ(ack.second_ack, 1U);
}

TEST(ReadLine, SackBlocksInBothNotations) {
  for (const std::string_view text :
       {"IP 10.0.0.1.1 > 10.0.0.2.2: Flags [.], ack 1, win 5, options [nop,nop,sack 2 "
        "{101:201}{301:401}], length 0",
        "IP 10.0.0.1.1 > 10.0.0.2.2: . ack 1 win 5 <nop,nop,sack 2 {101:201}{301:401}>"}) {
    const TraceLine line = read(text);
    ASSERT_EQ(line.options.sack_count, 2);
    EXPECT_EQ(line.options.sack[1], (wire::SackBlock{SeqNumber(301), SeqNumber(401)}));
  }
}

TEST(ReadLine, ReasonsBehindItAreNoPartOfIt) {
  EXPECT_EQ(
      read("IP 10.0.0.1.1 > 10.0.0.2.2: Flags [.], ack 1, win 5, length 0  # send: because").window,
      5);
}

TEST(ReadLine, OtherLinesArePassedOver) {
  for (const std::string_view text :
       {"", "   ", "# connection 3: state TIME-WAIT -> CLOSED",
        "IP 10.0.0.1.1 > 10.0.0.2.2: UDP, length 5",
        "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 8",
        "ARP, Request who-has 10.0.0.1 tell 10.0.0.2, length 28",
        "14:03:59.000001 ARP, Request who-has 10.0.0.1 tell 10.0.0.2, length 28",
        "IP 10.0.0.1 > 10.0.0.2: [tcp_bad_offset], length 20"}) {
    const auto line = read_line(text);
    ASSERT_TRUE(line) << text << line.error();
    EXPECT_FALSE(*line) << text;
  }
}

TEST(ReadLine, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(error("hello"), "'hello': 'source > destination:' must stand here");
  EXPECT_EQ(error("IP localhost.ssh > 10.0.0.2.2: S 1:1"),
            "'localhost.ssh': an address and a port in digits must stand here (tcpdump -n)");
  EXPECT_EQ(error("IP 10.0.0.1.70000 > 10.0.0.2.2: S 1:1"),
            "'10.0.0.1.70000': an address and a port in digits must stand here (tcpdump -n)");
  EXPECT_EQ(error("IP 10.0.0.1.1 > fd00::1.2: S 1:1"),
            "'IP 10.0.0.1.1 > fd00::1.2: S 1:1': both addresses must be of one family");
  EXPECT_EQ(error("IP 10.0.0.1.1 > 10.0.0.2.2: P 1:101(99)"),
            "it says 99 bytes, but its numbers are 100 apart");
  EXPECT_EQ(error("IP 10.0.0.1.1 > 10.0.0.2.2: Flags [P.], seq 1:101, ack 1, win 5, length 99"),
            "it says 99 bytes, but its numbers are 100 apart");
  EXPECT_EQ(error("IP 10.0.0.1.1 > 10.0.0.2.2: Flags [Q], length 0"),
            "'Q': flags are the letters FSRP.UEWe");
  EXPECT_EQ(error("IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], win 70000"),
            "'70000': a number must follow win, at most 16 bits long");
  EXPECT_EQ(error("IP 10.0.0.1.1 > 10.0.0.2.2: S 1:1 <mss x>"), "'mss x': malformed options");
  EXPECT_EQ(error("IP 10.0.0.1.1 > 10.0.0.2.2: S 1:1 <mss 1"), "the options have no end");
  EXPECT_EQ(error("IP 10.0.0.1.1 > 10.0.0.2.2: S 1:1 quux"),
            "'quux': one of first:last(bytes), ack, win, urg, <options> must stand here");
  EXPECT_EQ(error("99999999:00:00 IP 10.0.0.1.1 > 10.0.0.2.2: S 1:1"),
            "'99999999:00:00': a time, IP or IP6 may stand in front of the addresses");
  EXPECT_EQ(error("yesterday IP 10.0.0.1.1 > 10.0.0.2.2: S 1:1"),
            "'yesterday': a time, IP or IP6 may stand in front of the addresses");
}

}  // namespace
}  // namespace bowline::trace
