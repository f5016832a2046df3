#include "bowline/explain/capture/text_reader.hpp"

#include <gtest/gtest.h>

#include "bowline/explain/testing/bytes.hpp"

namespace bowline::explain {
namespace {

testing::ReadFile read(std::string_view text) {
  return testing::read_all(std::as_bytes(std::span(text.data(), text.size())));
}

// A23: both notations become packets.
TEST(TextReader, A23_ReadsBothNotations) {
  const auto result = read(
      "IP 192.168.1.116.3337 > 192.168.1.123.7788: S 3626544836:3626544836(0) win 65535\n"
      "IP 192.168.1.123.7788 > 192.168.1.116.3337: Flags [S.], seq 1739326486, ack 3626544837, win "
      "65535, length 0\n");
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.format, "text");
  ASSERT_EQ(result.packets.size(), 2u);
  EXPECT_EQ(result.packets[1].size, 40u);
}

TEST(TextReader, CountsLinesAboutOtherProtocolsAsPackets) {
  const auto result = read(
      "# a comment\n\n"
      "12:00:00.000000 ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28\n"
      "12:00:00.000100 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1, win 100, length 0\n"
      "\t0x0000:  4500 0028\n"
      "12:00:00.000200 IP 10.0.0.1.53 > 10.0.0.2.53: UDP, length 10\n"
      "12:00:00.000300 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [R.], seq 0, ack 2, win 0, length 0");
  EXPECT_EQ(result.error, "");
  ASSERT_EQ(result.packets.size(), 2u);
  EXPECT_EQ(result.packets[0].number, 2u);
  EXPECT_EQ(result.packets[1].number, 4u) << "a last line without a break counts, too";
}

TEST(TextReader, NamesTheLineThatItCannotRead) {
  const auto result = read(
      "IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1, win 100, length 0\n"
      "IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S, seq\n");
  EXPECT_EQ(result.packets.size(), 1u);
  EXPECT_TRUE(result.error.starts_with("line 2: ")) << result.error;
}

TEST(OpenCapture, SaysWhatAFileIsNot) {
  EXPECT_NE(read("").error.find("empty"), std::string::npos);
  EXPECT_NE(read("Dear reader,\n").error.find("no capture"), std::string::npos);
  EXPECT_NE(read("\x1f\x8b\x08").error.find("gunzip"), std::string::npos);
  EXPECT_NE(read(std::string_view("\0\1\2\3", 4)).error.find("no capture"), std::string::npos);
  EXPECT_NE(read(std::string(10'000, 'x')).error.find("no capture"), std::string::npos);
}

}  // namespace
}  // namespace bowline::explain
