// Beast's timeouts in virtual time: half a minute of silence takes no time at all (DESIGN.md
// section 6).

#include "bowline/asio.hpp"
//
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <optional>

#include "bowline/asio/beast.hpp"
#include "tests/asio/two_stacks.hpp"

namespace bowline::net::test {
namespace {

/// Two stacks on one context in virtual time, joined in memory.
class Virtual : public ::testing::Test {
 protected:
  Virtual() {
    use_virtual_time(context, clock);
    const Ends ends = cable();
    server = &use_stack(context, config(1), {{ends.left, addresses(1)}});
    client = &use_stack(context, config(2), {{ends.right, addresses(2)}});
  }
  /// What a simulation does: handlers until there are none, then on to the next deadline.
  void run_until(const std::function<bool()>& done) {
    for (int i = 0; i < 100'000 && !done(); ++i) {
      context.restart();
      if (context.poll() == 0 && clock.next() != kNever) clock.advance_to(clock.next());
    }
    EXPECT_TRUE(done());
  }

  VirtualClock clock{Time{} + 1h};
  boost::asio::io_context context{1};
  IoHost* server = nullptr;
  IoHost* client = nullptr;
};

TEST_F(Virtual, AStreamTimesOutAtTheVeryInstant) {
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  std::optional<tcp::socket> there;
  acceptor.async_accept([&](error_code, tcp::socket socket) { there = std::move(socket); });
  tcp::socket socket(context, tcp::v4().on(*client));
  tcp_stream stream(std::move(socket));
  bool connected = false;
  stream.socket().async_connect(endpoint(kServerV4, 7), [&](error_code error) {
    EXPECT_FALSE(error) << error.message();
    connected = true;
  });
  run_until([&] { return connected && there; });
  const Time start = clock.now();
  EXPECT_EQ(start, Time{} + 1h) << "a cable in memory has no delay";
  stream.expires_after(30s);
  char byte = 0;
  std::optional<error_code> ended;
  stream.async_read_some(boost::asio::buffer(&byte, 1),
                         [&](error_code error, std::size_t) { ended = error; });
  const auto wall = std::chrono::steady_clock::now();
  run_until([&] { return ended.has_value(); });
  EXPECT_EQ(*ended, boost::beast::error::timeout);
  EXPECT_EQ(clock.now() - start, 30s);
  EXPECT_LT(std::chrono::steady_clock::now() - wall, 10s);
}

TEST_F(Virtual, ConnectingToNobodyEndsWhenTheStackGivesUp) {
  // The cable leads to a host that has not this address: no answer, retransmissions until R2.
  tcp::socket socket(context, tcp::v4().on(*client));
  std::optional<error_code> ended;
  socket.async_connect(endpoint("10.77.0.99", 7), [&](error_code error) { ended = error; });
  run_until([&] { return ended.has_value(); });
  EXPECT_EQ(*ended, boost::asio::error::timed_out);
  EXPECT_GE(clock.now() - (Time{} + 1h), 180s) << "RFC 9293 MUST-23";
}

namespace websocket = boost::beast::websocket;
using boost::beast::flat_buffer;

/// A server's WebSocket and a client's, connected; the client also with its peer's pings counted.
class VirtualWebSocket : public Virtual {
 protected:
  VirtualWebSocket() : there(context), here(tcp::socket(context, tcp::v4().on(*client))) {
    int done = 0;
    const auto note = [&](error_code error) {
      EXPECT_FALSE(error) << error.message();
      ++done;
    };
    tcp::acceptor acceptor(context, {tcp::v4(), 7});
    acceptor.async_accept(there.next_layer().socket(), note);
    here.next_layer().async_connect(endpoint(kServerV4, 7), note);
    run_until([&] { return done == 2; });
    there.set_option(websocket::stream_base::timeout::suggested(boost::beast::role_type::server));
    there.async_accept(note);
    here.async_handshake("server", "/", note);
    run_until([&] { return done == 4; });
    here.control_callback([&](websocket::frame_type kind, boost::beast::string_view) {
      if (kind == websocket::frame_type::ping) ++pings;
    });
  }
  /// Lets `span` pass.
  void pass(Duration span) {
    bool over = false;
    boost::asio::steady_timer timer(context, span);
    timer.async_wait([&](error_code) { over = true; });
    run_until([&] { return over; });
  }

  websocket::stream<tcp_stream> there, here;
  int pings = 0;
};

TEST_F(VirtualWebSocket, PingsKeepAnIdleOneAlive) {
  // K127: suggested() asks an idle peer after half of its 300 s, again and again.
  flat_buffer heard, answered;
  std::optional<error_code> server_read, client_read;
  there.async_read(heard, [&](error_code error, std::size_t) { server_read = error; });
  here.async_read(answered, [&](error_code error, std::size_t) { client_read = error; });
  const auto wall = std::chrono::steady_clock::now();
  pass(3600s);
  EXPECT_FALSE(server_read) << server_read->message();
  EXPECT_FALSE(client_read) << client_read->message();
  EXPECT_GE(pings, 12) << "an hour of pings";
  EXPECT_LE(pings, 25);
  EXPECT_LT(std::chrono::steady_clock::now() - wall, 10s);
  bool closed = false;
  here.async_close(websocket::close_code::normal, [&](error_code error) {
    EXPECT_FALSE(error) << error.message();
    closed = true;
  });
  run_until([&] { return closed && server_read; });
  EXPECT_EQ(*server_read, websocket::error::closed);
}

TEST_F(VirtualWebSocket, APeerThatAnswersNoPingIsGivenUp) {
  // The client never reads, so it never answers.
  flat_buffer heard;
  std::optional<error_code> server_read;
  const Time start = clock.now();
  there.async_read(heard, [&](error_code error, std::size_t) { server_read = error; });
  run_until([&] { return server_read.has_value(); });
  EXPECT_EQ(*server_read, boost::beast::error::timeout);
  EXPECT_EQ(clock.now() - start, 300s) << "suggested()'s idle timeout";
}

TEST_F(Virtual, ASynchronousCallCannotWait) {
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  error_code error;
  static_cast<void>(acceptor.accept(error));
  EXPECT_EQ(error, boost::asio::error::would_block);
}

}  // namespace
}  // namespace bowline::net::test
