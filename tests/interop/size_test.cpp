// Interop at size: `bowline serve` and `bowline get` with the kernel's programs on the other side
// of a TUN device, in a namespace of the test's own. A short form by default; BOWLINE_LONG=1
// (script/test
// --all) makes it a gigabyte each way and ten thousand connections.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

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

bool long_form() { return std::getenv("BOWLINE_LONG") != nullptr; }
std::size_t file_size() { return long_form() ? 1'000'000'000 : 150'000'000; }
int in_sequence() { return long_form() ? 10'000 : 2'000; }

class SizeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!no_namespace().empty()) GTEST_SKIP() << no_namespace();
    if (const auto probe = os::create_tun({.name = "probe"}); !probe && no_device(probe.error())) {
      GTEST_SKIP() << probe.error().message;
    }
    temp.write("page.html", "0123456789");
  }

  // Numbers in sequence, so that no two blocks are alike.
  void write_big() {
    std::ofstream out(big(), std::ios::binary);
    std::vector<std::uint64_t> block(1U << 17);
    std::uint64_t next = 0;
    for (std::size_t left = file_size(); left > 0;) {
      for (std::uint64_t& each : block) each = ++next * 0x9e37'79b9'7f4a'7c15;
      const std::size_t size = std::min(left, block.size() * sizeof block[0]);
      out.write(reinterpret_cast<const char*>(block.data()), static_cast<std::streamsize>(size));
      left -= size;
    }
  }
  [[nodiscard]] std::string big() const { return (temp.path() / "big.bin").string(); }
  [[nodiscard]] std::string copy() const { return (temp.path() / "copy").string(); }

  void serve(const Words& more = {}) {
    Words words = {cli::bowline_path(), "serve", temp.path().string()};
    words.insert(words.end(), more.begin(), more.end());
    server.emplace(words);
    ASSERT_TRUE(server->says("Serving ")) << server->wait().err;
  }
  Ended stop() {
    server->signal(SIGINT);
    Ended ended = server->wait();
    server.reset();
    return ended;
  }
  // So few ports that each is used again while its last connection is still in TIME-WAIT.
  static void few_ports() {
    std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "40000 40199";
    std::ofstream("/proc/sys/net/ipv4/tcp_tw_reuse") << "1";
  }
  // The figure behind `label` in what ab(1) prints.
  static std::string figure(const std::string& report, const std::string& label) {
    const std::size_t at = report.find(label);
    if (at == std::string::npos) return "";
    const std::size_t first = report.find_first_not_of(' ', at + label.size());
    return report.substr(first, report.find_first_of(" \n", first) - first);
  }

  http::TempFolder temp;
  std::optional<Program> server;
};

TEST_F(SizeTest, AGigabyteToTheKernel) {
  write_big();
  serve();
  const Ended curl = run({"curl", "-q", "-sS", "--noproxy", "*", "--max-time", "250", "-o", copy(),
                          "http://10.77.0.2/big.bin"});
  EXPECT_EQ(curl.status, 0) << curl.err;
  EXPECT_EQ(run({"cmp", copy(), big()}).status, 0);
}

TEST_F(SizeTest, AGigabyteFromTheKernel) {
  write_big();
  // The kernel's side exists only while bowline runs, so Python serves on all of its addresses.
  const Program python(
      {"python3", "-m", "http.server", "--directory", temp.path().string(), "8000"});
  Ended get;
  for (int attempt = 0; attempt < 50; ++attempt) {
    get = run({cli::bowline_path(), "get", "--output", copy(), "http://10.77.0.1:8000/big.bin"});
    if (get.err.find("refused") == std::string::npos) break;  // it was not listening yet
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(get.status, 0) << get.err;
  EXPECT_EQ(run({"cmp", copy(), big()}).status, 0);
}

TEST_F(SizeTest, AThousandConnectionsAtATime) {
  serve();
  const Ended ab = run({"ab", "-q", "-r", "-k", "-s", "60", "-c", "1000", "-n",
                        long_form() ? "50000" : "10000", "http://10.77.0.2/page.html"});
  EXPECT_EQ(ab.status, 0) << ab.err;
  EXPECT_EQ(figure(ab.out, "Failed requests:"), "0") << ab.out;
  EXPECT_EQ(figure(ab.out, "Complete requests:"), long_form() ? "50000" : "10000") << ab.out;
}

// A server that closes first keeps the TIME-WAIT records (K58); RFC 6191 lets the client's next SYN
// from the same port open anew.
TEST_F(SizeTest, ManyConnectionsInSequenceClosedByTheServer) {
  few_ports();
  serve();
  const std::string count = std::to_string(in_sequence());
  const Ended ab =
      run({"ab", "-q", "-s", "30", "-c", "4", "-n", count, "http://10.77.0.2/page.html"});
  EXPECT_EQ(ab.status, 0) << ab.err;
  EXPECT_EQ(figure(ab.out, "Failed requests:"), "0") << ab.out;
  EXPECT_EQ(figure(ab.out, "Complete requests:"), count) << ab.out;
}

// The same, the kernel closing first: it keeps them, and takes another port for each (it reuses one
// after a second at the earliest).
TEST_F(SizeTest, ManyConnectionsInSequenceClosedByTheKernel) {
  serve();
  constexpr const char* kClient = R"(
import socket, sys
for i in range(int(sys.argv[1])):
    with socket.create_connection(("10.77.0.2", 80), timeout=20) as s:
        s.sendall(b"GET /page.html HTTP/1.1\r\nHost: x\r\n\r\n")
        got = b""
        while not got.endswith(b"0123456789"):
            more = s.recv(4096)
            assert more, (i, got)
            got += more
)";
  const Ended python = run({"python3", "-c", kClient, std::to_string(in_sequence())});
  EXPECT_EQ(python.status, 0) << python.err;
}

// A client that is killed in the middle, many times over, leaves nothing behind: the server goes on
// and ends in good order.
TEST_F(SizeTest, KilledClientsLeaveNothingBehind) {
  write_big();
  serve();
  for (int i = 0; i < 20; ++i) {
    Program curl(
        {"curl", "-q", "-sS", "--noproxy", "*", "-o", "/dev/null", "http://10.77.0.2/big.bin"});
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    curl.signal(SIGKILL);
    static_cast<void>(curl.wait());
  }
  EXPECT_EQ(run({"curl", "-q", "-sS", "--noproxy", "*", "http://10.77.0.2/page.html"}).out,
            "0123456789");
  EXPECT_EQ(stop().status, 0);
}

// A server that is killed in the middle: the client hears of it, and the next server on the same
// address takes new connections from the same ports.
TEST_F(SizeTest, AKilledServerIsReplaced) {
  few_ports();
  for (int i = 0; i < 3; ++i) {
    serve();
    EXPECT_EQ(run({"curl", "-q", "-sS", "--noproxy", "*", "--max-time", "20",
                   "http://10.77.0.2/page.html"})
                  .out,
              "0123456789");
    server->signal(SIGKILL);
    static_cast<void>(server->wait());
    server.reset();
  }
}

}  // namespace
}  // namespace bowline::interop
