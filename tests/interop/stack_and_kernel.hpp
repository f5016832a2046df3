#pragma once

// A production Stack on a TUN device, driven by PollDriver, with a program on the kernel's side.

#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include "bowline/driver/clock.hpp"
#include "bowline/driver/poll_driver.hpp"
#include "bowline/os/random.hpp"
#include "bowline/stack/stack.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {

inline constexpr std::uint16_t kPort = 8'080;
inline constexpr Duration kPatience = 30s;

/// Each test once for each family.
class StackAndKernel : public TunTest, public ::testing::WithParamInterface<Family> {
 protected:
  void SetUp() override {
    open();
    if (IsSkipped() || HasFatalFailure()) return;
    StackConfig config;
    config.seed = *os::random_seed();
    auto stack = Stack::create(config);
    ASSERT_TRUE(stack);
    stack_.emplace(std::move(*stack));
    turn_.emplace(*stack_);
    const auto interface = turn_->add_link(*link_);
    ASSERT_TRUE(interface);
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      const Addresses ends = addresses(family);
      ASSERT_TRUE(stack_->add_address(*interface, {.address = ends.ours, .prefix = ends.prefix}));
    }
    ASSERT_TRUE(driver_.start());
  }
  void TearDown() override {
    if (!stack_) return;
    const ReasonCounters& counters = stack_->counters();
    // On a link that loses nothing a checksum is never wrong, and nothing is malformed.
    for (const Reason reason :
         {Reason::tcp_bad_checksum, Reason::ip_bad_checksum, Reason::tcp_truncated,
          Reason::ip_truncated, Reason::tcp_bad_option}) {
      EXPECT_EQ(counters[reason], 0U) << bowline::info(reason).name;
    }
    EXPECT_EQ(link_->counters().malformed, 0U);
    EXPECT_EQ(link_->counters().write_errors, 0U);
  }

  // Runs the Stack with `application` while `program` runs on the kernel's side, until both are
  // done.
  void run(const driver::Application& application, const std::function<bool()>& done,
           const std::function<void()>& program) {
    std::atomic<bool> finished = false;
    driver_.add(*turn_, application);
    std::jthread kernel([&] {
      program();
      finished = true;
      driver_.wake();
    });
    const auto held =
        driver_.run_until([&] { return finished && done(); }, driver::monotonic_now() + kPatience);
    ASSERT_TRUE(held);
    EXPECT_TRUE(*held) << "not finished in time";
  }
  [[nodiscard]] Endpoint ours() const { return {addresses(GetParam()).ours, kPort}; }
  [[nodiscard]] Endpoint kernels() const { return {addresses(GetParam()).kernel, kPort}; }

  std::optional<Stack> stack_;
  std::optional<driver::Turn> turn_;
  driver::PollDriver driver_;
};

}  // namespace bowline::interop
