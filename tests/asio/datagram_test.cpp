// UDP sockets where they are Bowline's own: hosts, handles, cancellation, destruction.

#include "tests/asio/two_stacks.hpp"
//
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <string>

namespace bowline::net::test {
namespace {

using boost::asio::buffer;
using udp = net::udp;

udp::endpoint udp_endpoint(const std::string& address, std::uint16_t port) {
  return {boost::asio::ip::make_address(address), port};
}

/// A socket on either stack.
class Datagrams : public TwoStacks {
 protected:
  udp::socket there{context, udp_endpoint(kServerV4, 7)};
  udp::socket here{context, udp::v4().on(*client)};
};

TEST_F(Datagrams, ThereAndBackOverBothFamilies) {
  for (const char* address : {kServerV4, kServerV6}) {
    const udp::endpoint server_endpoint = udp_endpoint(address, 8);
    udp::socket one(context, server_endpoint);
    udp::socket other(context, server_endpoint.protocol().on(*client));
    EXPECT_EQ(other.send_to(buffer("ping", 4), server_endpoint), 4U);
    char text[16];
    udp::endpoint from;
    EXPECT_EQ(one.receive_from(buffer(text), from), 4U);
    EXPECT_EQ(from.port(), other.local_endpoint().port());
    EXPECT_EQ(one.send_to(buffer("pong", 4), from), 4U);
    EXPECT_EQ(other.receive(buffer(text)), 4U);
    EXPECT_EQ(std::string(text, 4), "pong");
  }
}

TEST_F(Datagrams, AReceiveWaitsForItsDatagramAndCompletesByPost) {
  char text[16];
  udp::endpoint from;
  Outcome outcome;
  there.async_receive_from(buffer(text), from, outcome.note());
  context.poll();
  EXPECT_FALSE(outcome.called);
  here.send_to(buffer("late", 4), udp_endpoint(kServerV4, 7));
  run_until([&] { return outcome.called; });
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.bytes, 4U);
  EXPECT_EQ(from.address().to_string(), "10.77.0.2");
}

TEST_F(Datagrams, AReceiveBeforeThereIsAPortIsServedOnceThereIs) {
  char text[16];
  Outcome outcome;
  here.async_receive(buffer(text), outcome.note());
  context.poll();
  here.send_to(buffer("?", 1), udp_endpoint(kServerV4, 7));
  udp::endpoint from;
  EXPECT_EQ(there.receive_from(buffer(text), from), 1U);
  there.send_to(buffer("answer", 6), from);
  run_until([&] { return outcome.called; });
  EXPECT_EQ(outcome.bytes, 6U);
}

TEST_F(Datagrams, TheErrorOfAConnectedSocketIsToldOnce) {
  here.connect(udp_endpoint(kServerV4, 9));  // nobody
  char byte = 0;
  Outcome outcome;
  here.async_receive(buffer(&byte, 1), outcome.note());
  here.send(buffer("x", 1));
  run_until([&] { return outcome.called; });
  EXPECT_EQ(outcome.error, boost::asio::error::connection_refused);
  // Another peer, and all is well.
  here.connect(udp_endpoint(kServerV4, 7));
  EXPECT_EQ(here.send(buffer("x", 1)), 1U);
  EXPECT_EQ(there.receive(buffer(&byte, 1)), 1U);
}

TEST_F(Datagrams, CancellationOfOneAndOfAll) {
  boost::asio::cancellation_signal signal;
  char first = 0, second = 0;
  Outcome one, other;
  there.async_receive(buffer(&first, 1),
                      boost::asio::bind_cancellation_slot(signal.slot(), one.note()));
  there.async_receive(buffer(&second, 1), other.note());
  signal.emit(boost::asio::cancellation_type::total);
  run_until([&] { return one.called; });
  EXPECT_EQ(one.error, boost::asio::error::operation_aborted);
  EXPECT_FALSE(other.called);
  there.cancel();
  run_until([&] { return other.called; });
  EXPECT_EQ(other.error, boost::asio::error::operation_aborted);
}

TEST_F(Datagrams, ASocketDestroyedInItsOwnHandler) {
  auto doomed = std::make_unique<udp::socket>(std::move(there));
  char first = 0, second = 0;
  Outcome pending;
  doomed->async_receive(buffer(&first, 1), [&](error_code, std::size_t) { doomed.reset(); });
  doomed->async_receive(buffer(&second, 1), pending.note());
  here.send_to(buffer("x", 1), udp_endpoint(kServerV4, 7));
  run_until([&] { return pending.called; });
  EXPECT_EQ(pending.error, boost::asio::error::operation_aborted);
  // The port is free.
  const udp::socket again(context, udp_endpoint(kServerV4, 7));
}

TEST_F(Datagrams, AStackClosedInAHandler) {
  char first = 0, second = 0;
  Outcome pending;
  there.async_receive(buffer(&first, 1), [&](error_code, std::size_t) { server->close(); });
  there.async_receive(buffer(&second, 1), pending.note());
  here.send_to(buffer("x", 1), udp_endpoint(kServerV4, 7));
  run_until([&] { return pending.called; });
  EXPECT_EQ(pending.error, boost::asio::error::operation_aborted);
  error_code error;
  there.send_to(buffer("x", 1), udp_endpoint(kServerV4, 7), 0, error);
  EXPECT_EQ(error, boost::asio::error::network_down);
}

TEST_F(Datagrams, ReleaseAndAssign) {
  const Handle handle = there.release();
  EXPECT_EQ(handle.kind, HandleKind::udp);
  EXPECT_FALSE(there.is_open());
  udp::socket heir(context, udp::v4(), handle);
  EXPECT_EQ(heir.local_endpoint(), udp_endpoint(kServerV4, 7));
  tcp::socket stream(context);
  error_code error;
  stream.assign(tcp::v4(), handle, error);
  EXPECT_EQ(error, boost::asio::error::bad_descriptor) << "not a stream's";
}

TEST_F(Datagrams, ShutdownWakesTheReceiver) {
  here.connect(udp_endpoint(kServerV4, 7));
  char byte = 0;
  Outcome outcome;
  here.async_receive(buffer(&byte, 1), outcome.note());
  here.shutdown(udp::socket::shutdown_both);
  run_until([&] { return outcome.called; });
  EXPECT_FALSE(outcome.error) << "as recv(2): no error, no bytes";
  EXPECT_EQ(outcome.bytes, 0U);
  error_code error;
  here.send(buffer("x", 1), 0, error);
  EXPECT_EQ(error, boost::asio::error::broken_pipe);
}

TEST_F(Datagrams, TwoSocketsOnOneEndpoint) {
  udp::socket second(context);
  second.open(udp::v4());
  error_code error;
  second.bind(udp_endpoint(kServerV4, 7), error);
  EXPECT_EQ(error, boost::asio::error::address_in_use);
}

TEST_F(Datagrams, ACoroutineOfManyExchanges) {
  constexpr int kRounds = 1'000;
  int rounds = 0;
  boost::asio::co_spawn(
      context,
      [&]() -> boost::asio::awaitable<void> {
        char text[64];
        udp::endpoint from;
        for (int i = 0; i < kRounds; ++i) {
          const std::size_t n =
              co_await there.async_receive_from(buffer(text), from, boost::asio::use_awaitable);
          co_await there.async_send_to(buffer(text, n), from, boost::asio::use_awaitable);
        }
      },
      boost::asio::detached);
  boost::asio::co_spawn(
      context,
      [&]() -> boost::asio::awaitable<void> {
        co_await here.async_connect(udp_endpoint(kServerV4, 7), boost::asio::use_awaitable);
        for (; rounds < kRounds; ++rounds) {
          const std::string said = "round " + std::to_string(rounds);
          char text[64];
          co_await here.async_send(buffer(said), boost::asio::use_awaitable);
          const std::size_t n =
              co_await here.async_receive(buffer(text), boost::asio::use_awaitable);
          if (std::string(text, n) != said) co_return;
        }
      },
      boost::asio::detached);
  run_until([&] { return rounds == kRounds; });
}

TEST_F(Datagrams, MoreThanTheLinkTakesAtOnce) {
  // The cable holds a thousand packets and nobody takes them out meanwhile.
  const udp::endpoint peer = udp_endpoint(kServerV4, 7);
  here.non_blocking(true);
  error_code error;
  int sent = 0;
  boost::asio::post(context, [&] {
    while (sent < 10'000 && !error) {
      if (here.send_to(buffer("x", 1), peer, 0, error) == 1) ++sent;
    }
  });
  run_until([&] { return bool(error) || sent == 10'000; });
  EXPECT_EQ(error, boost::asio::error::would_block);
  // One that waits goes out once there is room.
  Outcome outcome;
  here.async_send_to(buffer("y", 1), peer, outcome.note());
  run_until([&] { return outcome.called; });
  EXPECT_FALSE(outcome.error) << outcome.error.message();
  EXPECT_EQ(outcome.bytes, 1U);
}

TEST_F(Datagrams, ResolverOfDatagrams) {
  udp::resolver resolver(context);
  const auto results = resolver.resolve(udp::v4(), kServerV4, "7");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results.begin()->endpoint(), udp_endpoint(kServerV4, 7));
  bool called = false;
  resolver.async_resolve(kServerV6, "53",
                         [&](error_code error, const udp::resolver::results_type& found) {
                           EXPECT_FALSE(error) << error.message();
                           EXPECT_EQ(found.begin()->endpoint(), udp_endpoint(kServerV6, 53));
                           called = true;
                         });
  EXPECT_FALSE(called);
  run_until([&] { return called; });
}

}  // namespace
}  // namespace bowline::net::test
