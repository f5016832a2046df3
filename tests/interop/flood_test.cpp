// `bowline serve` under a flood of SYNs: clients that are honest are served. Short and slow, so
// that it says the same on any machine; bench/syn_flood.py measures.

#include <gtest/gtest.h>

#include <filesystem>

#include "bowline/http/testing/temp_folder.hpp"
#include "bowline/os/tun.hpp"
#include "tests/cli/command.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {
namespace {

using cli::Ended;
using cli::Program;
using cli::run;
using Words = std::vector<std::string>;

class FloodTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!no_namespace().empty()) GTEST_SKIP() << no_namespace();
    if (const auto link = os::create_tun({.name = "probe"}); !link && no_device(link.error())) {
      GTEST_SKIP() << link.error().message;
    }
    temp.write("page.html", "0123456789");
    server.emplace(
        Words{cli::bowline_path(), "serve", temp.path().string(), "--control", control()});
    ASSERT_TRUE(server->says("Serving ")) << server->wait().err;
  }
  // How many of `count` requests, each a client of its own, get the page.
  [[nodiscard]] static int served(int count, const std::string& host) {
    int right = 0;
    for (int i = 0; i < count; ++i) {
      const Ended ended = run({"curl", "-q", "-sS", "--noproxy", "*", "--globoff", "--max-time",
                               "20", "http://" + host + "/page.html"});
      if (ended.status == 0 && ended.out == "0123456789") ++right;
    }
    return right;
  }
  [[nodiscard]] std::string control() const { return (temp.path() / "control").string(); }
  // The flood arrives, and the server knows it for one.
  [[nodiscard]] bool knows_of_flood_at(const std::string& listener) const {
    return eventually([&] {
      const Ended ended = cli::run_bowline({"ss", "--summary", "--socket", control()});
      const std::size_t told = ended.out.find("flooded with SYNs: ");
      return told != std::string::npos && ended.out.find(listener, told) != std::string::npos;
    });
  }
  [[nodiscard]] static std::string flood_path() {
    return std::string(BOWLINE_BINARY_DIR) + "/tests/attack_flood";
  }
  // The server is as it was: it ends in good order, and has counted the requests.
  void stop() {
    server->signal(SIGINT);
    const Ended ended = server->wait();
    EXPECT_EQ(ended.status, 0) << ended.err;
    server.reset();
  }

  static constexpr int kRequests = 40;
  http::TempFolder temp;
  std::optional<Program> server;
};

// REQUIREMENTS A18: at least 95 % of the requests that succeed without a flood; without one, all
// do.
TEST_F(FloodTest, CurlIsServedUnderTheGenerator) {
  for (const auto& [to, host] :
       {std::pair<std::string, std::string>{"10.77.0.2", "10.77.0.2"}, {"fd77::2", "[fd77::2]"}}) {
    Program flood({flood_path(), "--to", to, "--rate", "20000", "--seconds", "60"});
    ASSERT_TRUE(flood.says("flooding")) << flood.wait().err;
    EXPECT_GE(served(kRequests, host), kRequests * 95 / 100) << to;
    EXPECT_TRUE(knows_of_flood_at(host == to ? "0.0.0.0:80" : "[::]:80")) << to;
    flood.signal(SIGKILL);
    flood.wait();
  }
  stop();
}

// The same with what everybody has.
TEST_F(FloodTest, CurlIsServedUnderHping3) {
  Program flood({"hping3", "-q", "-S", "-p", "80", "--rand-source", "-i", "u100", "10.77.0.2"});
  EXPECT_GE(served(kRequests, "10.77.0.2"), kRequests * 95 / 100);
  EXPECT_TRUE(knows_of_flood_at("0.0.0.0:80"));
  flood.signal(SIGINT);
  const Ended ended = flood.wait();
  EXPECT_NE((ended.out + ended.err).find("packets transmitted"), std::string::npos)
      << ended.out << ended.err;
  stop();
}

// It is no weapon: beside an interface that might lead out, or at a foreign address, it refuses.
TEST_F(FloodTest, TheGeneratorFloodsNamespacesOfTestsAlone) {
  const Ended abroad = run({flood_path(), "--to", "192.0.2.1"});
  EXPECT_EQ(abroad.status, 2);
  EXPECT_TRUE(cli::is_one_line(abroad.err)) << abroad.err;
  const auto other = os::create_tun({.name = "eth7"});
  ASSERT_TRUE(other);
  const Ended beside = run({flood_path(), "--to", "10.77.0.2"});
  EXPECT_EQ(beside.status, 2);
  EXPECT_NE(beside.err.find("eth7"), std::string::npos) << beside.err;
  stop();
}

}  // namespace
}  // namespace bowline::interop
