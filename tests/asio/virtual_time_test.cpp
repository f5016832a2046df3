// Beast's timeouts in virtual time: half a minute of silence takes no time at all (DESIGN.md
// section 6).

#include "bowline/asio.hpp"
//
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/error.hpp>
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

TEST_F(Virtual, ASynchronousCallCannotWait) {
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  error_code error;
  static_cast<void>(acceptor.accept(error));
  EXPECT_EQ(error, boost::asio::error::would_block);
}

}  // namespace
}  // namespace bowline::net::test
