#pragma once

// Two stacks on one context, joined by a cable in memory: the ground of the socket tests.

#include "bowline/asio.hpp"
//
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bowline/link/memory_link.hpp"

namespace bowline::net::test {

using boost::system::error_code;
using tcp = net::tcp;

inline constexpr const char* kServerV4 = "10.77.0.1";
inline constexpr const char* kServerV6 = "fd00:77::1";

/// A stack's configuration; each `number` has its own secrets.
inline StackConfig config(std::uint64_t number) {
  StackConfig config;
  config.seed = {number, 2, 3, 4};
  return config;
}

/// The addresses of host `number` on the test's network.
inline std::vector<Cidr> addresses(int number) {
  const std::string digit = std::to_string(number);
  return {*Cidr::parse("10.77.0." + digit + "/24"), *Cidr::parse("fd00:77::" + digit + "/64")};
}

/// A cable's two ends; each keeps the cable.
struct Ends {
  std::shared_ptr<Link> left, right;
};
inline Ends cable(const MemoryLinkOptions& options = {}) {
  auto pair = std::make_shared<LinkPair>(LinkPair::create(options).value());
  return {std::shared_ptr<Link>(pair, &pair->left()), std::shared_ptr<Link>(pair, &pair->right())};
}

inline tcp::endpoint endpoint(const std::string& address, std::uint16_t port) {
  return {boost::asio::ip::make_address(address), port};
}

/// The server's stack is the context's first; the client's is asked for by tcp::on().
class TwoStacks : public ::testing::Test {
 protected:
  TwoStacks() {
    const Ends ends = cable();
    server = &use_stack(context, config(1), {{ends.left, addresses(1)}});
    client = &use_stack(context, config(2), {{ends.right, addresses(2)}});
  }

  /// An open socket on the client's stack.
  tcp::socket client_socket() { return {context, tcp::v4().on(*client)}; }

  /// Runs the context until `done()`; fails the test when that does not come to pass.
  void run_until(const std::function<bool()>& done,
                 std::chrono::milliseconds most = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + most;
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "it does not come";
      if (context.stopped()) context.restart();
      context.run_one_for(std::chrono::milliseconds(10));
    }
  }
  /// Runs until nothing is pending.
  void run() {
    context.restart();
    context.run_for(std::chrono::seconds(20));
    EXPECT_TRUE(context.stopped()) << "something is still pending";
  }

  /// Two connected sockets: `there` on the server's stack, `here` on the client's.
  struct Pair {
    tcp::socket there, here;
  };
  Pair connected(const tcp::endpoint& at = endpoint(kServerV4, 7)) {
    tcp::acceptor acceptor(context, at);
    Pair pair{tcp::socket(context), tcp::socket(context, at.protocol().on(*client))};
    int done = 0;
    acceptor.async_accept(pair.there, [&](error_code error) {
      EXPECT_FALSE(error) << error.message();
      ++done;
    });
    pair.here.async_connect(at, [&](error_code error) {
      EXPECT_FALSE(error) << error.message();
      ++done;
    });
    run_until([&] { return done == 2; });
    return pair;
  }

  boost::asio::io_context context{1};
  IoHost* server;
  IoHost* client;
};

/// Keeps what an operation's handler was called with.
struct Outcome {
  bool called = false;
  error_code error;
  std::size_t bytes = 0;

  /// The handler.
  auto note() {
    return [this](error_code result, std::size_t count = 0) {
      EXPECT_FALSE(called) << "called twice";
      called = true;
      error = result;
      bytes = count;
    };
  }
};

}  // namespace bowline::net::test
