#include "bowline/driver/turn.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "bowline/driver/test_host.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::driver {
namespace {

constexpr Time kNow{1h};

// A link whose other side is the test.
class ScriptedLink final : public Link {
 public:
  [[nodiscard]] LinkInfo info() const noexcept override {
    LinkInfo info;
    info.mtu = mtu;
    return info;
  }
  std::size_t take(std::span<Frame> frames) noexcept override {
    blocked_ = room < frames.size();
    const std::size_t count = std::min(room, frames.size());
    room -= count;
    taken += count;
    return count;
  }
  std::size_t receive(std::span<Frame> frames, BufferPool&, Time) noexcept override {
    const std::size_t count = std::min(frames.size(), arriving.size());
    std::move(arriving.begin(), arriving.begin() + static_cast<std::ptrdiff_t>(count),
              frames.begin());
    arriving.erase(arriving.begin(), arriving.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  [[nodiscard]] int descriptor() const noexcept override { return number; }
  [[nodiscard]] Time next_deadline() const noexcept override { return deadline; }
  [[nodiscard]] bool blocked() const noexcept override { return blocked_; }

  std::vector<Frame> arriving;
  std::size_t room = 1'000;
  std::size_t taken = 0;
  int number = -1;
  Time deadline = kNever;
  std::uint32_t mtu = 1'500;

 private:
  bool blocked_ = false;
};

class Turns : public ::testing::Test {
 protected:
  // An echo request, to which the Stack has something to say.
  Frame ping() {
    std::vector<std::byte> bytes(28);
    wire::IpHeader ip;
    ip.source = IpAddress::v4(0x0a000001);
    ip.destination = IpAddress::v4(0x0a000002);
    ip.protocol = wire::kProtocolIcmp;
    ip.payload_size = 8;
    wire::emit_ip(bytes.data(), ip);
    wire::emit_icmp_echo(bytes.data() + 20, Family::ipv4, wire::IcmpKind::echo_request, 1, 1, {});
    return make_frame(host_.stack.pool(), bytes);
  }
  void arrive(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) link_.arriving.push_back(ping());
  }

  ScriptedLink link_;
  test::TestHost host_{1, 4};
};

TEST_F(Turns, NothingToDoIsNothingToWaitFor) {
  host_.attach(link_, "10.0.0.2/24");
  host_.turn.step({}, kNow);
  EXPECT_EQ(host_.turn.next_deadline(), kNever);
  EXPECT_TRUE(host_.turn.waits().empty());
}

// REQUIREMENTS A2: the MTU of a link may change under way.
TEST_F(Turns, StackFollowsTheMtuOfTheLink) {
  host_.attach(link_, "10.0.0.2/24");
  // What a new connection announces is made of the MTU.
  const auto announced = [&] {
    ConnectOptions options;
    options.remote = {*IpAddress::parse("10.0.0.1"), 7};
    return host_.stack.inspect(*host_.stack.connect(options, kNow))->rcv_mss;
  };
  EXPECT_EQ(announced(), 1'460U);
  link_.mtu = 1'000;
  host_.turn.step({}, kNow);
  EXPECT_EQ(announced(), 960U);
  link_.mtu = 67;  // no IPv4 link has it (RFC 791 3.2)
  host_.turn.step({}, kNow);
  EXPECT_EQ(announced(), 960U);
}

TEST_F(Turns, OneBatchAtATimeAndNoWaitWhileMoreMayBeThere) {
  host_.attach(link_, "10.0.0.2/24");
  arrive(6);
  host_.turn.step({}, kNow);
  EXPECT_EQ(link_.taken, 4U);  // answered before the next batch is looked at
  EXPECT_EQ(link_.arriving.size(), 2U);
  EXPECT_LE(host_.turn.next_deadline(), kNow);
  host_.turn.step({}, kNow);
  EXPECT_EQ(link_.taken, 6U);
  EXPECT_EQ(host_.turn.next_deadline(), kNever);
}

TEST_F(Turns, FullLinkIsWaitedForNotRetried) {
  link_.number = 42;
  link_.room = 1;
  host_.attach(link_, "10.0.0.2/24");
  arrive(3);
  host_.turn.step({}, kNow);
  EXPECT_EQ(link_.taken, 1U);
  EXPECT_EQ(host_.turn.next_deadline(), kNever);
  ASSERT_EQ(host_.turn.waits().size(), 1U);
  EXPECT_EQ(host_.turn.waits()[0].descriptor, 42);
  EXPECT_TRUE(host_.turn.waits()[0].readable);
  EXPECT_TRUE(host_.turn.waits()[0].writable);
  link_.room = 10;
  host_.turn.step({}, kNow);
  EXPECT_EQ(link_.taken, 3U);
  EXPECT_FALSE(host_.turn.waits()[0].writable);
}

TEST_F(Turns, FullLinkDoesNotHoldUpAnother) {
  ScriptedLink other;
  link_.room = 0;
  host_.attach(link_, "10.0.0.2/24");
  host_.attach(other, "10.1.0.2/24");
  arrive(1);
  Frame elsewhere = ping();
  {
    std::vector<std::byte> bytes(elsewhere.head().begin(), elsewhere.head().end());
    wire::IpHeader ip = *wire::parse_ip(bytes, 28);
    ip.source = IpAddress::v4(0x0a010001);
    ip.destination = IpAddress::v4(0x0a010002);
    wire::emit_ip(bytes.data(), ip);
    elsewhere = make_frame(host_.stack.pool(), bytes);
  }
  other.arriving.push_back(elsewhere);
  host_.turn.step({}, kNow);
  EXPECT_EQ(link_.taken, 0U);
  EXPECT_EQ(other.taken, 1U);
}

TEST_F(Turns, DeadlinesOfStackLinkAndApplicationCount) {
  host_.attach(link_, "10.0.0.2/24");
  link_.deadline = kNow + 50ms;
  host_.turn.step([](Stack&, Time now) { return now + 20ms; }, kNow);
  EXPECT_EQ(host_.turn.next_deadline(), kNow + 20ms);
  host_.turn.step([](Stack&, Time) { return kNever; }, kNow);
  EXPECT_EQ(host_.turn.next_deadline(), kNow + 50ms);
  ConnectOptions options;
  options.remote = {IpAddress::v4(0x0a000001), 80};
  link_.deadline = kNever;
  ASSERT_TRUE(host_.stack.connect(options, kNow));
  EXPECT_LE(host_.turn.next_deadline(), kNow);  // a SYN waits to be sent
  host_.turn.step({}, kNow);
  EXPECT_EQ(link_.taken, 1U);
  EXPECT_EQ(host_.turn.next_deadline(), kNow + 1s);  // RFC 6298 2.1: the first RTO
}

TEST_F(Turns, InputSaysWhetherAnythingHappened) {
  host_.attach(link_, "10.0.0.2/24");
  EXPECT_FALSE(host_.turn.input(kNow));
  arrive(1);
  EXPECT_TRUE(host_.turn.input(kNow));
  EXPECT_FALSE(host_.turn.input(kNow));
}

TEST_F(Turns, FramesThatTheStackLeftAreLetGo) {
  host_.attach(link_, "10.0.0.2/24");
  const std::vector<std::byte> noise(100, std::byte{0xff});
  link_.arriving.push_back(make_frame(host_.stack.pool(), noise));
  EXPECT_EQ(host_.stack.pool().usage().live_blocks, 1U);
  host_.turn.step({}, kNow);
  EXPECT_EQ(host_.stack.pool().usage().live_blocks, 0U);
}

}  // namespace
}  // namespace bowline::driver
