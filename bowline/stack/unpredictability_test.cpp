// What a stranger sees of our numbers tells him nothing of those that others see (DESIGN section 8;
// RFC 9293 section 3.4.1, RFC 6056, RFC 7323 section 5.4, RFC 7739): distributions and correlations
// of what really goes out, with fixed seeds, so that a result is the same every time. And no
// counter that others share can be read from outside (CVE-2016-5696, CVE-2020-25705).
//
// The bounds are those of five standard deviations: of good numbers one measurement in two million
// lies beyond them, and the seeds are such that none does.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "bowline/stack/testing/segments.hpp"

namespace bowline {
namespace {

using testing::Forged;
using testing::left_address;
using testing::right_address;
using testing::TwoStacks;

constexpr double kSigmas = 5;
const Time kNow{1h};

IpAddress stranger(std::uint32_t number) { return IpAddress::v4(0xc6330000 + number); }

// All in one network.
IpAddress stranger6(std::uint32_t number) {
  auto raw = IpAddress::parse("2001:db8::")->raw();
  store_be(raw.data() + 12, number);
  return IpAddress::v6(raw);
}

const IpAddress kRight6 = *IpAddress::parse("fd00::2");

// Is every one of the lowest `bits` set in half of the numbers?
void expect_even_bits(const std::vector<std::uint64_t>& numbers, unsigned bits) {
  const auto count = static_cast<double>(numbers.size());
  for (unsigned bit = 0; bit < bits; ++bit) {
    double set = 0;
    for (const std::uint64_t number : numbers) set += static_cast<double>(number >> bit & 1);
    EXPECT_NEAR(set, count / 2, kSigmas * std::sqrt(count) / 2) << "bit " << bit;
  }
}

// Chi-square of the numbers, all below `range`, in 64 classes of equal width.
void expect_even_classes(const std::vector<std::uint64_t>& numbers, std::uint64_t range) {
  constexpr std::size_t kClasses = 64;
  std::vector<double> classes(kClasses);
  for (const std::uint64_t number : numbers) {
    ASSERT_LT(number, range);
    ++classes[static_cast<std::size_t>(static_cast<double>(number) * kClasses /
                                       static_cast<double>(range))];
  }
  const double expected = static_cast<double>(numbers.size()) / kClasses;
  double chi_square = 0;
  for (const double each : classes) {
    chi_square += (each - expected) * (each - expected) / expected;
  }
  const double freedom = kClasses - 1;
  EXPECT_LT(chi_square, freedom + kSigmas * std::sqrt(2 * freedom));
  EXPECT_GT(chi_square, freedom - kSigmas * std::sqrt(2 * freedom)) << "too even to be random";
}

// Does each number tell something of the next? (Pearson's coefficient of neighbours.)
void expect_no_serial_correlation(const std::vector<std::uint64_t>& numbers) {
  const auto count = static_cast<double>(numbers.size() - 1);
  std::vector<double> values(numbers.begin(), numbers.end());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / (count + 1);
  double product = 0;
  double square = 0;
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    product += (values[i] - mean) * (values[i + 1] - mean);
    square += (values[i] - mean) * (values[i] - mean);
  }
  EXPECT_LT(std::abs(product / square), kSigmas / std::sqrt(count));
}

// The steps from one to the next, as numbers below `range` again: a generator that adds a constant
// has even values and one step.
std::vector<std::uint64_t> steps(const std::vector<std::uint64_t>& numbers, std::uint64_t range) {
  std::vector<std::uint64_t> result;
  for (std::size_t i = 0; i + 1 < numbers.size(); ++i) {
    result.push_back((numbers[i + 1] + range - numbers[i]) % range);
  }
  return result;
}

void expect_unpredictable(const std::vector<std::uint64_t>& numbers, std::uint64_t range) {
  expect_even_classes(numbers, range);
  expect_even_classes(steps(numbers, range), range);
  expect_no_serial_correlation(numbers);
}

constexpr std::uint64_t kRange32 = std::uint64_t{1} << 32;

// Room for every handshake of a test, so that none is answered by a cookie.
StackConfig roomy() {
  StackConfig config = testing::config_with_seed(9);
  config.limits.half_open_per_source = config.limits.half_open;
  return config;
}

class Unpredictability : public ::testing::Test {
 protected:
  void SetUp() override {
    ListenOptions options;
    options.local = {IpAddress::any(Family::ipv4), testing::kPort};
    options.syn_backlog = two_.right.config().limits.half_open;
    const auto listener = two_.right.listen(options, kNow);
    ASSERT_TRUE(listener);
    two_.listener = *listener;
    EXPECT_TRUE(two_.right.add_route({{IpAddress::v4(0), 0}, testing::kInterface, {}}));
    EXPECT_TRUE(two_.right.add_address(testing::kInterface, {kRight6, 64}));
    EXPECT_TRUE(two_.right.add_route({{IpAddress::any(Family::ipv6), 0}, testing::kInterface, {}}));
  }

  // The SYN-ACK for a SYN from `from` at `now`.
  wire::TcpView syn_ack(const Endpoint& from, Time now = kNow) {
    Forged syn{from, {right_address(), testing::kPort}};
    syn.options.timestamps = wire::Timestamps{7, 0};
    const auto answer = answer_to(two_.right, syn, now);
    EXPECT_TRUE(answer && answer->header.has(wire::kSyn | wire::kAck));
    return answer.value_or(wire::TcpView{});
  }
  // RSTs that `from` gets for `probes` SYNs to closed ports at `now`.
  std::size_t resets_for(const IpAddress& from, std::uint16_t probes, Time now) {
    std::size_t count = 0;
    for (std::uint16_t i = 0; i < probes; ++i) {
      const IpAddress to = from.is_v4() ? right_address() : kRight6;
      const Forged probe{{from, static_cast<std::uint16_t>(10'000 + i)}, {to, 9}};
      testing::receive_forged(two_.right, probe, now);
      count += testing::sent_by(two_.right, now).size();
    }
    return count;
  }

  // RSTs that `attacker` gets after he has sent segments in the name of `victim`, whose connection
  // they are for, or of a port beside it.
  std::size_t seen_by(const IpAddress& attacker, Endpoint victim, Time now, bool there) {
    const IpAddress to = attacker.is_v4() ? right_address() : kRight6;
    if (!there) victim.port ^= 1;
    for (int i = 0; i < 1'000; ++i) {
      Forged spoofed{victim, {to, testing::kPort}};
      spoofed.flags = wire::kSyn | wire::kAck;
      testing::receive_forged(two_.right, spoofed, now);
      static_cast<void>(testing::sent_by(two_.right, now));
    }
    return resets_for(attacker, 3'000, now);
  }

  TwoStacks two_{testing::config_with_seed(1), roomy()};
};

// The numbers of neighbouring four-tuples at one instant: ports in a row, addresses in a row.
TEST_F(Unpredictability, K54_InitialNumbersOfNeighbours) {
  std::vector<std::uint64_t> by_port;
  std::vector<std::uint64_t> by_address;
  for (std::uint16_t i = 0; i < 4'096; ++i) {
    const auto port = static_cast<std::uint16_t>(1'024 + i);
    by_port.push_back(syn_ack({stranger(1), port}).header.seq.raw());
    by_address.push_back(syn_ack({stranger(2U + i), 40'000}).header.seq.raw());
  }
  for (const auto& numbers : {by_port, by_address}) {
    expect_even_bits(numbers, 32);
    expect_unpredictable(numbers, kRange32);
  }
}

// One tuple's numbers go on with the clock (RFC 6528 section 3: they must rise), and the distance
// between two tuples is the secret. It says nothing of the distance between two others.
TEST_F(Unpredictability, K55_InitialNumbersOfOneTupleFollowTheClockAlone) {
  const Forged probe{{stranger(1), 40'000}, {right_address(), testing::kPort}};
  SeqNumber last{};
  for (int i = 0; i < 100; ++i) {
    const Time now = kNow + i * 10ms;
    const SeqNumber isn = syn_ack(probe.from, now).header.seq;
    if (i > 0) {
      EXPECT_EQ(isn - last, 2'500) << "10 ms of a clock of 4 us";
    }
    last = isn;
    Forged reset = probe;
    reset.flags = wire::kRst;
    reset.seq = probe.seq + 1;
    testing::receive_forged(two_.right, reset, now);
    static_cast<void>(testing::sent_by(two_.right, now));
  }
  std::vector<std::uint64_t> distances;
  for (std::uint16_t i = 0; i < 2'048; ++i) {
    const SeqNumber a = syn_ack({stranger(5U + i), 40'001}).header.seq;
    const SeqNumber b = syn_ack({stranger(5U + i), 40'002}).header.seq;
    distances.push_back(distance(a, b));
  }
  expect_even_bits(distances, 32);
  expect_unpredictable(distances, kRange32);
}

// Timestamps have an offset for each tuple, or they would tell how long the machine has run and
// which connections are of one machine (RFC 7323 section 5.4).
TEST_F(Unpredictability, TimestampOffsets) {
  std::vector<std::uint64_t> values;
  for (std::uint16_t i = 0; i < 4'096; ++i) {
    const auto view = syn_ack({stranger(1), static_cast<std::uint16_t>(1'024 + i)});
    ASSERT_TRUE(view.options.timestamps);
    values.push_back(view.options.timestamps->value);
  }
  expect_even_bits(values, 32);
  expect_unpredictable(values, kRange32);
}

// RFC 6056: the ports of connections to one server, opened one after the other.
TEST_F(Unpredictability, EphemeralPorts) {
  const StackConfig& config = two_.left.config();
  const std::uint64_t first = config.first_ephemeral_port;
  const std::uint64_t range = config.last_ephemeral_port - first + 1;
  std::vector<std::uint64_t> ports;
  for (int i = 0; i < 4'096; ++i) {
    ConnectOptions options;
    options.remote = {right_address(), 9};
    const auto socket = two_.left.connect(options, kNow);
    ASSERT_TRUE(socket);
    ports.push_back(two_.left.local_endpoint(*socket)->port - first);
    ASSERT_TRUE(two_.left.abort(*socket, kNow));
  }
  expect_unpredictable(ports, range);
}

TEST_F(Unpredictability, PortsOfUdp) {
  const StackConfig& config = two_.left.config();
  const std::uint64_t first = config.first_ephemeral_port;
  const std::uint64_t range = config.last_ephemeral_port - first + 1;
  std::vector<std::uint64_t> ports;
  for (int i = 0; i < 4'096; ++i) {
    UdpOptions options;
    options.local = {IpAddress::any(Family::ipv4), 0};
    const auto socket = two_.left.open_udp(options, kNow);
    ASSERT_TRUE(socket);
    ports.push_back(two_.left.local_endpoint(*socket)->port - first);
    ASSERT_TRUE(two_.left.close(*socket, kNow));
  }
  expect_unpredictable(ports, range);
}

// RFC 6864 section 4.1: what is not fragmented needs no identification, and has none that counts.
TEST_F(Unpredictability, WhatIsNotFragmentedHasNoIdentification) {
  for (std::uint16_t i = 0; i < 50; ++i) {
    testing::receive_forged(two_.right, {{stranger(i), 40'000}, {right_address(), testing::kPort}},
                            kNow);
    testing::receive_forged(two_.right, {{stranger(i), 40'001}, {right_address(), 9}}, kNow);
  }
  const auto sent = testing::sent_by(two_.right, kNow);
  ASSERT_EQ(sent.size(), 100U);
  for (const Frame& frame : sent) {
    const auto ip = wire::parse_ip(frame.head(), frame.size, wire::HeaderChecksum::trust);
    ASSERT_TRUE(ip);
    EXPECT_EQ(ip->identification, 0U);
    EXPECT_TRUE(ip->dont_fragment);
  }
}

// RFC 7739: what is fragmented has numbers that tell nothing from one destination to the next.
TEST_F(Unpredictability, IdentificationsOfFragments) {
  UdpOptions options;
  options.local = {IpAddress::any(Family::ipv4), 53};
  const auto socket = two_.left.open_udp(options, kNow);
  ASSERT_TRUE(socket);
  Route route;
  route.destination = {IpAddress::v4(0), 0};
  route.interface = testing::kInterface;
  ASSERT_TRUE(two_.left.add_route(route));
  std::vector<std::uint64_t> numbers;
  for (std::uint32_t i = 0; i < 2'048; ++i) {
    ASSERT_TRUE(
        two_.left.send_to(*socket, testing::bytes_from(0, 3'000), Endpoint{stranger(i), 53}, kNow));
    const auto sent = testing::sent_by(two_.left, kNow);
    ASSERT_EQ(sent.size(), 3U);
    const auto ip = wire::parse_ip(sent[0].head(), sent[0].size, wire::HeaderChecksum::trust);
    ASSERT_TRUE(ip);
    numbers.push_back(ip->identification);
  }
  expect_even_bits(numbers, 16);
  expect_unpredictable(numbers, 1U << 16);
}

// CVE-2016-5696: whoever counts the answers that he gets sees nothing of those that others get,
// though packets in another's name be sent in between. In IPv6 though the others be his neighbours
// in one /64.
TEST_F(Unpredictability, NoCounterOfRepliesIsShared) {
  constexpr std::uint16_t kMany = 3'000;  // beyond what one address gets in a second
  Time now = kNow;
  for (IpAddress (*const each)(std::uint32_t) : {stranger, stranger6}) {
    const std::size_t alone = resets_for(each(1), kMany, now);
    EXPECT_EQ(alone, two_.right.config().limits.stateless_replies_per_second);
    now += 10s;
    for (std::uint32_t i = 100; i < 102; ++i) {
      EXPECT_EQ(resets_for(each(i), kMany, now), alone) << "to others";
    }
    EXPECT_EQ(resets_for(each(1), kMany, now), alone);
    now += 10s;
  }
}

// The same in one go, as the attack does it: spoofed segments to a connection that is there, or is
// not, and then the attacker's own probes. He gets the same number in both cases.
TEST_F(Unpredictability, SpoofedSegmentsDoNotShowWhetherAConnectionIsThere) {
  two_.establish();
  const auto client = two_.left.local_endpoint(two_.client);
  ASSERT_TRUE(client);
  const std::size_t without = seen_by(stranger(1), *client, two_.now + 10s, false);
  EXPECT_EQ(seen_by(stranger(1), *client, two_.now + 20s, true), without);
}

// ... over IPv6 by a neighbour of the victim, in its own network.
TEST_F(Unpredictability, NorDoTheyShowItToANeighbour) {
  ListenOptions options;
  options.local = {kRight6, testing::kPort};
  ASSERT_TRUE(two_.right.listen(options, kNow));
  Forged segment{{stranger6(7), 40'000}, {kRight6, testing::kPort}};
  const auto syn_ack = answer_to(two_.right, segment, kNow);
  ASSERT_TRUE(syn_ack && syn_ack->header.has(wire::kSyn | wire::kAck));
  segment.flags = wire::kAck;
  segment.seq += 1;
  segment.ack = syn_ack->header.seq + 1;
  testing::receive_forged(two_.right, segment, kNow);
  ASSERT_EQ(two_.right.usage().connections, 1U);
  const std::size_t without = seen_by(stranger6(1), segment.from, kNow + 10s, false);
  EXPECT_EQ(seen_by(stranger6(1), segment.from, kNow + 20s, true), without);
}

}  // namespace
}  // namespace bowline
