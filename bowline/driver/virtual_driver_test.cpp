#include "bowline/driver/virtual_driver.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "bowline/driver/test_host.hpp"
#include "bowline/link/memory_link.hpp"

namespace bowline::driver {
namespace {

using test::must;

// Two hosts on a cable; 10.0.0.1 sends to 10.0.0.2.
class Cable {
 public:
  explicit Cable(const MemoryLinkOptions& options = {}) : pair_(must(LinkPair::create(options))) {
    left.attach(pair_.left(), "10.0.0.1/24");
    right.attach(pair_.right(), "10.0.0.2/24");
  }
  [[nodiscard]] const LinkPair& pair() const { return pair_; }

 private:
  LinkPair pair_;

 public:
  test::TestHost left{1};
  test::TestHost right{2};
};

struct Outcome {
  Ending ending{};
  Duration took{};
  std::size_t received = 0;
  bool intact = false;
  std::uint64_t frames = 0;
};

Outcome transfer(const MemoryLinkOptions& options, std::size_t size) {
  Cable cable(options);
  VirtualDriver driver;
  const Time start = driver.now();
  const Endpoint server{IpAddress::v4(0x0a000002), 80};
  test::Receiver receiver(cable.right.stack, server, start);
  test::Sender sender(cable.left.stack, server, size, start);
  driver.add(cable.left.turn, std::ref(sender));
  driver.add(cable.right.turn, std::ref(receiver));
  Outcome outcome;
  outcome.ending =
      driver.run_until([&] { return sender.closed() && receiver.done(); }, start + 60s);
  outcome.took = driver.now() - start;
  outcome.received = receiver.received();
  outcome.intact = receiver.intact();
  outcome.frames = cable.pair().from_left().frames;
  return outcome;
}

TEST(VirtualDriver, CarriesAConversationOverEveryKindOfCable) {
  constexpr std::size_t kSize = 3'000'000;
  for (const MemoryWire wire : {MemoryWire::whole, MemoryWire::cut, MemoryWire::checked}) {
    MemoryLinkOptions options;
    options.wire = wire;
    const Outcome outcome = transfer(options, kSize);
    EXPECT_EQ(outcome.ending, Ending::done) << static_cast<int>(wire);
    EXPECT_EQ(outcome.received, kSize);
    EXPECT_TRUE(outcome.intact);
    EXPECT_LT(outcome.took, 1s);  // nothing was lost, so no timer was waited for
  }
}

TEST(VirtualDriver, CarriesItWithoutOffloadsAndThroughAShortQueue) {
  MemoryLinkOptions options;
  options.max_gso = 0;
  options.transmit_checksum = false;
  options.wire = MemoryWire::checked;
  options.queue = 3;
  const Outcome outcome = transfer(options, 500'000);
  EXPECT_EQ(outcome.ending, Ending::done);
  EXPECT_EQ(outcome.received, 500'000U);
  EXPECT_TRUE(outcome.intact);
  EXPECT_GE(outcome.frames, 500'000U / 1'460);
}

TEST(VirtualDriver, SameSeedsGiveTheSameRun) {
  const Outcome first = transfer({}, 1'000'000);
  const Outcome second = transfer({}, 1'000'000);
  EXPECT_EQ(first.took, second.took);
  EXPECT_EQ(first.frames, second.frames);
}

TEST(VirtualDriver, LoopbackReachesItself) {
  auto loopback = must(LoopbackLink::create());
  test::TestHost host{3};
  host.attach(loopback, "127.0.0.1/8");
  VirtualDriver driver;
  const Endpoint server{IpAddress::v4(0x7f000001), 80};
  test::Receiver receiver(host.stack, server, driver.now());
  test::Sender sender(host.stack, server, 200'000, driver.now());
  driver.add(host.turn, [&](Stack& stack, Time now) {
    sender(stack, now);
    return receiver(stack, now);
  });
  EXPECT_EQ(
      driver.run_until([&] { return sender.closed() && receiver.done(); }, driver.now() + 10s),
      Ending::done);
  EXPECT_EQ(receiver.received(), 200'000U);
  EXPECT_TRUE(receiver.intact());
}

TEST(VirtualDriver, StacksWithNothingToDoAreIdleWhereTheClockStands) {
  Cable cable;
  VirtualDriver driver(Time{5s});
  driver.add(cable.left.turn);
  driver.add(cable.right.turn);
  EXPECT_EQ(driver.run(), Ending::idle);
  EXPECT_EQ(driver.now(), Time{5s});
  EXPECT_EQ(driver.run_for(1h), Ending::idle);
  EXPECT_EQ(driver.now(), Time{5s} + 1h);
}

TEST(VirtualDriver, ClockJumpsFromDeadlineToDeadlineAndStopsInTime) {
  Cable cable;
  VirtualDriver driver(Time{1s});
  std::vector<Time> called;
  driver.add(cable.left.turn, [&](Stack&, Time now) {
    called.push_back(now);
    return now + 10ms;
  });
  EXPECT_EQ(driver.run(Time{1s} + 25ms), Ending::deadline);
  EXPECT_EQ(driver.now(), Time{1s} + 25ms);
  EXPECT_EQ(called, (std::vector<Time>{Time{1s}, Time{1s} + 10ms, Time{1s} + 20ms}));
}

TEST(VirtualDriver, EndlessWorkAtOneInstantIsNamed) {
  Cable cable;
  VirtualDriver driver(Time{1s}, 100);
  int turns = 0;
  driver.add(cable.left.turn, [&](Stack&, Time now) {
    ++turns;
    return now;
  });
  EXPECT_EQ(driver.run(), Ending::livelock);
  EXPECT_GE(turns, 100);
}

}  // namespace
}  // namespace bowline::driver
