// Small scripts: what passes, and that each kind of mismatch is found and told.

#include "bowline/packetdrill/run/interpreter.hpp"

#include <gtest/gtest.h>

#include "bowline/packetdrill/language/parser.hpp"

namespace bowline::packetdrill {
namespace {

// A listener, a handshake and accept(): descriptor 4.
constexpr std::string_view kOpen =
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
    "+0 bind(3, ..., ...) = 0\n"
    "+0 listen(3, 1) = 0\n"
    "+0 < S 0:0(0) win 65535 <mss 1000>\n"
    "+0 > S. 0:0(0) ack 1 <mss 1460>\n"
    "+.1 < . 1:1(0) ack 1 win 65535\n"
    "+0 accept(3, ..., ...) = 4\n";

Verdict run(std::string_view text, AddressMode mode = AddressMode::ipv4) {
  const auto script = parse_script(text, defines_of(mode));
  if (!script) {
    ADD_FAILURE() << to_text(script.error(), "script");
    return {};
  }
  const auto config = make_config(*script, {.mode = mode, .profile = {}});
  if (!config) {
    ADD_FAILURE() << to_text(config.error(), "script");
    return {};
  }
  return run_script(*script, *config);
}

Verdict run_opened(std::string_view rest, AddressMode mode = AddressMode::ipv4) {
  return run(std::string(kOpen) + std::string(rest), mode);
}

void expect_pass(const Verdict& verdict) {
  EXPECT_TRUE(verdict.passed) << "line " << verdict.position.line << ": " << verdict.message;
}

// Failed at `line` of what follows kOpen, with `part` in the message.
void expect_failure(const Verdict& verdict, std::uint32_t line, std::string_view part) {
  EXPECT_FALSE(verdict.passed);
  EXPECT_EQ(verdict.position.line, line + 7) << verdict.message;
  EXPECT_NE(verdict.message.find(part), std::string::npos) << verdict.message;
}

TEST(Interpreter, AServerInAllModes) {
  for (const AddressMode mode : {AddressMode::ipv4, AddressMode::mapped, AddressMode::ipv6}) {
    expect_pass(
        run_opened("+0 write(4, ..., 1000) = 1000\n"
                   "+0 > P. 1:1001(1000) ack 1\n"
                   "+.1 < . 1:1(0) ack 1001 win 65535\n"
                   "+0 close(4) = 0\n"
                   "+0 > F. 1001:1001(0) ack 1\n",
                   mode));
  }
}

TEST(Interpreter, AClientWhosePortTheStackChooses) {
  expect_pass(
      run("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
          "+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"
          "+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)\n"
          "+0 > S 0:0(0) <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>\n"
          "+.1 < S. 5:5(0) ack 1 win 1000 <mss 1000,nop,nop,TS val 700 ecr 100>\n"
          "+0 > . 1:1(0) ack 1 <nop,nop,TS val 200 ecr 700>\n"
          "+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0\n"));
}

TEST(Interpreter, AWrongWindowIsMarked) {
  const Verdict verdict = run_opened("+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1 win 77\n");
  expect_failure(verdict, 2, "differs in: window");
  EXPECT_NE(verdict.message.find("  expected: > P. 1:11(10) ack 1 win 77"), std::string::npos);
  EXPECT_NE(verdict.message.find("^^^"), std::string::npos);
  EXPECT_FALSE(verdict.decisions.empty());
}

TEST(Interpreter, EachFieldThatDiffersIsNamed) {
  const auto written = [](const std::string& expected) {
    return run_opened("+0 write(4, ..., 10) = 10\n+0 " + expected + "\n");
  };
  expect_pass(written("> P. 1:11(10) ack 1"));
  expect_failure(written("> . 1:11(10) ack 1"), 2, "differs in: flags");
  expect_failure(written("> P. 2:12(10) ack 1"), 2, "differs in: sequence numbers");
  expect_failure(written("> P. 1:6(5) ack 1"), 2, "differs in: sequence numbers");
  expect_failure(written("> P. 1:11(10) ack 2"), 2, "differs in: acknowledgment");
  expect_failure(written("> P. 1:11(10) ack 1 urg 1"), 2, "differs in: urgent pointer");
  expect_failure(written("> P. 1:11(10) ack 1 <nop,nop,nop,nop>"), 2, "differs in: options");
  expect_failure(written("> [ect0] P. 1:11(10) ack 1"), 2, "differs in: IP header");
  expect_failure(written("> [ttl 3] P. 1:11(10) ack 1"), 2, "differs in: IP header");
  expect_failure(written("> udp (10)"), 2, "differs in: the protocol");
}

TEST(Interpreter, APacketThatIsNeverSentFails) {
  expect_failure(run_opened("+0 > . 1:1(0) ack 1\n"), 1, "no packet was sent");
  expect_failure(run_opened("* > . 1:1(0) ack 1\n"), 1, "no packet was sent");
}

TEST(Interpreter, APacketTooManyFailsWhereTheNextIsExpected) {
  expect_failure(run_opened("+0 write(4, ..., 10) = 10\n"
                            "+0 shutdown(4, SHUT_WR) = 0\n"
                            "+0 > F. 11:11(0) ack 1\n"),
                 3, "differs in: flags, sequence numbers");
}

TEST(Interpreter, TimesHaveATolerance) {
  const auto retransmitted = [](const std::string& time) {
    return run_opened("+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n" + time +
                      " > P. 1:11(10) ack 1\n");
  };
  expect_pass(retransmitted("+.3"));
  expect_pass(retransmitted("+.31"));
  expect_pass(retransmitted("*"));
  expect_pass(retransmitted("+.2~+.4"));
  expect_failure(retransmitted("+.4"), 3, "the packet was sent at 0.4");
  expect_failure(retransmitted("+.35~+.4"), 3, "expected at 0.4500");
}

TEST(Interpreter, ALineMayStandForSeveralSegments) {
  const std::string written = "+0 write(4, ..., 3000) = 3000\n";
  expect_pass(run_opened(written + "+0 > P. 1:3001(3000) ack 1\n"));
  expect_pass(run_opened(written + "+0 > P. 1:2001(2000) ack 1\n+0 > P. 2001:3001(1000) ack 1\n"));
  expect_failure(
      run("--strict_segments\n" + std::string(kOpen) + written + "+0 > P. 1:3001(3000) ack 1\n"), 3,
      "differs in");
}

TEST(Interpreter, ResultsAndErrnoAreCompared) {
  expect_failure(run_opened("+0 write(4, ..., 10) = 9\n"), 1, "write() returned 10, expected 9");
  expect_failure(run_opened("+0 write(4, ..., 10) = -1 EPIPE (Broken pipe)\n"), 1,
                 "write() returned 10, expected -1");
  expect_failure(run_opened("+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"
                            "+0 read(4, ..., 10) = -1 EPIPE (Broken pipe)\n"),
                 2, "failed with EAGAIN");
  expect_failure(run_opened("+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [5], [4]) = 0\n"), 1,
                 "expected the value 5, not 0");
  expect_failure(run_opened("+0 close(9) = 0\n"), 1, "no open descriptor 9");
  expect_failure(run_opened("+0 close(4, 5) = 0\n"), 1, "close() takes 1 arguments, not 2");
  expect_failure(run_opened("+0 listen([1], 1) = 0\n"), 1,
                 "line 8, column 11: expected a descriptor");
}

TEST(Interpreter, ACallThatBlocksHasADuration) {
  const auto read = [](const std::string& time) {
    return run_opened("+0..." + time + " read(4, ..., 10) = 5\n+.2 < P. 1:6(5) ack 1 win 65535\n");
  };
  expect_pass(read("0.2"));
  expect_failure(read("0.5"), 1, "the call that blocked returned at 0.3000");
  expect_failure(run_opened("+0 read(4, ..., 10) = 5\n"), 1,
                 "read() blocks for ever, expected it to return");
  expect_failure(run_opened("+0...1 read(4, ..., 10) = 5\n"), 1, "read() blocks still at the end");
}

TEST(Interpreter, PollReportsWhatIsReady) {
  const auto polled = [](const std::string& revents) {
    return run_opened(
        "+0 < P. 1:6(5) ack 1 win 65535\n"
        "+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=" +
        revents + "}], 1, 0) = 1\n");
  };
  expect_pass(polled("POLLIN|POLLOUT"));
  expect_failure(polled("POLLOUT"), 2, "expected revents=0x4");
}

TEST(Interpreter, CodeSeesTheConnection) {
  expect_pass(
      run_opened("+0 %{ assert tcpi_snd_cwnd == 10; assert tcpi_snd_mss == 1000 }%\n"
                 "+0 %{ assert tcpi_state == TCP_ESTABLISHED }%\n"));
  expect_failure(run_opened("+0 %{\nassert tcpi_snd_cwnd == 10\nassert tcpi_snd_cwnd == 11\n}%\n"),
                 3, "assert tcpi_snd_cwnd == 11 does not hold");
  expect_failure(run_opened("+0 %{ assert tcpi_no_such }%\n"), 1, "is not defined");
}

TEST(Interpreter, CommandsThatAreSettingsTakeEffect) {
  const std::string rest = "+.1 < . 1:1(0) ack 1 win 1000\n";
  const std::string begin =
      "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n"
      "+0 listen(3, 1) = 0\n+0 < S 0:0(0) win 1000 <mss 1000,sackOK,nop,nop>\n";
  expect_pass(run(begin + "+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>\n" + rest));
  expect_pass(run("`sysctl -q net.ipv4.tcp_sack=0`\n" + begin +
                  "+0 > S. 0:0(0) ack 1 <mss 1460>\n" + rest));
}

TEST(Interpreter, CommandsThatAreNoneAreNoted) {
  const Verdict verdict = run_opened("+0 `reboot now`\n");
  expect_pass(verdict);
  ASSERT_EQ(verdict.notes.size(), 1U);
  EXPECT_NE(verdict.notes[0].find("reboot now"), std::string::npos);
}

TEST(Interpreter, AnEchoOfNothingIsRefused) {
  const Verdict verdict =
      run("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n"
          "+0 listen(3, 1) = 0\n"
          "+0 < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 1 ecr 77>\n");
  EXPECT_FALSE(verdict.passed);
  EXPECT_NE(verdict.message.find("ecr 77"), std::string::npos);
}

TEST(Interpreter, IcmpOfTheOtherFamilyFails) {
  expect_failure(
      run_opened("+0 < icmp unreachable frag_needed mtu 1200 [1:1(0)]\n", AddressMode::ipv6), 1,
      "is no message of ICMPv6");
}

TEST(Interpreter, AnAddressSaysWhichModesAScriptIsFor) {
  const auto modes = [](const std::string& option) {
    const auto script = parse_script(option + "\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n");
    int bits = 0;
    for (const AddressMode mode : {AddressMode::ipv4, AddressMode::mapped, AddressMode::ipv6}) {
      bits = 2 * bits + (script && runs_in(*script, mode) ? 1 : 0);
    }
    return bits;
  };
  EXPECT_EQ(modes(""), 0b111);
  EXPECT_EQ(modes("--local_ip=192.168.0.2"), 0b110);
  EXPECT_EQ(modes("--remote_ip=fd3d::1"), 0b001);
  EXPECT_EQ(modes("--ip_version=ipv4-mapped-ipv6"), 0b010);
}

TEST(Interpreter, ACallThatIsNotSaidToBlockMayWaitForATimer) {
  expect_pass(
      run_opened("+0 poll([{fd=4, events=POLLIN, revents=0}], 1, 300) = 0\n"
                 "+0 write(4, ..., 10) = 10\n"
                 "+0 > P. 1:11(10) ack 1\n"));
  expect_failure(run_opened("+0 poll([{fd=4, events=POLLIN, revents=0}], 1, 300) = 1\n"), 1,
                 "poll() returned 0, expected 1; it blocked until 0.4");
}

TEST(Interpreter, ACallWaitsASecondForTheOneThatBlocks) {
  expect_pass(
      run_opened("+0...0.2 poll([{fd=4, events=POLLIN, revents=0}], 1, 200) = 0\n"
                 "+.3 write(4, ..., 10) = 10\n"
                 "+0 > P. 1:11(10) ack 1\n"));
  expect_failure(run_opened("+0...2 poll([{fd=4, events=POLLIN, revents=0}], 1, 2000) = 0\n"
                            "+0 write(4, ..., 10) = 10\n"),
                 2, "the call's turn came at 1.1");
}

TEST(Interpreter, FilesAndPipesAreOfZeros) {
  expect_pass(
      run_opened("+0 open(\"/nowhere/at/all\", O_RDONLY) = 5\n"
                 "+0 sendfile(4, 5, [0], 5) = 5\n"
                 "+0 > P. 1:6(5) ack 1\n"
                 "+0 close(5) = 0\n"
                 "+0 pipe([5, 6]) = 0\n"
                 "+0 < P. 1:101(100) ack 6 win 65535\n"
                 "+0 splice(4, NULL, 6, NULL, 60, 0) = 60\n"
                 "+0 splice(4, NULL, 6, NULL, 60, 0) = 40\n"
                 "+0 read(5, ..., 200) = 100\n"
                 "+0 read(5, ..., 200) = -1 EAGAIN (Resource temporarily unavailable)\n"));
}

TEST(Interpreter, WhatSentTimestampsEchoIsComparedWhereAsked) {
  const auto echo = [](bool strict) {
    const auto script = parse_script(
        "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n"
        "+0 listen(3, 1) = 0\n+0 < S 0:0(0) win 1000 <mss 1000,nop,nop,TS val 5 ecr 0>\n"
        "+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,TS val 7 ecr 6>\n");
    const auto config = make_config(*script, {.mode = {}, .profile = {}, .strict_echo = strict});
    return run_script(*script, *config);
  };
  expect_pass(echo(false));
  EXPECT_NE(echo(true).message.find("differs in: options"), std::string::npos);
}

TEST(Interpreter, HoursPassAtOnce) {
  expect_pass(
      run_opened("+0 setsockopt(4, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0\n"
                 "+7200 > . 0:0(0) ack 1\n"
                 "+0 < . 1:1(0) ack 1 win 65535\n"
                 "+7200 > . 0:0(0) ack 1\n"));
}

TEST(Interpreter, TheProfileIsAnOption) {
  const auto config = make_config(*parse_script("--profile=rfc\n" + std::string(kOpen)), {});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->profile, tcp::Profile::rfc);
}

TEST(Interpreter, OptionsThatAreWrongHaveTheirPlace) {
  const auto problem = [](const std::string& option) {
    const auto config = make_config(*parse_script(option + "\n" + std::string(kOpen)), {});
    return config ? "(none)" : to_text(config.error(), "s");
  };
  EXPECT_EQ(problem("--mtu=9"), "s:1:1: --mtu: expected a number from 68 to 65535, not '9'");
  EXPECT_EQ(problem("--local_ip=fd00::1"),
            "s:1:1: --local_ip: expected an IPv4 address, not 'fd00::1'");
  EXPECT_EQ(problem("--ip_version=ipv5"),
            "s:1:1: --ip_version: expected ipv4, ipv4-mapped-ipv6 or ipv6, not 'ipv5'");
  EXPECT_EQ(problem("--colour=red"), "s:1:1: --colour is no option that is understood");
}

}  // namespace
}  // namespace bowline::packetdrill
