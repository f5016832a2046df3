#include "bowline/asio/resolve.hpp"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>

#include "bowline/asio/protocol.hpp"

namespace bowline::net {
namespace {

using boost::asio::ip::make_address;
using boost::asio::ip::resolver_base;

Resolved answer(std::string_view host, std::string_view service, std::optional<Family> family = {},
                resolver_base::flags flags = {}) {
  return resolve_here({std::string(host), std::string(service), family, flags});
}

std::vector<TcpEndpoint> found(std::string_view host, std::string_view service,
                               std::optional<Family> family = {}, resolver_base::flags flags = {}) {
  const Resolved resolved = answer(host, service, family, flags);
  EXPECT_FALSE(resolved.error) << resolved.problem;
  EXPECT_FALSE(resolved.name.has_value());
  return resolved.endpoints;
}

boost::system::error_code refused(std::string_view host, std::string_view service,
                                  std::optional<Family> family = {},
                                  resolver_base::flags flags = {}) {
  const Resolved resolved = answer(host, service, family, flags);
  EXPECT_TRUE(resolved.endpoints.empty());
  EXPECT_FALSE(resolved.name.has_value());
  EXPECT_FALSE(resolved.problem.empty());
  return resolved.error;
}

TEST(Resolve, AddressesAndPortsInText) {
  EXPECT_EQ(found("10.77.0.2", "8080"), std::vector{TcpEndpoint(make_address("10.77.0.2"), 8080)});
  EXPECT_EQ(found("fd00::2", "https"), std::vector{TcpEndpoint(make_address("fd00::2"), 443)});
}

TEST(Resolve, AnEmptyHostIsThisOne) {
  EXPECT_TRUE(found("", "80").front().address().is_loopback());
  EXPECT_TRUE(
      found("", "80", Family::ipv4, resolver_base::passive).front().address().is_unspecified());
}

TEST(Resolve, ANameIsToBeLookedUp) {
  const Resolved relative = answer("www.Example.org", "https");
  EXPECT_FALSE(relative.error);
  EXPECT_EQ(relative.name, dns::Name::parse("www.example.org").value());
  EXPECT_FALSE(relative.absolute);
  EXPECT_EQ(relative.port, 443);
  EXPECT_TRUE(answer("www.example.org.", "80").absolute);
}

TEST(Resolve, WhatIsWrongSaysWhichHalf) {
  EXPECT_EQ(refused("10.77.0.2", "80", Family::ipv6), boost::asio::error::host_not_found);
  EXPECT_EQ(refused("10.77.0.2", "gopher"), boost::asio::error::service_not_found);
  EXPECT_EQ(refused("www.example.org", "65536"), boost::asio::error::service_not_found);
  EXPECT_EQ(refused("10.77.0.2", "http", {}, resolver_base::numeric_service),
            boost::asio::error::service_not_found);
  EXPECT_EQ(refused("localhost", "80", {}, resolver_base::numeric_host),
            boost::asio::error::host_not_found);
  EXPECT_EQ(refused("10.77.0.256", "80"), boost::asio::error::host_not_found);
  EXPECT_EQ(refused("b\xc3\xbc"
                    "cher.example",
                    "80"),
            boost::asio::error::host_not_found);
  EXPECT_EQ(answer("bad..name", "80").problem,
            "bad..name has nothing between two dots, or starts with one");
}

TEST(Resolve, OutcomesAreWhatAsioCallsThem) {
  EXPECT_FALSE(to_asio(dns::Outcome::found));
  EXPECT_EQ(to_asio(dns::Outcome::no_such_name), boost::asio::error::host_not_found);
  EXPECT_EQ(to_asio(dns::Outcome::no_name_servers), boost::asio::error::host_not_found);
  EXPECT_EQ(to_asio(dns::Outcome::no_data), boost::asio::error::no_data);
  EXPECT_EQ(to_asio(dns::Outcome::timed_out), boost::asio::error::host_not_found_try_again);
  EXPECT_EQ(to_asio(dns::Outcome::server_failure), boost::asio::error::host_not_found_try_again);
  EXPECT_EQ(to_asio(dns::Outcome::refused), boost::asio::error::no_recovery);
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
