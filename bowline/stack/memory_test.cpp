// Running out of memory is an answer: no crash, no leak, and the stack goes on serving (DESIGN
// section 3). And where there is plenty, the steady path does not ask for any.

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/base/testing/failing_memory.hpp"
#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using testing::FailingMemory;
using testing::KeepingSink;
using testing::kInterface;

StackConfig config_over(Memory& memory, std::uint64_t seed) {
  StackConfig config = testing::config_with_seed(seed);
  config.memory = &memory;
  return config;
}

// The stack under test, and a peer with memory enough. Frames cross by value of their bytes, so
// that each side holds memory of its own alone.
class Exchange {
 public:
  Exchange(FailingMemory& memory, bool under_test_listens)
      : tested_(testing::make_stack(config_over(memory, 1), testing::left_address())),
        peer_(testing::make_stack(testing::config_with_seed(9), testing::right_address())),
        under_test_listens_(under_test_listens) {}

  // Opens, sends 30 kB both ways, closes. Whatever fails on the way ends it.
  void run() {
    if (!tested_) return;
    Stack& server = under_test_listens_ ? *tested_ : *peer_;
    Stack& client = under_test_listens_ ? *peer_ : *tested_;
    ListenOptions listen;
    listen.local = {IpAddress::any(Family::ipv4), testing::kPort};
    const auto listener = server.listen(listen, now_);
    if (!listener) return;
    ConnectOptions connect;
    connect.remote = {under_test_listens_ ? testing::left_address() : testing::right_address(),
                      testing::kPort};
    const auto opened = client.connect(connect, now_);
    std::optional<Handle> accepted;
    for (int i = 0; opened && i < 20 && !accepted; ++i) {
      pass(500ms);
      if (const auto socket = server.accept(*listener, now_)) accepted = *socket;
    }
    if (accepted) {
      for (int i = 0; i < 12; ++i) {
        talk(client, *opened, sent_by_client_, read_by_client_);
        talk(server, *accepted, sent_by_server_, read_by_server_);
        pass(300ms);
      }
      static_cast<void>(client.close(*opened, now_));
      static_cast<void>(server.close(*accepted, now_));
    } else if (opened) {
      static_cast<void>(client.close(*opened, now_));
    }
    static_cast<void>(server.close(*listener, now_));
    for (int i = 0; i < 40; ++i) pass(10s);
    // Without any memory for headers, ends cannot be told to the peer and may take longer.
    if (!memory_comes_back) return;
    EXPECT_EQ(tested_->usage().connections, 0U);
    EXPECT_EQ(tested_->usage().half_open, 0U);
    EXPECT_EQ(tested_->usage().time_wait, 0U);
    EXPECT_EQ(tested_->usage().buffer_bytes, 0U);
    complete = read_by_client_ == 30'000 && read_by_server_ == 30'000;
  }

  bool complete = false;
  bool memory_comes_back = true;

 private:
  void talk(Stack& stack, Handle socket, std::size_t& sent, std::size_t& read) {
    if (sent < 30'000) {
      const auto wrote = stack.write(socket, testing::bytes_from(sent, 30'000 - sent), now_);
      if (wrote) sent += *wrote;
    }
    std::vector<std::byte> to(40'000);
    const auto got = stack.read(socket, to, now_);
    if (!got) return;
    for (std::size_t i = 0; i < *got; ++i) ASSERT_EQ(to[i], testing::byte_at(read + i));
    read += *got;
  }
  void pass(Duration time) {
    const Time end = now_ + time;
    for (int i = 0; i < 2'000; ++i) {
      while (carry(*tested_, *peer_) + carry(*peer_, *tested_) > 0 && i < 2'000) ++i;
      const Time next = std::min(tested_->next_deadline(), peer_->next_deadline());
      if (next > end) break;
      now_ = std::max(now_, next);
      tested_->advance(now_);
      peer_->advance(now_);
    }
    now_ = end;
    tested_->advance(now_);
    peer_->advance(now_);
  }
  std::size_t carry(Stack& from, Stack& to) {
    KeepingSink sink;
    const std::size_t count = from.transmit(kInterface, sink, now_);
    for (const Frame& frame : sink.whole) {
      std::vector<std::byte> bytes(frame.size);
      EXPECT_TRUE(frame.copy_to(0, bytes));
      Frame copy = make_frame(to.pool(), bytes);
      if (copy.size != 0) to.receive(kInterface, {&copy, 1}, now_);
    }
    return count;
  }

  Time now_{1h};
  std::optional<Stack> tested_;
  std::optional<Stack> peer_;
  bool under_test_listens_;
  std::size_t sent_by_client_ = 0, sent_by_server_ = 0;
  std::size_t read_by_client_ = 0, read_by_server_ = 0;
};

class StackMemory : public ::testing::TestWithParam<bool> {};

TEST_P(StackMemory, EachRequestInTurnMayFail) {
  std::uint64_t requests = 0;
  {
    FailingMemory memory;
    {
      Exchange exchange(memory, GetParam());
      exchange.run();
      EXPECT_TRUE(exchange.complete);
    }
    requests = memory.requests();
    EXPECT_EQ(memory.live_blocks(), 0U);
  }
  ASSERT_GT(requests, 10U);
  int completed = 0;
  for (std::uint64_t n = 0; n < requests; ++n) {
    FailingMemory memory;
    memory.fail_at(n);
    {
      Exchange exchange(memory, GetParam());
      exchange.run();
      completed += exchange.complete ? 1 : 0;
    }
    ASSERT_EQ(memory.live_blocks(), 0U) << "request " << n;
    ASSERT_EQ(memory.mismatches(), 0U) << "request " << n;
  }
  EXPECT_GT(completed, 0) << "some requests can fail and the exchange gets through";
}

TEST_P(StackMemory, AllRequestsFromOneOnMayFail) {
  for (std::uint64_t n = 0; n < 60; n += 3) {
    FailingMemory memory;
    memory.fail_from(n);
    {
      Exchange exchange(memory, GetParam());
      exchange.memory_comes_back = false;
      exchange.run();
    }
    ASSERT_EQ(memory.live_blocks(), 0U) << "request " << n;
  }
}

INSTANTIATE_TEST_SUITE_P(BothSides, StackMemory, ::testing::Bool(),
                         [](const auto& side) { return side.param ? "Server" : "Client"; });

// Takes frames and lets go of them, as a link does; after a thousand it has had enough.
class CountingSink final : public FrameSink {
 public:
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
    if (count >= 1'000) return 0;
    count += frames.size();
    return frames.size();
  }
  std::size_t count = 0;
};

// A link that takes everything and a memory that gives nothing must not keep transmit() for ever.
TEST(StackMemoryAlone, TransmitEndsWithoutMemory) {
  FailingMemory memory;
  testing::TwoStacks two(config_over(memory, 1));
  tcp::SocketOptions no_delay;
  no_delay.no_delay = true;
  two.establish(no_delay);
  std::vector<std::byte> to(100'000);
  for (int i = 0; i < 40; ++i) {  // so that the pool has blocks in store
    ASSERT_TRUE(two.left.write(two.client, testing::bytes_from(0, 100), two.now));
    two.exchange();
  }
  two.pass(100ms);
  ASSERT_EQ(two.right.read(two.server, to, two.now), 4'000U);
  memory.fail_from(0);
  std::size_t written = 0;
  for (int i = 0; i < 60; ++i) {
    const auto took = two.left.write(two.client, testing::bytes_from(0, 100), two.now);
    if (took) written += *took;
    CountingSink sink;
    static_cast<void>(two.left.transmit(kInterface, sink, two.now));
    ASSERT_LT(sink.count, 1'000U);
    two.now += 1ms;
    two.left.advance(two.now);
  }
  memory.fail_never();
  EXPECT_GT(written, 1'000U);
  two.pass(5s);
  EXPECT_EQ(two.right.read(two.server, to, two.now), written)
      << "what was taken arrives when there is memory again";
}

// DESIGN section 5: after a warm-up, a bulk transfer asks nobody for memory.
TEST(StackMemoryAlone, SteadyTransferAllocatesNothing) {
  FailingMemory left;
  FailingMemory right;
  testing::TwoStacks two(config_over(left, 1), config_over(right, 9), 65'535);
  two.establish();
  const auto chunk = testing::bytes_from(0, 200'000);
  std::vector<std::byte> to(1U << 20);
  std::uint64_t moved = 0;
  const auto round = [&] {
    static_cast<void>(two.left.write(two.client, chunk, two.now));
    two.exchange();
    while (const auto got = two.right.read(two.server, to, two.now)) {
      if (*got == 0) break;
      moved += *got;
    }
    two.exchange();
    two.now += 100us;
    two.left.advance(two.now);
    two.right.advance(two.now);
  };
  for (int i = 0; i < 200; ++i) round();
  const std::uint64_t before = left.requests() + right.requests();
  moved = 0;
  for (int i = 0; i < 200; ++i) round();
  EXPECT_GT(moved, 10'000'000U);
  EXPECT_EQ(left.requests() + right.requests(), before);
}

// Any order of calls, segments and times: nothing is left behind.
TEST(StackMemoryAlone, NoOrderOfEventsLeaks) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    FailingMemory memory;
    {
      testing::TwoStacks two(config_over(memory, 1), testing::config_with_seed(9));
      two.listen(3);
      std::vector<Handle> left;
      std::vector<Handle> right;
      const auto pick = [&](const std::vector<Handle>& handles) {
        return handles.empty() ? Handle{} : handles[random.index(handles.size())];
      };
      for (int step = 0; step < 150; ++step) {
        if (random.below(10) == 0) memory.fail_at(random.below(4));
        switch (random.below(9)) {
          case 0: {
            ConnectOptions options;
            options.remote = {testing::right_address(), testing::kPort};
            if (const auto socket = two.left.connect(options, two.now)) left.push_back(*socket);
            break;
          }
          case 1:
            if (const auto socket = two.right.accept(*two.listener, two.now)) {
              right.push_back(*socket);
            }
            break;
          case 2:
            static_cast<void>(two.left.write(
                pick(left), testing::bytes_from(0, 1 + random.index(20'000)), two.now));
            break;
          case 3:
            static_cast<void>(two.right.write(
                pick(right), testing::bytes_from(0, 1 + random.index(20'000)), two.now));
            break;
          case 4: {
            std::vector<std::byte> to(5'000);
            static_cast<void>(two.left.read(pick(left), to, two.now));
            static_cast<void>(two.right.read(pick(right), to, two.now));
            break;
          }
          case 5:
            static_cast<void>(random.below(2) == 0 ? two.left.close(pick(left), two.now)
                                                   : two.left.abort(pick(left), two.now));
            break;
          case 6:
            static_cast<void>(random.below(2) == 0 ? two.right.close(pick(right), two.now)
                                                   : two.right.abort(pick(right), two.now));
            break;
          case 7: {
            const std::uint64_t loss = random.below(4);
            two.to_left = two.to_right = [&random, loss](const Frame&) {
              return loss != 0 || random.below(3) != 0;
            };
            break;
          }
          default:
            two.pass(1ms * static_cast<std::int64_t>(random.below(3'000)));
        }
        two.exchange();
        if (::testing::Test::HasFailure()) return;
      }
    }
    ASSERT_EQ(memory.live_blocks(), 0U) << "seed " << seed;
    ASSERT_EQ(memory.mismatches(), 0U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace bowline
