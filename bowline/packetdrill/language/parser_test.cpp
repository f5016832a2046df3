#include "bowline/packetdrill/language/parser.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "bowline/wire/tcp.hpp"

namespace bowline::packetdrill {
namespace {

Script parsed(std::string_view text, const Defines& defines = {}) {
  auto script = parse_script(text, defines);
  if (!script) {
    ADD_FAILURE() << to_text(script.error(), "script");
    return {};
  }
  return std::move(*script);
}

PacketSpec packet(const std::string& line) {
  const Script script = parsed("0 " + line);
  if (script.events.empty()) return {};
  return std::get<PacketSpec>(script.events[0].action);
}

TcpSpec tcp(const std::string& line) { return std::get<TcpSpec>(packet(line).layer); }

CallSpec call(const std::string& line) {
  const Script script = parsed("0 " + line);
  if (script.events.empty()) return {};
  return std::get<CallSpec>(script.events[0].action);
}

// "2:5: expected ..." of a script that is wrong.
std::string error_of(std::string_view text) {
  const auto script = parse_script(text);
  if (script) return "(no error)";
  return to_text(script.error(), "s");
}

TEST(Parser, TimesComeInSixForms) {
  const Script script = parsed(
      "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
      "+0.1 > . 1:1(0) ack 1\n"
      "* > . 1:1(0) ack 1\n"
      "1~2 > . 1:1(0) ack 1\n"
      "+1~+2 > . 1:1(0) ack 1\n"
      "+0...0.5 read(3, ..., 10) = 10\n");
  ASSERT_EQ(script.events.size(), 6U);
  EXPECT_EQ(script.events[0].time_kind, TimeKind::absolute);
  EXPECT_EQ(script.events[1].time_kind, TimeKind::relative);
  EXPECT_EQ(script.events[1].time, 100ms);
  EXPECT_EQ(script.events[2].time_kind, TimeKind::any);
  EXPECT_EQ(script.events[3].time_kind, TimeKind::absolute_range);
  EXPECT_EQ(script.events[3].time_end, 2s);
  EXPECT_EQ(script.events[4].time_kind, TimeKind::relative_range);
  EXPECT_EQ(std::get<CallSpec>(script.events[5].action).blocks_until, 500ms);
}

TEST(Parser, ASegmentHasAllItsFields) {
  const TcpSpec segment = tcp("< SEW 5:15(10) ack 7 win 100 urg 3 <mss 1460,nop,wscale 7>");
  EXPECT_EQ(segment.flags, wire::kSyn | wire::kEce | wire::kCwr);
  EXPECT_EQ(segment.seq, 5U);
  EXPECT_EQ(segment.length, 10U);
  EXPECT_EQ(segment.ack, 7U);
  EXPECT_EQ(segment.window, 100);
  EXPECT_EQ(segment.urgent, 3);
  EXPECT_EQ(segment.options, (std::vector<std::uint8_t>{2, 4, 0x05, 0xb4, 1, 3, 3, 7}));
}

TEST(Parser, AScriptBeginsAtZeroAndGoesOn) {
  EXPECT_EQ(error_of("0.1 > . 1:1(0) ack 1"), "s:1:1: the first event is at time 0");
  EXPECT_EQ(error_of("0 > . 1:1(0) ack 1\n0.2 > . 1:1(0) ack 1\n0.1 > . 1:1(0) ack 1"),
            "s:3:1: the time goes backwards");
  EXPECT_EQ(error_of("0 > . 1:1(0) ack 1\n0.2 > . 1:1(0) ack 1\n+0 > . 1:1(0) ack 1\n"
                     "0.1 > . 1:1(0) ack 1"),
            "(no error)");
}

TEST(Parser, StringsHaveTheEscapesOfC) {
  const auto text = [](const std::string& quoted) {
    return call("setsockopt(3, 1, 2, " + quoted + ", 4) = 0").arguments[3].text;
  };
  EXPECT_EQ(text(R"("a\\b\"c\n")"), "a\\b\"c\n");
  EXPECT_EQ(text(R"("\x00\xfF" "z")"), std::string("\0\xffz", 3));
  EXPECT_EQ(error_of(R"(0 setsockopt(3, 1, 2, "\q", 4) = 0)"),
            R"(s:1:23: expected one of \" f n r t v x behind \ in a string)");
  EXPECT_EQ(error_of(R"(0 setsockopt(3, 1, 2, "\x4", 4) = 0)"),
            R"(s:1:23: expected two hexadecimal digits behind \x in a string)");
}

TEST(Parser, FlagsOfAllKinds) {
  EXPECT_EQ(tcp("> . 1:1(0) ack 1").flags, wire::kAck);
  EXPECT_EQ(tcp("> FP. 1:1(0) ack 1").flags, wire::kFin | wire::kPsh | wire::kAck);
  EXPECT_EQ(tcp("> - 1:1(0)").flags, 0);
  EXPECT_EQ(tcp("> SEWA 1:1(0)").flags, wire::kSyn | wire::kEce | wire::kCwr | wire::kAe);
  EXPECT_EQ(tcp("> R 1:1(0)").flags, wire::kRst);
  const TcpSpec ace = tcp("> P.5 1:2(1) ack 1");
  EXPECT_TRUE(ace.ace);
  EXPECT_EQ(ace.flags, wire::kPsh | wire::kAck | wire::kEce | wire::kAe);
}

TEST(Parser, OptionsAreBytesAsOnTheWire) {
  const auto options = [](const std::string& text) {
    return tcp("> . 1:1(0) ack 1 <" + text + ">").options;
  };
  EXPECT_EQ(options("nop,nop,sackOK"), (std::vector<std::uint8_t>{1, 1, 4, 2}));
  EXPECT_EQ(options("nop,nop,TS val 1 ecr 258"),
            (std::vector<std::uint8_t>{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 1, 2}));
  EXPECT_EQ(options("nop,nop,sack 1:2 3:4").size(), 20U);
  EXPECT_EQ(options("FO a1b2,nop,nop,nop,nop"),
            (std::vector<std::uint8_t>{34, 4, 0xa1, 0xb2, 1, 1, 1, 1}));
  EXPECT_EQ(options("FOEXP"), (std::vector<std::uint8_t>{254, 4, 0xf9, 0x89}));
  EXPECT_EQ(options("ECN e1b 1 ceb 2"), (std::vector<std::uint8_t>{174, 8, 0, 0, 1, 0, 0, 2}));
  EXPECT_EQ(options("kind 253 ab01"), (std::vector<std::uint8_t>{253, 4, 0xab, 0x01}));
  EXPECT_TRUE(tcp("> . 1:1(0) ack 1 <...>").any_options);
}

TEST(Parser, TheIpHeaderInBrackets) {
  EXPECT_EQ(packet("< [ect0] . 1:1(0) ack 1 win 1").ip.ecn, wire::kEcnCapable0);
  EXPECT_EQ(packet("< [ce] . 1:1(0) ack 1 win 1").ip.ecn, wire::kEcnCongested);
  EXPECT_EQ(packet("> (tos 0x10) . 1:1(0) ack 1").ip.tos, 0x10);
  EXPECT_EQ(packet("> [ttl 7] . 1:1(0) ack 1").ip.ttl, 7);
  const IpSpec both = packet("> [noecn, flowlabel 0x2] . 1:1(0) ack 1").ip;
  EXPECT_EQ(both.ecn, wire::kEcnNotCapable);
  EXPECT_EQ(both.flow_label, 2U);
  EXPECT_TRUE(packet("> [ect01] . 1:1(0) ack 1").ip.any_ect);
}

TEST(Parser, IcmpInBothFamilies) {
  const auto icmp = [](const std::string& text) {
    return std::get<IcmpSpec>(packet("< icmp " + text).layer);
  };
  const IcmpSpec needed = icmp("unreachable frag_needed mtu 1200 [1:1001(1000)]");
  EXPECT_EQ(needed.type, 3);
  EXPECT_EQ(needed.code, 4);
  EXPECT_EQ(needed.mtu, 1200U);
  EXPECT_EQ(needed.seq, 1U);
  EXPECT_TRUE(needed.for_v4);
  EXPECT_FALSE(needed.for_v6);
  const IcmpSpec big = icmp("packet_too_big mtu 1300 [1:1(0)]");
  EXPECT_EQ(big.type_v6, 2);
  EXPECT_FALSE(big.for_v4);
  EXPECT_TRUE(icmp("unreachable port_unreachable [udp (10)]").quotes_udp);
  EXPECT_EQ(icmp("type_3 code_13 [1:1(0)]").code, 13);
}

// Found by fuzz/packetdrill: a number of ten digits overflowed before it was refused.
TEST(Parser, IcmpNumbersAreBytes) {
  for (const char* const number : {"256", "2855749571", "", "3x"}) {
    EXPECT_EQ(error_of("0 < icmp type_" + std::string(number) + " [1:1(0)]"),
              "s:1:10: expected an ICMP type, not 'type_" + std::string(number) + "'");
  }
}

TEST(Parser, UdpAndPorts) {
  const PacketSpec datagram = packet("< 53 > 8080 udp (100)");
  EXPECT_EQ(std::get<UdpSpec>(datagram.layer).length, 100U);
  EXPECT_EQ(datagram.source_port, 53);
  EXPECT_EQ(datagram.destination_port, 8080);
}

TEST(Parser, ACallHasArgumentsOfEveryKind) {
  const CallSpec made = call(
      "sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0}, MSG_DONTWAIT|MSG_OOB)"
      " = -1 EAGAIN (Resource temporarily unavailable)");
  EXPECT_EQ(made.name, "sendmsg");
  ASSERT_EQ(made.arguments.size(), 3U);
  EXPECT_EQ(made.arguments[0].integer, 4);
  EXPECT_EQ(made.arguments[1].kind, ExpressionKind::structure);
  const Expression* const iov = made.arguments[1].field("msg_iov");
  ASSERT_NE(iov, nullptr);
  EXPECT_EQ(iov->kind, ExpressionKind::list);
  EXPECT_EQ(made.arguments[1].field("msg_control"), nullptr);
  EXPECT_EQ(made.arguments[2].integer, MSG_DONTWAIT | MSG_OOB);
  EXPECT_EQ(made.result, -1);
  EXPECT_EQ(made.error, EAGAIN);
}

TEST(Parser, ResultsMayBeHexadecimalWithANote) {
  EXPECT_EQ(call("fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)").result, 2);
  EXPECT_FALSE(call("read(3, ..., 10) = ...").result.has_value());
}

TEST(Parser, DefinesAndOptions) {
  const Script script = parsed(
      "--ip_version=ipv4-mapped-ipv6 --tolerance_usecs=7000\n"
      "--define=N=5\n"
      "`sysctl -q net.ipv4.tcp_sack=0`\n"
      "0 listen(3, N) = 0\n"
      "`../restore.sh`\n");
  ASSERT_EQ(script.options.size(), 2U);
  EXPECT_EQ(script.options[0].value, "ipv4-mapped-ipv6");
  EXPECT_EQ(script.set_up->text, "sysctl -q net.ipv4.tcp_sack=0");
  EXPECT_EQ(script.clean_up->text, "../restore.sh");
  EXPECT_EQ(std::get<CallSpec>(script.events[0].action).arguments[1].integer, 5);
}

TEST(Parser, TheCommandLinesDefinesWin) {
  const Script script = parsed("--define=N=5\n0 listen(3, N) = 0", {{"N", "7"}});
  EXPECT_EQ(std::get<CallSpec>(script.events[0].action).arguments[1].integer, 7);
}

TEST(Parser, ErrorsHaveTheirPlaceAndWhatWasExpected) {
  EXPECT_EQ(error_of("0 soket(1) = 0"),
            "s:1:3: expected a system call that is known here, not 'soket'");
  EXPECT_EQ(error_of("0 listen(3, SOMAXCON) = 0"),
            "s:1:13: unknown name 'SOMAXCON': expected a constant of the socket interface");
  EXPECT_EQ(error_of("0 close(3)\n"),
            "s:2:1: expected '=' and the result behind a call, not the end of the script");
  EXPECT_EQ(error_of("0 close(3) = -1 EWHAT"),
            "s:1:17: expected the name of an errno, not 'EWHAT'");
  EXPECT_EQ(error_of("0 < S 0:0(1) win 1"),
            "s:1:7: sequence numbers and length disagree: 0 + 1 is not 0");
  EXPECT_EQ(error_of("0 < X 0:0(0) win 1"),
            "s:1:5: expected TCP flags of FSRPEWAU. and 0 to 7, not 'X'");
  EXPECT_EQ(error_of("0 < S 0:0(0)\n+0 close(3) = 0"),
            "s:2:1: expected 'win' and a window, which an inbound segment must have, not '+'");
  EXPECT_EQ(error_of("0 < S 0:0(0) win 70000"),
            "s:1:18: a window is out of range: 70000 is not from 0 to 65535");
  EXPECT_EQ(error_of("0 < S 0:0(0) win 1 <mss 10,nop>"),
            "s:1:20: these TCP options are 5 bytes, no multiple of 4: add nop");
  EXPECT_EQ(error_of("0 < S 0:0(0) win 1 <...>"),
            "s:1:21: expected options: '...' is for outbound packets, not '...'");
  EXPECT_EQ(error_of("* < S 0:0(0) win 1"),
            "s:1:1: '*' and ranges of time are for outbound packets: give one time");
  EXPECT_EQ(error_of("2~1 > . 1:1(0) ack 1"), "s:1:3: the range of time goes backwards");
  EXPECT_EQ(error_of("-1 > . 1:1(0)"), "s:1:1: a time is not negative");
  EXPECT_EQ(error_of("0 > ipv4 1.2.3.4 > 5.6.7.8: . 1:1(0)"),
            "s:1:5: expected a TCP, UDP or ICMP packet (no tunnels are known), not 'ipv4'");
  EXPECT_EQ(error_of("0 < P.9 1:1(0) win 1"),
            "s:1:6: expected TCP flags of FSRPEWAU. and 0 to 7, not '9'");
}

TEST(Parser, AScriptWithoutEventsIsNone) {
  EXPECT_EQ(error_of("// nothing\n"),
            "s:2:1: expected at least one event: a script without any tests nothing, not the end "
            "of the script");
}

TEST(Parser, CodeIsParsedBeforeAnythingRuns) {
  EXPECT_EQ(error_of("0 %{ assert 1 == }%"), "s:1:18: expected a value, not the end of the line");
}

TEST(Parser, DepthIsBounded) {
  EXPECT_NE(error_of("0 listen(" + std::string(10'000, '[')).find("nested too deeply"),
            std::string::npos);
}

}  // namespace
}  // namespace bowline::packetdrill
