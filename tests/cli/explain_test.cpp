// `bowline explain` from outside: files that are none, files that are cut, and what it prints for
// one that is whole.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/cli/command.hpp"

namespace bowline::cli {
namespace {

// A file with these bytes, gone with the object.
class File {
 public:
  explicit File(std::string_view bytes, mode_t mode = 0644) {
    char name[] = "/tmp/bowline-explain-XXXXXX";
    const int descriptor = ::mkstemp(name);
    path_ = name;
    ::close(descriptor);
    std::ofstream(path_, std::ios::binary) << bytes;
    ::chmod(path_.c_str(), mode);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string number(std::uint32_t value, int bytes = 4) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xffU);
  return text;
}

// A pcap of the SYN in CLAIMS.md's example, raw IP, then as much of a second one as `second` says.
std::string capture(std::size_t second, std::uint32_t link = 101) {
  const std::string header = number(0xa1b2c3d4) + number(2, 2) + number(4, 2) + number(0) +
                             number(0) + number(65'535) + number(link);
  std::string packet("\x45\0\0\x28\0\0\0\0\x40\x06\0\0\xc0\xa8\x01\x74\xc0\xa8\x01\x7b", 20);
  packet += std::string("\x0d\x09\x1e\x6c\xd8\x28\xae\xc4\0\0\0\0\x50\x02\xff\xff\x79\x40\0\0", 20);
  const std::string record = number(1'700'000'000) + number(0) + number(40) + number(40) + packet;
  return header + record + record.substr(0, second);
}

constexpr const char* kTrace =
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: S 3626544836:3626544836(0) win 65535\n"
    "IP 192.168.1.123.7788 > 192.168.1.116.3337: S 1739326486:1739326486(0) ack 3626544837 win "
    "65535\n"
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: . ack 1739326487,ack 1 win 65535\n";

void expect_failure(const Ended& ended, const std::string& words) {
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_TRUE(is_one_line(ended.err)) << ended.err;
  EXPECT_NE(ended.err.find(words), std::string::npos) << ended.err;
}

TEST(Explain, SaysInOneLineWhyAFileCannotBeRead) {
  expect_failure(run_bowline({"explain", "/nowhere/at/all.pcap"}), "No such file");
  expect_failure(run_bowline({"explain", "/tmp"}), "folder");
  expect_failure(run_bowline({"explain", File("").path()}), "empty");
  expect_failure(run_bowline({"explain", File("Dear reader,\n").path()}), "no capture");
  expect_failure(run_bowline({"explain", File(std::string("\0\1\2\3", 4)).path()}), "no capture");
  expect_failure(run_bowline({"explain", File("\x1f\x8b\x08").path()}), "gunzip");
  expect_failure(run_bowline({"explain", File(capture(0).substr(0, 10)).path()}), "cut short");
  expect_failure(run_bowline({"explain", File(capture(0, 105)).path()}), "link type 105");
  if (::geteuid() == 0) {
    expect_failure(run_bowline({"explain", File(capture(0), 0000).path()}, 65'534),
                   "Permission denied");
  }
}

TEST(Explain, ExplainsACutCaptureUpToThereAndSaysSo) {
  const Ended ended = run_bowline({"explain", File(capture(30)).path()});
  expect_failure(ended, "cut short in packet 2: 14 of 40 bytes");
  EXPECT_NE(ended.out.find("192.168.1.116:3337"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("SYN-SENT"), std::string::npos);
}

TEST(Explain, A23_ExplainsAClassicTextTrace) {
  const Ended ended = run_bowline({"explain", File(kTrace).path()});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.err, "") << "no progress in a pipe";
  EXPECT_NE(ended.out.find("ESTABLISHED / ESTABLISHED"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("third step: confirm the peer's number"), std::string::npos);
}

TEST(Explain, SummaryHasNoLadders) {
  const Ended ended = run_bowline({"explain", File(kTrace).path(), "--summary"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.out.find("third step"), std::string::npos) << ended.out;
}

TEST(Explain, SaysThatThereIsNoSuchConnection) {
  expect_failure(run_bowline({"explain", File(kTrace).path(), "--connection", "7"}),
                 "there is no connection 7: they are numbered 1 to 1");
}

TEST(Explain, A25_FiltersByAnySpellingOfAState) {
  const File file(kTrace);
  EXPECT_NE(
      run_bowline({"explain", file.path(), "--filter", "estab"}).out.find("192.168.1.116:3337"),
      std::string::npos);
  EXPECT_NE(run_bowline({"explain", file.path(), "--filter", "SYN_RCVD"}).out.find("No connection"),
            std::string::npos);
}

// A2: both models, who does what, and K34: nothing of y+1 stands in the data part.
TEST(Explain, A2_K2_K4_K5_K6_K34_LayersNameBothModels) {
  const Ended ended = run_bowline({"explain", File(kTrace).path(), "--layers"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  for (const char* const word :
       {"1 physical", "2 data link", "3 network", "4 transport", "5 session", "6 presentation",
        "7 application", "internet", "frame", "packet", "segment", "never repaired",
        "each layer puts its header in front",
        "stands in the ack field alone; its data part is empty"}) {
    EXPECT_NE(ended.out.find(word), std::string::npos) << word;
  }
}

TEST(Explain, K24_LayersShowThePseudoHeader) {
  const Ended ended = run_bowline({"explain", File(capture(0)).path(), "--layers"});
  EXPECT_NE(ended.out.find(
                "pseudo-header, 12 bytes, never sent: 192.168.1.116 + 192.168.1.123 + protocol "
                "6 + length 20"),
            std::string::npos)
      << ended.out;
  EXPECT_NE(ended.out.find("checksum 0x7940 over pseudo-header, header and data: right"),
            std::string::npos);
}

TEST(Explain, JsonIsAnObjectOnEachLine) {
  const Ended ended = run_bowline({"explain", File(kTrace).path(), "--json"});
  EXPECT_EQ(ended.status, 0);
  std::size_t lines = 0;
  for (std::size_t begin = 0; begin < ended.out.size(); ++lines) {
    const std::size_t end = ended.out.find('\n', begin);
    EXPECT_EQ(ended.out[begin], '{');
    EXPECT_EQ(ended.out[end - 1], '}');
    begin = end + 1;
  }
  EXPECT_EQ(lines, 2u) << "the capture and its connection";
  EXPECT_TRUE(ended.out.starts_with("{\"event\":\"capture\",\"name\":\""));
}

}  // namespace
}  // namespace bowline::cli
