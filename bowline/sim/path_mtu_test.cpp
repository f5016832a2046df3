// Black holes (RFC 4821 section 1): in the middle of the path a wire is smaller than those at its
// ends, and the router that finds it out says nothing, or nobody lets its ICMP through.

#include <gtest/gtest.h>

#include <memory>

#include "bowline/sim/simulation.hpp"
#include "bowline/sim/testing/talker.hpp"

namespace bowline::sim {
namespace {

using testing::Talker;
using testing::TalkerPlan;

constexpr std::uint32_t kNarrow = 1'330;
constexpr std::uint64_t kBytes = 3'000'000;

struct How {
  tcp::MtuProbing probing = tcp::MtuProbing::on_black_hole;
  bool timestamps = true;
  Chance loss{};
  bool ipv6 = false;
  std::uint32_t icmp_rate = 0;
};

// The client sends to the server, over two routers with the small wire between them.
class BlackHole {
 public:
  explicit BlackHole(const How& how) : how_(how), client_(net_.add_host("client", host())) {
    Host& server = net_.add_host("server", host());
    Router& near = net_.add_router("near", {.icmp_rate = how.icmp_rate});
    Router& far = net_.add_router("far", {.icmp_rate = how.icmp_rate});
    const Wire wide{.rate = 20_mbps, .delay = 5ms};
    Wire narrow = wide;
    narrow.mtu = kNarrow;
    narrow.loss = how.loss;
    net_.connect(client_, address(1, 1), near, address(1, 2), wide);
    net_.connect(near, address(2, 1), far, address(2, 2), narrow);
    net_.connect(far, address(3, 1), server, address(3, 2), wide);
    net_.route_everything();
    TalkerPlan serving;
    serving.local = {address(3, 2).address, 80};
    serving.receive_key = 1;
    serving.receive_bytes = kBytes;
    TalkerPlan calling;
    calling.connect = serving.local;
    calling.local = {address(1, 1).address, 0};
    calling.send_key = 1;
    calling.send_bytes = kBytes;
    server_ = &server;
    server.start(std::make_unique<Talker>(serving, net_.random("server")));
    net_.run_until(net_.now());
    client_.start(std::make_unique<Talker>(calling, net_.random("client")));
  }

  /// Runs until all has come, or for so long; returns how long it took.
  Duration run(Duration most) {
    (void)net_.run_until([this] { return receiver().done(); }, Time{most});
    return net_.now().time_since_epoch();
  }
  [[nodiscard]] const Talker& receiver() { return static_cast<const Talker&>(server_->actor(0)); }
  [[nodiscard]] std::uint64_t decided(Reason reason) const {
    return client_.stack().counters()[reason];
  }
  /// The largest packet that was in use while the transfer went on.
  std::uint32_t path_mtu_at(Duration when) {
    net_.run_until(Time{when});
    const auto& talker = static_cast<const Talker&>(client_.actor(0));
    const auto view = client_.stack().inspect(talker.socket());
    return view ? view->path_mtu : 0U;
  }

 private:
  [[nodiscard]] HostOptions host() const {
    HostOptions options;
    options.stack.tcp.mtu_probing = how_.probing;
    options.stack.tcp.timestamps = how_.timestamps;
    return options;
  }
  [[nodiscard]] Cidr address(int wire, int end) const {
    const std::string text =
        how_.ipv6 ? "fd00:" + std::to_string(wire) + "::" + std::to_string(end) + "/64"
                  : "10." + std::to_string(wire) + ".0." + std::to_string(end) + "/24";
    return *Cidr::parse(text);
  }

  How how_;
  Simulation net_{5};
  Host& client_;
  Host* server_ = nullptr;
};

TEST(BlackHole, WithoutProbingTheTransferHangs) {
  BlackHole hole({.probing = tcp::MtuProbing::off});
  (void)hole.run(90s);
  EXPECT_EQ(hole.receiver().received(), 0U);
}

TEST(BlackHole, AfterThreeTimeoutsItGoesOn) {
  for (const bool ipv6 : {false, true}) {
    for (const bool timestamps : {false, true}) {
      BlackHole hole({.timestamps = timestamps, .ipv6 = ipv6});
      EXPECT_LT(hole.run(90s), 10s);
      EXPECT_TRUE(hole.receiver().done()) << hole.receiver().failure();
      EXPECT_EQ(hole.decided(Reason::path_mtu_black_hole), 1U);
    }
  }
}

// Section 7.6.2: the sizes that are too large are lost alone, and the window does not shrink.
TEST(BlackHole, TheSearchFindsTheSizeAndIsNoCongestion) {
  BlackHole hole({});
  std::uint32_t largest = 0;
  for (int i = 0; i < 100 && !hole.receiver().done(); ++i) {
    largest = std::max(largest, hole.path_mtu_at(1s + i * 100ms));
    if (hole.decided(Reason::path_mtu_black_hole) == 0) largest = 0;
  }
  EXPECT_TRUE(hole.receiver().done()) << hole.receiver().failure();
  EXPECT_LE(largest, kNarrow);
  EXPECT_GE(largest, 1'280U);
  EXPECT_GT(hole.decided(Reason::path_probe_lost), 0U);
  EXPECT_EQ(hole.decided(Reason::cwnd_fast_recovery), 0U);
}

TEST(BlackHole, FromTheBeginningNothingHangs) {
  BlackHole hole({.probing = tcp::MtuProbing::always});
  EXPECT_LT(hole.run(90s), 3s);
  EXPECT_TRUE(hole.receiver().done()) << hole.receiver().failure();
  EXPECT_EQ(hole.decided(Reason::retransmit_timeout), 0U);
}

TEST(BlackHole, AmongOtherLossesTheTransferGoesOnAsWell) {
  for (const tcp::MtuProbing probing : {tcp::MtuProbing::on_black_hole, tcp::MtuProbing::always}) {
    BlackHole hole({.probing = probing, .loss = 2_percent});
    (void)hole.run(5min);
    EXPECT_TRUE(hole.receiver().done()) << hole.receiver().failure();
  }
}

// Where ICMP comes through it is believed at once.
TEST(BlackHole, IcmpIsFaster) {
  BlackHole hole({.icmp_rate = 1'000});
  EXPECT_LT(hole.run(90s), 3s);
  EXPECT_TRUE(hole.receiver().done()) << hole.receiver().failure();
  EXPECT_EQ(hole.decided(Reason::path_mtu_black_hole), 0U);
  EXPECT_GE(hole.decided(Reason::path_mtu), 1U);
}

// A path without a narrow place: the full size is found with the first probe.
TEST(BlackHole, OnAWidePathTheFirstProbeArrives) {
  Simulation net(5);
  HostOptions options;
  options.stack.tcp.mtu_probing = tcp::MtuProbing::always;
  Host& client = net.add_host("client", options);
  Host& server = net.add_host("server", options);
  net.connect(client, *Cidr::parse("10.0.0.1/24"), server, *Cidr::parse("10.0.0.2/24"),
              {.rate = 20_mbps, .delay = 5ms});
  TalkerPlan serving;
  serving.local = {*IpAddress::parse("10.0.0.2"), 80};
  serving.receive_bytes = kBytes;
  TalkerPlan calling;
  calling.connect = serving.local;
  calling.local = {*IpAddress::parse("10.0.0.1"), 0};
  calling.send_bytes = kBytes;
  server.start(std::make_unique<Talker>(serving, net.random("server")));
  net.run_until(net.now());
  client.start(std::make_unique<Talker>(calling, net.random("client")));
  net.run_until(Time{500ms});
  const auto& talker = static_cast<const Talker&>(client.actor(0));
  EXPECT_EQ(client.stack().inspect(talker.socket())->path_mtu, 1'500U);
  EXPECT_EQ(client.stack().counters()[Reason::send_path_probe], 1U);
  EXPECT_EQ(client.stack().counters()[Reason::path_mtu_raised], 1U);
}

}  // namespace
}  // namespace bowline::sim
