// `bowline serve` on Ethernet, by a TAP device and by a packet socket on one end of a cable, and
// the kernel's own programs: ping, traceroute, curl, ip. REQUIREMENTS A2, B (IP), C.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bowline/http/testing/temp_folder.hpp"
#include "bowline/os/netlink.hpp"
#include "bowline/os/tun.hpp"
#include "tests/cli/command.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {
namespace {

using cli::Ended;
using cli::Program;
using cli::run;
using Words = std::vector<std::string>;

enum class Wire { tap, packet };

class EthernetTest : public testing::TestWithParam<Wire> {
 protected:
  void SetUp() override {
    if (!no_namespace().empty()) GTEST_SKIP() << no_namespace();
    if (GetParam() == Wire::tap) {
      const auto probe = os::create_tap({.name = "probe"});
      if (!probe && no_device(probe.error())) GTEST_SKIP() << probe.error().message;
    } else {
      lay_cable();
    }
    temp.write("page.html", "0123456789");
    std::string big;
    for (std::uint32_t i = 0; big.size() < 20'000'000; ++i) {
      big += std::to_string(i * 2'654'435'761U);
    }
    temp.write("big.bin", big);
  }

  /// The kernel's end of the wire.
  [[nodiscard]] static std::string kernels() { return GetParam() == Wire::tap ? "bow0" : "kern0"; }

  // The kernel at one end of a cable, Bowline at the other.
  static void lay_cable() {
    auto netlink = os::Netlink::open();
    ASSERT_TRUE(netlink);
    ASSERT_TRUE(netlink->create_veth("kern0", "bow0"));
    for (const char* end : {"kern0", "bow0"}) ASSERT_TRUE(netlink->set_up(end));
    ASSERT_TRUE(netlink->add_address("kern0", *Cidr::parse("10.77.0.1/24")));
    ASSERT_TRUE(netlink->add_address("kern0", *Cidr::parse("fd77::1/64")));
  }

  [[nodiscard]] Words words(const Words& more) const {
    Words all = {cli::bowline_path(), "serve", temp.path().string(), "--link"};
    all.push_back(GetParam() == Wire::tap ? "tap:bow0" : "packet:bow0");
    if (GetParam() == Wire::packet) {
      all.insert(all.end(), {"--address", "10.77.0.2/24", "--address", "fd77::2/64"});
    }
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  // Starts the server, and waits until nobody else was found to have its addresses.
  void serve(const Words& more = {}) {
    server.emplace(words(more));
    ASSERT_TRUE(server->says("Serving ", 20)) << server->wait().err;
  }
  Ended stop() {
    server->signal(SIGINT);
    Ended ended = server->wait();
    server.reset();
    return ended;
  }
  static Words curl_words(const Words& more) {
    Words words = {"curl", "-q", "-sS", "--noproxy", "*", "--max-time", "60", "--globoff"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static Ended curl(const Words& more) { return run(curl_words(more)); }
  static Ended ip(Words more) {
    more.insert(more.begin(), "ip");
    Ended ended = run(more);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return ended;
  }
  [[nodiscard]] std::string copy() const { return (temp.path() / "copy").string(); }
  [[nodiscard]] bool copied() const {
    return run({"cmp", copy(), (temp.path() / "big.bin").string()}).status == 0;
  }

  http::TempFolder temp;
  std::optional<Program> server;
};

INSTANTIATE_TEST_SUITE_P(Wires, EthernetTest, testing::Values(Wire::tap, Wire::packet),
                         [](const auto& instance) {
                           return instance.param == Wire::tap ? "tap" : "packet";
                         });

TEST_P(EthernetTest, CurlGetsAPageInBothFamilies) {
  serve();
  EXPECT_EQ(curl({"http://10.77.0.2/page.html"}).out, "0123456789");
  EXPECT_EQ(curl({"http://[fd77::2]/page.html"}).out, "0123456789");
  EXPECT_EQ(stop().status, 0);
}

TEST_P(EthernetTest, ALargeFileArrivesWhole) {
  serve();
  for (const char* host : {"10.77.0.2", "[fd77::2]"}) {
    EXPECT_EQ(curl({"-o", copy(), "http://" + std::string(host) + "/big.bin"}).status, 0);
    EXPECT_TRUE(copied()) << host;
  }
}

// RFC 792, RFC 4443 section 4; large ones come in fragments (RFC 791, RFC 8200 section 4.5).
TEST_P(EthernetTest, AnswersPing) {
  serve();
  for (const char* size : {"56", "8000"}) {
    for (const char* host : {"10.77.0.2", "fd77::2"}) {
      const Ended ping = run({"ping", "-n", "-c", "3", "-i", "0.2", "-W", "5", "-s", size, host});
      EXPECT_EQ(ping.status, 0) << host << " " << size << "\n" << ping.out << ping.err;
    }
  }
}

// RFC 826, RFC 4861 section 7.2: the kernel has resolved us, and forgets us in the middle.
TEST_P(EthernetTest, SurvivesTheNeighbourThatForgetsUs) {
  serve();
  Program transfer(curl_words({"--limit-rate", "20M", "-o", copy(), "http://10.77.0.2/big.bin"}));
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    ip({"neigh", "flush", "dev", kernels()});
  }
  EXPECT_EQ(transfer.wait().status, 0);
  EXPECT_TRUE(copied());
}

// The neighbour goes away for two seconds under an open connection, and comes back with another
// MAC address (another card in the same host).
TEST_P(EthernetTest, SurvivesTheNeighbourThatGoesAndComesBackAsAnother) {
  serve();
  Program transfer(curl_words({"--limit-rate", "8M", "-o", copy(), "http://10.77.0.2/big.bin"}));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  ip({"link", "set", kernels(), "down"});
  std::this_thread::sleep_for(std::chrono::seconds(2));
  if (GetParam() == Wire::packet) ip({"link", "set", kernels(), "address", "02:00:00:00:99:99"});
  ip({"link", "set", kernels(), "up"});
  const Ended ended = transfer.wait();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(copied());
}

// RFC 1191 and RFC 9293 section 3.7.1, at home: the link's MTU changes while a file is on its way.
TEST_P(EthernetTest, FollowsTheMtu) {
  serve({"--trace"});
  Program transfer(curl_words({"--limit-rate", "10M", "-o", copy(), "http://10.77.0.2/big.bin"}));
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  ip({"link", "set", "bow0", "mtu", "1300"});
  if (GetParam() == Wire::packet) ip({"link", "set", "kern0", "mtu", "1300"});
  EXPECT_TRUE(server->says("MTU 1300"));
  EXPECT_EQ(transfer.wait().status, 0);
  EXPECT_TRUE(copied());
}

// RFC 5227 section 2.1.1: the address is the kernel's already.
TEST_P(EthernetTest, RefusesAnAddressThatSomebodyHas) {
  // The kernel's side of a TAP device is there only once Bowline runs; another end of a cable is.
  if (GetParam() == Wire::tap) return;
  ip({"address", "add", "10.77.0.2/24", "dev", "kern0"});
  const Ended ended = run(words({}));
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.err.find("10.77.0.2"), std::string::npos) << ended.err;
}

// RFC 1122 section 3.2.2.1: a datagram to a closed port is answered, which is what traceroute waits
// for.
TEST_P(EthernetTest, IsTheEndOfATraceroute) {
  serve();
  for (const char* host : {"10.77.0.2", "fd77::2"}) {
    const Ended trace = run({"traceroute", "-n", "-q", "1", "-m", "3", "-w", "3", host});
    EXPECT_EQ(trace.status, 0) << trace.err;
    EXPECT_NE(trace.out.find(std::string(" 1  ") + host), std::string::npos) << trace.out;
  }
}

}  // namespace
}  // namespace bowline::interop
