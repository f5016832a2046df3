#include "bowline/udp/socket.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "bowline/base/testing/failing_memory.hpp"

namespace bowline::udp {
namespace {

const IpAddress kOurs = IpAddress::v4(0x0a000001);
const IpAddress kTheirs = IpAddress::v4(0x0a000002);

class UdpSocketTest : public ::testing::Test {
 protected:
  bool enqueue(std::uint32_t size, std::byte fill = std::byte{1}, std::uint32_t limit = 1'000) {
    const std::vector<std::byte> bytes(size, fill);
    return socket_.enqueue({pool_->copy(bytes), {kTheirs, 7}, {kOurs, 53}}, limit);
  }
  testing::FailingMemory memory_;
  BufferPoolOwner pool_{BufferPool::make(memory_, 1U << 20)};
  Socket socket_{memory_};
};

// RFC 1122 4.1.3.5: a socket may have one address or all.
TEST_F(UdpSocketTest, WantsWhatIsForItsAddressAndPort) {
  socket_.local = {kOurs, 53};
  EXPECT_TRUE(socket_.wants({kTheirs, 7}, {kOurs, 53}));
  EXPECT_FALSE(socket_.wants({kTheirs, 7}, {kOurs, 54}));
  EXPECT_FALSE(socket_.wants({kTheirs, 7}, {kTheirs, 53}));
  socket_.local = {IpAddress::any(Family::ipv4), 53};
  EXPECT_TRUE(socket_.wants({kTheirs, 7}, {kTheirs, 53}));
  EXPECT_FALSE(
      socket_.wants({*IpAddress::parse("fd00::2"), 7}, {*IpAddress::parse("fd00::1"), 53}));
}

TEST_F(UdpSocketTest, ConnectedOneHearsItsPeerAlone) {
  socket_.local = {kOurs, 53};
  socket_.remote = Endpoint{kTheirs, 7};
  EXPECT_TRUE(socket_.wants({kTheirs, 7}, {kOurs, 53}));
  EXPECT_FALSE(socket_.wants({kTheirs, 8}, {kOurs, 53}));
  EXPECT_FALSE(socket_.wants({kOurs, 7}, {kOurs, 53}));
}

// RFC 768: datagrams keep their bounds.
TEST_F(UdpSocketTest, DatagramsComeOutAsTheyWentIn) {
  ASSERT_TRUE(enqueue(3, std::byte{'a'}));
  ASSERT_TRUE(enqueue(0));
  ASSERT_TRUE(enqueue(5, std::byte{'b'}));
  std::array<std::byte, 4> to{};
  Endpoint from;
  Endpoint at;
  EXPECT_EQ(socket_.dequeue(to, from, at), 3U);
  EXPECT_EQ(to[2], std::byte{'a'});
  EXPECT_EQ(to[3], std::byte{});
  EXPECT_EQ(from, (Endpoint{kTheirs, 7}));
  EXPECT_EQ(at, (Endpoint{kOurs, 53}));
  EXPECT_EQ(socket_.dequeue(to, from, at), 0U);
  EXPECT_EQ(socket_.dequeue(to, from, at), 5U) << "its whole size, of which four were copied";
  EXPECT_EQ(to[3], std::byte{'b'});
  EXPECT_EQ(socket_.queued_bytes, 0U);
}

TEST_F(UdpSocketTest, QueueIsBoundedInBytes) {
  EXPECT_TRUE(enqueue(600));
  EXPECT_FALSE(enqueue(401));
  EXPECT_TRUE(enqueue(400));
  EXPECT_FALSE(enqueue(1));
}

TEST_F(UdpSocketTest, FloodOfEmptyOnesIsBoundedToo) {
  int taken = 0;
  for (int i = 0; i < 5'000; ++i) taken += enqueue(0) ? 1 : 0;
  EXPECT_EQ(taken, 1'000);
}

TEST_F(UdpSocketTest, FailingMemoryDropsTheDatagram) {
  memory_.fail_from(1);
  EXPECT_FALSE(enqueue(10));
  EXPECT_EQ(socket_.queued_bytes, 0U);
}

}  // namespace
}  // namespace bowline::udp
