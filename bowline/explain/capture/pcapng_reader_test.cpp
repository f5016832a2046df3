#include "bowline/explain/capture/pcapng_reader.hpp"

#include <gtest/gtest.h>

#include "bowline/explain/testing/bytes.hpp"
#include "bowline/trace/pcapng.hpp"

namespace bowline::explain {
namespace {

using testing::FileBytes;
using testing::read_all;

constexpr std::uint32_t kSection = 0x0a0d0d0a;

FileBytes& section(FileBytes& file) {
  FileBytes body(file.order());
  body.u32(0x1a2b3c4d).u16(1).u16(0).u64(~std::uint64_t{0});
  return file.block(kSection, body);
}

FileBytes& interface(FileBytes& file, std::uint16_t link, std::uint32_t snap,
                     const FileBytes* options = nullptr) {
  FileBytes body(file.order());
  body.u16(link).u16(0).u32(snap);
  if (options != nullptr) {
    for (const std::byte each : options->bytes()) body.u8(std::to_integer<std::uint8_t>(each));
  }
  return file.block(1, body);
}

FileBytes enhanced(ByteOrder order, std::uint32_t interface, std::uint64_t time,
                   std::uint32_t original, std::string_view data) {
  FileBytes body(order);
  body.u32(interface).u32(static_cast<std::uint32_t>(time >> 32U));
  body.u32(static_cast<std::uint32_t>(time)).u32(static_cast<std::uint32_t>(data.size()));
  body.u32(original).text(data);
  while (body.bytes().size() % 4 != 0) body.u8(0);
  return body;
}

class PcapngOrder : public ::testing::TestWithParam<ByteOrder> {};

TEST_P(PcapngOrder, ReadsEnhancedPacketsWithCommentsAndDirection) {
  FileBytes file(GetParam());
  interface(section(file), 1, 0);
  FileBytes body = enhanced(GetParam(), 0, 1'700'000'000'123'456, 1'500, "abcde");
  body.option(1, "first").option(1, "second");
  FileBytes flags(GetParam());
  flags.u32(2);
  body.option(2, {reinterpret_cast<const char*>(flags.bytes().data()), 4}).u16(0).u16(0);
  file.block(6, body);
  const auto result = read_all(file.bytes());
  EXPECT_EQ(result.error, "");
  ASSERT_EQ(result.packets.size(), 1u);
  EXPECT_EQ(result.packets[0].text, "abcde");
  EXPECT_EQ(result.packets[0].size, 1'500u);
  EXPECT_EQ(result.packets[0].time->time_since_epoch().count(), 1'700'000'000'123'456'000);
  EXPECT_EQ(result.packets[0].comments, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(result.packets[0].way, trace::Way::out);
}

TEST_P(PcapngOrder, ReadsSimplePacketsAndCutsThemAtTheSnapLength) {
  FileBytes file(GetParam());
  interface(section(file), 101, 4);
  FileBytes body(GetParam());
  body.u32(100).text("abcd");
  file.block(3, body);
  const auto result = read_all(file.bytes());
  ASSERT_EQ(result.packets.size(), 1u) << result.error;
  EXPECT_EQ(result.packets[0].text, "abcd");
  EXPECT_EQ(result.packets[0].size, 100u);
  EXPECT_FALSE(result.packets[0].time) << "a simple packet has none";
}

TEST_P(PcapngOrder, ReadsObsoletePackets) {
  FileBytes file(GetParam());
  interface(interface(section(file), 1, 0), 101, 0);
  FileBytes body(GetParam());
  body.u16(1).u16(7).u32(0).u32(5'000'000).u32(3).u32(3).text("abc");
  file.block(2, body);
  const auto result = read_all(file.bytes());
  ASSERT_EQ(result.packets.size(), 1u) << result.error;
  EXPECT_EQ(result.packets[0].text, "abc");
  EXPECT_EQ(result.packets[0].link, LinkType::raw);
  EXPECT_EQ(result.packets[0].time->time_since_epoch().count(), 5'000'000'000);
}

TEST_P(PcapngOrder, PassesOverNamesStatisticsAndWhatItDoesNotKnow) {
  FileBytes file(GetParam());
  interface(section(file), 101, 0);
  FileBytes body(GetParam());
  body.u32(0).u32(0);
  file.block(4, body).block(5, body).block(0x0bad, body).block(0x8000'0001, body);
  file.block(6, enhanced(GetParam(), 0, 1, 1, "x"));
  EXPECT_EQ(read_all(file.bytes()).packets.size(), 1u);
}

TEST_P(PcapngOrder, NumbersInterfacesThroughSections) {
  FileBytes file(GetParam());
  interface(section(file), 1, 0).block(6, enhanced(GetParam(), 0, 1, 1, "a"));
  interface(section(file), 101, 0).block(6, enhanced(GetParam(), 0, 2, 1, "b"));
  const auto result = read_all(file.bytes());
  ASSERT_EQ(result.packets.size(), 2u) << result.error;
  EXPECT_EQ(result.packets[0].interface, 0u);
  EXPECT_EQ(result.packets[1].interface, 1u);
  EXPECT_EQ(result.packets[1].link, LinkType::raw);
  EXPECT_EQ(result.packets[1].number, 2u);
}

INSTANTIATE_TEST_SUITE_P(Each, PcapngOrder, ::testing::Values(ByteOrder::little, ByteOrder::big));

TEST(PcapngReader, ReadsASectionOfTheOtherByteOrderBehindTheFirst) {
  FileBytes little(ByteOrder::little);
  interface(section(little), 101, 0).block(6, enhanced(ByteOrder::little, 0, 1, 1, "a"));
  FileBytes big(ByteOrder::big);
  interface(section(big), 101, 0).block(6, enhanced(ByteOrder::big, 0, 2, 1, "b"));
  std::vector<std::byte> file = little.bytes();
  file.insert(file.end(), big.bytes().begin(), big.bytes().end());
  EXPECT_EQ(read_all(file).packets.size(), 2u);
}

TEST(PcapngReader, TakesTheInterfacesNameResolutionAndOffset) {
  FileBytes file(ByteOrder::little);
  FileBytes options(ByteOrder::little);
  options.option(2, "eth0").option(9, std::string_view("\x09", 1));
  FileBytes offset(ByteOrder::little);
  offset.u64(1'000);
  options.option(14, {reinterpret_cast<const char*>(offset.bytes().data()), 8}).u16(0).u16(0);
  interface(section(file), 101, 0, &options);
  file.block(6, enhanced(ByteOrder::little, 0, 2'000'000'123, 1, "a"));
  const auto result = read_all(file.bytes());
  ASSERT_EQ(result.packets.size(), 1u) << result.error;
  EXPECT_EQ(result.interfaces[0].name, "eth0");
  EXPECT_EQ(result.packets[0].time->time_since_epoch().count(), 1'002'000'000'123);
}

TEST(PcapngTime, KnowsPowersOfTenAndOfTwo) {
  const auto nanoseconds = [](std::uint64_t units, std::uint8_t resolution) {
    return pcapng_time(units, resolution, 0)->time_since_epoch().count();
  };
  EXPECT_EQ(nanoseconds(5, 0), 5'000'000'000);
  EXPECT_EQ(nanoseconds(5'000, 3), 5'000'000'000);
  EXPECT_EQ(nanoseconds(1'500'000'000'000, 12), 1'500'000'000);
  EXPECT_EQ(nanoseconds(3U << 9U, 0x80 | 10), 1'500'000'000);
  EXPECT_EQ(nanoseconds(std::uint64_t{3} << 39U, 0x80 | 40), 1'500'000'000);
  EXPECT_FALSE(pcapng_time(1, 0x7f, 0)) << "10^-127 s";
  EXPECT_FALSE(pcapng_time(~std::uint64_t{0}, 0, 0)) << "beyond what 64 bits hold";
  EXPECT_FALSE(pcapng_time(0, 6, INT64_MAX));
}

struct Broken {
  const char* name;
  std::vector<std::byte> bytes;
  const char* error;
};

TEST(PcapngReader, RefusesWhatIsBrokenInOneLine) {
  const auto good = [] {
    FileBytes file(ByteOrder::little);
    interface(section(file), 101, 0);
    return file;
  };
  FileBytes no_magic(ByteOrder::little);
  no_magic.block(kSection, FileBytes(ByteOrder::little).u32(0).u16(1).u16(0).u64(0));
  FileBytes absurd = good();
  absurd.u32(6).u32(0xffff'fff0).u32(0);
  FileBytes odd = good();
  odd.u32(6).u32(33).u32(0);
  FileBytes tiny = good();
  tiny.u32(6).u32(8).u32(0);
  FileBytes two_lengths = good();
  two_lengths.u32(6).u32(16).u32(0).u32(20);
  FileBytes cut = good();
  cut.u32(6).u32(64).u32(0).u32(0);
  FileBytes unknown_interface = good();
  unknown_interface.block(6, enhanced(ByteOrder::little, 3, 1, 1, "a"));
  FileBytes too_long = good();
  too_long.block(6, FileBytes(ByteOrder::little).u32(0).u32(0).u32(0).u32(100).u32(100).u32(0));
  FileBytes version(ByteOrder::little);
  version.block(kSection, FileBytes(ByteOrder::little).u32(0x1a2b3c4d).u16(2).u16(0).u64(0));
  for (const Broken& each :
       {Broken{"magic", no_magic.bytes(), "no byte-order magic"},
        Broken{"absurd", absurd.bytes(), "4294967280 bytes"},
        Broken{"odd", odd.bytes(), "33 bytes"}, Broken{"tiny", tiny.bytes(), "8 bytes"},
        Broken{"lengths", two_lengths.bytes(), "two lengths, 16 and 20"},
        Broken{"cut", cut.bytes(), "cut short"},
        Broken{"interface", unknown_interface.bytes(), "interface 3"},
        Broken{"packet", too_long.bytes(), "claims 100 bytes"},
        Broken{"version", version.bytes(), "version 2"}}) {
    const auto result = read_all(each.bytes);
    EXPECT_NE(result.error.find(each.error), std::string::npos)
        << each.name << ": " << result.error;
    EXPECT_EQ(result.error.find('\n'), std::string::npos);
  }
}

// D2: what our own captures say is read back.
TEST(PcapngReader, D2_ReadsWhatOurWriterWrites) {
  trace::MemorySink sink;
  trace::PcapngOutput writer(sink, {.epoch = std::chrono::seconds(1'700'000'000)});
  writer.interface({InterfaceId{0}, "tun0", {}});
  trace::Segment segment;
  segment.source = {*IpAddress::parse("10.0.0.1"), 1'000};
  segment.destination = {*IpAddress::parse("10.0.0.2"), 80};
  segment.flags = wire::kSyn;
  const auto bytes = trace::to_packet(segment);
  const trace::Packet packet = trace::take_apart(bytes, LinkKind::ip);
  Decision decision{};
  decision.reason = Reason::send_syn;
  const std::array decisions{decision};
  writer.frame({.id = FrameId{7},
                .interface = InterfaceId{0},
                .way = trace::Way::out,
                .time = Time{std::chrono::nanoseconds(42)},
                .link = LinkKind::ip,
                .bytes = bytes,
                .packet = packet,
                .decisions = decisions});
  const auto result = read_all(std::as_bytes(std::span(sink.bytes().data(), sink.bytes().size())));
  EXPECT_EQ(result.error, "");
  ASSERT_EQ(result.packets.size(), 1u);
  EXPECT_EQ(result.packets[0].time->time_since_epoch().count(), 1'700'000'000'000'000'042);
  EXPECT_EQ(result.packets[0].way, trace::Way::out);
  ASSERT_EQ(result.packets[0].comments.size(), 1u);
  EXPECT_TRUE(result.packets[0].comments[0].starts_with("send: "));
}

}  // namespace
}  // namespace bowline::explain
