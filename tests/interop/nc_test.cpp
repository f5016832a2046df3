// `bowline nc`, `bowline ss` and --metrics against the kernel's side: OpenBSD's nc, curl, and ss,
// in a namespace of the test's own.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

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

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class NcTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!no_namespace().empty()) GTEST_SKIP() << no_namespace();
    if (const auto link = os::create_tun({.name = "probe"}); !link && no_device(link.error())) {
      GTEST_SKIP() << link.error().message;
    }
    std::string big;
    for (std::uint32_t i = 0; big.size() < 20'000'000; ++i) {
      big += std::to_string(i * 2'654'435'761u) + '\0';
    }
    temp.write("big", big);
    temp.write("answer", "the answer\n");
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (temp.path() / name).string();
  }
  [[nodiscard]] std::string control() const { return path("control"); }
  [[nodiscard]] bool is_big(const std::string& name) const {
    return run({"cmp", path(name), path("big")}).status == 0;
  }
  // `bowline nc` by the shell, for redirections.
  [[nodiscard]] Words nc(const std::string& arguments) const {
    return {"bash", "-c",
            "exec " + cli::bowline_path() + " nc --control " + control() + " " + arguments};
  }
  // A server of the kernel's at port 9000. It is known to listen when ss says so.
  void kernel_listens(const std::string& redirections) {
    kernel.emplace(Words{"bash", "-c", "exec nc -N -l 9000 " + redirections});
    ASSERT_TRUE(eventually([] { return holds(run({"ss", "-tln"}).out, ":9000"); }));
  }
  static void expect_failure(const Ended& ended, const std::string& words) {
    EXPECT_EQ(ended.status, 1) << ended.err;
    EXPECT_TRUE(cli::is_one_line(ended.err)) << ended.err;
    EXPECT_TRUE(holds(ended.err, words)) << ended.err;
  }

  http::TempFolder temp;
  std::optional<Program> kernel;
};

TEST_F(NcTest, SendsAFileAndGetsTheAnswerAfterItsFin) {
  kernel_listens("< " + path("answer") + " > " + path("copy"));
  const Ended ended = run(nc("10.77.0.1 9000 < " + path("big")));
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "the answer\n");
  EXPECT_EQ(ended.err, "");
  EXPECT_EQ(kernel->wait().status, 0);
  EXPECT_TRUE(is_big("copy"));
}

// Our FIN comes first here; OpenBSD's nc -l would end with it, so the peer is Python.
TEST_F(NcTest, ReceivesAFileIntoAFileAndIntoAPipe) {
  const std::string script =
      "import socket,sys\ns=socket.create_server(('0.0.0.0',9000))\n"
      "print('ready',file=sys.stderr,flush=True)\n"
      "for i in range(2):\n  c,a=s.accept()\n  assert c.recv(1)==b''\n"
      "  c.sendfile(open(sys.argv[1],'rb'))\n  c.close()\n";
  kernel.emplace(Words{"python3", "-c", script, path("big")});
  ASSERT_TRUE(kernel->says("ready"));
  EXPECT_EQ(run(nc("10.77.0.1 9000 < /dev/null > " + path("copy"))).status, 0);
  EXPECT_TRUE(is_big("copy"));
  const Ended slow = run({"bash", "-c",
                          cli::bowline_path() +
                              " nc --no-control 10.77.0.1 9000 < /dev/null | "
                              "(sleep 1; cat) > " +
                              path("copy2")});
  EXPECT_EQ(slow.status, 0) << slow.err;
  EXPECT_TRUE(is_big("copy2"));
  EXPECT_EQ(kernel->wait().status, 0);
}

TEST_F(NcTest, ListensAndCarriesBothWaysAtOnce) {
  Program server(nc("-l 9000 < " + path("big") + " > " + path("copy")));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(control()); }));
  const Ended client =
      run({"bash", "-c", "nc -N 10.77.0.2 9000 < " + path("big") + " > " + path("copy2")});
  EXPECT_EQ(client.status, 0) << client.err;
  EXPECT_EQ(server.wait().status, 0);
  EXPECT_TRUE(is_big("copy"));
  EXPECT_TRUE(is_big("copy2"));
}

TEST_F(NcTest, AnyPortIsToldAndKeptListeningOn) {
  Program server(nc("-l -k -4 0 < /dev/null > " + path("copy")));
  ASSERT_TRUE(server.says("Listening on "));
  const std::string list = cli::run_bowline({"ss", "-ltnH", "--socket", control()}).out;
  const std::size_t at = list.find("0.0.0.0:");
  ASSERT_NE(at, std::string::npos) << list;
  const std::string port = list.substr(at + 8, list.find(' ', at) - at - 8);
  for (const auto* text : {"one ", "two ", "three"}) {
    EXPECT_EQ(
        run({"bash", "-c", "printf '" + std::string(text) + "' | nc -N 10.77.0.2 " + port}).status,
        0);
  }
  server.signal(SIGINT);
  EXPECT_EQ(server.wait().status, 0);
  EXPECT_EQ(run({"cat", path("copy")}).out, "one two three");
}

TEST_F(NcTest, WhatCannotBeIsOneLine) {
  expect_failure(run(nc("10.77.0.1 9001 < /dev/null")), "Connection refused");
  expect_failure(run(nc("-w 1 10.77.0.99 9001 < /dev/null")), "10.77.0.99");
  expect_failure(run(nc("no-such-name.invalid 9001 < /dev/null")), "cannot resolve");
  expect_failure(run(nc("-6 10.77.0.1 9001 < /dev/null")), "family");
  expect_failure(run(nc("-z 10.77.0.1 9001")), "Connection refused");
}

TEST_F(NcTest, ScansAndWaitsOnlySoLong) {
  kernel_listens("< /dev/null");
  const Ended open = run(nc("-z -v -w 2 10.77.0.1 8999-9001"));
  EXPECT_EQ(open.status, 0);
  EXPECT_TRUE(holds(open.err, "10.77.0.1:9000 is open"));
  EXPECT_TRUE(holds(open.err, "10.77.0.1:9001: Connection refused"));
  // A peer that says nothing, to an input that stays open.
  kernel.emplace(Words{"bash", "-c", "sleep 20 | nc -l 9002"});
  ASSERT_TRUE(eventually([] { return holds(run({"ss", "-tln"}).out, ":9002"); }));
  const Ended idle = run(nc("-w 1 10.77.0.1 9002 < <(sleep 20)"));
  EXPECT_EQ(idle.status, 0) << idle.err;
}

// docs/ss.md, REQUIREMENTS A19: who scans is named, with the number of ports.
TEST_F(NcTest, AScanIsToldOfBySs) {
  Program server(nc("-l -k 9000 < /dev/null > /dev/null"));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(control()); }));
  const auto summary = [&] {
    return cli::run_bowline({"ss", "--summary", "--socket", control()}).out;
  };
  EXPECT_FALSE(holds(summary(), "alarms")) << summary();
  static_cast<void>(run({"bash", "-c", "nc -z -w 1 10.77.0.2 7000-7040"}));
  EXPECT_TRUE(holds(summary(), "port scans 1,")) << summary();
  EXPECT_TRUE(holds(summary(), "scans: 10.77.0.1 (SYN, ")) << summary();
  server.signal(SIGINT);
  EXPECT_EQ(server.wait().status, 0);
}

TEST_F(NcTest, AReaderThatLeavesEndsIt) {
  kernel_listens("< " + path("big"));
  const Ended gone =
      run({"bash", "-c",
           cli::bowline_path() + " nc --no-control 10.77.0.1 9000 < <(sleep 5) | head -c "
                                 "5 > /dev/null; exit ${PIPESTATUS[0]}"});
  expect_failure(gone, "standard output");
}

// K126: a socket may be UDP as well.
TEST_F(NcTest, DatagramsBothWays) {
  // Answers each datagram with its length, and the first of another peer with nothing.
  const std::string script =
      "import socket,sys\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
      "s.bind(('0.0.0.0',9000))\nprint('ready',file=sys.stderr,flush=True)\n"
      "while True:\n  d,a=s.recvfrom(65536)\n  s.sendto(b'%d\\n'%len(d),a)\n";
  kernel.emplace(Words{"python3", "-c", script});
  ASSERT_TRUE(kernel->says("ready"));
  const Ended ended = run(
      nc("-u -w 1 10.77.0.1 9000 < <(printf hello; sleep 0.2; dd bs=5000 count=1 status=none if=" +
         path("big") + ")"));
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "5\n5000\n");
  const Ended refused = run(nc("-u -w 2 10.77.0.1 9001 < <(printf hello; sleep 1; printf again)"));
  expect_failure(refused, "refused");

  Program server(nc("-u -l 9000 < <(sleep 0.5; printf answer; sleep 20)"));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(control()); }));
  const std::string client =
      "import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\ns.settimeout(10)\n"
      "s.sendto(b'question',('10.77.0.2',9000))\nprint(s.recvfrom(100)[0].decode())\n";
  EXPECT_EQ(run({"python3", "-c", client}).out, "answer\n");
  server.signal(SIGINT);
  EXPECT_EQ(server.wait().out, "question");
}

// ---- ss and --metrics ---------------------------------------------------------------------------

class SsTest : public NcTest {
 protected:
  Ended ss(Words words) {
    words.insert(words.begin(), {"ss", "--socket", control()});
    return cli::run_bowline(std::move(words));
  }
};

TEST_F(SsTest, A22_ListsWhatTheKernelsSsListsOfTheOtherEnd) {
  Program server(nc("-l 9000 < <(sleep 20)"));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(control()); }));
  Program client(
      {"bash", "-c", "(head -c 100000 " + path("big") + "; sleep 20) | nc 10.77.0.2 9000"});
  Ended ours;
  ASSERT_TRUE(eventually([&] {
    ours = ss({"-tnieoH", "sport", "=", ":9000"});
    return holds(ours.out, "bytes_received:100000");
  })) << ours.out
      << ours.err;
  EXPECT_TRUE(ours.out.starts_with("tcp   ESTABLISHED        0       0  10.77.0.2:9000"))
      << ours.out;
  // Acknowledged, with the SYN; what it sent may be more, where the machine was slow to answer.
  std::string theirs;
  EXPECT_TRUE(eventually([&] {
    theirs = run({"ss", "-tnieoH", "dport", "=", ":9000"}).out;
    return holds(theirs, " bytes_acked:100001");
  })) << theirs;
  // Both ends agree on what they agreed on.
  const auto value = [](const std::string& text, const std::string& name) {
    const std::size_t at = text.find(" " + name + ":");
    if (at == std::string::npos) return std::string("none");
    const std::size_t begin = at + name.size() + 2;
    return text.substr(begin, text.find_first_of(" \n", begin) - begin);
  };
  EXPECT_EQ(value(ours.out, "bytes_received"), "100000");
  const std::string scale = value(theirs, "wscale");
  const std::string mirrored =
      scale.substr(scale.find(',') + 1) + "," + scale.substr(0, scale.find(','));
  EXPECT_EQ(value(ours.out, "wscale"), mirrored);
  EXPECT_EQ(value(ours.out, "mss"), value(theirs, "mss"));
  EXPECT_EQ(value(ours.out, "pmtu"), value(theirs, "pmtu"));
  EXPECT_TRUE(holds(ours.out, " ts "));
  EXPECT_TRUE(holds(theirs, " ts "));
  server.signal(SIGINT);
}

TEST_F(SsTest, FiltersFlagsAndJson) {
  Program server(nc("-l -k 9000 < <(sleep 20)"));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(control()); }));
  Program client({"bash", "-c", "sleep 20 | nc 10.77.0.2 9000"});
  ASSERT_TRUE(eventually([&] { return holds(ss({"state", "ESTAB"}).out, "ESTABLISHED"); }));
  for (const auto* state : {"established", "SYN_RCVD", "syn-recv", "TIME_WAIT", "connected"}) {
    const bool there = holds(ss({"-H", "state", state}).out, "ESTABLISHED");
    EXPECT_EQ(there, std::string(state) == "established" || std::string(state) == "connected")
        << state;
  }
  EXPECT_TRUE(holds(ss({"-l"}).out, "LISTEN"));
  EXPECT_FALSE(holds(ss({"-l"}).out, "ESTABLISHED"));
  EXPECT_TRUE(holds(ss({"-a", "-e"}).out, "syn-queue:0/"));
  EXPECT_EQ(ss({"-H", "-a", "sport = :1 or dst 192.0.2.0/24"}).out, "");
  EXPECT_TRUE(holds(ss({"-s"}).out, "listening 2"));
  const Ended json = ss({"--json", "state", "established"});
  EXPECT_EQ(json.status, 0);
  EXPECT_EQ(run({"python3", "-c",
                 "import json,sys; d=[json.loads(l) for l in sys.argv[1].splitlines()]; "
                 "print(len(d), d[0]['state'], d[0]['local'], d[0]['command'])",
                 json.out})
                .out,
            "1 ESTABLISHED 10.77.0.2:9000 nc\n");
  const Ended wrong = ss({"sport = :x"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_TRUE(holds(wrong.err, "column 9")) << wrong.err;
  server.signal(SIGINT);
  EXPECT_EQ(server.wait().status, 0);
  EXPECT_FALSE(std::filesystem::exists(control())) << "removed with its instance";
  expect_failure(ss({}), "no instance");
}

TEST_F(SsTest, TheSocketIsItsOwnersAlone) {
  Program server(nc("-l 9000"));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(control()); }));
  struct stat what{};
  ASSERT_EQ(::stat(control().c_str(), &what), 0);
  EXPECT_EQ(what.st_mode & 0777U, 0600U);
  // What is in the way is not removed unless it is a socket without a listener.
  temp.write("file", "precious");
  expect_failure(run({cli::bowline_path(), "nc", "-l", "1", "--link", "tun:other", "--address",
                      "10.78.0.2/24", "--control", path("file")}),
                 "is there already");
  EXPECT_EQ(run({"cat", path("file")}).out, "precious");
  expect_failure(run({cli::bowline_path(), "nc", "-l", "1", "--link", "tun:other", "--address",
                      "10.78.0.2/24", "--control", control()}),
                 "is there already");
}

TEST_F(SsTest, HostileClientsDoNotStallTheStack) {
  Program server(nc("-l -k 9000 < /dev/null > " + path("copy")));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(control()); }));
  // More clients than are served, silent ones and one that talks without end; the stack goes on.
  std::string script =
      "import socket,sys,time\nsockets=[]\nfor i in range(30):\n  s=socket.socket(socket.AF_UNIX)\n"
      "  s.settimeout(0.2)\n  s.connect(sys.argv[1])\n  sockets.append(s)\n"
      "try:\n  for i in range(100): sockets[0].send(b'x'*65536)\nexcept OSError: pass\n"
      "print('ready',flush=True,file=sys.stderr)\ntime.sleep(20)\n";
  Program hostile({"python3", "-c", script, control()});
  ASSERT_TRUE(hostile.says("ready"));
  EXPECT_EQ(run({"bash", "-c", "nc -N 10.77.0.2 9000 < " + path("big")}).status, 0);
  EXPECT_TRUE(eventually([&] { return is_big("copy"); }));
  server.signal(SIGINT);
  EXPECT_EQ(server.wait().status, 0);
}

TEST_F(SsTest, MetricsAreServedOnTheKernelsNetwork) {
  ASSERT_EQ(run({"ip", "link", "set", "lo", "up"}).status, 0);
  Program server({cli::bowline_path(), "serve", temp.path().string(), "--metrics", "9100",
                  "--control", control()});
  ASSERT_TRUE(server.says("Serving "));
  const auto curl = [](const Words& more) {
    Words words = {"curl", "-q", "-sS", "--noproxy", "*", "--max-time", "10"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words).out;
  };
  EXPECT_EQ(curl({"http://10.77.0.2/answer"}), "the answer\n");
  const std::string page = curl({"http://127.0.0.1:9100/metrics"});
  EXPECT_TRUE(holds(page, "# TYPE bowline_decisions_total counter\n"));
  EXPECT_TRUE(holds(page, "bowline_listener_accepted_total{local=\"0.0.0.0:80\"} 1\n")) << page;
  EXPECT_TRUE(holds(curl({"-i", "http://127.0.0.1:9100/metrics"}),
                    "Content-Type: text/plain; version=0.0.4"));
  EXPECT_EQ(curl({"-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:9100/"}), "404");
  EXPECT_EQ(
      curl({"-o", "/dev/null", "-w", "%{http_code}", "-d", "x", "http://127.0.0.1:9100/metrics"}),
      "405");
  expect_failure(run({cli::bowline_path(), "serve", "/", "--link", "tun:other", "--address",
                      "10.78.0.2/24", "--metrics", "9100", "--no-control"}),
                 "--metrics");
  server.signal(SIGINT);
  EXPECT_EQ(server.wait().status, 0);
}

}  // namespace
}  // namespace bowline::interop
