#include "bowline/explain/capture/pcap_reader.hpp"

#include <gtest/gtest.h>

#include "bowline/explain/testing/bytes.hpp"

namespace bowline::explain {
namespace {

using testing::FileBytes;

constexpr std::uint32_t kMicro = 0xa1b2c3d4;
constexpr std::uint32_t kNano = 0xa1b23c4d;

FileBytes header(ByteOrder order, std::uint32_t magic, std::uint32_t link = 101) {
  FileBytes file(order);
  file.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65'535).u32(link);
  return file;
}

class PcapOrder : public ::testing::TestWithParam<ByteOrder> {};

TEST_P(PcapOrder, ReadsPacketsWithTheirTimes) {
  FileBytes file = header(GetParam(), kMicro);
  file.u32(1'700'000'000).u32(123'456).u32(3).u32(3).text("abc");
  file.u32(1'700'000'001).u32(0).u32(2).u32(1'500).text("de");
  const auto result = testing::read_all(file.bytes());
  EXPECT_EQ(result.error, "");
  ASSERT_EQ(result.packets.size(), 2u);
  EXPECT_EQ(result.packets[0].number, 1u);
  EXPECT_EQ(result.packets[0].time->time_since_epoch().count(), 1'700'000'000'123'456'000);
  EXPECT_EQ(result.packets[0].text, "abc");
  EXPECT_EQ(result.packets[0].link, LinkType::raw);
  EXPECT_EQ(result.packets[1].size, 1'500u) << "cut by the snap length: the true size is known";
  EXPECT_EQ(result.packets[1].text, "de");
}

TEST_P(PcapOrder, ReadsNanoseconds) {
  FileBytes file = header(GetParam(), kNano);
  file.u32(1).u32(123'456'789).u32(1).u32(1).text("x");
  const auto result = testing::read_all(file.bytes());
  ASSERT_EQ(result.packets.size(), 1u);
  EXPECT_EQ(result.packets[0].time->time_since_epoch().count(), 1'123'456'789);
}

TEST_P(PcapOrder, LeavesOutTheCheckSequenceThatTheHeaderAnnounces) {
  // 4 bytes of check sequence are 2 words in the upper bits of the link type's word.
  FileBytes file = header(GetParam(), kMicro, 0x2400'0000 | 1);
  file.u32(1).u32(0).u32(8).u32(8).text("abcdFCS!");
  const auto result = testing::read_all(file.bytes());
  ASSERT_EQ(result.packets.size(), 1u);
  EXPECT_EQ(result.packets[0].link, LinkType::ethernet);
  EXPECT_EQ(result.packets[0].text, "abcd");
}

INSTANTIATE_TEST_SUITE_P(Each, PcapOrder, ::testing::Values(ByteOrder::little, ByteOrder::big));

TEST(PcapReader, SaysWhereAFileWasCut) {
  FileBytes file = header(ByteOrder::little, kMicro);
  file.u32(1).u32(0).u32(3).u32(3).text("abc");
  file.u32(2).u32(0).u32(5).u32(5).text("de");
  const auto result = testing::read_all(file.bytes());
  EXPECT_EQ(result.packets.size(), 1u) << "everything up to there";
  EXPECT_NE(result.error.find("cut short in packet 2: 2 of 5 bytes"), std::string::npos)
      << result.error;
}

TEST(PcapReader, SaysThatAPacketsHeaderWasCut) {
  FileBytes file = header(ByteOrder::little, kMicro);
  file.u32(1).u32(0).u16(3);
  const auto result = testing::read_all(file.bytes());
  EXPECT_TRUE(result.packets.empty());
  EXPECT_NE(result.error.find("cut short in the header of packet 1"), std::string::npos)
      << result.error;
}

TEST(PcapReader, RefusesAnAbsurdLength) {
  FileBytes file = header(ByteOrder::little, kMicro);
  file.u32(1).u32(0).u32(0xffff'ffff).u32(0xffff'ffff).text("abc");
  const auto result = testing::read_all(file.bytes());
  EXPECT_TRUE(result.packets.empty());
  EXPECT_NE(result.error.find("4294967295 bytes"), std::string::npos) << result.error;
}

TEST(PcapReader, RefusesAnotherVersion) {
  FileBytes file(ByteOrder::little);
  file.u32(kMicro).u16(3).u16(0).u32(0).u32(0).u32(65'535).u32(1);
  EXPECT_NE(testing::read_all(file.bytes()).error.find("version 3.0"), std::string::npos);
}

TEST(PcapReader, EndsBehindTheHeaderOfACaptureWithoutPackets) {
  const auto result = testing::read_all(header(ByteOrder::little, kMicro).bytes());
  EXPECT_TRUE(result.packets.empty());
  EXPECT_EQ(result.error, "");
}

}  // namespace
}  // namespace bowline::explain
