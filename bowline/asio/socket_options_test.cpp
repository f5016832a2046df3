#include "bowline/asio/socket_options.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>

namespace bowline::net {
namespace {

using boost::system::error_code;

class SocketOption : public ::testing::Test {
 protected:
  error_code set(int level, int name, int value) {
    return set_socket_option(options, flags, level, name, &value, sizeof value);
  }
  int get(int level, int name) {
    int value = -1;
    std::size_t size = sizeof value;
    EXPECT_FALSE(get_socket_option(options, flags, settings, level, name, &value, size));
    EXPECT_EQ(size, sizeof value);
    return value;
  }

  bowline::tcp::SocketOptions options;
  SocketFlags flags;
  bowline::tcp::Settings settings;
};

TEST_F(SocketOption, ABoolIsSetAndTold) {
  EXPECT_EQ(get(IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_FALSE(set(IPPROTO_TCP, TCP_NODELAY, 7));
  EXPECT_TRUE(options.no_delay);
  EXPECT_EQ(get(IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_FALSE(set(SOL_SOCKET, SO_KEEPALIVE, 1));
  EXPECT_TRUE(options.keepalive.enabled);
}

TEST_F(SocketOption, UnitsAreThoseOfTheBsdInterface) {
  EXPECT_FALSE(set(IPPROTO_TCP, TCP_KEEPIDLE, 90));
  EXPECT_EQ(options.keepalive.idle, 90s);
  EXPECT_FALSE(set(IPPROTO_TCP, TCP_USER_TIMEOUT, 1500));
  EXPECT_EQ(options.user_timeout, 1500ms);
  EXPECT_EQ(get(IPPROTO_TCP, TCP_KEEPIDLE), 90);
  EXPECT_EQ(get(IPPROTO_TCP, TCP_USER_TIMEOUT), 1500);
}

TEST_F(SocketOption, ASizeThatIsNotSetIsTheStacks) {
  settings.send_buffer = 12'345;
  EXPECT_EQ(get(SOL_SOCKET, SO_SNDBUF), 12'345);
  EXPECT_FALSE(set(SOL_SOCKET, SO_SNDBUF, 4'096));
  EXPECT_EQ(get(SOL_SOCKET, SO_SNDBUF), 4'096);
  EXPECT_EQ(options.receive_buffer, 0U) << "the other one is not touched";
}

TEST_F(SocketOption, LingerHasAFormOfItsOwn) {
  const ::linger on{1, 0};
  EXPECT_FALSE(set_socket_option(options, flags, SOL_SOCKET, SO_LINGER, &on, sizeof on));
  EXPECT_TRUE(options.linger);
  ::linger told{};
  std::size_t size = sizeof told;
  EXPECT_FALSE(get_socket_option(options, flags, settings, SOL_SOCKET, SO_LINGER, &told, size));
  EXPECT_EQ(told.l_onoff, 1);
  EXPECT_EQ(told.l_linger, 0);
}

TEST_F(SocketOption, WhatIsWrongIsRefusedAndChangesNothing) {
  const auto before = options;
  EXPECT_EQ(set(SOL_SOCKET, SO_DONTROUTE, 1), boost::asio::error::no_protocol_option);
  EXPECT_EQ(set(SOL_SOCKET, SO_OOBINLINE, 0), boost::asio::error::invalid_argument);
  EXPECT_EQ(set(SOL_SOCKET, SO_SNDBUF, 0), boost::asio::error::invalid_argument);
  EXPECT_EQ(set(IPPROTO_IP, IP_TTL, 256), boost::asio::error::invalid_argument);
  EXPECT_EQ(set(IPPROTO_IPV6, IPV6_V6ONLY, 0), boost::asio::error::invalid_argument);
  const char narrow = 1;
  EXPECT_EQ(set_socket_option(options, flags, IPPROTO_TCP, TCP_NODELAY, &narrow, sizeof narrow),
            boost::asio::error::invalid_argument);
  EXPECT_EQ(options, before);
}

TEST(DatagramOption, ReachTheirFields) {
  bowline::udp::SocketOptions options;
  SocketFlags flags;
  const Limits limits;
  const auto set = [&](int level, int name, int value) {
    return set_socket_option(options, flags, level, name, &value, sizeof value);
  };
  const auto get = [&](int level, int name) {
    int value = -1;
    std::size_t size = sizeof value;
    EXPECT_FALSE(get_socket_option(options, flags, limits, level, name, &value, size));
    return value;
  };
  EXPECT_EQ(get(SOL_SOCKET, SO_BROADCAST), 0);
  EXPECT_FALSE(set(SOL_SOCKET, SO_BROADCAST, 1));
  EXPECT_TRUE(options.broadcast);
  EXPECT_EQ(get(SOL_SOCKET, SO_BROADCAST), 1);
  EXPECT_EQ(get(SOL_SOCKET, SO_RCVBUF), static_cast<int>(limits.udp_receive_bytes));
  EXPECT_FALSE(set(SOL_SOCKET, SO_RCVBUF, 5'000));
  EXPECT_EQ(options.receive_buffer, 5'000U);
  EXPECT_FALSE(set(IPPROTO_IP, IP_TTL, 3));
  EXPECT_EQ(options.hop_limit, 3);
  EXPECT_FALSE(set(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
  EXPECT_TRUE(options.dont_fragment);
  EXPECT_EQ(get(IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DO);
  EXPECT_FALSE(set(SOL_SOCKET, SO_REUSEADDR, 1));
  EXPECT_TRUE(flags.reuse_address);
  const auto before = options;
  EXPECT_EQ(set(IPPROTO_TCP, TCP_NODELAY, 1), boost::asio::error::no_protocol_option);
  EXPECT_EQ(set(IPPROTO_IP, IP_MULTICAST_TTL, 1), boost::asio::error::no_protocol_option);
  EXPECT_EQ(set(IPPROTO_IP, IP_TTL, 0), boost::asio::error::invalid_argument);
  EXPECT_EQ(options, before);
}

}  // namespace
}  // namespace bowline::net
