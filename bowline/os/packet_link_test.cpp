// A PacketLink over a socket pair, which keeps frames apart as a packet socket does. What needs a
// real interface is in tests/interop/.

#include "bowline/os/packet_link.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <memory>
#include <vector>

#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::os {
namespace {

using Bytes = std::vector<std::byte>;

class Wire : public ::testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()),
              0);
    LinkInfo info;
    info.kind = LinkKind::ethernet;
    info.max_gso = 65'521;
    link_ = std::make_unique<PacketLink>(FileDescriptor(ends[0]), info);
    kernel_ = FileDescriptor(ends[1]);
  }

  void arrives(const VirtioHeader& header, std::span<const std::byte> frame) {
    Bytes bytes(sizeof header);
    std::memcpy(bytes.data(), &header, sizeof header);
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    ASSERT_EQ(::write(kernel_.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  // An Ethernet frame with a UDP datagram.
  static Bytes frame(std::uint32_t payload) {
    wire::IpHeader ip;
    ip.source = IpAddress::v4(0x0a4d0001);
    ip.destination = IpAddress::v4(0x0a4d0002);
    ip.protocol = wire::kProtocolUdp;
    ip.payload_size = 8 + payload;
    Bytes bytes(42 + payload);
    wire::emit_ethernet(bytes.data(), {.type = wire::kEtherTypeIpv4});
    wire::emit_ip(bytes.data() + 14, ip);
    wire::emit_udp(bytes.data() + 34, {.payload_size = static_cast<std::uint16_t>(payload)});
    for (std::size_t i = 42; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 3);
    return bytes;
  }
  static VirtioHeader merged(std::uint16_t size) {
    VirtioHeader header;
    header.flags = kVirtioNeedsChecksum;
    header.gso_type = kVirtioGsoUdpL4;
    header.gso_size = size;
    header.checksum_start = 34;
    header.checksum_offset = 6;
    return header;
  }
  static Bytes flat(const Frame& frame) {
    Bytes bytes(frame.size);
    EXPECT_TRUE(frame.copy_to(0, bytes));
    return bytes;
  }

  static constexpr Time kNow{3s};
  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 8U << 20)};
  std::unique_ptr<PacketLink> link_;
  FileDescriptor kernel_;
  std::array<Frame, 32> in_;
};

TEST_F(Wire, BatchesGrowWithWhatArrives) {
  for (std::uint32_t i = 0; i < 31; ++i) arrives({}, frame(i));
  ASSERT_EQ(link_->receive(in_, *pool_, kNow), 31U);
  for (std::uint32_t i = 0; i < 31; ++i) {
    EXPECT_EQ(flat(in_[i]), frame(i));
    EXPECT_EQ(in_[i].arrival, kNow);
  }
  EXPECT_EQ(link_->counters().reads, 6U);  // 1, 2, 4, 8, 16 and one that finds nothing
  EXPECT_EQ(link_->counters().read_frames, 31U);
  in_ = {};
  EXPECT_EQ(pool_->usage().live_blocks, 0U);  // an idle link pins nothing
  arrives({}, frame(7));
  ASSERT_EQ(link_->receive(in_, *pool_, kNow), 1U);
  EXPECT_EQ(link_->counters().reads, 8U);
}

TEST_F(Wire, FewPlacesTakeThatManyFrames) {
  for (std::uint32_t i = 0; i < 10; ++i) arrives({}, frame(i));
  for (std::uint32_t i = 0; i < 10; i += 5) {
    ASSERT_EQ(link_->receive(std::span(in_).first(5), *pool_, kNow), 5U);
    for (std::uint32_t k = 0; k < 5; ++k) EXPECT_EQ(flat(in_[k]), frame(i + k));
  }
}

TEST_F(Wire, LongFramesLandWhole) {
  for (const std::uint32_t size : {2'006U, 20'000U, 65'000U}) arrives({}, frame(size));
  ASSERT_EQ(link_->receive(in_, *pool_, kNow), 3U);
  EXPECT_EQ(flat(in_[0]), frame(2'006));
  EXPECT_EQ(flat(in_[1]), frame(20'000));
  EXPECT_EQ(flat(in_[2]), frame(65'000));
}

TEST_F(Wire, MergedDatagramsComeOneByOneWithNoneLost) {
  arrives(merged(100), frame(4'000));
  arrives({}, frame(5));
  arrives(merged(100), frame(250));
  std::size_t datagrams = 0;
  std::size_t bytes = 0;
  for (int round = 0; round < 20; ++round) {
    const std::size_t count = link_->receive(std::span(in_).first(7), *pool_, kNow);
    for (const Frame& each : std::span(in_).first(count)) {
      ++datagrams;
      bytes += each.size - 42;
    }
    if (count < 7) {
      EXPECT_EQ(link_->next_deadline(), kNever);
    }
  }
  EXPECT_EQ(datagrams, 40U + 1 + 3);
  EXPECT_EQ(bytes, 4'000U + 5 + 250);
  EXPECT_EQ(link_->counters().malformed, 0U);
}

TEST_F(Wire, DatagramsThatWaitAskForAnotherTurn) {
  arrives(merged(100), frame(1'000));
  EXPECT_EQ(link_->receive(std::span(in_).first(4), *pool_, kNow), 4U);
  EXPECT_EQ(link_->next_deadline(), Time{});
  EXPECT_EQ(link_->receive(in_, *pool_, kNow), 6U);
  EXPECT_EQ(link_->next_deadline(), kNever);
}

TEST_F(Wire, MalformedVirtioHeadersAreCountedAndDropped) {
  VirtioHeader lie;
  lie.gso_type = kVirtioGsoTcp4;
  lie.gso_size = 100;
  arrives(lie, frame(1'000));  // UDP
  arrives(merged(0), frame(1'000));
  arrives(merged(100), Bytes(20));
  const std::array<std::byte, 4> runt{};
  ASSERT_EQ(::write(kernel_.get(), runt.data(), runt.size()), 4);
  arrives({}, frame(7));
  ASSERT_EQ(link_->receive(in_, *pool_, kNow), 1U);
  EXPECT_EQ(flat(in_[0]), frame(7));
  EXPECT_EQ(link_->counters().malformed, 4U);
}

// An exhausted pool must not keep out the acknowledgments that would free its memory, nor leave the
// socket readable for ever.
TEST_F(Wire, ReserveLetsSmallFramesInWhenThePoolIsExhausted) {
  const BufferPoolOwner none{BufferPool::make(heap_memory(), 0)};
  arrives({}, frame(12));
  arrives({}, frame(30'000));
  arrives({}, frame(13));
  ASSERT_EQ(link_->receive(in_, *none, kNow), 2U);
  EXPECT_EQ(flat(in_[0]), frame(12));
  EXPECT_EQ(flat(in_[1]), frame(13));
  EXPECT_EQ(link_->counters().no_memory, 1U);
}

TEST_F(Wire, FramesGoOutInBatches) {
  std::vector<Frame> out;
  for (std::uint32_t i = 0; i < 20; ++i) out.push_back(make_frame(*pool_, frame(i)));
  EXPECT_EQ(link_->take(out), 20U);
  EXPECT_EQ(link_->counters().writes, 2U);
  EXPECT_EQ(link_->counters().written_frames, 20U);
  Bytes got(2'000);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const ssize_t size = ::read(kernel_.get(), got.data(), got.size());
    ASSERT_EQ(size, static_cast<ssize_t>(sizeof(VirtioHeader) + frame(i).size()));
    EXPECT_EQ(Bytes(got.begin() + sizeof(VirtioHeader), got.begin() + size), frame(i));
  }
}

TEST_F(Wire, FullSocketTakesAPrefixAndIsBlockedUntilTheNextTry) {
  std::vector<Frame> out;
  for (int i = 0; i < 64; ++i) out.push_back(make_frame(*pool_, frame(30'000)));
  const std::size_t taken = link_->take(out);
  EXPECT_GT(taken, 0U);
  EXPECT_LT(taken, out.size());
  EXPECT_TRUE(link_->blocked());
  EXPECT_EQ(link_->take(std::span(out).subspan(taken)), 0U);
  Bytes sink(70'000);
  while (::read(kernel_.get(), sink.data(), sink.size()) > 0) {
  }
  EXPECT_GT(link_->take(std::span(out).subspan(taken, 1)), 0U);
  EXPECT_FALSE(link_->blocked());
  EXPECT_EQ(link_->counters().write_errors, 0U);
}

TEST_F(Wire, RefusedFramesAreLossesNotAStop) {
  kernel_ = FileDescriptor();
  std::array<Frame, 2> out{make_frame(*pool_, frame(1)), make_frame(*pool_, frame(1))};
  EXPECT_EQ(link_->take(out), 2U);
  EXPECT_FALSE(link_->blocked());
  EXPECT_EQ(link_->counters().write_errors, 2U);
}

}  // namespace
}  // namespace bowline::os
