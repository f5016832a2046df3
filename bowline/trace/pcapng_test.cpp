#include "bowline/trace/pcapng.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "bowline/trace/testing/conversation.hpp"
#include "bowline/trace/testing/program.hpp"

namespace bowline::trace {
namespace {

using tcp::State;
using testing::change;
using testing::decision;
using testing::show;

std::uint32_t u32(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes.at(at + i))) << (8 * i);
  }
  return value;
}

InterfaceName tun(LinkKind kind = LinkKind::ip) {
  InterfaceName name{InterfaceId{0}, "tun0", {}};
  name.link.kind = kind;
  return name;
}

// The handshake of 002 as the server's stack sees it, with reasons.
std::string capture(PcapngOptions options = {}) {
  MemorySink sink;
  PcapngOutput output(sink, options);
  output.interface(tun());
  const std::vector<Segment> segments = testing::handshake();
  show(output, segments[0], Way::in, Time{1'234'567ns},
       {change(Reason::state_syn_received, State::listen, State::syn_received, FrameId{1})});
  show(output, segments[1], Way::out, Time{1'234'568ns},
       {decision(Reason::send_syn_ack, FrameId{2}, 1)});
  show(output, segments[2], Way::in, Time{2s},
       {change(Reason::state_handshake_done, State::syn_received, State::established, FrameId{3})});
  return sink.bytes();
}

TEST(Pcapng, IsAChainOfBlocksWhoseLengthsAgree) {
  const std::string bytes = capture();
  std::vector<std::uint32_t> types;
  std::size_t at = 0;
  while (at < bytes.size()) {
    types.push_back(u32(bytes, at));
    const std::uint32_t length = u32(bytes, at + 4);
    ASSERT_EQ(length % 4, 0U);
    ASSERT_LE(at + length, bytes.size());
    EXPECT_EQ(u32(bytes, at + length - 4), length);
    at += length;
  }
  EXPECT_EQ(types, (std::vector<std::uint32_t>{0x0a0d0d0a, 1, 6, 6, 6}));
}

TEST(Pcapng, AFullSinkStopsTheCaptureAndNothingElse) {
  struct Full : ByteSink {
    bool append(std::string_view /*record*/) override { return false; }
  } full;
  PcapngOutput output(full);
  output.interface(tun());
  show(output, testing::handshake()[0], Way::in, Time{});
}

TEST(Pcapng, AnUnknownInterfaceHasNoPlaceInIt) {
  MemorySink sink;
  PcapngOutput output(sink);
  const std::size_t before = sink.bytes().size();
  show(output, testing::handshake()[0], Way::in, Time{});
  EXPECT_EQ(sink.bytes().size(), before);
}

TEST(Pcapng, A23_TsharkReadsTheReasons) {
  if (!testing::is_installed("tshark")) GTEST_SKIP() << "tshark is not installed";
  const testing::Ran ran = testing::run(
      "tshark -n -r - -T fields -e frame.comment -e frame.time_epoch -e tcp.flags.str "
      "-e frame.interface_name -e tcp.checksum.status -o tcp.check_checksum:TRUE",
      capture({.epoch = std::chrono::seconds(1'700'000'000)}));
  EXPECT_EQ(ran.status, 0) << ran.complaints;
  EXPECT_EQ(
      ran.output,
      "state LISTEN -> SYN-RECEIVED: a SYN came for a listener [RFC 9293 3.10.7.2 third]\t"
      "1700000000.001234567\t··········S·\ttun0\t1\n"
      "send: answer the SYN: our own number, and the next we expect [RFC 9293 3.10.7.2 third]\t"
      "1700000000.001234568\t·······A··S·\ttun0\t1\n"
      "state SYN-RECEIVED -> ESTABLISHED: our SYN is acknowledged: established [RFC 9293 3.10.7.4 "
      "fifth]\t1700000002.000000000\t·······A····\ttun0\t1\n");
}

TEST(Pcapng, TsharkFindsNothingToComplainAbout) {
  if (!testing::is_installed("tshark")) GTEST_SKIP() << "tshark is not installed";
  const testing::Ran ran = testing::run(
      "tshark -n -r - -Y '_ws.malformed || _ws.expert.severity >= 6291456'", capture());
  EXPECT_EQ(ran.status, 0) << ran.complaints;
  EXPECT_EQ(ran.output, "");
}

TEST(Pcapng, TcpdumpReadsItWithoutAComplaint) {
  if (!testing::is_installed("tcpdump")) GTEST_SKIP() << "tcpdump is not installed";
  const testing::Ran ran = testing::run("tcpdump -n -t -r -", capture());
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.complaints,
            "reading from file -, link-type RAW (Raw IP), snapshot length 262144\n");
  EXPECT_EQ(ran.output.substr(0, ran.output.find('\n')),
            "IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [S], seq 3626544836, win 65535, "
            "length 0");
}

TEST(Pcapng, ASnapLengthCutsTheBytesAndTellsTheSize) {
  MemorySink sink;
  PcapngOutput output(sink, {.snap_length = 41, .epoch = {}});
  output.interface(tun());
  show(output,
       testing::segment(testing::kClient, testing::kServer, wire::kAck,
                        {.seq = 1, .ack = 1, .length = 1'000}),
       Way::out, Time{});
  if (!testing::is_installed("tshark")) GTEST_SKIP() << "tshark is not installed";
  const testing::Ran ran =
      testing::run("tshark -n -r - -T fields -e frame.len -e frame.cap_len", sink.bytes());
  EXPECT_EQ(ran.output, "1040\t41\n") << ran.complaints;
}

TEST(Pcapng, EthernetFramesHaveTheirOwnLinkType) {
  MemorySink sink;
  PcapngOutput output(sink);
  output.interface(tun(LinkKind::ethernet));
  std::vector<std::byte> bytes(14, std::byte{2});
  bytes[12] = std::byte{8};
  bytes[13] = std::byte{0};
  const std::vector<std::byte> ip = to_packet(testing::handshake()[0]);
  bytes.insert(bytes.end(), ip.begin(), ip.end());
  const Packet packet = take_apart(bytes, LinkKind::ethernet);
  output.frame(
      {FrameId{1}, InterfaceId{0}, Way::out, Time{}, LinkKind::ethernet, bytes, packet, {}});
  if (!testing::is_installed("tshark")) GTEST_SKIP() << "tshark is not installed";
  const testing::Ran ran =
      testing::run("tshark -n -r - -T fields -e eth.type -e tcp.dstport", sink.bytes());
  EXPECT_EQ(ran.output, "0x0800\t7788\n") << ran.complaints;
}

// What the application does has no packet of its own; it stands with the connection's next.
TEST(Pcapng, ADecisionWithoutAPacketStandsWithTheNextOfItsConnection) {
  MemorySink sink;
  PcapngOutput output(sink);
  output.interface(tun());
  output.decision(
      change(Reason::state_active_open, State::closed, State::syn_sent, FrameId::none, 5));
  output.decision(
      change(Reason::state_active_open, State::closed, State::syn_sent, FrameId::none, 6));
  show(output, testing::handshake()[0], Way::out, Time{},
       {decision(Reason::send_syn, FrameId{1}, 5)});
  const std::string& bytes = sink.bytes();
  const std::string open = "state CLOSED -> SYN-SENT: active open";
  const std::size_t first = bytes.find(open);
  ASSERT_NE(first, std::string::npos);
  EXPECT_LT(first, bytes.find("send: active open"));
  EXPECT_EQ(bytes.find(open, first + 1), std::string::npos);
}

TEST(Pcapng, ThePacketsNumberIsTheFramesId) {
  MemorySink sink;
  PcapngOutput output(sink);
  output.interface(tun());
  show(output, testing::handshake()[0], Way::in, Time{}, {}, captured_frame_id(InterfaceId{0}, 7));
  // epb_packetid: code 5, length 8, the number, little-endian.
  const std::string option("\x05\0\x08\0\x07\0\0\0\0\0\0\x80", 12);
  EXPECT_NE(sink.bytes().find(option), std::string::npos);
}

}  // namespace
}  // namespace bowline::trace
