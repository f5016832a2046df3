// `bowline serve` and programs that know nothing of it: curl, wget, wrk and the kernel's own
// sockets, in a namespace of the test's own.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "bowline/http/testing/temp_folder.hpp"
#include "bowline/os/file_descriptor.hpp"
#include "bowline/os/tun.hpp"
#include "tests/cli/command.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {
namespace {

using cli::Ended;
using cli::Program;
using cli::run;
using Words = std::vector<std::string>;

constexpr const char* kHost = "http://10.77.0.2";

// Skips where there is no namespace or no device; a test of this file needs both.
class ServeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!no_namespace().empty()) GTEST_SKIP() << no_namespace();
    if (const auto link = os::create_tun({.name = "probe"}); !link && no_device(link.error())) {
      GTEST_SKIP() << link.error().message;
    }
    temp.write("page.html", "0123456789");
    temp.write("sub/inner.txt", "inner");
    std::string big;
    for (std::uint32_t i = 0; big.size() < 20'000'000; ++i) {
      big += std::to_string(i * 2'654'435'761u);
    }
    temp.write("big.bin", big);
    temp.write("../" + temp.path().filename().string() + "-outside", "secret");
  }
  void TearDown() override { std::filesystem::remove(temp.path().string() + "-outside"); }

  // Starts the server on the default addresses, and waits until it serves.
  void serve(const Words& more = {}) {
    Words words = {cli::bowline_path(), "serve", temp.path().string()};
    words.insert(words.end(), more.begin(), more.end());
    server.emplace(words);
    ASSERT_TRUE(server->says("Serving ")) << server->wait().err;
  }
  // Ends it as Ctrl-C does.
  Ended stop() {
    server->signal(SIGINT);
    Ended ended = server->wait();
    server.reset();
    return ended;
  }
  static Ended curl(const Words& more) {
    Words words = {"curl", "-q", "-sS", "--noproxy", "*", "--max-time", "60", "--globoff"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  static std::string status_of(const Words& more) {
    Words words = {"-o", "/dev/null", "-w", "%{http_code}"};
    words.insert(words.end(), more.begin(), more.end());
    return curl(words).out;
  }
  [[nodiscard]] static bool interface_exists() { return ::if_nametoindex("bowline0") != 0; }
  // The interface goes when the kernel has closed the last descriptor.
  [[nodiscard]] static bool interface_goes() {
    for (int i = 0; i < 500 && interface_exists(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return !interface_exists();
  }
  // A connection of the kernel's to port 80.
  static os::FileDescriptor connect() {
    os::FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(80);
    ::inet_pton(AF_INET, "10.77.0.2", &to.sin_addr);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return socket;
  }
  // All that comes until the end.
  static std::string read_all(const os::FileDescriptor& socket) {
    std::string all;
    std::array<char, 65'536> block;
    for (;;) {
      const ssize_t got = ::read(socket.get(), block.data(), block.size());
      if (got <= 0) return all;
      all.append(block.data(), static_cast<std::size_t>(got));
    }
  }

  http::TempFolder temp;
  std::optional<Program> server;
};

TEST_F(ServeTest, CurlGetsAPageInBothFamilies) {
  serve();
  EXPECT_EQ(curl({std::string(kHost) + "/page.html"}).out, "0123456789");
  EXPECT_EQ(curl({"http://[fd77::2]/page.html"}).out, "0123456789");
  EXPECT_EQ(stop().status, 0);
}

TEST_F(ServeTest, CurlGetsALargeFileWhole) {
  serve();
  const std::string copy = (temp.path() / "copy").string();
  for (const auto* host : {kHost, "http://[fd77::2]"}) {
    EXPECT_EQ(curl({"-o", copy, std::string(host) + "/big.bin"}).status, 0);
    EXPECT_EQ(run({"cmp", copy, (temp.path() / "big.bin").string()}).status, 0);
  }
}

TEST_F(ServeTest, HeadRangesStatusAndListing) {
  serve();
  const std::string page = std::string(kHost) + "/page.html";
  const std::string head = curl({"-I", page}).out;
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(head.find("Content-Length: 10\r\n"), std::string::npos);
  EXPECT_EQ(curl({"-r", "2-4", page}).out, "234");
  EXPECT_EQ(curl({"-r", "-3", page}).out, "789");
  EXPECT_EQ(curl({"-r", "7-", page}).out, "789");
  EXPECT_EQ(status_of({"-r", "2-4", page}), "206");
  EXPECT_EQ(status_of({"-r", "10-", page}), "416");
  EXPECT_EQ(status_of({std::string(kHost) + "/nothing"}), "404");
  EXPECT_EQ(status_of({"-X", "DELETE", page}), "405");
  EXPECT_EQ(status_of({"-d", "data", page}), "405");
  EXPECT_EQ(status_of({std::string(kHost) + "/sub"}), "301");
  EXPECT_NE(curl({"-L", std::string(kHost) + "/sub"}).out.find("inner.txt"), std::string::npos);
  EXPECT_EQ(status_of({"-z", (temp.path() / "page.html").string(), page}), "304");
  // curl goes on where another download stopped.
  const std::string copy = (temp.path() / "copy").string();
  temp.write("copy", "01234");
  EXPECT_EQ(curl({"-C", "-", "-o", copy, page}).status, 0);
  EXPECT_EQ(run({"cat", copy}).out, "0123456789");
}

// Persistent connections (REQUIREMENTS A21).
TEST_F(ServeTest, OneConnectionServesManyRequests) {
  serve();
  const std::string page = std::string(kHost) + "/page.html";
  const Ended ended = curl({"-w", " %{num_connects}\n", page, page, page});
  EXPECT_EQ(ended.out, "0123456789 1\n0123456789 0\n0123456789 0\n");
  const Ended old = curl({"--http1.0", "-w", " %{num_connects}\n", page, page});
  EXPECT_EQ(old.out, "0123456789 1\n0123456789 1\n") << "HTTP/1.0: a connection per request";
  EXPECT_NE(stop().err.find("5 requests on 3 connections"), std::string::npos);
}

TEST_F(ServeTest, PipelinedRequestsAreAnsweredInOrder) {
  serve();
  const os::FileDescriptor socket = connect();
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += "GET /page.html HTTP/1.1\r\nHost: x\r\nRange: bytes=" + std::to_string(i % 10) +
                "-" + std::to_string(i % 10) + "\r\n\r\n";
  }
  requests += "GET /sub/inner.txt HTTP/1.0\r\n\r\n";
  ASSERT_EQ(::write(socket.get(), requests.data(), requests.size()),
            static_cast<ssize_t>(requests.size()));
  const std::string answer = read_all(socket);
  std::string bodies;
  for (auto at = answer.find("\r\n\r\n"); at != std::string::npos;
       at = answer.find("\r\n\r\n", at + 4)) {
    bodies += answer[at + 4];
  }
  EXPECT_EQ(bodies, "01234567890123456789012345678901234567890123456789i");
}

TEST_F(ServeTest, NoPathLeadsOut) {
  serve();
  const std::string outside = temp.path().filename().string() + "-outside";
  for (const std::string& path :
       {"/../" + outside, "/%2e%2e/" + outside, "/.%2e/" + outside, "/sub/../../" + outside,
        std::string("/../../../../../../etc/passwd"), "/..%2f" + outside, std::string("/%00"),
        std::string("//etc/passwd")}) {
    const Ended ended = curl({"--path-as-is", "-w", "\n%{http_code}", kHost + path});
    EXPECT_EQ(ended.out.find("secret"), std::string::npos) << path;
    EXPECT_EQ(ended.out.find("root:"), std::string::npos) << path;
    const std::string status = ended.out.substr(ended.out.size() - 3);
    EXPECT_TRUE(status == "403" || status == "400" || status == "404") << path << ": " << status;
  }
}

TEST_F(ServeTest, WgetMirrorsAFolder) {
  serve();
  const http::TempFolder copy;
  const Ended ended = run({"wget", "-q", "--no-proxy", "-r", "-np", "-nH", "-P",
                           copy.path().string(), std::string(kHost) + "/"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(
      run({"cmp", (copy.path() / "big.bin").string(), (temp.path() / "big.bin").string()}).status,
      0);
  EXPECT_TRUE(std::filesystem::exists(copy.path() / "sub/inner.txt"));
}

TEST_F(ServeTest, WrkFindsNoError) {
  serve();
  const Ended ended = run({"wrk", "-t1", "-c100", "-d2s", std::string(kHost) + "/page.html"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_NE(ended.out.find("Requests/sec"), std::string::npos);
  EXPECT_EQ(ended.out.find("Socket errors"), std::string::npos) << ended.out;
  EXPECT_EQ(ended.out.find("Non-2xx"), std::string::npos) << ended.out;
  EXPECT_EQ(stop().status, 0);
}

TEST_F(ServeTest, ManyClientsAtOnceGetTheSame) {
  serve();
  std::vector<std::unique_ptr<Program>> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(std::make_unique<Program>(Words{
        "curl", "-q", "-sS", "--noproxy", "*", "--max-time", "60", "-o",
        (temp.path() / ("copy" + std::to_string(i))).string(), std::string(kHost) + "/big.bin"}));
  }
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(clients[static_cast<std::size_t>(i)]->wait().status, 0);
    EXPECT_EQ(run({"cmp", (temp.path() / ("copy" + std::to_string(i))).string(),
                   (temp.path() / "big.bin").string()})
                  .status,
              0);
  }
}

TEST_F(ServeTest, AClientThatIsKilledDoesNotMatter) {
  serve();
  for (int i = 0; i < 5; ++i) {
    Program slow({"curl", "-q", "-sS", "--noproxy", "*", "--limit-rate", "1M", "-o", "/dev/null",
                  std::string(kHost) + "/big.bin"});
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    slow.signal(SIGKILL);
    slow.wait();
  }
  EXPECT_EQ(curl({std::string(kHost) + "/page.html"}).out, "0123456789");
  EXPECT_EQ(stop().status, 0);
}

TEST_F(ServeTest, AnEndOnRequestLeavesACompleteCapture) {
  const std::string capture = (temp.path() / "x.pcapng").string();
  serve({"--pcap", capture});
  EXPECT_EQ(curl({std::string(kHost) + "/page.html"}).out, "0123456789");
  server->signal(SIGTERM);
  EXPECT_EQ(server->wait().status, 0);
  server.reset();
  EXPECT_TRUE(interface_goes());
  // tshark, not tcpdump: that one gives up root and cannot in a user namespace. And tshark breaks
  // down over a home that it may not read, as root's here for an ordinary user.
  const Ended read = run({"env", "-u", "XDG_CONFIG_HOME", "HOME=" + temp.path().string(), "tshark",
                          "-n", "-r", capture, "-Y", "tcp.port == 80", "-T", "fields", "-e",
                          "tcp.flags", "-e", "frame.comment"});
  EXPECT_EQ(read.status, 0) << read.err;
  for (const auto* flags : {"0x0002\t", "0x0012\t", "0x0018\t", "0x0011\t"}) {
    EXPECT_NE(read.out.find(flags), std::string::npos) << flags << " in:\n" << read.out;
  }
  EXPECT_NE(read.out.find("RFC 9293 3.10.7"), std::string::npos) << "reasons as comments";
  EXPECT_EQ(read.err.find("cut short"), std::string::npos) << read.err;
}

TEST_F(ServeTest, AKilledServerLeavesNoInterface) {
  serve();
  Program reader({"curl", "-q", "-sS", "--noproxy", "*", "--limit-rate", "1M", "-o", "/dev/null",
                  std::string(kHost) + "/big.bin"});
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ASSERT_TRUE(interface_exists());
  server->signal(SIGKILL);
  server->wait();
  server.reset();
  EXPECT_TRUE(interface_goes());
}

TEST_F(ServeTest, ADeviceInUseIsToldWithTheRemedy) {
  serve();
  const Ended second = cli::run_bowline({"serve", "/"});
  EXPECT_EQ(second.status, 1);
  EXPECT_TRUE(cli::is_one_line(second.err)) << second.err;
  EXPECT_NE(second.err.find("bowline0"), std::string::npos) << second.err;
}

TEST_F(ServeTest, TraceLadderAndJsonShowTheConnection) {
  serve({"--trace", "--ladder"});
  EXPECT_EQ(curl({std::string(kHost) + "/page.html"}).out, "0123456789");
  const Ended text = stop();
  EXPECT_EQ(text.status, 0);
  EXPECT_NE(text.out.find("Flags [S]"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("ESTABLISHED"), std::string::npos) << text.out;

  serve({"--json"});
  EXPECT_EQ(curl({std::string(kHost) + "/page.html"}).out, "0123456789");
  const Ended json = stop();
  std::ofstream(temp.path() / "events") << json.out;
  EXPECT_GT(json.out.size(), 1'000u);
  const Ended parsed =
      run({"python3", "-c",
           "import json, sys\n"
           "for line in open(sys.argv[1]): assert isinstance(json.loads(line), dict)",
           (temp.path() / "events").string()});
  EXPECT_EQ(parsed.status, 0) << parsed.err;
}

// The demo in a namespace inside this one: as root and as an ordinary user.
TEST_F(ServeTest, TheDemoHolds) {
  const Ended ended = cli::run_bowline({"demo", "--size", "20"});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_EQ(ended.err, "");
  for (const auto* word : {"curl", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "SHA-256 equal",
                           "It holds: 5 checks of 5."}) {
    EXPECT_NE(ended.out.find(word), std::string::npos) << word << " in:\n" << ended.out;
  }
}

TEST_F(ServeTest, AKilledDemoLeavesNoProcess) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (const int delay : {100, 400, 1'000}) {
    Program demo({cli::bowline_path(), "demo", "--keep"});
    std::this_thread::sleep_for(std::chrono::milliseconds(delay));
    demo.signal(SIGKILL);
    demo.wait();
    // Its children become ours and end by themselves; ECHILD: there is none left.
    bool gone = false;
    for (int i = 0; i < 500 && !gone; ++i) {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      gone = ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
      if (!gone) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_TRUE(gone) << "after " << delay << " ms";
  }
}

// REQUIREMENTS D7: a live run over TUN, recorded, is done again bit by bit.
TEST_F(ServeTest, D7_ARecordOfALiveRunReplaysBitExactly) {
  const std::string record = temp.path().string() + "-record";
  serve({"--record", record});
  EXPECT_EQ(curl({std::string(kHost) + "/page.html"}).out, "0123456789");
  EXPECT_EQ(status_of({std::string(kHost) + "/big.bin"}), "200");
  EXPECT_EQ(status_of({std::string(kHost) + "/missing"}), "404");
  EXPECT_EQ(status_of({std::string(kHost) + ":81/"}), "000");  // refused
  ASSERT_EQ(stop().status, 0);
  const auto mode = std::filesystem::status(record).permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);

  const Ended same = run({cli::bowline_path(), "sim", "--replay", record});
  EXPECT_EQ(same.status, 0) << same.err;
  EXPECT_NE(same.err.find("all as recorded"), std::string::npos) << same.err;
  const Ended drawn = run({cli::bowline_path(), "sim", "--replay", record, "--ladder", "--quiet"});
  EXPECT_EQ(drawn.status, 0) << drawn.err;
  EXPECT_NE(drawn.out.find("SYN"), std::string::npos);

  // A byte in the middle, and the end.
  std::filesystem::resize_file(record, std::filesystem::file_size(record) - 5);
  const Ended cut = run({cli::bowline_path(), "sim", "--replay", record});
  EXPECT_EQ(cut.status, 2);
  EXPECT_TRUE(cli::is_one_line(cut.err)) << cut.err;
  EXPECT_NE(cut.err.find("cut short"), std::string::npos) << cut.err;
  EXPECT_NE(cut.err.find("all as recorded"), std::string::npos) << cut.err;
  {
    std::fstream file(record, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(record) / 2));
    file.put('\x5a').put('\x5a').put('\x5a');
  }
  const Ended changed = run({cli::bowline_path(), "sim", "--replay", record});
  EXPECT_EQ(changed.status, 2);
  EXPECT_TRUE(cli::is_one_line(changed.err)) << changed.err;
  std::filesystem::remove(record);
}

// Whatever kills the server, what it did until then can be done again.
TEST_F(ServeTest, D7_TheRecordOfAKilledRunReplaysUpToItsEnd) {
  const std::string record = temp.path().string() + "-record";
  serve({"--record", record});
  EXPECT_EQ(curl({std::string(kHost) + "/page.html"}).out, "0123456789");
  server->signal(SIGKILL);
  (void)server->wait();
  server.reset();
  const Ended again = run({cli::bowline_path(), "sim", "--replay", record, "--trace"});
  EXPECT_EQ(again.status, 2);
  EXPECT_TRUE(cli::is_one_line(again.err)) << again.err;
  EXPECT_NE(again.err.find("cut short after"), std::string::npos) << again.err;
  EXPECT_NE(again.err.find("all as recorded"), std::string::npos) << again.err;
  // The page went out, so it is in what was done again.
  EXPECT_NE(again.out.find("Flags [P.], seq 1:"), std::string::npos) << again.out;
  std::filesystem::remove(record);
}

}  // namespace
}  // namespace bowline::interop
