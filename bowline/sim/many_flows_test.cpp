// Size: ten thousand connections in one simulation, all at once (issue 4).

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "bowline/sim/simulation.hpp"

namespace bowline::sim {
namespace {

constexpr std::uint32_t kFlows = 10'000;
constexpr std::uint32_t kBytes = 4'000;
const Endpoint kService{*IpAddress::parse("10.0.0.2"), 80};

/// Opens all connections at once and writes to each as soon as it is open; closes none.
class Callers final : public CopyableActor<Callers> {
 public:
  Time act(Stack& stack, std::span<const Ready> ready, Time now) override {
    static const std::vector<std::byte> kText(kBytes, std::byte{'x'});
    for (; !begun_ && opened_ < kFlows; ++opened_) {
      EXPECT_TRUE(stack.connect({.remote = kService}, now));
    }
    begun_ = true;
    for (const Ready& one : ready) {
      if ((one.mask & kWritable) == 0 || stack.inspect(one.handle)->send_queue > 0) continue;
      if (stack.inspect(one.handle)->snd_una - stack.inspect(one.handle)->iss > 1) continue;
      EXPECT_EQ(stack.write(one.handle, kText, now).value_or(0), kBytes);
    }
    return kNever;
  }

 private:
  bool begun_ = false;
  std::uint32_t opened_ = 0;
};

/// Accepts all and reads.
class Listener final : public CopyableActor<Listener> {
 public:
  Time act(Stack& stack, std::span<const Ready> ready, Time now) override {
    if (!listener_) {
      listener_ = *stack.listen({.local = kService, .backlog = kFlows, .syn_backlog = kFlows}, now);
    }
    while (stack.accept(listener_, now)) ++accepted_;
    std::vector<std::byte> room(kBytes);
    for (const Ready& one : ready) {
      if ((one.mask & kReadable) == 0) continue;
      while (const auto got = stack.read(one.handle, room, now)) received_ += *got;
    }
    return kNever;
  }
  std::uint32_t accepted_ = 0;
  std::uint64_t received_ = 0;

 private:
  Handle listener_;
};

TEST(SimManyFlows, TenThousandConnectionsAtOnce) {
  Simulation net(1);
  Host& client = net.add_host("client");
  Host& server = net.add_host("server");
  net.connect(client, *Cidr::parse("10.0.0.1/24"), server, *Cidr::parse("10.0.0.2/24"),
              {.rate = 1_gbps, .delay = 5ms, .loss = 0.1_percent, .queue = 64_MiB});
  server.start(std::make_unique<Listener>());
  net.run_until(net.now());
  client.start(std::make_unique<Callers>());
  const auto& listener = static_cast<const Listener&>(server.actor(0));
  EXPECT_TRUE(net.run_until([&] { return listener.received_ == std::uint64_t{kFlows} * kBytes; },
                            Time{5min}));
  EXPECT_EQ(listener.accepted_, kFlows);
  EXPECT_EQ(client.stack().usage().connections, kFlows);
  EXPECT_EQ(server.stack().usage().connections, kFlows);
}

}  // namespace
}  // namespace bowline::sim
