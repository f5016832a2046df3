// What no single connection shows, and that nothing grows without a bound.

#include "bowline/explain/analyzer.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bowline/explain/filter.hpp"
#include "bowline/explain/testing/scene.hpp"

namespace bowline::explain {
namespace {

using testing::explained;
using testing::kHandshake;
using testing::Scene;
using trace::Side;

std::string probe(int port, std::string_view flags, std::string_view answer) {
  std::string text = fmt::format(
      "1.{0:03} IP 10.0.0.9.4000 > 10.0.0.2.{0}: Flags [{1}], seq 1000, win 1024, length 0\n", port,
      flags);
  if (!answer.empty()) {
    text += fmt::format("1.{0:03} IP 10.0.0.2.{0} > 10.0.0.9.4000: Flags {1}, win 0, length 0\n",
                        port, answer);
  }
  return text;
}

struct Kind {
  ProbeKind kind;
  const char* flags;
  const char* answer;
};

// A19.
TEST(Suspects, A19_NamesScansByTheirFlags) {
  for (const Kind& each : {Kind{ProbeKind::syn, "S", "[R.], seq 0, ack 1001"},
                           Kind{ProbeKind::fin, "F", "[R.], seq 0, ack 1001"},
                           Kind{ProbeKind::null, "none", "[R.], seq 0, ack 1000"},
                           Kind{ProbeKind::xmas, "FPU", "[R.], seq 0, ack 1001"}}) {
    Scene scene;
    for (int port = 1; port <= 20; ++port) {
      scene.lines(probe(port, each.flags, port == 7 ? "" : each.answer));
    }
    const Explanation all = scene.finish();
    ASSERT_EQ(all.scans.size(), 1u) << to_text(each.kind);
    EXPECT_EQ(all.scans[0].kind, each.kind);
    EXPECT_EQ(all.scans[0].ports, 20u);
    EXPECT_EQ(all.scans[0].closed, 19u);
    EXPECT_EQ(all.scans[0].silent, 1u);
    EXPECT_EQ(all.scans[0].first_packet, 1u);
    EXPECT_TRUE(all.belongs_to_suspect(*all.connections[3]));
  }
}

TEST(Suspects, A19_ListsTheOpenPortsOfASynScan) {
  Scene scene;
  for (int port = 1; port <= 20; ++port) {
    scene.lines(probe(port, "S", port == 8 ? "[S.], seq 1, ack 1001" : "[R.], seq 0, ack 1001"));
    if (port == 8) {
      scene.lines("1.008 IP 10.0.0.9.4000 > 10.0.0.2.8: Flags [R], seq 1001, win 0, length 0\n");
    }
  }
  const Explanation all = scene.finish();
  ASSERT_EQ(all.scans.size(), 1u);
  EXPECT_EQ(all.scans[0].kind, ProbeKind::syn);
  EXPECT_EQ(all.scans[0].open_ports, std::vector<std::uint16_t>{8});
}

// Few ports are no scan: a client that is refused tries again.
TEST(Suspects, DoesNotCallFewPortsAScan) {
  Scene scene;
  for (int port = 1; port < static_cast<int>(Suspects::kScanPorts); ++port) {
    scene.lines(probe(port, "S", "[R.], seq 0, ack 1001"));
  }
  EXPECT_TRUE(scene.finish().scans.empty());
}

// A18, A19: many half-open entries from scattered sources.
TEST(Suspects, A18_NamesASynFlood) {
  Scene scene;
  for (int i = 0; i < 150; ++i) {
    scene.lines(fmt::format(
        "1.{:03} IP 10.1.{}.{}.5000 > 10.0.0.2.80: Flags [S], seq 1, win 512, length 0\n", i, i,
        i));
  }
  const Explanation all = scene.finish();
  ASSERT_EQ(all.floods.size(), 1u);
  EXPECT_EQ(all.floods[0].attempts, 150u);
  EXPECT_NEAR(all.floods[0].sources, 150, 8);
  EXPECT_EQ(all.floods[0].target.port, 80);
  EXPECT_TRUE(all.scans.empty());
}

TEST(Suspects, NamesBlindResets) {
  std::string guesses;
  for (unsigned i = 1; i <= 5; ++i) {
    guesses +=
        fmt::format("2.{} IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R], seq {}, win 0, length 0\n", i,
                    i * 300'000'000);
  }
  const Explanation all = explained(kHandshake, guesses);
  ASSERT_EQ(all.blind_resets.size(), 1u);
  EXPECT_EQ(all.blind_resets[0].attempts, 5u);
  EXPECT_EQ(all.connections[0]->ending(), Ending::open);
}

// Each acknowledgment of the future is known as one when the peer goes on before it.
TEST(Suspects, NamesOptimisticAcks) {
  std::string lies;
  for (unsigned i = 1; i <= 4; ++i) {
    const unsigned seq = 1 + 10 * (i - 1);
    lies += fmt::format(
        "2.{0}00 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq {1}:{2}, ack 1, win 65535, length "
        "10\n"
        "2.{0}50 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack {3}, win 65535, length 0\n",
        i, seq, seq + 10, 5'000 * i);
  }
  lies +=
      "2.900 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 41:51, ack 1, win 65535, length 10\n";
  const Explanation all = explained(kHandshake, lies);
  ASSERT_EQ(all.optimistic_acks.size(), 1u);
  EXPECT_GE(all.optimistic_acks[0].attempts, Suspects::kLies);
  EXPECT_EQ(all.optimistic_acks[0].liar.port, 80);
  EXPECT_TRUE(all.blind_resets.empty());
}

// One is a mistake, or a packet that the capture lacks.
TEST(Suspects, OneAcknowledgmentOfTheUnsentIsNoAttack) {
  const Explanation all = explained(
      kHandshake,
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 65535, length 10\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 500, win 65535, length 0\n"
      "2.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 11:21, ack 1, win 65535, length 10\n");
  EXPECT_TRUE(all.optimistic_acks.empty());
}

// A fixed amount of memory: those that were quiet longest go, and the output can say so.
TEST(Analyzer, HoldsNoMoreConnectionsThanItsBounds) {
  AnalyzerSettings settings;
  settings.bounds.connections = 8;
  settings.bounds.reports = 10;
  Scene scene(settings);
  for (int i = 1; i <= 40; ++i) {
    scene.lines(fmt::format(
        "{0}.0 IP 10.0.0.1.{0} > 10.0.0.2.80: Flags [P.], seq 1:5, ack 1, win 100, length 4\n", i));
  }
  const Explanation all = scene.finish();
  EXPECT_EQ(all.connection_count, 40u);
  EXPECT_EQ(all.finished_early, 32u);
  EXPECT_EQ(all.connections.size(), 10u);
  EXPECT_EQ(all.not_described.at(Ending::open), 30u);
}

// A flood pushes out its own kind: the connection that carries data stays.
TEST(Analyzer, KeepsLiveConnectionsThroughAFlood) {
  AnalyzerSettings settings;
  settings.bounds.connections = 16;
  Scene scene(settings);
  scene.lines(kHandshake);
  scene.lines(
      "1.1 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 65535, length 10\n");
  for (int i = 0; i < 200; ++i) {
    scene.lines(fmt::format(
        "1.{:03} IP 10.2.0.{}.5000 > 10.0.0.2.80: Flags [S], seq 1, win 512, length 0\n", 200 + i,
        i));
  }
  scene.lines(
      "9.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 11:21, ack 1, win 65535, length 10\n");
  const Explanation all = scene.finish();
  EXPECT_EQ(all.connections.front()->number(), 1u);
  EXPECT_EQ(all.connections.front()->end(Side::left).counters.new_bytes, 20u);
}

TEST(Analyzer, HoldsNoMoreSegmentsOfAConnectionThanItsBounds) {
  AnalyzerSettings settings;
  settings.bounds.first_rungs = 4;
  settings.bounds.last_rungs = 3;
  settings.bounds.sent = 8;
  Scene scene(settings);
  scene.lines(kHandshake);
  for (int i = 0; i < 50; ++i) {
    scene.lines(
        fmt::format("2.{:03} IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq {}:{}, ack 1, win "
                    "65535, length 10\n",
                    i, 1 + 10 * i, 11 + 10 * i));
  }
  const Explanation all = scene.finish();
  const trace::Ladder ladder = all.connections[0]->ladder();
  EXPECT_EQ(ladder.events.size(), 7u);
  EXPECT_EQ(ladder.left_out, 46u);
  EXPECT_EQ(ladder.left_out_before, 4u);
  EXPECT_EQ(all.connections[0]->end(Side::left).counters.new_bytes, 500u);
}

// RFC 1191: the router's word reaches the connection that it is about.
TEST(Analyzer, HandsIcmpErrorsToTheirConnection) {
  trace::Segment segment;
  segment.source = {*IpAddress::parse("10.0.0.1"), 1'000};
  segment.destination = {*IpAddress::parse("10.0.0.2"), 80};
  segment.seq = SeqNumber(1'000'001);
  segment.flags = wire::kAck;
  const auto offending = trace::to_packet(segment);
  const IpAddress router = *IpAddress::parse("10.0.0.254");
  std::vector<std::byte> packet(20 + 576);
  const std::uint32_t size =
      wire::emit_icmp_error(std::span(packet).subspan(20), wire::IcmpKind::packet_too_big, 1'400,
                            router, segment.source.address, offending);
  packet.resize(20 + size);
  wire::IpHeader ip;
  ip.source = router;
  ip.destination = segment.source.address;
  ip.protocol = wire::kProtocolIcmp;
  ip.payload_size = size;
  wire::emit_ip(packet.data(), ip);
  Scene scene;
  scene.lines(kHandshake).packet(packet, 2s);
  const Explanation all = scene.finish();
  const Finding* const finding = all.connections[0]->findings().find(Rule::path_mtu);
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->text.find("1400 bytes fit"), std::string::npos) << finding->text;
  EXPECT_EQ(all.conversations.size(), 1u) << "and it is a conversation of its own";
}

// A25: every spelling of a state.
TEST(Filter, A25_AcceptsStatesHostsPortsAndEndings) {
  const Explanation all = explained(kHandshake);
  const Connection& one = *all.connections[0];
  for (const char* const yes :
       {"ESTAB", "established", "state TCP_ESTABLISHED", "port 80", "host 10.0.0.1",
        "host 10.0.0.1, port 1000", "SYN_RECV established", "open"}) {
    EXPECT_TRUE(Filter::parse(yes)->accepts(one)) << yes;
  }
  for (const char* const no : {"SYN_RCVD", "TIME_WAIT", "port 81", "host 10.0.0.3",
                               "established port 81", "reset", "violation"}) {
    EXPECT_FALSE(Filter::parse(no)->accepts(one)) << no;
  }
  for (const char* const wrong : {"", "nonsense", "port", "port 99999", "host here", "FIN-WAIT"}) {
    EXPECT_FALSE(Filter::parse(wrong)) << wrong;
  }
}

// Both ends only ever go where figure 5 lets them.
TEST(Analyzer, A14_InfersLegalTransitionsAlone) {
  const Explanation all = explained(
      kHandshake,
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [F.], seq 1, ack 1, win 65535, length 0\n"
      "2.0 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [F.], seq 1, ack 1, win 65535, length 0\n"
      "2.1 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 2, ack 2, win 65535, length 0\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], seq 2, ack 2, win 65535, length 0\n");
  const trace::Ladder ladder = all.connections[0]->ladder();
  for (const Side side : {Side::left, Side::right}) {
    auto before = side == Side::left ? ladder.left_start.state : ladder.right_start.state;
    for (const trace::LadderEvent& event : ladder.events) {
      const auto after = event.state(side).state;
      ASSERT_TRUE(before && after);
      EXPECT_TRUE(*before == *after || tcp::is_legal_transition(*before, *after))
          << tcp::name(*before) << " to " << tcp::name(*after);
      before = after;
    }
  }
}

}  // namespace
}  // namespace bowline::explain
