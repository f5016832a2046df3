#include "bowline/udp/socket.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "bowline/base/testing/failing_memory.hpp"

namespace bowline::udp {
namespace {

const IpAddress kOurs = IpAddress::v4(0x0a000001);
const IpAddress kTheirs = IpAddress::v4(0x0a000002);

const Endpoint kPeer{kTheirs, 7};
const Endpoint kHere{kOurs, 53};

Label label(const Endpoint& from, const Endpoint& to, Cast cast = Cast::unicast,
            InterfaceId interface = InterfaceId{0}) {
  Label result;
  result.from = from;
  result.to = to;
  result.cast = cast;
  result.interface = interface;
  return result;
}

class UdpSocketTest : public ::testing::Test {
 protected:
  bool enqueue(std::uint32_t size, std::byte fill = std::byte{1}, std::uint32_t limit = 100'000) {
    const std::vector<std::byte> bytes(size, fill);
    return socket_.enqueue({pool_->copy(bytes), label(kPeer, kHere)}, limit);
  }
  testing::FailingMemory memory_;
  BufferPoolOwner pool_{BufferPool::make(memory_, 1U << 20)};
  Socket socket_{memory_};
  Socket other_{memory_};
};

// RFC 1122 4.1.3.5: a socket may have one address or all.
TEST_F(UdpSocketTest, WantsWhatIsForItsAddressAndPort) {
  socket_.local = kHere;
  EXPECT_TRUE(socket_.wants(label(kPeer, kHere)));
  EXPECT_FALSE(socket_.wants(label(kPeer, {kOurs, 54})));
  EXPECT_FALSE(socket_.wants(label(kPeer, {kTheirs, 53})));
  socket_.local = {IpAddress::any(Family::ipv4), 53};
  EXPECT_TRUE(socket_.wants(label(kPeer, {kTheirs, 53})));
  EXPECT_FALSE(
      socket_.wants(label({*IpAddress::parse("fd00::2"), 7}, {*IpAddress::parse("fd00::1"), 53})));
}

TEST_F(UdpSocketTest, ConnectedOneHearsItsPeerAlone) {
  socket_.local = kHere;
  socket_.remote = kPeer;
  EXPECT_TRUE(socket_.wants(label(kPeer, kHere)));
  EXPECT_FALSE(socket_.wants(label({kTheirs, 8}, kHere)));
  EXPECT_FALSE(socket_.wants(label({kOurs, 7}, kHere)));
}

TEST_F(UdpSocketTest, OneThatIsBoundToAnInterfaceHearsThatAlone) {
  socket_.local = kHere;
  socket_.interface = InterfaceId{1};
  EXPECT_FALSE(socket_.wants(label(kPeer, kHere)));
  EXPECT_TRUE(socket_.wants(label(kPeer, kHere, Cast::unicast, InterfaceId{1})));
}

// What is broadcast is for those who listen on any address; what is for an address that nobody has,
// for those who configure the interface.
TEST_F(UdpSocketTest, BroadcastAndForeignDatagrams) {
  const Endpoint all{*IpAddress::parse("255.255.255.255"), 53};
  socket_.local = kHere;
  EXPECT_FALSE(socket_.wants(label(kPeer, all, Cast::broadcast)));
  socket_.local.address = IpAddress::any(Family::ipv4);
  EXPECT_TRUE(socket_.wants(label(kPeer, all, Cast::broadcast)));
  const Endpoint offered{*IpAddress::parse("10.0.0.77"), 53};
  EXPECT_FALSE(socket_.wants(label(kPeer, offered, Cast::foreign)));
  socket_.configures_interface = true;
  EXPECT_TRUE(socket_.wants(label(kPeer, offered, Cast::foreign)));
}

TEST_F(UdpSocketTest, ConflictsAreWhereTwoWouldHearTheSame) {
  socket_.local = kHere;
  other_.local = kHere;
  EXPECT_TRUE(socket_.conflicts_with(other_));
  other_.local.address = IpAddress::any(Family::ipv4);
  EXPECT_TRUE(socket_.conflicts_with(other_)) << "any address is this one too";
  other_.local.address = IpAddress::any(Family::ipv6);
  EXPECT_FALSE(socket_.conflicts_with(other_)) << "the families do not share ports";
  other_.local = {kOurs, 54};
  EXPECT_FALSE(socket_.conflicts_with(other_));
  other_.local = kHere;
  socket_.reuse_address = true;
  EXPECT_TRUE(socket_.conflicts_with(other_)) << "one agreed, the other did not";
  other_.reuse_address = true;
  EXPECT_FALSE(socket_.conflicts_with(other_));
  socket_.reuse_address = false;
  socket_.remote = kPeer;
  EXPECT_TRUE(socket_.conflicts_with(other_));
  other_.remote = Endpoint{kTheirs, 8};
  EXPECT_FALSE(socket_.conflicts_with(other_)) << "each has a peer of its own";
  other_.remote.reset();
  socket_.interface = InterfaceId{0};
  other_.interface = InterfaceId{1};
  EXPECT_FALSE(socket_.conflicts_with(other_));
}

// RFC 768: datagrams keep their bounds.
TEST_F(UdpSocketTest, DatagramsComeOutAsTheyWentIn) {
  ASSERT_TRUE(enqueue(3, std::byte{'a'}));
  ASSERT_TRUE(enqueue(0));
  ASSERT_TRUE(enqueue(5, std::byte{'b'}));
  EXPECT_EQ(socket_.queued_bytes, 8U);
  std::array<std::byte, 4> to{};
  EXPECT_EQ(socket_.queue.front().payload.size(), 3U);
  EXPECT_EQ(socket_.queue.front().label.from, kPeer);
  EXPECT_EQ(socket_.queue.front().label.to, kHere);
  socket_.peek(to);
  EXPECT_EQ(to[2], std::byte{'a'});
  EXPECT_EQ(to[3], std::byte{});
  socket_.pop();
  EXPECT_EQ(socket_.queue.front().payload.size(), 0U);
  socket_.peek(to);
  socket_.pop();
  EXPECT_EQ(socket_.queue.front().payload.size(), 5U);
  socket_.peek(to);
  EXPECT_EQ(to[3], std::byte{'b'}) << "as much as there is room for";
  socket_.pop();
  EXPECT_EQ(socket_.queued_bytes, 0U);
  EXPECT_EQ(socket_.queued_cost, 0U);
  EXPECT_EQ(socket_.datagrams_received, 3U);
}

// The memory that they take counts, not what they carry.
TEST_F(UdpSocketTest, QueueIsBoundedByWhatItCosts) {
  int taken = 0;
  while (enqueue(1'000) && taken < 1'000) ++taken;
  EXPECT_GT(taken, 20);
  EXPECT_LE(socket_.queued_cost, 100'000U);
  EXPECT_LE(taken, 97);
  EXPECT_EQ(socket_.dropped, 1U);
}

TEST_F(UdpSocketTest, FloodOfEmptyOnesIsBoundedToo) {
  int taken = 0;
  for (int i = 0; i < 5'000; ++i) taken += enqueue(0) ? 1 : 0;
  EXPECT_LE(taken * static_cast<int>(sizeof(Received)), 100'000);
  EXPECT_EQ(socket_.dropped, 5'000U - static_cast<unsigned>(taken));
}

// A limit smaller than a datagram would make a socket deaf.
TEST_F(UdpSocketTest, OneDatagramAlwaysHasRoom) {
  EXPECT_TRUE(enqueue(5'000, std::byte{1}, 100));
  EXPECT_FALSE(enqueue(1, std::byte{1}, 100));
}

TEST_F(UdpSocketTest, FailingMemoryDropsTheDatagram) {
  Received datagram{pool_->copy(std::vector<std::byte>(10)), label(kPeer, kHere)};
  memory_.fail_from(0);
  EXPECT_FALSE(socket_.enqueue(std::move(datagram), 1'000));
  EXPECT_EQ(socket_.queued_bytes, 0U);
  EXPECT_EQ(socket_.queued_cost, 0U);
  EXPECT_EQ(socket_.dropped, 1U);
}

}  // namespace
}  // namespace bowline::udp
