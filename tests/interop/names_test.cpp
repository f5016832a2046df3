// Names from a name server that others wrote: dnsmasq, over a TUN device.

#include "bowline/asio.hpp"
//
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bowline/os/random.hpp"
#include "tests/cli/command.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {
namespace {

using boost::system::error_code;
using net::tcp;
using Texts = std::set<std::string>;

class Dnsmasq : public TunTest {
 protected:
  void SetUp() override {
    open();
    if (IsSkipped() || HasFatalFailure()) return;
    StackConfig config;
    config.seed = *os::random_seed();
    std::vector<Cidr> ours;
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      const Addresses ends = addresses(family);
      ours.push_back({.address = ends.ours, .prefix = ends.prefix});
    }
    host = &net::use_stack(context, config, {{std::shared_ptr<Link>(std::move(link_)), ours}});
  }
  void TearDown() override {
    if (host != nullptr) host->close();
  }

  /// Starts the server; it answers for the zone `example` alone.
  void serve(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"dnsmasq",
                                      "--no-daemon",
                                      "--conf-file=/dev/null",
                                      "--no-resolv",
                                      "--no-hosts",
                                      "--bind-interfaces",
                                      "--listen-address=10.77.0.1",
                                      "--listen-address=fd77::1",
                                      "--local=/example/",
                                      "--local-ttl=60",
                                      "--host-record=www.example,10.77.0.9,fd77::9",
                                      "--cname=alias.example,www.example"};
    for (int i = 1; i <= kMany; ++i) {
      words.push_back("--host-record=many.example,10.77.1." + std::to_string(i));
    }
    words.insert(words.end(), more.begin(), more.end());
    server.emplace(words);
    ASSERT_TRUE(server->says("started")) << server->wait().err;
  }
  void ask(const IpAddress& address) {
    dns::Config config;
    config.add_server(address);
    host->set_name_servers(config);
  }
  /// The addresses of `name`; the error is kept.
  Texts resolve(const std::string& name) {
    tcp::resolver resolver(context);
    Texts found;
    for (const auto& each : resolver.resolve(name, "80", error)) {
      found.insert(each.endpoint().address().to_string());
    }
    return found;
  }

  static constexpr int kMany = 40;  // 40 records of 16 bytes: more than a datagram of 512 takes

  boost::asio::io_context context{1};
  net::IoHost* host = nullptr;
  std::optional<cli::Program> server;
  error_code error;
};

TEST_F(Dnsmasq, AnswersOverBothFamilies) {
  serve();
  if (HasFatalFailure()) return;
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    ask(addresses(family).kernel);
    EXPECT_EQ(resolve("www.example"), (Texts{"10.77.0.9", "fd77::9"}));
    EXPECT_FALSE(error) << error.message();
    EXPECT_EQ(resolve("alias.example"), (Texts{"10.77.0.9", "fd77::9"}));
    EXPECT_FALSE(error) << error.message();
  }
}

TEST_F(Dnsmasq, AnswersAreTakenWithTheirLettersMixed) {
  serve();
  if (HasFatalFailure()) return;
  dns::Config config;
  config.add_server(addresses(Family::ipv4).kernel);
  config.mix_case = true;
  host->set_name_servers(config);
  EXPECT_EQ(resolve("www.example"), (Texts{"10.77.0.9", "fd77::9"}));
  EXPECT_FALSE(error) << error.message();
}

TEST_F(Dnsmasq, SaysWhatDoesNotExist) {
  serve();
  if (HasFatalFailure()) return;
  ask(addresses(Family::ipv4).kernel);
  EXPECT_TRUE(resolve("none.example").empty());
  EXPECT_EQ(error, boost::asio::error::host_not_found);
}

TEST_F(Dnsmasq, RefusesWhatItDoesNotServe) {  // it has no servers to ask itself
  serve();
  if (HasFatalFailure()) return;
  ask(addresses(Family::ipv4).kernel);
  EXPECT_TRUE(resolve("www.elsewhere.test").empty());
  EXPECT_EQ(error, boost::asio::error::no_recovery);
}

TEST_F(Dnsmasq, ALongAnswerComesByTcp) {  // RFC 7766
  serve({"--edns-packet-max=512"});
  if (HasFatalFailure()) return;
  ask(addresses(Family::ipv4).kernel);
  const Texts found = resolve("many.example");
  EXPECT_FALSE(error) << error.message();
  EXPECT_EQ(found.size(), dns::kMaxAddresses) << "the rest is left out";
  const auto opened = host->with_stack(
      [](Stack& stack, Time) { return stack.counters()[Reason::state_active_open]; });
  EXPECT_GE(opened, 1U) << "the answer fitted into a datagram";
}

TEST_F(Dnsmasq, NobodyThereIsFoundOutAtOnce) {  // ICMP port unreachable from the kernel
  if (host == nullptr) return;
  ask(addresses(Family::ipv4).kernel);
  EXPECT_TRUE(resolve("www.example").empty());
  EXPECT_EQ(error, boost::asio::error::host_not_found_try_again);
}

}  // namespace
}  // namespace bowline::interop
