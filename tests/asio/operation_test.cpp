// What an asynchronous operation owes its handler: the executor, the allocator, the cancellation
// slot, and a call that is never made inline.

#include "tests/asio/two_stacks.hpp"
//
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>

namespace bowline::net::test {
namespace {

using boost::asio::buffer;

using Operation = TwoStacks;

TEST_F(Operation, CompletionsArePostedEvenWhenAllIsThere) {
  Pair pair = connected();
  boost::asio::write(pair.here, buffer("x", 1));
  run_until([&] { return pair.there.available() == 1; });
  char byte = 0;
  bool returned = false;
  pair.there.async_read_some(buffer(&byte, 1), [&](error_code, std::size_t) {
    EXPECT_TRUE(returned) << "called inside the initiating function";
  });
  returned = true;
  run_until([&] { return byte == 'x'; });
}

TEST_F(Operation, ALongChainOfReadyOperationsNeedsNoStack) {
  // Each read could be done at once; were it done inline, a hundred thousand frames would not fit.
  Pair pair = connected();
  const std::string sent(200'000, 'x');
  std::size_t got = 0;
  char byte = 0;
  std::function<void()> next = [&] {
    pair.there.async_read_some(buffer(&byte, 1), [&](error_code error, std::size_t bytes) {
      ASSERT_FALSE(error);
      got += bytes;
      if (got < sent.size()) next();
    });
  };
  next();
  Outcome outcome;
  boost::asio::async_write(pair.here, buffer(sent), outcome.note());
  run_until([&] { return got == sent.size(); });
}

TEST_F(Operation, ReadsThatWaitAreServedInOrder) {
  Pair pair = connected();
  char first = 0, second = 0;
  std::string order;
  pair.there.async_read_some(buffer(&first, 1), [&](error_code, std::size_t) { order += '1'; });
  pair.there.async_read_some(buffer(&second, 1), [&](error_code, std::size_t) { order += '2'; });
  boost::asio::write(pair.here, buffer("ab", 2));
  run_until([&] { return order.size() == 2; });
  EXPECT_EQ(order, "12");
  EXPECT_EQ(first, 'a');
  EXPECT_EQ(second, 'b');
}

TEST_F(Operation, TheHandlersExecutorIsItsOwn) {
  Pair pair = connected();
  auto strand = boost::asio::make_strand(context);
  char byte = 0;
  bool in_strand = false, called = false;
  pair.there.async_read_some(buffer(&byte, 1),
                             boost::asio::bind_executor(strand, [&](error_code, std::size_t) {
                               in_strand = strand.running_in_this_thread();
                               called = true;
                             }));
  boost::asio::write(pair.here, buffer("x", 1));
  run_until([&] { return called; });
  EXPECT_TRUE(in_strand);
}

TEST_F(Operation, AHandlerOnAnotherContextKeepsThatOneRunning) {
  Pair pair = connected();
  boost::asio::io_context other;
  char byte = 0;
  bool called = false;
  pair.there.async_read_some(
      buffer(&byte, 1),
      boost::asio::bind_executor(other, [&](error_code, std::size_t) { called = true; }));
  other.poll();
  EXPECT_FALSE(other.stopped()) << "the operation is its work";
  boost::asio::write(pair.here, buffer("x", 1));
  run_until([&] { return byte == 'x'; });
  EXPECT_FALSE(called);
  other.run_for(std::chrono::seconds(5));
  EXPECT_TRUE(called);
}

/// Counts what it hands out.
template <class T>
struct Counting {
  using value_type = T;
  struct Count {
    int live = 0, total = 0;
  };
  explicit Counting(Count& counted) : count(&counted) {}
  template <class Other>
  Counting(const Counting<Other>& other) : count(reinterpret_cast<Count*>(other.count)) {}
  T* allocate(std::size_t size) {
    ++count->live;
    ++count->total;
    return std::allocator<T>().allocate(size);
  }
  void deallocate(T* memory, std::size_t size) {
    --count->live;
    std::allocator<T>().deallocate(memory, size);
  }
  template <class Other>
  bool operator==(const Counting<Other>& other) const {
    return reinterpret_cast<const void*>(count) == reinterpret_cast<const void*>(other.count);
  }
  Count* count;
};

TEST_F(Operation, MemoryComesFromTheHandlersAllocatorAndIsGivenBackBeforeTheCall) {
  Pair pair = connected();
  Counting<char>::Count count;
  char byte = 0;
  bool called = false;
  pair.there.async_read_some(
      buffer(&byte, 1),
      boost::asio::bind_allocator(Counting<char>(count), [&](error_code, std::size_t) {
        EXPECT_EQ(count.live, 0);
        called = true;
      }));
  EXPECT_EQ(count.live, 1) << "one block for an operation that waits";
  boost::asio::write(pair.here, buffer("x", 1));
  run_until([&] { return called; });
  EXPECT_LE(count.total, 2) << "the operation, and the post";
}

TEST_F(Operation, CancelAbortsAllThatWait) {
  Pair pair = connected();
  char byte = 0;
  Outcome reading, waiting;
  pair.there.async_read_some(buffer(&byte, 1), reading.note());
  pair.there.async_wait(tcp::socket::wait_error, waiting.note());
  pair.there.cancel();
  EXPECT_FALSE(reading.called);
  run_until([&] { return reading.called && waiting.called; });
  EXPECT_EQ(reading.error, boost::asio::error::operation_aborted);
  EXPECT_EQ(waiting.error, boost::asio::error::operation_aborted);
  // The socket itself is as good as before.
  boost::asio::write(pair.here, buffer("x", 1));
  Outcome again;
  pair.there.async_read_some(buffer(&byte, 1), again.note());
  run_until([&] { return again.called; });
  EXPECT_FALSE(again.error);
}

TEST_F(Operation, ACancellationSlotAbortsOneAndLeavesTheOthers) {
  Pair pair = connected();
  boost::asio::cancellation_signal signal;
  char first = 0, second = 0;
  Outcome one, other;
  pair.there.async_read_some(buffer(&first, 1),
                             boost::asio::bind_cancellation_slot(signal.slot(), one.note()));
  pair.there.async_read_some(buffer(&second, 1), other.note());
  signal.emit(boost::asio::cancellation_type::total);
  run_until([&] { return one.called; });
  EXPECT_EQ(one.error, boost::asio::error::operation_aborted);
  boost::asio::write(pair.here, buffer("x", 1));
  run_until([&] { return other.called; });
  EXPECT_FALSE(other.error);
  EXPECT_EQ(second, 'x');
  signal.emit(boost::asio::cancellation_type::terminal);  // of an operation that is long over
}

TEST_F(Operation, AnAcceptAndAConnectCanBeCancelled) {
  boost::asio::cancellation_signal signal;
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  Outcome accept, connect;
  tcp::socket there(context);
  acceptor.async_accept(there, boost::asio::bind_cancellation_slot(signal.slot(), accept.note()));
  signal.emit(boost::asio::cancellation_type::terminal);
  tcp::socket here = client_socket();
  here.async_connect(endpoint("10.77.0.99", 7), connect.note());  // nobody is there
  here.cancel();
  run_until([&] { return accept.called && connect.called; });
  EXPECT_EQ(accept.error, boost::asio::error::operation_aborted);
  EXPECT_EQ(connect.error, boost::asio::error::operation_aborted);
  EXPECT_FALSE(there.is_open());
}

TEST_F(Operation, RunReturnsWhenTheProgramHasNothingPending) {
  Pair pair = connected();
  tcp::acceptor acceptor(context, {tcp::v4(), 8});
  run();  // connections and listeners are no work
  Outcome outcome;
  char byte = 0;
  pair.there.async_read_some(buffer(&byte, 1), outcome.note());
  context.restart();
  context.run_for(std::chrono::milliseconds(30));
  EXPECT_FALSE(context.stopped()) << "a pending read is";
  pair.there.cancel();
  run();
  EXPECT_TRUE(outcome.called);
}

TEST_F(Operation, DrainDeliversWhatIsLeft) {
  Pair pair = connected();
  const std::string sent(3U << 20, 'x');
  std::size_t got = 0;
  std::string chunk(65'536, '\0');
  std::function<void(error_code, std::size_t)> next = [&](error_code error, std::size_t bytes) {
    got += bytes;
    if (!error) pair.there.async_read_some(buffer(chunk), next);
  };
  Outcome outcome;
  next({}, 0);
  boost::asio::async_write(pair.here, buffer(sent), outcome.note());
  run_until([&] { return outcome.called; });
  pair.here.close();
  run_until([&] { return got == sent.size(); });
  EXPECT_TRUE(client->drain(5s));
}

}  // namespace
}  // namespace bowline::net::test
