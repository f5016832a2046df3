// Destroying sockets, stacks and contexts at awkward moments (DESIGN.md section 6).

#include "tests/asio/two_stacks.hpp"
//
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>

namespace bowline::net::test {
namespace {

using boost::asio::buffer;

using Lifetime = TwoStacks;

TEST_F(Lifetime, ASocketDestroyedInItsOwnHandler) {
  Pair pair = connected();
  auto there = std::make_unique<tcp::socket>(std::move(pair.there));
  char byte = 0;
  Outcome second;
  char other = 0;
  there->async_read_some(buffer(&byte, 1), [&](error_code error, std::size_t) {
    EXPECT_FALSE(error);
    there.reset();
  });
  there->async_read_some(buffer(&other, 1), second.note());
  boost::asio::write(pair.here, buffer("x", 1));
  run_until([&] { return second.called; });
  EXPECT_EQ(second.error, boost::asio::error::operation_aborted);
  EXPECT_EQ(there, nullptr);
}

TEST_F(Lifetime, AMovedSocketKeepsItsOperations) {
  Pair pair = connected();
  char byte = 0;
  Outcome outcome;
  pair.there.async_read_some(buffer(&byte, 1), outcome.note());
  tcp::socket moved(std::move(pair.there));
  EXPECT_FALSE(pair.there.is_open());
  boost::asio::write(pair.here, buffer("x", 1));
  run_until([&] { return outcome.called; });
  EXPECT_FALSE(outcome.error);
  EXPECT_TRUE(moved.is_open());
}

TEST_F(Lifetime, AnAcceptorDestroyedWithAnAcceptPending) {
  auto acceptor = std::make_unique<tcp::acceptor>(context, endpoint(kServerV4, 7));
  bool called = false;
  acceptor->async_accept([&](error_code error, tcp::socket socket) {
    EXPECT_EQ(error, boost::asio::error::operation_aborted);
    EXPECT_FALSE(socket.is_open());
    called = true;
  });
  boost::asio::post(context, [&] { acceptor.reset(); });
  run_until([&] { return called; });
  const tcp::acceptor again(context, endpoint(kServerV4, 7));
}

TEST_F(Lifetime, AStackClosedInAHandler) {
  Pair pair = connected();
  tcp::acceptor acceptor(context, endpoint(kServerV4, 8));
  char byte = 0, other = 0;
  Outcome pending, accepting;
  tcp::socket peer(context);
  pair.there.async_read_some(buffer(&byte, 1), [&](error_code, std::size_t) { server->close(); });
  pair.there.async_read_some(buffer(&other, 1), pending.note());
  acceptor.async_accept(peer, accepting.note());
  boost::asio::write(pair.here, buffer("x", 1));
  run_until([&] { return pending.called && accepting.called; });
  EXPECT_EQ(pending.error, boost::asio::error::operation_aborted);
  EXPECT_EQ(accepting.error, boost::asio::error::operation_aborted);
  error_code error;
  pair.there.write_some(buffer("x", 1), error);
  EXPECT_EQ(error, boost::asio::error::network_down);
  pair.there.close();
  EXPECT_THROW(server->with_stack([](Stack&, Time) {}), boost::system::system_error);
  // The context's first stack is the other one now.
  tcp::socket socket(context, tcp::v4());
  socket.bind(endpoint("10.77.0.2", 0));
}

TEST(LifetimeOfContexts, AContextDestroyedInAHandlerOfAnother) {
  boost::asio::io_context context(1);
  auto other = std::make_unique<boost::asio::io_context>(1);
  const Ends ends = cable();
  use_stack(context, config(1), {{ends.left, addresses(1)}});
  use_stack(*other, config(2), {{ends.right, addresses(2)}});
  const auto owned = std::make_shared<int>(0);
  auto socket = std::make_shared<tcp::socket>(*other);
  socket->async_connect(endpoint(kServerV4, 7), [socket, owned](error_code) {
    FAIL() << "called after its context has gone";
  });
  other->poll();   // its handlers and the SYN are on their way
  socket.reset();  // the handler alone keeps the socket
  bool done = false;
  boost::asio::post(context, [&] {
    other.reset();
    done = true;
  });
  context.run();
  EXPECT_TRUE(done);
  EXPECT_EQ(owned.use_count(), 1) << "what the handler held is gone";
}

TEST(LifetimeOfContexts, SocketsThatOutliveTheirContextAreClosed) {
  std::optional<boost::asio::io_context> context(std::in_place, 1);
  const Ends ends = cable();
  use_stack(*context, config(1), {{ends.left, addresses(1)}});
  tcp::acceptor acceptor(*context, endpoint(kServerV4, 7));
  acceptor.async_accept([](error_code, tcp::socket) { FAIL(); });
  context.reset();
  acceptor.close();
}

TEST(LifetimeOfContexts, AStackThatCannotBeMadeLeavesNoHost) {
  boost::asio::io_context context(1);
  const Ends ends = cable();
  EXPECT_THROW(use_stack(context, config(1), {{ends.left, {*Cidr::parse("224.0.0.1/4")}}}),
               std::system_error);
  EXPECT_EQ(find_host(context), nullptr);
}

}  // namespace
}  // namespace bowline::net::test
