// `bowline gateway --syn-proxy` between the kernel's TCP and the kernel's TCP: curl in the test's
// own namespace, a web server in another, and the gateway on a TUN device in each; beside it a
// flood of SYNs from forged addresses. CLAIMS K101, K107, K108; REQUIREMENTS A18.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "bowline/base/byte_order.hpp"
#include "bowline/base/random.hpp"
#include "bowline/http/testing/temp_folder.hpp"
#include "bowline/os/file_descriptor.hpp"
#include "bowline/os/tun.hpp"
#include "bowline/wire/checksum.hpp"
#include "tests/cli/command.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {
namespace {

using cli::Ended;
using cli::Program;
using cli::run;
using Words = std::vector<std::string>;

constexpr const char* kServer = "192.0.2.2";
constexpr const char* kServer6 = "2001:db8:2::2";

// Python's own, but for both families, and without asking name servers that are not there.
constexpr const char* kWebServer = R"(
import functools, http.server, socket, socketserver, sys

class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = 'server', 80

handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
Server(('::', 80), handler).serve_forever()
)";

// Sends SYNs to the server's port 80 from addresses all over a /8, until it is told to stop.
class Flood {
 public:
  explicit Flood(std::uint32_t per_second) : thread_([this, per_second] { run(per_second); }) {}
  ~Flood() { stop(); }
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;
  void stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run(std::uint32_t per_second) {
    const os::FileDescriptor socket(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    ASSERT_TRUE(socket);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    ::inet_pton(AF_INET, kServer, &to.sin_addr);
    Random random = Random::stream(1, "flood");
    const auto began = std::chrono::steady_clock::now();
    std::uint64_t sent = 0;
    while (!stopped_) {
      const auto passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - began);
      const auto due = static_cast<std::uint64_t>(passed.count() * per_second);
      for (; sent < due && !stopped_; ++sent) {
        const Bytes packet = syn(random);
        if (::sendto(socket.get(), packet.data(), packet.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) {
          break;  // the device is full
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  static Bytes syn(Random& random) {
    wire::IpHeader ip;
    ip.source = IpAddress::v4(0x0b00'0000U | static_cast<std::uint32_t>(random.below(1U << 24)));
    ip.destination = *IpAddress::parse(kServer);
    ip.protocol = wire::kProtocolTcp;
    ip.payload_size = wire::kTcpHeaderSize + 4;
    wire::TcpHeader tcp;
    tcp.source_port = static_cast<std::uint16_t>(1'024 + random.below(60'000));
    tcp.destination_port = 80;
    tcp.seq = SeqNumber(static_cast<std::uint32_t>(random.next()));
    tcp.flags = wire::kSyn;
    tcp.window = 1'024;
    wire::TcpOptions options;
    options.mss = 1'460;
    Bytes bytes(44);
    wire::emit_ip(bytes.data(), ip);
    const auto segment = std::span(bytes).subspan(20);
    (void)wire::emit_tcp(segment, tcp, options);
    wire::ChecksumSum sum =
        wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size);
    sum.add(segment);
    store_be<std::uint16_t>(segment.data() + wire::kTcpChecksumOffset, sum.finish());
    return bytes;
  }

  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

class GatewayTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!no_namespace().empty()) GTEST_SKIP() << no_namespace();
    if (const auto link = os::create_tun({.name = "probe"}); !link && no_device(link.error())) {
      GTEST_SKIP() << link.error().message;
    }
    temp.write("page.html", "0123456789");
    std::string big;
    for (std::uint32_t i = 0; big.size() < 20'000'000; ++i) {
      big += std::to_string(i * 2'654'435'761u);
    }
    temp.write("big.bin", big);
    // A namespace lives as long as somebody is in it.
    servers.emplace(Words{"unshare", "-n", "sleep", "1000"});
    const std::string own = std::filesystem::read_symlink("/proc/self/ns/net");
    std::error_code error;
    for (int i = 0; i < 500; ++i) {
      const auto there = std::filesystem::read_symlink(there_path(), error);
      if (!error && there != own) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  void TearDown() override {
    if (gateway) (void)stop();
    web.reset();
    servers.reset();
  }

  [[nodiscard]] std::string there_path() const {
    return "/proc/" + std::to_string(servers->pid()) + "/ns/net";
  }
  // These words in the servers' namespace.
  [[nodiscard]] Words inside(Words words) const {
    words.insert(words.begin(), {"nsenter", "--net=" + there_path()});
    return words;
  }
  void start(const Words& more = {}) {
    Words words = {
        cli::bowline_path(), "gateway",          "--syn-proxy",       "--json",
        "--outside",         "tun:wan",          "--outside-address", "198.51.100.7/24",
        "--outside-address", "2001:db8:1::7/64", "--inside",          "tun:lan@" + there_path(),
        "--inside-address",  "192.0.2.2/24",     "--inside-address",  "2001:db8:2::2/64"};
    words.insert(words.end(), more.begin(), more.end());
    gateway.emplace(words);
    ASSERT_TRUE(gateway->says("proxying ")) << gateway->wait().err;
    for (const Words& route : {Words{"ip", "route", "add", "192.0.2.0/24", "dev", "wan"},
                               Words{"ip", "-6", "route", "add", "2001:db8:2::/64", "dev", "wan"},
                               inside({"ip", "link", "set", "lo", "up"}),
                               inside({"ip", "route", "add", "default", "dev", "lan"}),
                               inside({"ip", "-6", "route", "add", "default", "dev", "lan"})}) {
      const Ended ended = run(route);
      ASSERT_EQ(ended.status, 0) << ended.err;
    }
    web.emplace(inside({"python3", "-u", "-c", kWebServer, temp.path().string()}));
    for (int i = 0; i < 500; ++i) {
      if (run(inside({"ss", "-Hltn", "sport", "=", ":80"})).out.find(":80") != std::string::npos) {
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL() << "the web server does not listen";
  }
  // Ends the gateway; its report.
  nlohmann::json stop() {
    gateway->signal(SIGINT);
    const Ended ended = gateway->wait();
    gateway.reset();
    EXPECT_EQ(ended.status, 0) << ended.err;
    const std::size_t last = ended.out.rfind('\n', ended.out.size() - 2);
    return nlohmann::json::parse(ended.out.substr(last == std::string::npos ? 0 : last + 1));
  }
  static Ended curl(const Words& more) {
    Words words = {"curl", "-q", "-sS", "--noproxy", "*", "--max-time", "30", "--globoff"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  // Connections that the server's kernel has accepted.
  [[nodiscard]] std::uint64_t accepted() const {
    std::istringstream in(run(inside({"cat", "/proc/net/snmp"})).out);
    std::string names;
    std::string values;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("Tcp:")) (names.empty() ? names : values) = line;
    }
    std::istringstream name(names);
    std::istringstream value(values);
    for (std::string n, v; name >> n && value >> v;) {
      if (n == "PassiveOpens") return std::stoull(v);
    }
    ADD_FAILURE() << "no PassiveOpens";
    return 0;
  }

  // Packets that the gateway has read from the device outside, or written to the one inside: to the
  // kernel those it sent, and received.
  [[nodiscard]] static std::uint64_t from_outside() {
    return packets({"ip", "-j", "-s", "link", "show", "dev", "wan"}, "tx");
  }
  [[nodiscard]] std::uint64_t to_inside() const {
    return packets(inside({"ip", "-j", "-s", "link", "show", "dev", "lan"}), "rx");
  }
  static std::uint64_t packets(const Words& show, const char* direction) {
    const auto links = nlohmann::json::parse(run(show).out, nullptr, false);
    const nlohmann::json::json_pointer at(std::string("/0/stats64/") + direction + "/packets");
    if (!links.is_discarded() && links.contains(at)) return links[at].get<std::uint64_t>();
    ADD_FAILURE() << "the kernel counts no packets";
    return 0;
  }
  // Waits until `count` is at least `least`, however slow the machine is.
  template <class F>
  [[nodiscard]] static bool reaches(F&& count, std::uint64_t least) {
    for (int i = 0; i < 600; ++i) {
      if (count() >= least) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

  http::TempFolder temp;
  std::optional<Program> servers;
  std::optional<Program> gateway;
  std::optional<Program> web;
};

TEST_F(GatewayTest, K107_CurlReachesAServerBehindItInBothFamilies) {
  start();
  const std::string copy = (temp.path() / "copy").string();
  for (const auto& host : {std::string(kServer), "[" + std::string(kServer6) + "]"}) {
    EXPECT_EQ(curl({"http://" + host + "/page.html"}).out, "0123456789");
    const Ended ended = curl({"-o", copy, "http://" + host + "/big.bin"});
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(run({"cmp", copy, (temp.path() / "big.bin").string()}).status, 0);
  }
  const auto reasons = stop()["reasons"];
  EXPECT_EQ(reasons.value("gateway_established", 0), 4);
  EXPECT_EQ(reasons.value("tcp_bad_checksum", 0), 0);
  EXPECT_EQ(reasons.value("gateway_no_flow", 0), 0);
  EXPECT_EQ(reasons.value("seq_out_of_window", 0), 0);
}

// The server's own kernel is the witness: it has accepted the honest connections and no more.
TEST_F(GatewayTest, K101_UnderAFloodTheFileArrivesWholeAndTheServerSeesNothingOfIt) {
  start();
  const std::string url = "http://" + std::string(kServer);
  EXPECT_EQ(curl({url + "/page.html"}).out, "0123456789");
  const std::uint64_t before = accepted();
  Flood flood(20'000);
  ASSERT_TRUE(reaches(from_outside, 2'000)) << "the flood has not begun";
  const std::string copy = (temp.path() / "copy").string();
  EXPECT_EQ(curl({"-o", copy, url + "/big.bin"}).status, 0);
  EXPECT_EQ(run({"cmp", copy, (temp.path() / "big.bin").string()}).status, 0);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(curl({url + "/page.html"}).out, "0123456789") << i;
  EXPECT_TRUE(reaches(from_outside, from_outside() + 1'000)) << "the flood has not lasted";
  flood.stop();
  const std::uint64_t came = from_outside();
  const std::uint64_t passed = to_inside();
  EXPECT_EQ(accepted() - before, 21U);
  const auto report = stop();
  const auto reasons = report["reasons"];
  EXPECT_EQ(reasons.value("gateway_open", 0), 22) << "SYNs that went inside";
  // What came and did not go inside was a SYN and answered, but for the third steps of the honest
  // and a little of what IPv6 says on every link.
  EXPECT_GE(reasons.value("gateway_syn_ack", std::uint64_t{0}) + 100, came - passed);
  EXPECT_LE(report.value("established", 0) + report.value("opening", 0), 1);
}

TEST_F(GatewayTest, RulesRefuseAndLimit) {
  start({"--rule", "allow port 80 connections 1", "--otherwise", "deny"});
  const std::string url = "http://" + std::string(kServer);
  const Ended refused = curl({url + ":81/"});
  EXPECT_EQ(refused.status, 7) << refused.err;  // could not connect
  const std::uint64_t before = accepted();
  Program slow({"curl", "-q", "-sS", "--noproxy", "*", "--limit-rate", "100k", "-o", "/dev/null",
                url + "/big.bin"});
  ASSERT_TRUE(reaches([this] { return accepted(); }, before + 1));
  EXPECT_NE(curl({url + "/page.html"}).status, 0) << "the second of this source";
  slow.signal(SIGKILL);
  slow.wait();
  const auto reasons = stop()["reasons"];
  EXPECT_GE(reasons.value("gateway_denied", 0), 1);
  EXPECT_GE(reasons.value("gateway_too_many", 0), 1);
}

// What the command line says holds before what the file says, the last word included.
TEST_F(GatewayTest, TheCommandLineHoldsBeforeTheFile) {
  temp.write("guard.toml", "otherwise = \"allow\"\n");
  start({"--rules", (temp.path() / "guard.toml").string(), "--otherwise", "deny"});
  EXPECT_EQ(curl({"http://" + std::string(kServer) + "/page.html"}).status, 7);  // refused
  EXPECT_GE(stop()["reasons"].value("gateway_denied", 0), 1);
}

TEST_F(GatewayTest, AClosedPortIsRefused) {
  start();
  const Ended refused = curl({"http://" + std::string(kServer) + ":81/"});
  EXPECT_NE(refused.status, 0);
  EXPECT_EQ(stop()["reasons"].value("gateway_refused", 0), 1);
}

TEST_F(GatewayTest, TheCaptureShowsBothSidesWithReasons) {
  const std::string capture = (temp.path() / "both.pcapng").string();
  start({"--pcap", capture});
  EXPECT_EQ(curl({"http://" + std::string(kServer) + "/page.html"}).out, "0123456789");
  (void)stop();
  const Ended read = run({"env", "-u", "XDG_CONFIG_HOME", "HOME=" + temp.path().string(), "tshark",
                          "-n", "-r", capture, "-Y", "tcp.flags.syn == 1", "-T", "fields", "-e",
                          "frame.interface_name", "-e", "tcp.flags", "-e", "frame.comment"});
  EXPECT_EQ(read.status, 0) << read.err;
  // wan: SYN and cookie; lan: SYN and the server's answer.
  EXPECT_NE(read.out.find("wan\t0x0012\t"), std::string::npos) << read.out;
  EXPECT_NE(read.out.find("lan\t0x0002\t"), std::string::npos) << read.out;
  EXPECT_NE(read.out.find("the client is real"), std::string::npos) << read.out;
}

}  // namespace
}  // namespace bowline::interop
