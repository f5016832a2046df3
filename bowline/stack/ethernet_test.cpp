// Ethernet frames in and out (RFC 894, RFC 1122 section 2.3 and 3.3.6), and two Stacks on one wire.

#include "bowline/stack/testing/ethernet_wire.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline {
namespace {

using testing::ethernet;
using testing::ip;
using testing::mac;
using testing::udp_packet;

class EthernetFrames : public ::testing::Test {
 protected:
  EthernetFrames() : stack_(wire_.add()) {
    EXPECT_TRUE(stack_.add_address(testing::kInterface, *Cidr::parse("10.0.0.1/24")).has_value());
    UdpOptions options;
    options.local = {IpAddress::any(Family::ipv4), 53};
    socket_ = *stack_.open_udp(options, wire_.now);
  }
  bool received() {
    std::array<std::byte, 64> bytes{};
    return stack_.receive_from(socket_, bytes, wire_.now).has_value();
  }
  std::uint64_t count(Reason reason) { return stack_.counters()[reason]; }
  testing::EthernetWire wire_;
  Stack& stack_;
  Handle socket_;
};

TEST_F(EthernetFrames, OnesForUsAreTakenPaddingAndAll) {
  wire_.send(ethernet(mac(2), mac(1), wire::kEtherTypeIpv4, udp_packet("10.0.0.2", "10.0.0.1")));
  EXPECT_TRUE(received());
}

TEST_F(EthernetFrames, OnesForOthersAreNot) {
  const auto packet = udp_packet("10.0.0.2", "10.0.0.1");
  wire_.send(ethernet(mac(2), mac(7), wire::kEtherTypeIpv4, packet));
  const wire::MacAddress group = wire::ipv4_multicast_mac(0xe0000001);
  wire_.send(ethernet(mac(2), group, wire::kEtherTypeIpv4, packet));
  EXPECT_EQ(count(Reason::ethernet_not_ours), 2U);
  EXPECT_FALSE(received());
}

// RFC 1122 section 3.3.6: a packet to one host has no business in a frame to all.
TEST_F(EthernetFrames, OneToAllThatIsAddressedToOneIsDropped) {
  wire_.send(ethernet(mac(2), wire::kMacBroadcast, wire::kEtherTypeIpv4,
                      udp_packet("10.0.0.2", "10.0.0.1")));
  EXPECT_EQ(count(Reason::ethernet_group_for_one), 1U);
  EXPECT_FALSE(received());
}

TEST_F(EthernetFrames, WhatCannotBeIsDroppedWithItsReason) {
  const auto packet = udp_packet("10.0.0.2", "10.0.0.1");
  wire_.send(ethernet(mac(2), mac(1), wire::kEtherTypeVlan, packet));
  wire_.send(ethernet(mac(2), mac(1), wire::kEtherTypeServiceVlan, packet));
  wire_.send(ethernet(mac(2), mac(1), 46, packet));  // a length, as IEEE 802.3 has it
  wire_.send(ethernet(wire::kMacBroadcast, mac(1), wire::kEtherTypeIpv4, packet));
  wire_.send(ethernet(mac(1), mac(1), wire::kEtherTypeIpv4, packet));  // looped back
  wire_.send(testing::Bytes(13));
  EXPECT_EQ(count(Reason::ethernet_vlan), 2U);
  EXPECT_EQ(count(Reason::ethernet_unknown_type), 1U);
  EXPECT_EQ(count(Reason::ethernet_bad_source), 2U);
  EXPECT_EQ(count(Reason::ethernet_truncated), 1U);
  EXPECT_FALSE(received());
}

TEST_F(EthernetFrames, AnInterfaceNeedsAStationsAddress) {
  InterfaceConfig interface;
  interface.link.kind = LinkKind::ethernet;
  EXPECT_FALSE(stack_.add_interface(interface).has_value());
  interface.link.mac = wire::kMacBroadcast;
  EXPECT_FALSE(stack_.add_interface(interface).has_value());
}

// ---- two Stacks

class TwoStations : public ::testing::Test {
 protected:
  explicit TwoStations(std::uint32_t max_gso = 65'535, bool transmit_checksum = true) {
    for (const char* address : {"10.0.0.1/24", "10.0.0.2/24"}) {
      InterfaceConfig interface = testing::EthernetWire::quiet();
      interface.link.max_gso = max_gso;
      interface.link.transmit_checksum = transmit_checksum;
      Stack& stack = wire_.add(testing::config_with_seed(stations_.size() + 1), interface);
      EXPECT_TRUE(stack.add_address(testing::kInterface, *Cidr::parse(address)).has_value());
      stations_.push_back(&stack);
    }
    wire_.pass(5s);  // the announcements
    static_cast<void>(wire_.said());
  }
  void establish(std::string_view to = "10.0.0.2") {
    ListenOptions options;
    options.local = {IpAddress::any(ip(to).family()), 80};
    const auto listener = stations_[1]->listen(options, wire_.now);
    ASSERT_TRUE(listener.has_value());
    const auto opened = stations_[0]->connect({.remote = {ip(to), 80}}, wire_.now);
    ASSERT_TRUE(opened.has_value());
    client_ = *opened;
    wire_.exchange();
    const auto accepted = stations_[1]->accept(*listener, wire_.now);
    ASSERT_TRUE(accepted.has_value());
    server_ = *accepted;
  }
  /// Sends `size` bytes from the client to the server, in virtual time, and checks each.
  void transfer(std::size_t size) {
    std::size_t sent = 0;
    std::size_t received = 0;
    std::vector<std::byte> buffer(65'536);
    for (int i = 0; i < 100'000 && received < size; ++i) {
      const auto bytes = testing::bytes_from(sent, std::min<std::size_t>(size - sent, 65'536));
      if (!bytes.empty()) {
        const auto taken = stations_[0]->write(client_, bytes, wire_.now);
        if (taken) sent += *taken;
      }
      wire_.pass(1ms);
      while (const auto got = stations_[1]->read(server_, buffer, wire_.now)) {
        ASSERT_GT(*got, 0U);
        const auto expected = testing::bytes_from(received, *got);
        ASSERT_TRUE(std::equal(expected.begin(), expected.end(), buffer.begin()));
        received += *got;
      }
    }
    EXPECT_EQ(received, size);
  }
  testing::EthernetWire wire_;
  std::vector<Stack*> stations_;
  Handle client_;
  Handle server_;
};

class TwoPlainStations : public TwoStations {
 protected:
  TwoPlainStations() : TwoStations(0, false) {}
};

// Segments of 64 KiB, and partial checksums, with the header in front: cut and completed by the
// link.
TEST_F(TwoStations, ResolveEachOtherAndTransferLargeSegments) {
  establish();
  transfer(3'000'000);
}

TEST_F(TwoPlainStations, ResolveEachOtherAndTransferPackets) {
  establish();
  transfer(300'000);
}

// The neighbour goes silent, ARP fails, and the connection survives it: it waits at the neighbour,
// asks once a second, and goes on as soon as there is an answer.
TEST_F(TwoStations, AConnectionOutlivesTheLossOfItsNeighbour) {
  establish();
  transfer(10'000);
  wire_.pass(60s);  // long enough for the neighbour to be in doubt
  static_cast<void>(wire_.said());
  wire_.passes = [](const std::string&) { return false; };
  ASSERT_TRUE(stations_[0]->write(client_, testing::bytes_from(10'000, 5'000), wire_.now));
  wire_.pass(20s);
  std::size_t requests = 0;
  for (const std::string& line : wire_.said()) requests += line.starts_with("arp who-has");
  EXPECT_GE(requests, 10U);
  EXPECT_LE(requests, 21U) << "one a second at most";
  EXPECT_EQ(stations_[0]->counters()[Reason::neighbour_failed] > 0, true);
  EXPECT_EQ(stations_[0]->take_error(client_), std::make_error_code(std::errc::host_unreachable));
  ASSERT_TRUE(stations_[0]->inspect(client_).has_value());
  EXPECT_EQ(stations_[0]->inspect(client_)->state, tcp::State::established);
  wire_.passes = nullptr;
  wire_.pass(2s);
  std::vector<std::byte> buffer(65'536);
  const auto got = stations_[1]->read(server_, buffer, wire_.now);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(*got, 5'000U);
}

// R2 (RFC 9293 section 3.8.3) counts though nothing could be sent.
TEST_F(TwoStations, AConnectionWithoutItsNeighbourIsGivenUpAfterR2) {
  establish();
  wire_.passes = [](const std::string&) { return false; };
  wire_.pass(60s);
  ASSERT_TRUE(stations_[0]->write(client_, testing::bytes_from(0, 5'000), wire_.now));
  wire_.pass(10s);
  EXPECT_EQ(stations_[0]->inspect(client_)->state, tcp::State::established);
  wire_.pass(200s);
  EXPECT_EQ(stations_[0]->readiness(client_) & kError, kError);
}

// RFC 9293 section 3.8.3 (MUST-20 b): window probes that nobody answers are negative advice, too. A
// neighbour that came back as another station is asked for long before its 15 to 45 s are over.
TEST_F(TwoStations, UnansweredWindowProbesPutTheNeighbourInDoubt) {
  establish();
  for (int i = 0; i < 200; ++i) {  // nobody reads: the window shuts
    static_cast<void>(stations_[0]->write(client_, testing::bytes_from(0, 65'536), wire_.now));
    wire_.pass(10ms);
  }
  ASSERT_EQ(stations_[0]->inspect(client_)->snd_wnd, 0U);
  static_cast<void>(wire_.said());
  wire_.passes = [](const std::string&) { return false; };
  wire_.pass(12s);
  bool asked = false;
  for (const std::string& line : wire_.said()) asked |= line.starts_with("arp who-has 10.0.0.2");
  EXPECT_TRUE(asked);
}

// RFC 4861 section 7.3.1: acknowledgments say that the neighbour is there; nobody asks.
TEST_F(TwoStations, ProgressKeepsTheNeighbourReachable) {
  establish();
  static_cast<void>(wire_.said());
  for (int i = 0; i < 100; ++i) {
    transfer(1);
    wire_.pass(2s);
  }
  for (const std::string& line : wire_.said()) {
    EXPECT_FALSE(line == "arp who-has 10.0.0.2 tell 10.0.0.1 > 2") << line;
  }
}

TEST_F(TwoStations, AGatewayIsAskedForInsteadOfTheDestination) {
  const Route route{*Cidr::parse("0.0.0.0/0"), testing::kInterface, ip("10.0.0.254")};
  ASSERT_TRUE(stations_[0]->add_route(route).has_value());
  ASSERT_TRUE(stations_[0]->connect({.remote = {ip("192.0.2.1"), 80}}, wire_.now).has_value());
  wire_.exchange();
  EXPECT_EQ(wire_.said().back(), "arp who-has 10.0.0.254 tell 10.0.0.1 > all");
  wire_.send(testing::arp_reply(9, "10.0.0.254", 1, "10.0.0.1"));
  EXPECT_EQ(wire_.said().back(), "tcp 10.0.0.1 192.0.2.1 > 9");
}

// RFC 4861 section 6.3.6: of two gateways, the one that answers.
TEST_F(TwoStations, ADeadGatewayGivesWayToAnother) {
  for (const char* gateway : {"10.0.0.253", "10.0.0.254"}) {
    const Route route{*Cidr::parse("0.0.0.0/0"), testing::kInterface, ip(gateway)};
    ASSERT_TRUE(stations_[0]->add_route(route).has_value());
  }
  ASSERT_TRUE(stations_[0]->connect({.remote = {ip("192.0.2.1"), 80}}, wire_.now).has_value());
  wire_.pass(4s);  // this one fails
  ASSERT_TRUE(stations_[0]->connect({.remote = {ip("192.0.2.1"), 80}}, wire_.now).has_value());
  static_cast<void>(wire_.said());
  wire_.exchange();
  EXPECT_EQ(wire_.said(), std::vector<std::string>{"arp who-has 10.0.0.254 tell 10.0.0.1 > all"});
}

// All fragments of a datagram wait for the neighbour, and arrive as one datagram.
TEST_F(TwoStations, ADatagramInFragmentsWaitsForTheNeighbour) {
  UdpOptions options;
  options.local = {IpAddress::any(Family::ipv4), 53};
  const auto from = stations_[0]->open_udp(options, wire_.now);
  const auto to = stations_[1]->open_udp(options, wire_.now);
  ASSERT_TRUE(from && to);
  const auto bytes = testing::bytes_from(0, 60'000);
  ASSERT_TRUE(stations_[0]->send_to(*from, bytes, Endpoint{ip("10.0.0.2"), 53}, wire_.now));
  wire_.exchange();
  std::vector<std::byte> got(65'536);
  const auto datagram = stations_[1]->receive_from(*to, got, wire_.now);
  ASSERT_TRUE(datagram.has_value());
  ASSERT_EQ(datagram->size, bytes.size());
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), got.begin()));
}

// Nothing more comes from an address that was taken away.
TEST_F(TwoStations, AnAddressThatIsGoneSendsNothing) {
  establish();
  static_cast<void>(wire_.said());
  ASSERT_TRUE(stations_[0]->remove_address(testing::kInterface, ip("10.0.0.1")).has_value());
  ASSERT_TRUE(stations_[0]->write(client_, testing::bytes_from(0, 5'000), wire_.now));
  wire_.pass(10s);
  for (const std::string& line : wire_.said()) {
    EXPECT_FALSE(line.starts_with("tcp 10.0.0.1 ") || line.contains("tell 10.0.0.1 ") ||
                 line.contains(" is-at 1 "))
        << line;
  }
  EXPECT_GT(stations_[0]->counters()[Reason::address_not_ready], 0U);
}

// What an interface was configured with is a clone's too.
TEST(EthernetClone, KeepsItsClocks) {
  StackConfig config = testing::config_with_seed(1);
  config.timing.neighbour.multicast_solicits = 1;
  testing::EthernetWire wire;
  Stack& stack = wire.add(config);
  ASSERT_TRUE(stack.add_address(testing::kInterface, *Cidr::parse("10.0.0.1/24")).has_value());
  ASSERT_TRUE(stack.connect({.remote = {ip("10.0.0.9"), 80}}, wire.now).has_value());
  wire.exchange();
  auto clone = stack.clone();
  ASSERT_TRUE(clone.has_value());
  clone->advance(wire.now + 1s);
  EXPECT_TRUE(testing::neighbours_of(*clone).empty()) << "one question, then given up";
}

// Everything on the way is state: a clone goes on as the original does.
TEST_F(TwoStations, ACloneWaitsForTheSameNeighbour) {
  ASSERT_TRUE(stations_[0]->connect({.remote = {ip("10.0.0.9"), 80}}, wire_.now).has_value());
  wire_.exchange();
  auto clone = stations_[0]->clone();
  ASSERT_TRUE(clone.has_value());
  EXPECT_EQ(clone->canonical_hash(wire_.now), stations_[0]->canonical_hash(wire_.now));
  const auto reply = testing::arp_reply(9, "10.0.0.9", 1, "10.0.0.1");
  Frame frame = make_frame(clone->pool(), reply);
  clone->receive(testing::kInterface, {&frame, 1}, wire_.now);
  testing::KeepingSink sink;
  EXPECT_EQ(clone->transmit(testing::kInterface, sink, wire_.now), 1U);
  ASSERT_EQ(testing::neighbours_of(*clone).size(), testing::neighbours_of(*stations_[0]).size());
}

}  // namespace
}  // namespace bowline
