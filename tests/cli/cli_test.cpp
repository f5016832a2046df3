// Exit status 0 done, 1 the work failed, 2 wrong usage; errors are one line that names the thing
// and what would be right (REQUIREMENTS C).

#include <gtest/gtest.h>
#include <unistd.h>

#include <ostream>

#include "tests/cli/command.hpp"

namespace bowline::cli {
namespace {

using Arguments = std::vector<std::string>;

TEST(Help, IsThereWithExamplesEverywhere) {
  for (const Arguments& arguments : {Arguments{"--help"},
                                     {"serve", "--help"},
                                     {"demo", "--help"},
                                     {"explain", "--help"},
                                     {"sim", "--help"}}) {
    const Ended ended = run_bowline(arguments);
    EXPECT_EQ(ended.status, 0);
    EXPECT_NE(ended.out.find("Examples:"), std::string::npos) << ended.out;
    EXPECT_EQ(ended.err, "");
  }
}

TEST(Help, NoLineIsWiderThanATerminal) {
  for (const Arguments& arguments : {Arguments{"--help"},
                                     {"serve", "--help"},
                                     {"demo", "--help"},
                                     {"explain", "--help"},
                                     {"sim", "--help"}}) {
    const std::string out = run_bowline(arguments).out;
    for (std::size_t begin = 0; begin < out.size();) {
      const std::size_t end = out.find('\n', begin);
      EXPECT_LE(end - begin, 100u) << out.substr(begin, end - begin);
      begin = end + 1;
    }
  }
}

TEST(Version, IsOneLine) {
  const Ended ended = run_bowline({"--version"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_TRUE(ended.out.starts_with("bowline "));
  EXPECT_TRUE(is_one_line(ended.out));
}

// What is wrong with the arguments, and the words that the line has to hold.
struct Wrong {
  Arguments arguments;
  Arguments words;
};

// The command line, as ctest shows it beside the number.
void print_arguments(const Arguments& arguments, std::ostream& out) {
  out << "bowline";
  for (const std::string& argument : arguments) out << ' ' << argument;
}
void PrintTo(const Wrong& wrong, std::ostream* out) { print_arguments(wrong.arguments, *out); }

class WrongUsage : public testing::TestWithParam<Wrong> {};

TEST_P(WrongUsage, IsOneLineThatNamesTheArgument) {
  const Ended ended = run_bowline(GetParam().arguments);
  EXPECT_EQ(ended.status, 2) << ended.err;
  EXPECT_EQ(ended.out, "");
  EXPECT_TRUE(is_one_line(ended.err)) << ended.err;
  EXPECT_TRUE(ended.err.starts_with("bowline")) << ended.err;
  for (const std::string& word : GetParam().words) {
    EXPECT_NE(ended.err.find(word), std::string::npos) << word << " in: " << ended.err;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongUsage,
    testing::Values(
        Wrong{{}, {"subcommand", "serve", "demo", "--help"}},
        Wrong{{"nonsense"}, {"nonsense", "--help"}},
        Wrong{{"--nonsense"}, {"--nonsense", "--help"}},
        Wrong{{"serve", "--nonsense"}, {"serve", "--nonsense", "--help"}},
        Wrong{{"serve", ".", "too-many"}, {"too-many", "--help"}},
        Wrong{{"serve", "--port", "0"}, {"--port 0", "1 to 65535"}},
        Wrong{{"serve", "--port", "65536"}, {"--port 65536", "1 to 65535"}},
        Wrong{{"serve", "--port", "http"}, {"--port http", "1 to 65535"}},
        Wrong{{"serve", "--port", "80x"}, {"--port 80x", "1 to 65535"}},
        Wrong{{"serve", "--port", "-1"}, {"--port"}},
        Wrong{{"serve", "--port", ""}, {"--port \"\"", "1 to 65535"}},
        Wrong{{"serve", "--port"}, {"--port"}},
        Wrong{{"serve", "--link", "bowline0"}, {"--link bowline0", "tun:NAME"}},
        Wrong{{"serve", "--link", "tun:"}, {"--link tun:", "name"}},
        Wrong{{"serve", "--link", "tun:a/b"}, {"--link tun:a/b"}},
        Wrong{{"serve", "--link", "tun:a-name-too-long-for-it"}, {"--link tun:", "15"}},
        Wrong{{"serve", "--link", "tap:"}, {"--link tap:", "name"}},
        Wrong{{"serve", "--link", "packet:a b"}, {"--link packet:a b"}},
        Wrong{{"serve", "--link", "packet:eth0"}, {"--address", "packet link", "192.0.2.77/24"}},
        Wrong{{"serve", "--link", "packet:eth0", "--address", "10.1.0.2/24", "--mtu", "1400"},
              {"--mtu", "ip link set eth0 mtu 1400"}},
        Wrong{{"serve", "--link", "packet:eth0", "--address", "10.1.0.2/24", "--peer-address",
               "10.1.0.1/24"},
              {"--peer-address", "packet"}},
        Wrong{{"serve", "--link", "xdp:eth0"}, {"--link xdp:eth0", "not built yet", "packet:"}},
        Wrong{{"serve", "--mac", "02:00:00:00:00:02"}, {"--mac", "tun"}},
        Wrong{{"serve", "--mac", "2:0:0:0:0:2"}, {"--mac 2:0:0:0:0:2", "02:00:00:00:00:02"}},
        Wrong{{"serve", "--mac", "01:00:00:00:00:02"}, {"--mac 01:00:00:00:00:02", "group"}},
        Wrong{{"serve", "--mac", "00:00:00:00:00:00"}, {"--mac 00:00:00:00:00:00", "nobody"}},
        Wrong{{"serve", "--link", "usb:x"}, {"--link usb:x", "tun:NAME"}},
        Wrong{{"serve", "--address", "10.77.0.2"}, {"--address 10.77.0.2", "10.77.0.2/24"}},
        Wrong{{"serve", "--address", "10.77.0.256/24"}, {"--address 10.77.0.256/24", "such as"}},
        Wrong{{"serve", "--address", "10.77.0.2/33"}, {"--address 10.77.0.2/33", "such as"}},
        Wrong{{"serve", "--address", "fd77::2/129"}, {"--address fd77::2/129", "such as"}},
        Wrong{{"serve", "--address", "224.0.0.1/24"}, {"--address 224.0.0.1/24", "one host"}},
        Wrong{{"serve", "--address", "127.0.0.1/8"}, {"--address 127.0.0.1/8", "one host"}},
        Wrong{{"serve", "--address", "10.77.0.2/32"}, {"--address 10.77.0.2/32", "10.77.0.2/24"}},
        Wrong{{"serve", "--address", "10.1.0.2/24", "--address", "10.1.0.2/24"}, {"given twice"}},
        Wrong{{"serve", "--address", "10.1.0.2/24", "--peer-address", "10.2.0.1/24"},
              {"--peer-address 10.2.0.1/24", "prefix"}},
        Wrong{{"serve", "--address", "10.1.0.2/24", "--peer-address", "10.1.0.2/24"},
              {"--peer-address 10.1.0.2/24", "own"}},
        Wrong{{"serve", "--address", "10.1.0.2/24", "--peer-address", "fd00::1/64"},
              {"--peer-address fd00::1/64", "family"}},
        Wrong{{"serve", "--gateway", "nowhere"}, {"--gateway nowhere", "such as"}},
        Wrong{{"serve", "--gateway", "192.0.2.1"}, {"--gateway 192.0.2.1", "prefix"}},
        Wrong{{"serve", "--mtu", "67"}, {"--mtu 67", "68 to 65535"}},
        Wrong{{"serve", "--mtu", "1000", "--address", "fd77::2/64"}, {"--mtu 1000", "1280"}},
        Wrong{{"serve", "--limit", "nonsense=1"}, {"--limit nonsense=1", "connections"}},
        Wrong{{"serve", "--limit", "connections"}, {"--limit connections", "NAME=NUMBER"}},
        Wrong{{"serve", "--limit", "connections=0"}, {"--limit connections", "1 to"}},
        Wrong{{"serve", "--json", "--trace"}, {"--json", "--trace"}},
        Wrong{{"serve", "--json", "--ladder"}, {"--json", "--ladder"}},
        Wrong{{"serve", "--connections", "0"}, {"--connections 0", "1 to"}},
        Wrong{{"serve", "--idle-timeout", "0"}, {"--idle-timeout 0", "1 to"}},
        Wrong{{"sim"}, {"scenario", "--help"}},
        Wrong{{"sim", "x.toml", "--seed", "x"}, {"--seed x"}},
        Wrong{{"sim", "x.toml", "--bridge", "tun:a", "tun:b"}, {"x.toml", "--bridge"}},
        Wrong{{"sim", "--bridge", "tun:a", "tap:b"}, {"--bridge tap:b", "tun:NAME@NAMESPACE"}},
        Wrong{{"sim", "--bridge", "tun:a@", "tun:b"}, {"--bridge tun:a@"}},
        Wrong{{"sim", "--bridge", "tun:a", "tun:b", "--rate", "10"}, {"--rate 10", "10mbit"}},
        Wrong{{"sim", "--bridge", "tun:a", "tun:b", "--loss", "1%/1"},
              {"--loss 1%/1", "THERE/BACK"}},
        Wrong{{"get"}, {"URL", "--help"}},
        Wrong{{"get", "example.com"}, {"URL example.com", "http://"}},
        Wrong{{"get", "ftp://h/"}, {"URL ftp://h/", "http://"}},
        Wrong{{"get", "http://u:p@h/"}, {"user name"}}, Wrong{{"get", "http://h:0/"}, {"port"}},
        Wrong{{"get", "http://h/", "-C"}, {"-C", "-o FILE"}},
        Wrong{{"get", "http://h/", "-O"}, {"-O", "-o FILE"}},
        Wrong{{"get", "http://h/", "--trace"}, {"--trace", "-o FILE"}},
        Wrong{{"get", "http://h/", "--header", "X"}, {"--header X", "Name: value"}},
        Wrong{{"get", "http://h/", "--resolve", "h"}, {"--resolve h", "HOST:ADDRESS"}},
        Wrong{{"get", "http://h/", "--resolve", "h:x"}, {"--resolve x"}},
        Wrong{{"get", "http://h/", "--max-time", "0"}, {"--max-time 0", "1 to"}},
        Wrong{{"explain"}, {"FILE"}}, Wrong{{"explain", "-", "more"}, {"more", "--help"}},
        Wrong{{"explain", "-", "--filter", "nonsense"}, {"--filter \"nonsense\"", "state"}},
        Wrong{{"explain", "-", "--filter", "port 99999"}, {"port 99999", "65535"}},
        Wrong{{"explain", "-", "--connection", "0"}, {"--connection 0", "1 to"}},
        Wrong{{"explain", "-", "--json", "--layers"}, {"--json", "--layers"}},
        Wrong{{"nc"}, {"PORT", "--help"}}, Wrong{{"nc", "80"}, {"HOST and PORT", "-l"}},
        Wrong{{"nc", "h", "0"}, {"PORT 0", "1 to 65535"}},
        Wrong{{"nc", "h", "1-5"}, {"PORT 1-5", "-z"}},
        Wrong{{"nc", "-z", "h", "5-1"}, {"PORT 5-1", "above"}},
        Wrong{{"nc", "-u", "-z", "h", "1"}, {"-z", "-u"}},
        Wrong{{"nc", "-k", "h", "1"}, {"-k", "-l"}},
        Wrong{{"nc", "-4", "-6", "h", "1"}, {"-4", "-6"}},
        Wrong{{"nc", "-l", "-p", "1", "2"}, {"-p", "-l"}},
        Wrong{{"nc", "-w", "0", "h", "1"}, {"-w 0", "1 to"}},
        Wrong{{"nc", "h", "1", "--ladder"}, {"--ladder", "--pcap"}},
        Wrong{{"ss", "state", "nonsense"}, {"column 7", "nonsense"}},
        Wrong{{"ss", "sport", "=", ":x"}, {"column 9", ":x"}},
        Wrong{{"ss", "--pid", "0"}, {"--pid 0", "1 to"}},
        Wrong{{"serve", "--metrics", "x"}, {"--metrics x", "1 to 65535"}},
        Wrong{{"serve", "--metrics", "::1:9100"}, {"--metrics ::1:9100", "[::1]:9100"}},
        Wrong{{"serve", "--no-control", "--control", "x"}, {"--no-control", "--control"}},
        Wrong{{"demo", "--size", "0"}, {"demo", "--size 0", "1 to"}},
        Wrong{{"demo", "--size", "big"}, {"--size big", "1 to"}}, Wrong{{"demo", "here"}, {"here"}},
        Wrong{{"demo", "--keep", "--in-memory"}, {"--keep", "--in-memory"}}));

// What cannot be done: one line with the remedy.
struct Impossible {
  Arguments arguments;
  Arguments words;
};

void PrintTo(const Impossible& wrong, std::ostream* out) { print_arguments(wrong.arguments, *out); }

class Failed : public testing::TestWithParam<Impossible> {};

TEST_P(Failed, IsOneLineWithTheRemedy) {
  const Ended ended = run_bowline(GetParam().arguments);
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_TRUE(is_one_line(ended.err)) << ended.err;
  for (const std::string& word : GetParam().words) {
    EXPECT_NE(ended.err.find(word), std::string::npos) << word << " in: " << ended.err;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, Failed,
    testing::Values(Impossible{{"serve", "/no/such/folder"}, {"/no/such/folder", "No such file"}},
                    Impossible{{"serve", "/etc/passwd"}, {"/etc/passwd", "Not a directory"}},
                    Impossible{{"serve", "/", "--pcap", "/no/such/folder/x.pcapng"},
                               {"/no/such/folder/x.pcapng"}},
                    Impossible{{"demo", "--in-memory", "--size", "1", "--pcap",
                                "/no/such/folder/x.pcapng"},
                               {"/no/such/folder/x.pcapng"}}));

// An ordinary user who has no device and no namespace of his own.
TEST(Permission, WithoutItTheRemedyIsTold) {
  const Ended ended = run_bowline({"serve", "/"}, 65'534);
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_TRUE(is_one_line(ended.err)) << ended.err;
  EXPECT_NE(ended.err.find("root"), std::string::npos) << ended.err;
}

// Without the kernel: the exchange between two stacks, verdict and all.
TEST(Demo, InMemoryHolds) {
  const Ended ended = run_bowline({"demo", "--in-memory", "--size", "20"});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_EQ(ended.err, "");
  for (const auto* word : {"SYN", "FIN", "ESTABLISHED", "TIME-WAIT", "SHA-256 equal", "Gbit/s",
                           "It holds: 5 checks of 5."}) {
    EXPECT_NE(ended.out.find(word), std::string::npos) << word << " in:\n" << ended.out;
  }
  EXPECT_EQ(ended.out.find('\033'), std::string::npos) << "plain in a pipe";
}

}  // namespace
}  // namespace bowline::cli
