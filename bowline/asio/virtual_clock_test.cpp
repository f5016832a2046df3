#include "bowline/asio.hpp"
//
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace bowline::net {
namespace {

using boost::system::error_code;
using Timer = boost::asio::steady_timer;

/// A context in virtual time.
class VirtualTimers : public ::testing::Test {
 protected:
  VirtualTimers() { use_virtual_time(context, clock); }
  void go_to(Duration since_start) {
    clock.advance_to(Time{} + since_start);
    context.restart();
    context.poll();
  }
  /// Writes down how the wait ended, and when.
  auto note(int name) {
    return [this, name](error_code error) {
      ended.push_back({name, clock.now().time_since_epoch(), error});
    };
  }
  struct End {
    int name;
    Duration when;
    error_code error;
    bool operator==(const End&) const = default;
  };

  VirtualClock clock;
  boost::asio::io_context context{1};
  std::vector<End> ended;
};

TEST_F(VirtualTimers, AnHourPassesAtOnce) {
  Timer timer(context, 1h);
  timer.async_wait(note(1));
  go_to(1h - 1ns);
  EXPECT_TRUE(ended.empty());
  EXPECT_EQ(clock.next(), Time{} + 1h);
  go_to(1h);
  EXPECT_EQ(ended, (std::vector{End{1, 1h, {}}}));
  EXPECT_EQ(clock.next(), kNever);
}

TEST_F(VirtualTimers, WaitsEndInOrder) {
  Timer first(context, 2s), second(context, 1s), third(context, 2s);
  first.async_wait(note(1));
  second.async_wait(note(2));
  third.async_wait(note(3));
  go_to(5s);
  ASSERT_EQ(ended.size(), 3U);
  EXPECT_EQ(ended[0].name, 2);
  EXPECT_EQ(ended[1].name, 1) << "of those that end together the one that began first";
  EXPECT_EQ(ended[2].name, 3);
}

TEST_F(VirtualTimers, CancelAndMoveAbortWhatWaits) {
  Timer timer(context, 1s);
  timer.async_wait(note(1));
  timer.async_wait(note(2));
  EXPECT_EQ(timer.cancel_one(), 1U);
  EXPECT_EQ(timer.expires_after(3s), 1U);
  go_to(2s);
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[0].error, boost::asio::error::operation_aborted);
  EXPECT_EQ(ended[1].error, boost::asio::error::operation_aborted);
  timer.async_wait(note(3));
  Timer taken(std::move(timer));
  go_to(3s);
  EXPECT_EQ(ended.back(), (End{3, 3s, {}})) << "a wait survives its timer's move";
}

TEST_F(VirtualTimers, ACancellationSlotEndsOneWait) {
  boost::asio::cancellation_signal signal;
  Timer timer(context, 1s);
  timer.async_wait(boost::asio::bind_cancellation_slot(signal.slot(), note(1)));
  timer.async_wait(note(2));
  signal.emit(boost::asio::cancellation_type::terminal);
  go_to(1s);
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[0], (End{1, 1s, boost::asio::error::operation_aborted}));
  EXPECT_EQ(ended[1], (End{2, 1s, {}}));
  signal.emit(boost::asio::cancellation_type::terminal);  // there is nothing left to cancel
}

TEST_F(VirtualTimers, NeverIsNever) {
  Timer timer(context);
  timer.expires_at(Timer::time_point::max());
  timer.async_wait(note(1));
  go_to(1'000'000h);
  EXPECT_TRUE(ended.empty());
  timer.expires_after(Timer::duration::max());
  EXPECT_EQ(timer.expiry(), Timer::time_point::max());
}

TEST_F(VirtualTimers, ASynchronousWaitCannotSleep) {
  Timer timer(context, 1s);
  error_code error;
  timer.wait(error);
  EXPECT_EQ(error, boost::asio::error::would_block);
  clock.advance_to(Time{} + 1s);
  timer.wait(error);
  EXPECT_FALSE(error);
}

TEST(VirtualTime, AContextThatGoesTakesItsWaitsWithIt) {
  VirtualClock clock;
  const auto owned = std::make_shared<int>(1);
  {
    boost::asio::io_context context;
    use_virtual_time(context, clock);
    // As sessions do it: the handler owns the timer that it waits for.
    auto timer = std::make_shared<Timer>(context, 1s);
    timer->async_wait([timer, owned](error_code) { FAIL() << "called after its context"; });
  }
  EXPECT_EQ(owned.use_count(), 1);
  EXPECT_EQ(clock.next(), kNever);
}

TEST(VirtualTime, WithoutAVirtualClockATimerIsAsiosOwn) {
  boost::asio::io_context context;
  const auto start = std::chrono::steady_clock::now();
  Timer timer(context, 20ms);
  std::optional<error_code> ended;
  timer.async_wait([&](error_code error) { ended = error; });
  context.run();
  EXPECT_EQ(ended, error_code());
  EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      narrow(context, 1h);
  timer = std::move(narrow);  // from another executor type
  EXPECT_GT(timer.expiry(), start + 50min);
}

}  // namespace
}  // namespace bowline::net
