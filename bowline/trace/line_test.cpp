#include "bowline/trace/line.hpp"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "bowline/trace/option_text.hpp"
#include "bowline/trace/pcapng.hpp"
#include "bowline/trace/testing/conversation.hpp"
#include "bowline/trace/testing/program.hpp"
#include "bowline/wire/pretty.hpp"

namespace bowline::trace {
namespace {

using tcp::State;
using testing::change;
using testing::decision;
using testing::kClient;
using testing::kServer;
using testing::segment;

std::string print(LinePrinter& printer, const Segment& one) {
  const std::vector<std::byte> bytes = to_packet(one);
  return printer.packet(take_apart(bytes, LinkKind::ip));
}

// A SYN-ACK as Linux makes it, and data with a SACK that begins in the middle.
Segment with_options() {
  Segment syn = testing::handshake()[1];
  syn.options.mss = 1'460;
  syn.options.sack_permitted = true;
  syn.options.timestamps = wire::Timestamps{1, 0};
  syn.options.window_scale = 7;
  return syn;
}

// K10: numbers count bytes. Two segments of 100 bytes are 200 numbers further on.
TEST(Line, K10_NumbersCountBytes) {
  LinePrinter printer;
  for (const Segment& one : testing::handshake()) (void)print(printer, one);
  const auto data = [&](std::uint32_t offset) {
    return print(printer, segment(kClient, kServer, wire::kPsh | wire::kAck,
                                  {.seq = testing::kClientIsn + 1 + offset,
                                   .ack = testing::kServerIsn + 1,
                                   .length = 100}));
  };
  EXPECT_EQ(data(0),
            "IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [P.], seq 1:101, ack 1, win 65535, "
            "length 100");
  EXPECT_EQ(data(100),
            "IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [P.], seq 101:201, ack 1, win "
            "65535, length 100");
  EXPECT_EQ(
      print(printer, segment(kServer, kClient, wire::kAck,
                             {.seq = testing::kServerIsn + 1, .ack = testing::kClientIsn + 201})),
      "IP 192.168.1.123.7788 > 192.168.1.116.3337: Flags [.], ack 201, win 65535, length 0");
}

TEST(Line, OptionsInBothNotations) {
  LinePrinter today;
  EXPECT_EQ(print(today, with_options()),
            "IP 192.168.1.123.7788 > 192.168.1.116.3337: Flags [S.], seq 1739326486, ack "
            "3626544837, win 65535, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], "
            "length 0");
  LinePrinter classic({.notation = Notation::classic});
  EXPECT_EQ(print(classic, with_options()),
            "IP 192.168.1.123.7788 > 192.168.1.116.3337: S 1739326486:1739326486(0) ack 3626544837 "
            "win 65535 <mss 1460,sackOK,timestamp 1 0,nop,wscale 7>");
}

TEST(Line, SackEdgesAreRelativeToo) {
  LinePrinter printer;
  (void)print(printer, with_options());
  Segment ack = testing::handshake()[2];
  ack.options.sack_count = 1;
  ack.options.sack[0] = {SeqNumber(testing::kServerIsn + 101),
                         SeqNumber(testing::kServerIsn + 201)};
  EXPECT_EQ(print(printer, ack),
            "IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [.], ack 1, win 65535, options "
            "[nop,nop,sack 1 {101:201}], length 0");
}

TEST(Line, ClassicFlagsAreFourLettersAndADot) {
  EXPECT_EQ(classic_flag_letters(wire::kSyn | wire::kAck), "S");
  EXPECT_EQ(classic_flag_letters(wire::kFin | wire::kPsh | wire::kAck), "FP");
  EXPECT_EQ(classic_flag_letters(wire::kRst), "R");
  EXPECT_EQ(classic_flag_letters(wire::kAck), ".");
  EXPECT_EQ(flag_letters(wire::kSyn | wire::kAck), "S.");
  EXPECT_EQ(flag_letters(0), "none");
  EXPECT_EQ(flag_letters(wire::kSyn | wire::kEce | wire::kCwr), "SEW");
}

TEST(Line, UrgentDataInBothNotations) {
  Segment urgent =
      segment(kClient, kServer, wire::kAck | wire::kUrg, {.seq = 10, .ack = 20, .length = 5});
  urgent.urgent = 5;
  LinePrinter today({.absolute = true});
  EXPECT_EQ(print(today, urgent),
            "IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [.U], seq 10:15, ack 20, win 65535, "
            "urg 5, length 5");
  LinePrinter classic({.notation = Notation::classic, .absolute = true});
  EXPECT_EQ(print(classic, urgent),
            "IP 192.168.1.116.3337 > 192.168.1.123.7788: . 10:15(5) ack 20 win 65535 urg 5");
}

TEST(Line, ReasonsStandBehindIt) {
  MemorySink sink;
  LineOutput output(sink, {.reasons = true});
  testing::show(output, testing::handshake()[0], Way::in, Time{},
                {change(Reason::state_syn_received, State::listen, State::syn_received)});
  output.decision(
      change(Reason::state_time_wait_over, State::time_wait, State::closed, FrameId::none, 3));
  EXPECT_EQ(sink.bytes(),
            "IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [S], seq 3626544836, win 65535, "
            "length 0  # state LISTEN -> SYN-RECEIVED: a SYN came for a listener [RFC 9293 "
            "3.10.7.2 third]\n"
            "# connection 3: state TIME-WAIT -> CLOSED: 2 MSL have passed [RFC 9293 3.10.8]\n");
}

TEST(Line, WithoutReasonsOnlyPackets) {
  MemorySink sink;
  LineOutput output(sink);
  output.decision(decision(Reason::rto_backoff));
  testing::show(output, testing::handshake()[0], Way::in, Time{}, {decision(Reason::paws)});
  EXPECT_EQ(sink.bytes(),
            "IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [S], seq 3626544836, win 65535, "
            "length 0\n");
}

TEST(Line, Stamps) {
  const auto stamp = [](Stamp kind, Time time) {
    MemorySink sink;
    LineOutput output(sink, {.stamp = kind, .epoch = std::chrono::seconds(1'700'000'000)});
    testing::show(output, testing::handshake()[0], Way::in, Time{1s});
    testing::show(output, testing::handshake()[0], Way::in, time);
    const std::string second = sink.bytes().substr(sink.bytes().find('\n') + 1);
    return second.substr(0, second.find(" IP"));
  };
  // 1700000000 is 2023-11-14 22:13:20 UTC.
  EXPECT_EQ(stamp(Stamp::since_first, Time{1'000'123us}), "00:00:00.000123");
  EXPECT_EQ(stamp(Stamp::time_of_day, Time{2'000'001us}), "22:13:22.000001");
  EXPECT_EQ(stamp(Stamp::epoch, Time{2'000'001us}), "1700000002.000001");
  EXPECT_EQ(stamp(Stamp::none, Time{}).substr(0, 2), "IP");
}

TEST(Line, OtherPacketsHaveALineToo) {
  LinePrinter printer;
  std::vector<std::byte> broken = to_packet(testing::handshake()[0]);
  broken[32] = std::byte{0x10};
  EXPECT_EQ(printer.packet(take_apart(broken, LinkKind::ip)),
            "IP 192.168.1.116 > 192.168.1.123: [tcp_bad_offset], length 20");
  EXPECT_EQ(printer.packet(take_apart({}, LinkKind::ip)), "no IP packet");
}

TEST(OptionText, WhatIsWrongIsSeen) {
  const auto text = [](std::vector<int> bytes) {
    std::vector<std::byte> options;
    for (const int byte : bytes) options.push_back(static_cast<std::byte>(byte));
    return option_text(options, Notation::today, 0);
  };
  EXPECT_EQ(text({1, 1, 2, 4, 5, 180}), "nop,nop,mss 1460");
  EXPECT_EQ(text({2, 3, 5}), "unknown-2 0x05");
  EXPECT_EQ(text({254, 4, 0xab, 0xcd}), "unknown-254 0xabcd");
  EXPECT_EQ(text({3, 0}), "bad opt");
  EXPECT_EQ(text({1, 8, 10, 0}), "nop,bad opt");
  EXPECT_EQ(text({0, 2, 4}), "eol");
  EXPECT_EQ(text({8}), "bad opt");
  EXPECT_EQ(text({34, 2}), "tfo  cookiereq");
}

// A conversation with everything in it that both ends of a line can differ by.
std::vector<Segment> varied() {
  const Endpoint one = testing::at("fd00::1", 40'000);
  const Endpoint two = testing::at("fd00::2", 7'788);
  std::vector<Segment> segments = testing::handshake();
  segments.push_back(with_options());
  std::mt19937 random(7);
  std::uint32_t client = 0xffff'ff00;
  std::uint32_t server = 77;
  segments.push_back(segment(one, two, wire::kSyn, {.seq = client++}));
  segments.push_back(segment(two, one, wire::kSyn | wire::kAck, {.seq = server++, .ack = client}));
  for (int i = 0; i < 40; ++i) {
    const bool from_client = random() % 2 == 0;
    const std::uint32_t length = random() % 3 == 0 ? 0 : static_cast<std::uint32_t>(random() % 900);
    Segment data = segment(from_client ? one : two, from_client ? two : one, wire::kAck,
                           {.seq = from_client ? client : server,
                            .ack = from_client ? server : client,
                            .length = length,
                            .window = static_cast<std::uint16_t>(random())});
    if (length > 0 && random() % 2 == 0) data.flags |= wire::kPsh;
    if (random() % 2 == 0) data.options.timestamps = wire::Timestamps{5, 6};
    if (random() % 4 == 0) {
      data.options.sack_count = 1;
      data.options.sack[0] = {data.ack + 10, data.ack + 20};
    }
    (from_client ? client : server) += length;
    segments.push_back(data);
  }
  segments.push_back(segment(one, two, wire::kFin | wire::kAck, {.seq = client, .ack = server}));
  segments.push_back(segment(two, one, wire::kRst, {.seq = server}));
  return segments;
}

// Two independent printers of absolute numbers: this one, and the core's that allocates nothing.
TEST(Line, A23_AgreesWithTheCoresOwnPrinter) {
  LinePrinter printer({.absolute = true});
  for (const Segment& one : varied()) {
    const std::vector<std::byte> bytes = to_packet(one);
    std::array<char, wire::kMaxPretty> text;
    EXPECT_EQ(print(printer, one), wire::pretty(text, bytes));
  }
}

// The judge: tcpdump itself, on a capture of the same packets.
TEST(Line, A23_AgreesWithTcpdump) {
  if (!testing::is_installed("tcpdump")) GTEST_SKIP() << "tcpdump is not installed";
  for (const bool absolute : {false, true}) {
    MemorySink capture;
    PcapngOutput pcapng(capture);
    pcapng.interface({InterfaceId{0}, "tun0", {}});
    LinePrinter printer({.absolute = absolute});
    std::string expected;
    for (const Segment& one : varied()) {
      testing::show(pcapng, one, Way::out, Time{});
      expected += print(printer, one) + '\n';
    }
    const testing::Ran ran =
        testing::run(absolute ? "tcpdump -n -t -S -r -" : "tcpdump -n -t -r -", capture.bytes());
    EXPECT_EQ(ran.status, 0) << ran.complaints;
    EXPECT_EQ(ran.output, expected);
  }
}

}  // namespace
}  // namespace bowline::trace
