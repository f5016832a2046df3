#include "bowline/dhcp/lease.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "bowline/dhcp/testing/reply_builder.hpp"

namespace bowline::dhcp {
namespace {

using testing::v4;

constexpr Time kAsked = Time{} + 1h;

Reply reply() {
  Reply reply;
  reply.type = MessageType::ack;
  reply.address = v4("10.77.0.50");
  reply.server = v4("10.77.0.1");
  reply.mask = v4("255.255.255.0");
  reply.lease_seconds = 3600;
  return reply;
}

Drop refused(const Reply& reply) {
  const auto lease = make_lease(reply, kAsked);
  EXPECT_FALSE(lease.has_value());
  return lease ? Drop::unexpected : lease.error();
}

TEST(DhcpLease, RunsFromTheRequest) {  // RFC 2131 sections 4.4.1 and 4.4.5
  const Lease lease = make_lease(reply(), kAsked).value();
  EXPECT_EQ(lease.address, *Cidr::parse("10.77.0.50/24"));
  EXPECT_EQ(lease.expires, kAsked + 3600s);
  EXPECT_EQ(lease.renew_at, kAsked + 1800s);
  EXPECT_EQ(lease.rebind_at, kAsked + 3150s);
}

TEST(DhcpLease, ForEverNeedsNoRenewing) {
  Reply forever = reply();
  forever.lease_seconds = 0xffff'ffff;
  const Lease lease = make_lease(forever, kAsked).value();
  EXPECT_EQ(lease.expires, kNever);
  EXPECT_EQ(lease.renew_at, kNever);
}

TEST(DhcpLease, OfNoTimeOrTooShortIsRefused) {
  Reply none = reply();
  none.lease_seconds.reset();
  EXPECT_EQ(refused(none), Drop::bad_lease);
  none.lease_seconds = 0;
  EXPECT_EQ(refused(none), Drop::bad_lease);
  none.lease_seconds = 29;
  EXPECT_EQ(refused(none), Drop::bad_lease);
}

TEST(DhcpLease, TheServersTimesAreTakenIfTheyAreInOrder) {
  const auto times = [](std::uint32_t renew, std::uint32_t rebind) {
    Reply said = reply();
    said.renew_seconds = renew;
    said.rebind_seconds = rebind;
    const Lease lease = make_lease(said, kAsked).value();
    return std::pair(lease.renew_at - kAsked, lease.rebind_at - kAsked);
  };
  using Times = std::pair<Duration, Duration>;
  EXPECT_EQ(times(600, 1200), Times(600s, 1200s));
  EXPECT_EQ(times(600, 3600), Times(600s, 3150s)) << "T2 at the end is none";
  EXPECT_EQ(times(1200, 600), Times(1800s, 3150s));
  EXPECT_EQ(times(0, 0), Times(1800s, 3150s)) << "a server that wants us to renew all the time";
  EXPECT_EQ(times(0xffff'ffff, 0xffff'ffff), Times(1800s, 3150s));
}

TEST(DhcpLease, AddressesThatNoHostCanHaveAreRefused) {  // RFC 1122 section 3.2.1.3
  for (const char* const text : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255",
                                 "240.0.0.1", "10.77.0.0", "10.77.0.255"}) {
    Reply bad = reply();
    bad.address = v4(text);
    EXPECT_EQ(refused(bad), Drop::bad_address) << text;
  }
}

TEST(DhcpLease, ANetworkOfTwoHasNoBroadcastAddress) {  // RFC 3021
  Reply two = reply();
  two.mask = v4("255.255.255.254");
  two.address = v4("10.77.0.1");
  EXPECT_EQ(make_lease(two, kAsked).value().address, *Cidr::parse("10.77.0.1/31"));
}

TEST(DhcpLease, MasksWithHolesAreRefused) {  // RFC 4632 section 5.1
  for (const char* const text : {"255.0.255.0", "0.0.0.0", "0.255.255.255", "255.255.255.1"}) {
    Reply bad = reply();
    bad.mask = v4(text);
    EXPECT_EQ(refused(bad), Drop::bad_mask) << text;
  }
}

TEST(DhcpLease, WithoutAMaskTheOldClassCounts) {  // RFC 1122 section 3.2.1.3
  Reply plain = reply();
  plain.mask.reset();
  EXPECT_EQ(make_lease(plain, kAsked).value().address.prefix, 8);
  plain.address = v4("172.16.5.5");
  EXPECT_EQ(make_lease(plain, kAsked).value().address.prefix, 16);
  plain.address = v4("192.168.5.5");
  EXPECT_EQ(make_lease(plain, kAsked).value().address.prefix, 24);
}

TEST(DhcpLease, RoutersThatAreNotOnTheLinkArePassedOver) {
  Reply reply = dhcp::reply();
  for (const char* const text : {"192.0.2.1", "10.77.0.50", "10.77.0.1"}) {
    reply.routers.push_back(v4(text));
  }
  const Lease lease = make_lease(reply, kAsked).value();
  ASSERT_EQ(lease.routers.size(), 1U);
  EXPECT_EQ(lease.routers[0], v4("10.77.0.1"));
}

TEST(DhcpLease, AServerThatCannotBeIsRefused) {
  Reply bad = reply();
  bad.server.reset();
  EXPECT_EQ(refused(bad), Drop::no_server);
  bad.server = v4("255.255.255.255");
  EXPECT_EQ(refused(bad), Drop::no_server);
}

TEST(DhcpLease, AnMtuThatChokesIsPassedOver) {
  Reply small = reply();
  small.mtu = 68;
  EXPECT_EQ(make_lease(small, kAsked).value().mtu, std::nullopt);
  small.mtu = 1400;
  EXPECT_EQ(make_lease(small, kAsked).value().mtu, 1400);
}

}  // namespace
}  // namespace bowline::dhcp
