// A TunLink over a socket pair, which keeps packets apart as a TUN device does: so every header
// that a kernel would never write, and a device that is full, can be had without one. What needs a
// real device is in tests/interop/.

#include "bowline/os/tun_link.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <memory>
#include <vector>

#include "bowline/os/virtio.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::os {
namespace {

using Bytes = std::vector<std::byte>;

class Device : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()),
              0);
    LinkInfo info;
    info.max_gso = 65'535;
    link_ = std::make_unique<TunLink>(FileDescriptor(ends[0]), info);
    kernel_ = FileDescriptor(ends[1]);
  }

  // What the device hands out next: a virtio header and a packet.
  void arrives(const VirtioHeader& header, std::span<const std::byte> packet) {
    Bytes bytes(sizeof header);
    std::memcpy(bytes.data(), &header, sizeof header);
    bytes.insert(bytes.end(), packet.begin(), packet.end());
    ASSERT_EQ(::write(kernel_.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  static Bytes packet(std::uint32_t payload) {
    wire::IpHeader ip;
    ip.source = IpAddress::v4(0x0a4d0001);
    ip.destination = IpAddress::v4(0x0a4d0002);
    ip.protocol = wire::kProtocolTcp;
    ip.payload_size = 20 + payload;
    Bytes bytes(40 + payload);
    wire::emit_ip(bytes.data(), ip);
    EXPECT_EQ(wire::emit_tcp(std::span(bytes).subspan(20), {}, {}), 20U);
    for (std::size_t i = 40; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 3);
    return bytes;
  }
  static Bytes flat(const Frame& frame) {
    Bytes bytes(frame.size);
    EXPECT_TRUE(frame.copy_to(0, bytes));
    return bytes;
  }

  static constexpr Time kNow{3s};
  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 8U << 20)};
  std::unique_ptr<TunLink> link_;
  FileDescriptor kernel_;
  std::array<Frame, 16> in_;
};

TEST_F(Device, BlocksGrowWithThePacket) {
  const std::array<std::uint32_t, 3> sizes{12, 9'000, 60'000};
  const std::array<std::uint32_t, 3> pinned{2'048, 2'048 + 16'384,
                                            2'048 + 16'384 + BufferPool::kLargest};
  for (const std::uint32_t size : sizes) arrives({}, packet(size));
  ASSERT_EQ(link_->receive(in_, *pool_, kNow), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(flat(in_[i]), packet(sizes[i]));
    EXPECT_EQ(in_[i].arrival, kNow);
    EXPECT_EQ(in_[i].piece_count, i + 1);
    std::uint32_t held = 0;
    for (const Slice& piece : in_[i].pieces) held += piece.pinned();
    EXPECT_EQ(held, pinned[i]);
  }
  in_ = {};
  EXPECT_EQ(pool_->usage().live_blocks, 0U);  // an idle link pins nothing
  EXPECT_EQ(link_->counters().reads, 4U);  // three packets, and one answer that there are no more
  EXPECT_EQ(link_->counters().read_frames, 3U);
  EXPECT_EQ(link_->counters().read_bytes, 3 * 40U + 12 + 9'000 + 60'000);
}

TEST_F(Device, NoMoreThanAskedFor) {
  for (int i = 0; i < 5; ++i) arrives({}, packet(1));
  EXPECT_EQ(link_->receive(std::span(in_).first(2), *pool_, kNow), 2U);
  EXPECT_EQ(link_->receive(in_, *pool_, kNow), 3U);
  EXPECT_EQ(link_->receive(in_, *pool_, kNow), 0U);
}

TEST_F(Device, MalformedVirtioHeaderIsCountedAndDropped) {
  VirtioHeader lie;
  lie.gso_type = kVirtioGsoUdp;
  lie.gso_size = 100;
  arrives(lie, packet(1'000));
  arrives({}, packet(7));
  ASSERT_EQ(link_->receive(in_, *pool_, kNow), 1U);
  EXPECT_EQ(flat(in_[0]), packet(7));
  EXPECT_EQ(link_->counters().malformed, 1U);
}

TEST_F(Device, ShorterThanAVirtioHeaderIsCountedAndDropped) {
  const std::array<std::byte, 4> runt{};
  ASSERT_EQ(::write(kernel_.get(), runt.data(), runt.size()), 4);
  arrives({}, packet(7));
  EXPECT_EQ(link_->receive(in_, *pool_, kNow), 1U);
  EXPECT_EQ(link_->counters().malformed, 1U);
}

// A descriptor that says "ready" for ever would keep a driver spinning.
TEST_F(Device, GoneDeviceFallsSilent) {
  const int descriptor = link_->descriptor();
  EXPECT_FALSE(link_->error());
  kernel_ = FileDescriptor();
  pollfd polled{.fd = descriptor, .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&polled, 1, 0), 1);
  EXPECT_EQ(link_->receive(in_, *pool_, kNow), 0U);
  EXPECT_TRUE(link_->error());
  EXPECT_EQ(link_->descriptor(), descriptor);
  std::array<Frame, 1> out{make_frame(*pool_, packet(1))};
  EXPECT_EQ(link_->take(out), 1U);
  EXPECT_EQ(link_->counters().write_errors, 1U);
  EXPECT_EQ(::poll(&polled, 1, 0), 0);
}

// An exhausted pool must not keep out the acknowledgments that would free its memory, nor leave the
// device readable for ever.
TEST_F(Device, ReserveLetsSmallPacketsInWhenThePoolIsExhausted) {
  const BufferPoolOwner none{BufferPool::make(heap_memory(), 0)};
  arrives({}, packet(12));
  arrives({}, packet(30'000));
  arrives({}, packet(0));
  ASSERT_EQ(link_->receive(in_, *none, kNow), 2U);
  EXPECT_EQ(flat(in_[0]), packet(12));
  EXPECT_EQ(flat(in_[1]), packet(0));
  EXPECT_EQ(link_->counters().no_memory, 1U);

  std::vector<Frame> kept;
  for (int i = 0; i < 70; ++i) {
    arrives({}, packet(1));
    const std::size_t count = link_->receive(in_, *none, kNow);
    for (Frame& frame : std::span(in_).first(count)) kept.push_back(std::move(frame));
  }
  EXPECT_LT(kept.size(), 70U);  // the reserve has an end as well
  EXPECT_EQ(link_->receive(in_, *none, kNow), 0U);
  EXPECT_EQ(link_->counters().no_memory + kept.size(), 71U);
}

TEST_F(Device, GatherListGoesOutInOneWrite) {
  std::array<Frame, 1> out;
  const Bytes whole = packet(30'000);
  const std::array<std::size_t, 5> cuts{0, 40, 1'000, 20'000, whole.size()};
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    EXPECT_TRUE(
        out[0].append(pool_->copy(std::span(whole).subspan(cuts[i], cuts[i + 1] - cuts[i]))));
  }
  out[0].checksum = Checksum::partial;
  out[0].checksum_start = 20;
  out[0].checksum_offset = 16;
  out[0].gso_size = 1'460;
  out[0].header_size = 40;
  EXPECT_EQ(link_->take(out), 21U);
  EXPECT_EQ(link_->counters().writes, 1U);
  EXPECT_EQ(link_->counters().written_bytes, whole.size());

  Bytes got(70'000);
  const ssize_t size = ::read(kernel_.get(), got.data(), got.size());
  ASSERT_EQ(size, static_cast<ssize_t>(sizeof(VirtioHeader) + whole.size()));
  VirtioHeader header;
  std::memcpy(&header, got.data(), sizeof header);
  EXPECT_EQ(header.gso_type, kVirtioGsoTcp4);
  EXPECT_EQ(header.gso_size, 1'460);
  got.resize(static_cast<std::size_t>(size));
  got.erase(got.begin(), got.begin() + sizeof header);
  EXPECT_EQ(got, whole);
}

TEST_F(Device, FullDeviceTakesAPrefixAndIsBlockedUntilTheNextTry) {
  std::vector<Frame> out;
  for (int i = 0; i < 64; ++i) out.push_back(make_frame(*pool_, packet(30'000)));
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

TEST_F(Device, WriteThatTheKernelRefusesIsALossNotAStop) {
  kernel_ = FileDescriptor();  // as good as an interface that is gone
  ::signal(SIGPIPE, SIG_IGN);
  std::array<Frame, 2> out{make_frame(*pool_, packet(1)), make_frame(*pool_, packet(1))};
  EXPECT_EQ(link_->take(out), 2U);
  EXPECT_FALSE(link_->blocked());
  EXPECT_EQ(link_->counters().write_errors, 2U);
}

}  // namespace
}  // namespace bowline::os
