#include "bowline/ip/input.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <vector>

namespace bowline::ip {
namespace {

IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

class IpInputTest : public ::testing::Test {
 protected:
  Frame packet(std::string_view from, std::string_view to) {
    wire::IpHeader header;
    header.source = address(from);
    header.destination = address(to);
    header.protocol = wire::kProtocolUdp;
    header.payload_size = 8;
    std::vector<std::byte> bytes(wire::ip_header_size(header.family()) + 8U);
    wire::emit_ip(bytes.data(), header);
    return make_frame(*pool_, bytes);
  }
  Reason refusal(const Frame& frame) {
    const auto header = accept(frame, addresses_);
    EXPECT_FALSE(header.has_value());
    return header ? Reason::send_udp : header.error();
  }

  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 1U << 20)};
  std::array<LocalAddress, 3> addresses_{LocalAddress{*Cidr::parse("10.0.0.1/24"), InterfaceId{0}},
                                         LocalAddress{*Cidr::parse("192.0.2.1/31"), InterfaceId{1}},
                                         LocalAddress{*Cidr::parse("fd00::1/64"), InterfaceId{0}}};
};

TEST_F(IpInputTest, TakesWhatIsForUs) {
  const auto v4 = accept(packet("10.0.0.2", "10.0.0.1"), addresses_);
  ASSERT_TRUE(v4.has_value());
  EXPECT_EQ(v4->source, address("10.0.0.2"));
  EXPECT_EQ(v4->header_size, 20U);
  EXPECT_TRUE(accept(packet("fd00::2", "fd00::1"), addresses_).has_value());
}

// RFC 1122 3.2.1.3, 3.2.1.8: a host forwards nothing.
TEST_F(IpInputTest, DropsWhatIsForOthers) {
  EXPECT_EQ(refusal(packet("10.0.0.2", "10.0.0.3")), Reason::ip_not_ours);
  EXPECT_EQ(refusal(packet("fd00::2", "fd00::3")), Reason::ip_not_ours);
}

// RFC 1122 3.3.6: what is for all on the link is for us, and is marked as such; only UDP takes it.
TEST_F(IpInputTest, BroadcastsAreMarked) {
  for (const char* all : {"10.0.0.255", "255.255.255.255"}) {
    const auto got = accept(packet("10.0.0.2", all), addresses_);
    ASSERT_TRUE(got) << all;
    EXPECT_EQ(got->cast, Cast::broadcast);
  }
  EXPECT_EQ(refusal(packet("10.0.0.2", "10.0.1.255")), Reason::ip_not_ours) << "not our network";
  EXPECT_EQ(refusal(packet("10.0.0.2", "192.0.2.0")), Reason::ip_not_ours) << "a /31 has none";
}

// RFC 2131 4.1: a host that is being configured has no address yet, and broadcasts.
TEST_F(IpInputTest, NobodyMaySpeakToAll) {
  EXPECT_TRUE(accept(packet("0.0.0.0", "255.255.255.255"), addresses_));
  EXPECT_EQ(refusal(packet("0.0.0.0", "10.0.0.1")), Reason::ip_bad_source);
  EXPECT_EQ(refusal(packet("0.0.0.0", "10.0.0.255")), Reason::ip_bad_source);
}

// ... and hears what is for the address that it will have, if it has asked to.
TEST_F(IpInputTest, ForeignAddressesWhereAskedFor) {
  const auto got = accept(packet("10.0.0.2", "10.0.0.77"), addresses_, true);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->cast, Cast::foreign);
  EXPECT_EQ(accept(packet("10.0.0.2", "10.0.0.1"), addresses_, true)->cast, Cast::unicast);
  EXPECT_FALSE(accept(packet("10.0.0.2", "224.0.0.1"), addresses_, true));
}

// RFC 9293 3.9.2.3 MUST-57: groups are not ours.
TEST_F(IpInputTest, K26_GroupsAreNotOurs) {
  EXPECT_EQ(refusal(packet("10.0.0.2", "224.0.0.1")), Reason::ip_not_ours);
  EXPECT_EQ(refusal(packet("fd00::2", "ff02::1")), Reason::ip_not_ours);
}

// MUST-63. RFC 1122 3.2.1.3: a source can be no group, no broadcast (ours included) and not nobody.
TEST_F(IpInputTest, ImpossibleSourcesAreDropped) {
  for (const std::string_view source :
       {"0.0.0.0", "255.255.255.255", "224.0.0.1", "239.1.2.3", "10.0.0.255"}) {
    EXPECT_EQ(refusal(packet(source, "10.0.0.1")), Reason::ip_bad_source) << source;
  }
  EXPECT_EQ(refusal(packet("::", "fd00::1")), Reason::ip_bad_source);
  EXPECT_EQ(refusal(packet("ff02::1", "fd00::1")), Reason::ip_bad_source);
}

// RFC 3021: a network of two has no broadcast address.
TEST_F(IpInputTest, PointToPointHasNoBroadcast) {
  EXPECT_TRUE(is_possible_peer(address("192.0.2.1"), addresses_));
  EXPECT_FALSE(is_possible_peer(address("10.0.0.255"), addresses_));
  EXPECT_TRUE(is_possible_peer(address("10.0.1.255"), addresses_)) << "not one of our networks";
}

TEST_F(IpInputTest, FragmentsAreTakenAsSuch) {
  Frame frame = packet("10.0.0.2", "10.0.0.1");
  std::array<std::byte, 28> bytes;
  ASSERT_TRUE(frame.copy_to(0, bytes));
  bytes[6] = std::byte{0x20};  // more fragments
  frame = make_frame(*pool_, bytes);
  frame.checksum = Checksum::verified;  // the header's checksum is not what is tested here
  const auto got = accept(frame, addresses_);
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->is_fragment());
}

TEST_F(IpInputTest, ChecksumIsLookedAtUnlessSomebodyVouchesForIt) {
  Frame frame = packet("10.0.0.2", "10.0.0.1");
  std::array<std::byte, 28> bytes;
  ASSERT_TRUE(frame.copy_to(0, bytes));
  bytes[10] ^= std::byte{1};
  frame = make_frame(*pool_, bytes);
  EXPECT_EQ(refusal(frame), Reason::ip_bad_checksum);
  frame.checksum = Checksum::verified;
  EXPECT_TRUE(accept(frame, addresses_).has_value());
}

TEST_F(IpInputTest, NothingIsReadBeyondTheFrame) {
  const Frame whole = packet("10.0.0.2", "10.0.0.1");
  for (std::uint32_t size = 0; size < whole.size; ++size) {
    Frame cut;
    cut.append(whole.pieces[0].part(0, size));
    EXPECT_FALSE(accept(cut, addresses_).has_value()) << size;
  }
}

TEST_F(IpInputTest, NumbersOfAddresses) {
  EXPECT_EQ(find_local(address("192.0.2.1"), addresses_), 1U);
  EXPECT_EQ(find_local(address("192.0.2.0"), addresses_), addresses_.size());
}

}  // namespace
}  // namespace bowline::ip
