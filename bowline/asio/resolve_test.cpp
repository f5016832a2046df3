#include "bowline/asio/resolve.hpp"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>

#include "bowline/asio/protocol.hpp"

namespace bowline::net {
namespace {

using boost::asio::ip::make_address;
using boost::asio::ip::resolver_base;

std::vector<TcpEndpoint> found(std::string_view host, std::string_view service,
                               std::optional<Family> family = {}, resolver_base::flags flags = {}) {
  boost::system::error_code error;
  const auto endpoints = resolve(host, service, family, flags, error);
  EXPECT_FALSE(error) << error.message();
  return endpoints;
}

boost::system::error_code refused(std::string_view host, std::string_view service,
                                  std::optional<Family> family = {},
                                  resolver_base::flags flags = {}) {
  boost::system::error_code error;
  EXPECT_TRUE(resolve(host, service, family, flags, error).empty());
  return error;
}

TEST(Resolve, AddressesAndPortsInText) {
  EXPECT_EQ(found("10.77.0.2", "8080"), std::vector{TcpEndpoint(make_address("10.77.0.2"), 8080)});
  EXPECT_EQ(found("fd00::2", "https"), std::vector{TcpEndpoint(make_address("fd00::2"), 443)});
}

TEST(Resolve, LocalhostIsTheLoopbackAddresses) {  // RFC 6761 section 6.3
  EXPECT_EQ(found("localhost", "http"), (std::vector{TcpEndpoint(make_address("127.0.0.1"), 80),
                                                     TcpEndpoint(make_address("::1"), 80)}));
  EXPECT_EQ(found("localhost", "http", Family::ipv6).size(), 1U);
}

TEST(Resolve, AnEmptyHostIsThisOne) {
  EXPECT_TRUE(found("", "80").front().address().is_loopback());
  EXPECT_TRUE(
      found("", "80", Family::ipv4, resolver_base::passive).front().address().is_unspecified());
}

TEST(Resolve, WhatIsNotKnownSaysWhichHalf) {
  EXPECT_EQ(refused("example.org", "80"), boost::asio::error::host_not_found);
  EXPECT_EQ(refused("10.77.0.2", "80", Family::ipv6), boost::asio::error::host_not_found);
  EXPECT_EQ(refused("10.77.0.2", "gopher"), boost::asio::error::service_not_found);
  EXPECT_EQ(refused("10.77.0.2", "65536"), boost::asio::error::service_not_found);
  EXPECT_EQ(refused("10.77.0.2", "http", {}, resolver_base::numeric_service),
            boost::asio::error::service_not_found);
  EXPECT_EQ(refused("localhost", "80", {}, resolver_base::numeric_host),
            boost::asio::error::host_not_found);
}

TEST(Endpoint, ConvertsToTheKernelsAndTheStacksAndBack) {
  const boost::asio::ip::tcp::endpoint kernel(make_address("10.77.0.2"), 80);
  const TcpEndpoint ours = kernel;
  const boost::asio::ip::tcp::endpoint back = ours;
  EXPECT_EQ(back, kernel);
  EXPECT_EQ(TcpEndpoint(ours.to_stack()), ours);
  const TcpEndpoint six(make_address("fd00::2"), 443);
  EXPECT_EQ(TcpEndpoint(six.to_stack()), six);
  EXPECT_EQ(six.protocol(), tcp::v6());
}

}  // namespace
}  // namespace bowline::net
