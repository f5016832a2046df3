// Sockets as Asio's documentation has them (REQUIREMENTS A20), call by call.

#include "tests/asio/two_stacks.hpp"
//
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/errc.hpp>
#include <numeric>
#include <string>
#include <string_view>

namespace bowline::net::test {
namespace {

using boost::asio::buffer;

class Socket : public TwoStacks {
 protected:
  /// One read at `socket`.
  std::string read(tcp::socket& socket, error_code expected = {}) {
    std::string text(4096, '\0');
    Outcome outcome;
    socket.async_read_some(buffer(text), outcome.note());
    run_until([&] { return outcome.called; });
    EXPECT_EQ(outcome.error, expected);
    text.resize(outcome.bytes);
    return text;
  }
  void write(tcp::socket& socket, std::string_view text) {
    Outcome outcome;
    boost::asio::async_write(socket, buffer(text), outcome.note());
    run_until([&] { return outcome.called; });
    EXPECT_FALSE(outcome.error) << outcome.error.message();
  }
};

// ---- open, bind, connect, accept
// -----------------------------------------------------------------

TEST_F(Socket, BytesFlowBothWays) {
  Pair pair = connected();
  write(pair.here, "what hath");
  EXPECT_EQ(read(pair.there), "what hath");
  write(pair.there, "God wrought");
  EXPECT_EQ(read(pair.here), "God wrought");
}

TEST_F(Socket, OverIpv6Too) {
  Pair pair = connected(endpoint(kServerV6, 7));
  write(pair.here, "six");
  EXPECT_EQ(read(pair.there), "six");
  EXPECT_EQ(pair.here.remote_endpoint(), endpoint(kServerV6, 7));
}

TEST_F(Socket, BothEndsAgreeOnTheEndpoints) {
  const Pair pair = connected();
  EXPECT_EQ(pair.here.remote_endpoint(), endpoint(kServerV4, 7));
  EXPECT_EQ(pair.there.local_endpoint(), endpoint(kServerV4, 7));
  EXPECT_EQ(pair.here.local_endpoint(), pair.there.remote_endpoint());
  EXPECT_EQ(pair.here.local_endpoint().address(), boost::asio::ip::make_address("10.77.0.2"));
}

TEST_F(Socket, AServerGoesOnListening) {
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  for (int i = 0; i < 3; ++i) {
    tcp::socket here = client_socket();
    Outcome connect;
    int accepted = 0;
    tcp::endpoint from;
    acceptor.async_accept(from, [&](error_code error, tcp::socket there) {
      EXPECT_FALSE(error);
      EXPECT_EQ(there.remote_endpoint(), from);
      ++accepted;
    });
    here.async_connect(endpoint(kServerV4, 7), connect.note());
    run_until([&] { return connect.called && accepted == 1; });
    EXPECT_FALSE(connect.error);
    EXPECT_EQ(here.local_endpoint(), from);
  }
}

TEST_F(Socket, ConnectOpensTheSocket) {
  tcp::acceptor listening(context);
  listening.open(tcp::v4().on(*client));
  listening.bind({tcp::v4(), 9});
  listening.listen();
  tcp::socket socket(context);  // the context's first stack: the server's
  EXPECT_FALSE(socket.is_open());
  Outcome outcome;
  socket.async_connect(endpoint("10.77.0.2", 9), outcome.note());
  EXPECT_TRUE(socket.is_open());
  run_until([&] { return outcome.called; });
  EXPECT_FALSE(outcome.error) << outcome.error.message();
}

TEST_F(Socket, NobodyListens) {
  tcp::socket socket = client_socket();
  Outcome refused;
  socket.async_connect(endpoint(kServerV4, 7), refused.note());
  run_until([&] { return refused.called; });
  EXPECT_EQ(refused.error, boost::asio::error::connection_refused);
  EXPECT_TRUE(socket.is_open());
  // The same socket may try again.
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  Outcome second;
  socket.async_connect(endpoint(kServerV4, 7), second.note());
  run_until([&] { return second.called; });
  EXPECT_FALSE(second.error) << second.error.message();
  error_code error;
  socket.connect(endpoint(kServerV4, 7), error);
  EXPECT_EQ(error, boost::asio::error::already_connected);
}

TEST_F(Socket, BindSaysWhatIsTaken) {
  tcp::socket first = client_socket();
  first.bind({tcp::v4(), 0});
  const std::uint16_t port = first.local_endpoint().port();
  EXPECT_NE(port, 0);
  tcp::socket second = client_socket();
  error_code error;
  second.bind({tcp::v4(), port}, error);
  EXPECT_EQ(error, boost::asio::error::address_in_use);
  second.bind(endpoint("10.99.0.1", 1000), error);
  EXPECT_EQ(error, boost::system::errc::address_not_available);
  first.close();
  second.bind({tcp::v4(), port}, error);
  EXPECT_FALSE(error) << "free again: " << error.message();
  second.bind({tcp::v4(), 1001}, error);
  EXPECT_EQ(error, boost::asio::error::invalid_argument) << "bound already";
}

TEST_F(Socket, ABoundSocketConnectsFromThere) {
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  tcp::socket socket = client_socket();
  socket.bind(endpoint("10.77.0.2", 1234));
  Outcome outcome;
  socket.async_connect(endpoint(kServerV4, 7), outcome.note());
  run_until([&] { return outcome.called; });
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(socket.local_endpoint(), endpoint("10.77.0.2", 1234));
}

TEST_F(Socket, TwoListenersOnOneEndpoint) {
  const tcp::acceptor first(context, {tcp::v4(), 7});
  tcp::acceptor second(context, tcp::v4());
  error_code error;
  second.bind({tcp::v4(), 7}, error);
  EXPECT_EQ(error, boost::asio::error::address_in_use);
}

TEST_F(Socket, CallsOutOfOrderFailAsTheKernels) {
  tcp::socket socket(context);
  error_code error;
  char byte = 0;
  socket.read_some(buffer(&byte, 1), error);
  EXPECT_EQ(error, boost::asio::error::bad_descriptor);
  EXPECT_THROW(socket.bind({tcp::v4(), 7}), boost::system::system_error);
  socket.open();
  socket.open(tcp::v4(), error);
  EXPECT_EQ(error, boost::asio::error::already_open);
  socket.write_some(buffer("x", 1), error);
  EXPECT_EQ(error, boost::asio::error::not_connected);
  static_cast<void>(socket.remote_endpoint(error));
  EXPECT_EQ(error, boost::asio::error::not_connected);
  socket.shutdown(tcp::socket::shutdown_both, error);
  EXPECT_EQ(error, boost::asio::error::not_connected);
}

TEST(SocketAlone, AContextWithoutAStackHasNoNetwork) {
  boost::asio::io_context context;
  tcp::socket socket(context);
  error_code error;
  socket.open(tcp::v4(), error);
  EXPECT_EQ(error, boost::asio::error::network_down);
  EXPECT_THROW(tcp::acceptor(context, {tcp::v4(), 7}), boost::system::system_error);
  EXPECT_THROW(static_cast<void>(host(context)), boost::system::system_error);
}

// ---- the end of a connection
// ---------------------------------------------------------------------

TEST_F(Socket, TheEndOfTheStreamComesAfterItsBytes) {
  Pair pair = connected();
  write(pair.here, "last words");
  pair.here.close();
  EXPECT_EQ(read(pair.there), "last words");
  EXPECT_EQ(read(pair.there, boost::asio::error::eof), "");
  EXPECT_EQ(read(pair.there, boost::asio::error::eof), "") << "and stays the end";
}

TEST_F(Socket, AHalfClosedConnectionStillCarriesTheOtherHalf) {
  Pair pair = connected();
  pair.here.shutdown(tcp::socket::shutdown_send);
  EXPECT_EQ(read(pair.there, boost::asio::error::eof), "");
  write(pair.there, "still here");
  EXPECT_EQ(read(pair.here), "still here");
  error_code error;
  pair.here.write_some(buffer("x", 1), error);
  EXPECT_EQ(error, boost::asio::error::broken_pipe);
}

TEST_F(Socket, AResetIsToldAsSuch) {
  Pair pair = connected();
  pair.here.set_option(tcp::socket::linger(true, 0));
  pair.here.close();
  EXPECT_EQ(read(pair.there, boost::asio::error::connection_reset), "");
}

TEST_F(Socket, ShutdownOfReceivingEndsAPendingRead) {
  Pair pair = connected();
  char byte = 0;
  Outcome outcome;
  pair.there.async_read_some(buffer(&byte, 1), outcome.note());
  pair.there.shutdown(tcp::socket::shutdown_receive);
  run_until([&] { return outcome.called; });
  EXPECT_EQ(outcome.error, boost::asio::error::eof);
}

// ---- buffers
// -------------------------------------------------------------------------------------

TEST_F(Socket, GathersAndScatters) {
  Pair pair = connected();
  const std::array<boost::asio::const_buffer, 4> out{buffer("ab", 2), buffer("", 0),
                                                     buffer("cde", 3), buffer("f", 1)};
  Outcome outcome;
  pair.here.async_write_some(out, outcome.note());
  run_until([&] { return outcome.called; });
  EXPECT_EQ(outcome.bytes, 6U);
  char first[1], second[4], third[9];
  const std::array<boost::asio::mutable_buffer, 3> in{buffer(first), buffer(second), buffer(third)};
  Outcome got;
  pair.there.async_read_some(in, got.note());
  run_until([&] { return got.called; });
  ASSERT_EQ(got.bytes, 6U);
  EXPECT_EQ(std::string(first, 1) + std::string(second, 4) + std::string(third, 1), "abcdef");
}

TEST_F(Socket, NothingToTransferIsDoneAtOnce) {
  Pair pair = connected();
  Outcome outcome;
  pair.there.async_read_some(boost::asio::mutable_buffer(), outcome.note());
  EXPECT_FALSE(outcome.called) << "but not inline";
  run_until([&] { return outcome.called; });
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.bytes, 0U);
}

TEST_F(Socket, PeekLeavesTheBytesThere) {
  Pair pair = connected();
  write(pair.here, "peek");
  char text[4] = {};
  Outcome outcome;
  pair.there.async_receive(buffer(text), tcp::socket::message_peek, outcome.note());
  run_until([&] { return outcome.called; });
  EXPECT_EQ(std::string(text, outcome.bytes), "peek");
  EXPECT_EQ(pair.there.available(), 4U);
  EXPECT_EQ(read(pair.there), "peek");
  EXPECT_EQ(pair.there.available(), 0U);
  error_code error;
  pair.there.receive(buffer(text), tcp::socket::message_out_of_band, error);
  EXPECT_EQ(error, boost::asio::error::operation_not_supported);
}

TEST_F(Socket, MegabytesArriveAsTheyWereSent) {
  Pair pair = connected();
  std::string sent(8U << 20, '\0');
  std::iota(sent.begin(), sent.end(), '\0');
  std::string got(sent.size(), '\0');
  Outcome writing, reading;
  boost::asio::async_write(pair.here, buffer(sent), writing.note());
  boost::asio::async_read(pair.there, buffer(got), reading.note());
  run_until([&] { return writing.called && reading.called; });
  EXPECT_FALSE(writing.error);
  EXPECT_FALSE(reading.error);
  EXPECT_TRUE(got == sent);
}

TEST_F(Socket, WorksWithAsiosComposedOperations) {
  Pair pair = connected();
  write(pair.here, "GET\r\nrest");
  boost::asio::streambuf line;
  Outcome outcome;
  boost::asio::async_read_until(pair.there, line, "\r\n", outcome.note());
  run_until([&] { return outcome.called; });
  EXPECT_EQ(outcome.bytes, 5U);
}

// ---- options and modes
// ---------------------------------------------------------------------------

TEST_F(Socket, OptionsReachTheStack) {
  Pair pair = connected();
  pair.here.set_option(tcp::no_delay(true));
  tcp::no_delay no_delay;
  pair.here.get_option(no_delay);
  EXPECT_TRUE(no_delay.value());
  EXPECT_TRUE(client->with_stack([&](Stack& stack, Time) {
    return stack.options(pair.here.native_handle()).value().no_delay;
  }));
  error_code error;
  pair.here.set_option(boost::asio::socket_base::do_not_route(true), error);
  EXPECT_EQ(error, boost::asio::error::no_protocol_option);
}

TEST_F(Socket, AcceptedSocketsInheritTheListenersOptions) {
  tcp::acceptor acceptor(context, tcp::v4());
  acceptor.set_option(boost::asio::socket_base::keep_alive(true));
  acceptor.bind({tcp::v4(), 7});
  acceptor.listen();
  tcp::socket there(context), here = client_socket();
  Outcome accept, connect;
  acceptor.async_accept(there, accept.note());
  here.async_connect(endpoint(kServerV4, 7), connect.note());
  run_until([&] { return accept.called && connect.called; });
  boost::asio::socket_base::keep_alive keep_alive;
  there.get_option(keep_alive);
  EXPECT_TRUE(keep_alive.value());
}

TEST_F(Socket, NonBlockingCallsSayWouldBlock) {
  Pair pair = connected();
  pair.there.non_blocking(true);
  char byte = 0;
  error_code error;
  pair.there.read_some(buffer(&byte, 1), error);
  EXPECT_EQ(error, boost::asio::error::would_block);
  write(pair.here, "x");
  run_until([&] { return pair.there.available() == 1; });
  EXPECT_EQ(pair.there.read_some(buffer(&byte, 1), error), 1U);
  EXPECT_FALSE(error);
  tcp::acceptor acceptor(context, {tcp::v4(), 8});
  acceptor.non_blocking(true);
  static_cast<void>(acceptor.accept(error));
  EXPECT_EQ(error, boost::asio::error::would_block);
}

TEST_F(Socket, IoControlCountsTheBytes) {
  Pair pair = connected();
  write(pair.here, "12345");
  run_until([&] { return pair.there.available() == 5; });
  boost::asio::socket_base::bytes_readable readable;
  pair.there.io_control(readable);
  EXPECT_EQ(readable.get(), 5U);
}

TEST_F(Socket, AHandleMovesFromSocketToSocket) {
  Pair pair = connected();
  char byte = 0;
  Outcome outcome;
  pair.there.async_read_some(buffer(&byte, 1), outcome.note());
  const Handle handle = pair.there.release();
  EXPECT_FALSE(pair.there.is_open());
  tcp::socket other(context, tcp::v4(), handle);
  run_until([&] { return outcome.called; });
  EXPECT_EQ(outcome.error, boost::asio::error::operation_aborted);
  write(pair.here, "on");
  EXPECT_EQ(read(other), "on");
  tcp::socket twice(context);
  error_code error;
  twice.assign(tcp::v4(), Handle{}, error);
  EXPECT_EQ(error, boost::asio::error::bad_descriptor);
}

// ---- synchronous calls
// ---------------------------------------------------------------------------

TEST_F(Socket, SynchronousCallsDriveBothStacksInPlace) {
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  tcp::socket here = client_socket();
  here.connect(endpoint(kServerV4, 7));  // nobody runs the context
  tcp::socket there = acceptor.accept();
  boost::asio::write(here, buffer("ping", 4));
  char text[4];
  boost::asio::read(there, buffer(text));
  EXPECT_EQ(std::string(text, 4), "ping");
  there.close();
  error_code error;
  here.read_some(buffer(text), error);
  EXPECT_EQ(error, boost::asio::error::eof);
}

TEST_F(Socket, ASynchronousCallThatNothingCouldEndSaysSo) {
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  error_code error;
  static_cast<void>(acceptor.accept(error));  // the kernel's would never return
  EXPECT_EQ(error, boost::asio::error::would_block);
}

TEST_F(Socket, WaitReportsReadiness) {
  Pair pair = connected();
  Outcome writable, readable;
  pair.there.async_wait(tcp::socket::wait_write, writable.note());
  pair.there.async_wait(tcp::socket::wait_read, readable.note());
  run_until([&] { return writable.called; });
  EXPECT_FALSE(readable.called);
  write(pair.here, "x");
  run_until([&] { return readable.called; });
  EXPECT_EQ(pair.there.available(), 1U);
  pair.there.wait(tcp::socket::wait_read);
}

}  // namespace
}  // namespace bowline::net::test
