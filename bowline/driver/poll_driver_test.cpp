#include "bowline/driver/poll_driver.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "bowline/driver/clock.hpp"
#include "bowline/driver/test_host.hpp"
#include "bowline/link/memory_link.hpp"

namespace bowline::driver {
namespace {

using test::must;

constexpr Duration kPatience = 20s;

TEST(PollDriver, DeadlineEndsTheWait) {
  PollDriver driver;
  ASSERT_TRUE(driver.start());
  const Time start = monotonic_now();
  const auto done = driver.run_until([] { return false; }, start + 20ms);
  ASSERT_TRUE(done);
  EXPECT_FALSE(*done);
  EXPECT_GE(monotonic_now(), start + 20ms);
  EXPECT_FALSE(driver.stopped());
}

TEST(PollDriver, AnotherThreadWakesIt) {
  PollDriver driver;
  ASSERT_TRUE(driver.start());
  std::atomic<bool> flag = false;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    flag = true;
    driver.wake();
  });
  const auto done = driver.run_until([&] { return flag.load(); }, monotonic_now() + kPatience);
  other.join();
  ASSERT_TRUE(done);
  EXPECT_TRUE(*done);
}

TEST(PollDriver, WakeBeforeTheWaitIsNotLost) {
  PollDriver driver;
  ASSERT_TRUE(driver.start());
  ASSERT_TRUE(driver.run_once(monotonic_now()));
  driver.wake();
  const Time start = monotonic_now();
  ASSERT_TRUE(driver.run_once(start + kPatience));
  EXPECT_LT(monotonic_now(), start + kPatience);
}

PollDriver* driver_of_signal = nullptr;

TEST(PollDriver, SignalHandlerStopsIt) {
  PollDriver driver;
  ASSERT_TRUE(driver.start());
  driver_of_signal = &driver;
  const auto before = std::signal(SIGUSR1, [](int) { driver_of_signal->stop(); });
  const pthread_t runner = ::pthread_self();
  std::thread other([runner] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ::pthread_kill(runner, SIGUSR1);
  });
  EXPECT_TRUE(driver.run());
  other.join();
  EXPECT_TRUE(driver.stopped());
  std::signal(SIGUSR1, before);
}

TEST(PollDriver, StopIsForGood) {
  PollDriver driver;
  ASSERT_TRUE(driver.start());
  driver.stop();
  EXPECT_TRUE(driver.run());
  const auto done = driver.run_until([] { return false; });
  ASSERT_TRUE(done);
  EXPECT_FALSE(*done);
}

// Two stacks of one thread in real time; also what a deadline of the Stack's own is for.
TEST(PollDriver, DrivesTwoStacksOverACable) {
  auto pair = must(LinkPair::create());
  test::TestHost left{1};
  test::TestHost right{2};
  left.attach(pair.left(), "10.0.0.1/24");
  right.attach(pair.right(), "10.0.0.2/24");
  const Endpoint server{IpAddress::v4(0x0a000002), 80};
  const Time start = monotonic_now();
  test::Receiver receiver(right.stack, server, start);
  test::Sender sender(left.stack, server, 1'000'000, start);
  PollDriver driver;
  ASSERT_TRUE(driver.start());
  driver.add(left.turn, std::ref(sender));
  driver.add(right.turn, std::ref(receiver));
  const auto done =
      driver.run_until([&] { return sender.closed() && receiver.done(); }, start + kPatience);
  ASSERT_TRUE(done);
  EXPECT_TRUE(*done);
  EXPECT_EQ(receiver.received(), 1'000'000U);
  EXPECT_TRUE(receiver.intact());
}

// Nobody answers: the SYN goes out again after the first RTO (RFC 6298 2.1), for which nothing but
// the Stack's own deadline ends the wait.
TEST(PollDriver, StacksDeadlineEndsTheWait) {
  auto pair = must(LinkPair::create());
  test::TestHost host{1};
  host.attach(pair.left(), "10.0.0.1/24");
  ConnectOptions options;
  options.remote = {IpAddress::v4(0x0a000002), 80};
  ASSERT_TRUE(host.stack.connect(options, monotonic_now()));
  PollDriver driver;
  ASSERT_TRUE(driver.start());
  driver.add(host.turn);
  const Time start = monotonic_now();
  const auto done =
      driver.run_until([&] { return pair.from_left().frames == 2; }, start + kPatience);
  ASSERT_TRUE(done);
  EXPECT_TRUE(*done);
  EXPECT_GE(monotonic_now() - start, 900ms);
  EXPECT_LT(monotonic_now() - start, 5s);
}

}  // namespace
}  // namespace bowline::driver
