// Bounds for each source (Limits::connections_per_source, half_open_per_source, source_prefix_*),
// and the recognition of scans, floods, guesses and lies (REQUIREMENTS A18, A19, D5).

#include <gtest/gtest.h>

#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/stack/testing/segments.hpp"

namespace bowline {
namespace {

using testing::Forged;
using testing::kPort;
using testing::left_address;
using testing::right_address;
using testing::TwoStacks;

IpAddress stranger(std::uint32_t number) { return IpAddress::v4(0xc6330000 + number); }
// One of its ports.
Endpoint at(std::uint32_t number, int port) {
  return {stranger(number), static_cast<std::uint16_t>(1'024 + port)};
}

StackConfig limited(void (*change)(Limits& limits)) {
  StackConfig config = testing::config_with_seed(9);
  change(config.limits);
  return config;
}

class Sources : public ::testing::Test {
 protected:
  explicit Sources(void (*change)(Limits& limits) = [](Limits&) {})
      : two_(testing::config_with_seed(1), limited(change)) {
    two_.listen(1'000);
    EXPECT_TRUE(two_.right.add_route({{IpAddress::v4(0), 0}, testing::kInterface, {}}));
  }

  void receive(const Forged& segment) {
    testing::receive_forged(two_.right, segment, two_.now);
    static_cast<void>(testing::sent_by(two_.right, two_.now));
  }
  Forged to_port(const IpAddress& from, std::uint16_t port, std::uint16_t flags = wire::kSyn) {
    Forged segment{{from, 40'000}, {right_address(), port}};
    segment.flags = flags;
    return segment;
  }
  // A whole handshake. False: the server refuses the third segment, or nobody answers.
  bool opens(const Endpoint& from) {
    Forged segment{from, {right_address(), kPort}};
    const std::uint32_t before = two_.right.usage().connections;
    const auto answer = answer_to(two_.right, segment, two_.now);
    if (!answer || !answer->header.has(wire::kSyn)) return false;
    segment.flags = wire::kAck;
    segment.seq = segment.seq + 1;
    segment.ack = answer->header.seq + 1;
    receive(segment);
    return two_.right.usage().connections == before + 1;
  }
  [[nodiscard]] std::uint64_t count(Reason reason) const { return two_.right.counters()[reason]; }
  [[nodiscard]] std::uint64_t count_of_alarms() const { return count(Reason::alarm_syn_flood); }
  [[nodiscard]] std::vector<ScannerView> scanners() const {
    std::vector<ScannerView> all;
    two_.right.for_each_scanner(
        [](void* context, const ScannerView& scanner) {
          static_cast<std::vector<ScannerView>*>(context)->push_back(scanner);
        },
        &all);
    return all;
  }

  TwoStacks two_;
};

// ---- bounds -------------------------------------------------------------------------------------

class ShareOfConnections : public Sources {
 protected:
  ShareOfConnections() : Sources([](Limits& limits) { limits.connections = 16; }) {}
};

// A hoarder alone gets three quarters; the last quarter is for those who have less than one.
TEST_F(ShareOfConnections, OneSourceNeverTakesTheLast) {
  std::uint16_t port = 1'024;
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(opens({stranger(1), port++})) << i;
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(opens({stranger(1), port++}));
  EXPECT_EQ(count(Reason::source_connections), 5U);
  for (std::uint32_t other = 2; other < 6; ++other) EXPECT_TRUE(opens({stranger(other), 1'024}));
  EXPECT_EQ(two_.right.usage().connections, 16U);
  EXPECT_EQ(two_.right.usage().sources, 5U);
}

// Handshakes beyond it wait, and are let in as soon as there is room: nothing is reset.
TEST_F(ShareOfConnections, AHandshakeBeyondItWaits) {
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(opens(at(1, i)));
  ASSERT_FALSE(opens({stranger(1), 2'000}));
  EXPECT_EQ(two_.right.usage().half_open, 1U);
  const auto accepted = two_.right.accept(*two_.listener, two_.now);
  ASSERT_TRUE(accepted);
  ASSERT_TRUE(two_.right.abort(*accepted, two_.now));
  static_cast<void>(testing::sent_by(two_.right, two_.now));
  two_.now += 1s;
  two_.right.advance(two_.now);  // the SYN-ACK comes again, and so does its ACK
  const auto again = testing::sent_by(two_.right, two_.now);
  ASSERT_EQ(again.size(), 1U);
  Forged ack{{stranger(1), 2'000}, {right_address(), kPort}};
  ack.flags = wire::kAck;
  ack.seq = SeqNumber(1'001);
  ack.ack = testing::tcp_of(again[0]).header.seq + 1;
  receive(ack);
  EXPECT_EQ(two_.right.usage().connections, 12U);
  EXPECT_EQ(two_.right.usage().half_open, 0U);
}

class FewForEachSource : public Sources {
 protected:
  FewForEachSource()
      : Sources([](Limits& limits) {
          limits.connections_per_source = 2;
          limits.source_prefix_v4 = 24;
        }) {}
};

TEST_F(FewForEachSource, ANetworkCountsAsOneWhereThatIsSaid) {
  EXPECT_TRUE(opens({stranger(0x100), 1'024}));
  EXPECT_TRUE(opens({stranger(0x101), 1'024}));
  EXPECT_FALSE(opens({stranger(0x1ff), 1'024}));
  EXPECT_TRUE(opens({stranger(0x200), 1'024})) << "another network";
  // Our own opens have nothing to do with it, and who goes makes room.
  const auto accepted = two_.right.accept(*two_.listener, two_.now);
  ASSERT_TRUE(accepted);
  ASSERT_TRUE(two_.right.abort(*accepted, two_.now));
  static_cast<void>(testing::sent_by(two_.right, two_.now));  // the RST
  EXPECT_TRUE(opens({stranger(0x103), 1'024}));
}

TEST_F(FewForEachSource, ACloneCountsOn) {
  ASSERT_TRUE(opens({stranger(0x100), 1'024}));
  auto copy = two_.right.clone();
  ASSERT_TRUE(copy);
  two_.right = std::move(*copy);
  EXPECT_EQ(two_.right.usage().sources, 1U);
  EXPECT_TRUE(opens({stranger(0x101), 1'024}));
  EXPECT_FALSE(opens({stranger(0x102), 1'024}));
}

class FewHalfOpen : public Sources {
 protected:
  FewHalfOpen() : Sources([](Limits& limits) { limits.half_open_per_source = 4; }) {}
};

// Beyond it there is a cookie instead of an entry: nobody is refused who finishes his handshake.
TEST_F(FewHalfOpen, BeyondThemThereAreCookies) {
  for (int i = 0; i < 10; ++i) receive({at(1, i), {right_address(), kPort}});
  EXPECT_EQ(two_.right.usage().half_open, 4U);
  EXPECT_EQ(count(Reason::send_syn_cookie), 6U);
  EXPECT_TRUE(opens({stranger(1), 5'000}));
  receive({{stranger(2), 1'024}, {right_address(), kPort}});
  EXPECT_EQ(two_.right.usage().half_open, 5U) << "another source has entries of its own";
}

TEST_F(FewHalfOpen, WithoutCookiesTheSynIsDropped) {
  tcp::Settings settings = two_.right.config().tcp;
  settings.syn_cookies = tcp::SynCookies::never;
  ASSERT_TRUE(two_.right.set_tcp_settings(settings, two_.now));
  for (int i = 0; i < 10; ++i) receive({at(1, i), {right_address(), kPort}});
  EXPECT_EQ(two_.right.usage().half_open, 4U);
  EXPECT_EQ(count(Reason::source_half_open), 6U);
}

// Every end of an entry is counted, whatever way it goes.
TEST_F(FewHalfOpen, EntriesThatEndMakeRoom) {
  for (int i = 0; i < 4; ++i) receive({at(1, i), {right_address(), kPort}});
  Forged reset{{stranger(1), 1'024}, {right_address(), kPort}};
  reset.flags = wire::kRst;
  reset.seq = reset.seq + 1;
  receive(reset);
  EXPECT_EQ(two_.right.usage().half_open, 3U);
  for (int i = 0; i < 200; ++i) {
    two_.now += 1s;
    two_.right.advance(two_.now);
    static_cast<void>(testing::sent_by(two_.right, two_.now));
  }
  EXPECT_EQ(two_.right.usage().half_open, 0U);
  EXPECT_EQ(two_.right.usage().sources, 0U);
}

// ---- recognition --------------------------------------------------------------------------------

// REQUIREMENTS A19: each kind of scan of closed ports.
TEST_F(Sources, ScansAreRecognised) {
  const std::uint16_t kinds[] = {wire::kSyn, wire::kFin, 0, wire::kFin | wire::kPsh | wire::kUrg,
                                 wire::kAck};
  std::uint32_t scanner = 1;
  for (const std::uint16_t flags : kinds) {
    for (std::uint16_t port = 1'000; port < 1'200; ++port) {
      receive(to_port(stranger(scanner), port, flags));
    }
    EXPECT_EQ(count(Reason::alarm_port_scan), scanner) << "flags " << flags;
    ++scanner;
  }
  const auto all = scanners();
  ASSERT_EQ(all.size(), 5U);
  for (const ScannerView& each : all) {
    EXPECT_EQ(each.kind, tcp::probe_kind(kinds[each.source.v4_value() - stranger(1).v4_value()]));
    EXPECT_GT(each.ports, 130U);
    EXPECT_LT(each.ports, 280U);
    EXPECT_EQ(each.probes, 200U);
  }
}

// What honest hosts do: many connections to an open port, a closed one again and again, late
// segments of connections that we had opened.
TEST_F(Sources, HonestHostsAreNotTakenForScanners) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(opens(at(1, i)));
  for (int i = 0; i < 1'000; ++i) receive(to_port(stranger(2), 8'080));
  for (std::uint16_t port = 50'000; port < 50'100; ++port) {
    receive(to_port(stranger(3), port, wire::kAck));
    receive(to_port(stranger(3), port, wire::kFin | wire::kAck));
  }
  for (std::uint16_t port = 1; port < 100; ++port) {  // answers to somebody who uses our address
    receive(to_port(stranger(4), port, wire::kSyn | wire::kAck));
    receive(to_port(stranger(4), port, wire::kRst));
  }
  EXPECT_EQ(count(Reason::alarm_port_scan), 0U);
  EXPECT_TRUE(scanners().empty());
}

// Nothing is allocated for a probe but, once, the table.
TEST_F(Sources, TheWatchIsOfAFixedSize) {
  for (std::uint32_t host = 0; host < 10'000; ++host) {
    receive(to_port(stranger(host), static_cast<std::uint16_t>(1'000 + host % 50)));
  }
  EXPECT_EQ(count(Reason::alarm_port_scan), 0U) << "each has tried one port";
  EXPECT_EQ(two_.right.usage().sources, 0U);
}

// REQUIREMENTS A18. A flood that overruns the queue, and slower ones, which never do: under
// pressure entries are given so little time that there is always room.
class FloodAtRate : public Sources, public ::testing::WithParamInterface<int> {};

TEST_P(FloodAtRate, IsRecognised) {
  Random random(7);
  const int count = 8 * GetParam();  // eight seconds
  for (int i = 0; i < count; ++i) {
    two_.now += Duration(1s) / GetParam();
    two_.right.advance(two_.now);
    const IpAddress forged =
        IpAddress::v4(0x0b000000 + static_cast<std::uint32_t>(random.below(1U << 24)));
    receive({{forged, 40'000}, {right_address(), kPort}});
  }
  EXPECT_EQ(count_of_alarms(), 1U);
  EXPECT_TRUE(two_.right.inspect_listener(*two_.listener)->flooded);
  EXPECT_TRUE(opens({stranger(1), 40'000})) << "and honest clients come in";
}
INSTANTIATE_TEST_SUITE_P(Floods, FloodAtRate, ::testing::Values(300, 900, 2'000));

// A crowd that comes at once, all SYNs before any ACK, finishes its handshakes a round trip later:
// no flood, though each SYN is answered by a cookie, and though one lone SYN came long before.
class Crowd : public Sources {
 protected:
  Crowd() {
    tcp::Settings settings = two_.right.config().tcp;
    settings.syn_cookies = tcp::SynCookies::always;
    EXPECT_TRUE(two_.right.set_tcp_settings(settings, two_.now));
  }
};

TEST_F(Crowd, IsNoFlood) {
  constexpr std::uint32_t kClients = 300;
  receive({{stranger(9'999), 1'024}, {right_address(), kPort}});
  two_.now += 5s;
  for (std::uint16_t round = 0; round < 30; ++round) {
    std::vector<Forged> third;
    for (std::uint32_t i = 0; i < kClients; ++i) {
      Forged segment{{stranger(1 + i), static_cast<std::uint16_t>(2'000 + round)},
                     {right_address(), kPort}};
      const auto answer = answer_to(two_.right, segment, two_.now);
      ASSERT_TRUE(answer);
      segment.flags = wire::kAck;
      segment.seq = segment.seq + 1;
      segment.ack = answer->header.seq + 1;
      third.push_back(segment);
    }
    two_.now += 100ms;
    for (const Forged& segment : third) {
      receive(segment);
      const auto accepted = two_.right.accept(*two_.listener, two_.now);
      ASSERT_TRUE(accepted);
      ASSERT_TRUE(two_.right.abort(*accepted, two_.now));
      static_cast<void>(testing::sent_by(two_.right, two_.now));
    }
    two_.now += 100ms;
  }
  EXPECT_EQ(count(Reason::send_syn_cookie), 1 + 30 * kClients) << "each was counted as one";
  EXPECT_EQ(count_of_alarms(), 0U);
  EXPECT_FALSE(two_.right.inspect_listener(*two_.listener)->flooded);
}

// RFC 5961: a sweep of resets through the numbers, most of them outside of the window.
TEST_F(Sources, BlindResetsAreRecognised) {
  two_.establish();
  const Endpoint client = *two_.left.local_endpoint(two_.client);
  Forged reset{client, {right_address(), kPort}};
  reset.flags = wire::kRst;
  for (int i = 0; i < 1'000; ++i) {
    reset.seq += 65'000;
    receive(reset);
  }
  EXPECT_EQ(count(Reason::alarm_blind_attack), 1U);
  EXPECT_EQ(two_.server_state(), tcp::State::established);
}

// The peer alone knows where the next byte is due: what he acknowledges of the future is a lie and
// no guess.
TEST_F(Sources, OptimisticAcksAreRecognised) {
  two_.establish();
  const Endpoint client = *two_.left.local_endpoint(two_.client);
  const ConnectionView view = *two_.right.inspect(two_.server);
  Forged ack{client, {right_address(), kPort}};
  ack.flags = wire::kAck;
  ack.seq = view.rcv_nxt;
  ack.options.timestamps = wire::Timestamps{0x7fffffff, 0};
  for (std::uint32_t i = 1; i <= 20; ++i) {
    ack.ack = view.snd_nxt + i * 1'460;
    ack.options = {};
    if (view.timestamps) {
      const ConnectionView peer = *two_.left.inspect(two_.client);
      ack.options.timestamps = wire::Timestamps{
          static_cast<std::uint32_t>(two_.now.time_since_epoch() / 1ms) + peer.ts_offset, 0};
    }
    receive(ack);
  }
  EXPECT_EQ(count(Reason::alarm_optimistic_ack), 1U);
  EXPECT_EQ(count(Reason::alarm_blind_attack), 0U);
}

// A transfer over a lossy, reordering path raises no alarm.
TEST_F(Sources, AnHonestTransferRaisesNoAlarm) {
  two_.establish();
  Random random(3);
  two_.to_right = two_.to_left = [&](const Frame&) { return random.below(10) != 0; };
  std::vector<std::byte> to(100'000);
  std::size_t got = 0;
  std::size_t wrote = 0;
  for (int i = 0; i < 3'000 && got < 1'000'000; ++i) {
    wrote += two_.left.write(two_.client, testing::bytes_from(wrote, 20'000), two_.now).value_or(0);
    two_.pass(20ms);
    got += two_.right.read(two_.server, to, two_.now).value_or(0);
  }
  EXPECT_GE(got, 1'000'000U);
  for (const Stack* stack : {&two_.left, &two_.right}) {
    for (const Reason alarm : {Reason::alarm_port_scan, Reason::alarm_syn_flood,
                               Reason::alarm_blind_attack, Reason::alarm_optimistic_ack}) {
      EXPECT_EQ(stack->counters()[alarm], 0U) << info(alarm).name;
    }
  }
}

}  // namespace
}  // namespace bowline
