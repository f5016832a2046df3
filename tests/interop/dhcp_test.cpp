// An address by DHCP from a server that others wrote: `bowline serve --address dhcp` on a TAP
// device, dnsmasq on the kernel's side of it.

#include <gtest/gtest.h>
#include <net/if.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bowline/http/testing/temp_folder.hpp"
#include "tests/cli/command.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {
namespace {

using cli::Ended;
using cli::Program;
using cli::run;

class DhcpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!no_namespace().empty()) GTEST_SKIP() << no_namespace();
    if (const auto link = os::create_tun({.name = "probe"}); !link && no_device(link.error())) {
      GTEST_SKIP() << link.error().message;
    }
    temp.write("page.html", "0123456789");
  }

  void serve() {
    server.emplace(std::vector<std::string>{cli::bowline_path(), "serve", temp.path().string(),
                                            "--link", "tap:bowline0", "--address", "dhcp",
                                            "--peer-address", "10.77.0.1/24"});
    for (int i = 0; i < 500 && ::if_nametoindex("bowline0") == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  void start_dnsmasq() {
    dnsmasq.emplace(std::vector<std::string>{
        "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--port=0",
        "--interface=bowline0", "--bind-interfaces", "--no-ping", "--dhcp-authoritative",
        "--leasefile-ro", "--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,10m",
        "--dhcp-option=option:router,10.77.0.1"});
    ASSERT_TRUE(dnsmasq->says("started")) << dnsmasq->wait().err;
  }

  http::TempFolder temp;
  std::optional<Program> server;
  std::optional<Program> dnsmasq;
};

TEST_F(DhcpTest, TheServerIsReachedAtTheLeasedAddress) {
  serve();
  start_dnsmasq();
  if (HasFatalFailure()) return;
  ASSERT_TRUE(server->says("Serving ", 60)) << server->wait().err;
  ASSERT_TRUE(dnsmasq->says("DHCPACK"));
  std::string url;
  for (int last = 50; last <= 60 && url.empty(); ++last) {
    const std::string candidate = "http://10.77.0." + std::to_string(last) + "/";
    if (server->says(candidate, 1)) url = candidate;
  }
  ASSERT_FALSE(url.empty());
  const Ended got =
      run({"curl", "-q", "-sS", "--noproxy", "*", "--max-time", "20", url + "page.html"});
  EXPECT_EQ(got.status, 0) << got.err;
  EXPECT_EQ(got.out, "0123456789");
  server->signal(SIGINT);
  const Ended ended = server->wait();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(dnsmasq->says("DHCPRELEASE")) << "the lease is given back";
}

TEST_F(DhcpTest, WithoutAServerItSaysSoAndEnds) {
  serve();
  const Ended ended = server->wait();
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.err.find("--address dhcp: no address on bowline0 within 45 s"), std::string::npos)
      << ended.err;
}

}  // namespace
}  // namespace bowline::interop
