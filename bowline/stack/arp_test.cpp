// ARP on an Ethernet link: RFC 826, RFC 1122 section 2.3.2, RFC 5227. (A2, B)

#include "bowline/stack/testing/ethernet_wire.hpp"

namespace bowline {
namespace {

using testing::arp_reply;
using testing::arp_request;
using testing::ip;
using testing::mac;
using testing::neighbours_of;
using Lines = std::vector<std::string>;

class Arp : public ::testing::Test {
 protected:
  Arp() : stack_(wire_.add()) {
    EXPECT_TRUE(stack_.add_address(testing::kInterface, *Cidr::parse("10.0.0.1/24")).has_value());
    wire_.pass(5s);  // the announcements
    static_cast<void>(wire_.said());
  }
  Handle connect(std::string_view to) {
    const auto opened = stack_.connect({.remote = {ip(to), 80}}, wire_.now);
    EXPECT_TRUE(opened.has_value());
    return *opened;
  }
  std::uint64_t count(Reason reason) { return stack_.counters()[reason]; }
  testing::EthernetWire wire_;
  Stack& stack_;
};

// RFC 826: asks, notes the answer, and sends what waited.
TEST_F(Arp, AConnectionWaitsForTheAnswer) {
  connect("10.0.0.2");
  wire_.exchange();
  EXPECT_EQ(wire_.said(), Lines{"arp who-has 10.0.0.2 tell 10.0.0.1 > all"});
  wire_.send(arp_reply(2, "10.0.0.2", 1, "10.0.0.1"));
  EXPECT_EQ(wire_.said(), Lines{"tcp 10.0.0.1 10.0.0.2 > 2"});
  ASSERT_EQ(neighbours_of(stack_).size(), 1U);
  EXPECT_EQ(neighbours_of(stack_)[0].state, NeighbourState::reachable);
  EXPECT_EQ(neighbours_of(stack_)[0].mac, mac(2));
}

// RFC 1122 section 2.3.2.1: one request a second, and RFC 4861 section 7.2.2: three in all.
TEST_F(Arp, AsksOnceASecondAndGivesUp) {
  const Handle socket = connect("10.0.0.2");
  connect("10.0.0.2");
  wire_.pass(2'900ms);
  EXPECT_EQ(wire_.said().size(), 3U);
  EXPECT_EQ(stack_.readiness(socket) & kError, 0);
  wire_.pass(200ms);
  EXPECT_EQ(stack_.readiness(socket) & kError, kError);
  EXPECT_EQ(stack_.take_error(socket), std::make_error_code(std::errc::host_unreachable));
  EXPECT_TRUE(neighbours_of(stack_).empty());
  wire_.pass(10s);
  EXPECT_EQ(wire_.said().size(), 0U) << "nobody wants it any more";
}

// One that does not answer holds up nobody else.
TEST_F(Arp, AnAbsentNeighbourBlocksNobody) {
  connect("10.0.0.9");
  connect("10.0.0.2");
  wire_.exchange();
  static_cast<void>(wire_.said());
  wire_.send(arp_reply(2, "10.0.0.2", 1, "10.0.0.1"));
  EXPECT_EQ(wire_.said(), Lines{"tcp 10.0.0.1 10.0.0.2 > 2"});
}

TEST_F(Arp, AnswersForItsOwnAddressAlone) {
  wire_.send(arp_request(2, "10.0.0.2", "10.0.0.1"));
  EXPECT_EQ(wire_.said(), Lines{"arp 10.0.0.1 is-at 1 > 2"});
  wire_.send(arp_request(3, "10.0.0.3", "10.0.0.7"));
  EXPECT_TRUE(wire_.said().empty());
  ASSERT_EQ(neighbours_of(stack_).size(), 1U) << "only who asks for us is noted";
  EXPECT_EQ(neighbours_of(stack_)[0].state, NeighbourState::stale);
}

// RFC 5227 section 2.1.1: a probe has no sender, and is answered all the same.
TEST_F(Arp, AnswersAProbeForItsAddress) {
  wire_.send(arp_request(2, "0.0.0.0", "10.0.0.1"));
  EXPECT_EQ(wire_.said(), Lines{"arp 10.0.0.1 is-at 1 > 2"});
  EXPECT_TRUE(neighbours_of(stack_).empty());
}

// RFC 826: what a known neighbour sends brings it up to date, what others send makes nothing.
TEST_F(Arp, AGratuitousPacketUpdatesButNeverCreates) {
  wire_.send(arp_request(9, "10.0.0.9", "10.0.0.9"));
  EXPECT_TRUE(neighbours_of(stack_).empty());
  EXPECT_EQ(count(Reason::arp_not_ours), 1U);
  wire_.send(arp_request(2, "10.0.0.2", "10.0.0.1"));
  wire_.send(arp_request(5, "10.0.0.2", "10.0.0.2"));
  ASSERT_EQ(neighbours_of(stack_).size(), 1U);
  EXPECT_EQ(neighbours_of(stack_)[0].mac, mac(5));
  EXPECT_EQ(neighbours_of(stack_)[0].state, NeighbourState::stale) << "believed, and doubted";
  EXPECT_EQ(count(Reason::neighbour_changed), 1U);
}

TEST_F(Arp, RefusesImpossibleSenders) {
  wire_.send(testing::arp(wire::ArpOperation::request, mac(2), "10.0.0.255", wire::kMacBroadcast,
                          "10.0.0.1"));
  wire_.send(arp_request(2, "224.0.0.1", "10.0.0.1"));
  wire_.send(arp_request(2, "127.0.0.1", "10.0.0.1"));
  testing::Bytes group = arp_request(2, "10.0.0.2", "10.0.0.1");
  group[22] |= std::byte{1};  // the sender's own address a group's
  wire_.send(group);
  EXPECT_EQ(count(Reason::arp_bad_sender), 4U);
  EXPECT_TRUE(wire_.said().empty());
}

// A flood of strangers who ask for us fills no more than its bound, and what is in use stays.
TEST_F(Arp, AFloodIsBoundedAndDisplacesNothingInUse) {
  StackConfig config;
  config.limits.neighbours = 16;
  testing::EthernetWire wire;
  Stack& stack = wire.add(config);
  ASSERT_TRUE(stack.add_address(testing::kInterface, *Cidr::parse("10.0.0.1/16")).has_value());
  wire.pass(5s);
  ASSERT_TRUE(stack.connect({.remote = {ip("10.0.0.2"), 80}}, wire.now).has_value());
  wire.exchange();
  wire.send(arp_reply(2, "10.0.0.2", 1, "10.0.0.1"));
  for (unsigned i = 0; i < 1'000; ++i) {
    const std::string from = "10.0." + std::to_string(1 + i / 250) + "." + std::to_string(i % 250);
    wire.send(arp_request(3, from, "10.0.0.1"));
    // The connection goes on: its SYN is repeated to the neighbour that it knows.
    if (i % 10 == 0) {
      wire.now += 1s;
      wire.send(testing::ethernet(mac(2), mac(1), wire::kEtherTypeIpv4,
                                  testing::udp_packet("10.0.0.2", "10.0.0.1")));
    }
    ASSERT_LE(neighbours_of(stack).size(), 16U);
  }
  bool found = false;
  for (const NeighbourView& view : neighbours_of(stack)) found |= view.address == ip("10.0.0.2");
  EXPECT_TRUE(found) << "answered again and again, so used";
  EXPECT_GT(stack.counters()[Reason::neighbour_evicted], 900U);
}

// RFC 4861 section 7.3.3, for ARP by unicast (RFC 1122 section 2.3.2.1).
TEST_F(Arp, ADoubtfulNeighbourIsPolledByUnicastAndForgotten) {
  wire_.send(arp_request(2, "10.0.0.2", "10.0.0.1"));  // noted, stale
  static_cast<void>(wire_.said());
  UdpOptions options;
  options.local = {ip("10.0.0.1"), 7};
  const auto socket = stack_.open_udp(options, wire_.now);
  ASSERT_TRUE(socket.has_value());
  const Endpoint to{ip("10.0.0.2"), 9};
  ASSERT_TRUE(stack_.send_to(*socket, testing::bytes_from(0, 5), to, wire_.now).has_value());
  wire_.exchange();
  EXPECT_EQ(wire_.said(), Lines{"udp 10.0.0.1 10.0.0.2 > 2"}) << "used while in doubt";
  wire_.pass(4'900ms);
  EXPECT_TRUE(wire_.said().empty());
  wire_.pass(3s);
  EXPECT_EQ(wire_.said(), Lines(3, "arp who-has 10.0.0.2 tell 10.0.0.1 > 2"));
  wire_.pass(1s);
  EXPECT_TRUE(neighbours_of(stack_).empty());
}

// RFC 4861 section 7.2.2: the oldest frame gives way; and the sender hears of the failure.
TEST_F(Arp, DatagramsWaitInABoundedQueueAndTheSocketIsTold) {
  UdpOptions options;
  options.local = {ip("10.0.0.1"), 7};
  options.remote = Endpoint{ip("10.0.0.2"), 9};
  const auto socket = stack_.open_udp(options, wire_.now);
  ASSERT_TRUE(socket.has_value());
  for (int i = 0; i < 70; ++i) {
    ASSERT_TRUE(stack_.send_to(*socket, testing::bytes_from(0, 5), {}, wire_.now).has_value());
  }
  wire_.exchange();
  EXPECT_EQ(neighbours_of(stack_)[0].frames_waiting, 64U);
  EXPECT_EQ(count(Reason::neighbour_queue_full), 6U);
  wire_.pass(4s);
  EXPECT_EQ(count(Reason::neighbour_unreachable), 64U);
  EXPECT_EQ(stack_.take_error(*socket), std::make_error_code(std::errc::host_unreachable));
}

// RFC 5227 section 2.1: three probes with nobody's address, then two announcements; a connection
// that was opened meanwhile goes out when the address is ours.
TEST(AddressConflict, ProbesBeforeUse) {
  testing::EthernetWire wire;
  InterfaceConfig interface = testing::EthernetWire::quiet();
  interface.detect_duplicates = true;
  Stack& stack = wire.add(testing::config_with_seed(3), interface);
  ASSERT_TRUE(stack.add_address(testing::kInterface, *Cidr::parse("10.0.0.1/24")).has_value());
  EXPECT_EQ(stack.address_state(testing::kInterface, ip("10.0.0.1")), AddressState::tentative);
  ASSERT_TRUE(stack.connect({.remote = {ip("10.0.0.2"), 80}}, wire.now).has_value());
  wire.send(arp_request(2, "10.0.0.2", "10.0.0.1"));
  wire.pass(3'900ms);
  EXPECT_EQ(stack.address_state(testing::kInterface, ip("10.0.0.1")), AddressState::tentative);
  wire.pass(8s);
  EXPECT_EQ(stack.address_state(testing::kInterface, ip("10.0.0.1")), AddressState::preferred);
  const auto said = wire.said_when();
  ASSERT_GE(said.size(), 5U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(said[i].second, "arp who-has 10.0.0.1 tell 0.0.0.0 > all");
  }
  const Duration first = said[1].first - said[0].first;
  EXPECT_GE(first, 1s);
  EXPECT_LE(first, 2s);
  std::size_t announcements = 0;
  bool asked = false;
  for (std::size_t i = 3; i < said.size(); ++i) {
    EXPECT_GE(said[i].first - said[2].first, 2s) << "ANNOUNCE_WAIT";
    announcements += said[i].second == "arp who-has 10.0.0.1 tell 10.0.0.1 > all" ? 1U : 0U;
    asked = asked || said[i].second == "arp who-has 10.0.0.2 tell 10.0.0.1 > all";
  }
  EXPECT_EQ(announcements, 2U);
  EXPECT_TRUE(asked);
}

// RFC 5227 section 2.1.1: whoever speaks from the address, or probes for it too, has it.
TEST(AddressConflict, ADuplicateIsNotUsed) {
  for (const bool by_probe : {false, true}) {
    testing::EthernetWire wire;
    InterfaceConfig interface = testing::EthernetWire::quiet();
    interface.detect_duplicates = true;
    Stack& stack = wire.add(testing::config_with_seed(3), interface);
    ASSERT_TRUE(stack.add_address(testing::kInterface, *Cidr::parse("10.0.0.1/24")).has_value());
    const auto socket = stack.connect({.remote = {ip("10.0.0.2"), 80}}, wire.now);
    ASSERT_TRUE(socket.has_value());
    wire.pass(1'500ms);
    wire.send(by_probe ? arp_request(9, "0.0.0.0", "10.0.0.1")
                       : arp_reply(9, "10.0.0.1", 1, "0.0.0.0"));
    EXPECT_EQ(stack.address_state(testing::kInterface, ip("10.0.0.1")), AddressState::duplicate);
    static_cast<void>(wire.said());
    wire.pass(10s);
    EXPECT_TRUE(wire.said().empty());
    EXPECT_EQ(stack.take_error(*socket), std::make_error_code(std::errc::host_unreachable));
    wire.send(arp_request(2, "10.0.0.2", "10.0.0.1"));
    EXPECT_TRUE(wire.said().empty()) << "not ours to answer for";
  }
}

// RFC 5227 section 2.4 (b): defended once in ten seconds, given up at the second conflict.
TEST_F(Arp, DefendsItsAddressOnceAndThenGivesItUp) {
  wire_.send(arp_request(9, "10.0.0.1", "10.0.0.5"));
  EXPECT_EQ(wire_.said(), Lines{"arp who-has 10.0.0.1 tell 10.0.0.1 > all"});
  wire_.pass(11s);
  wire_.send(arp_request(9, "10.0.0.1", "10.0.0.5"));
  EXPECT_EQ(wire_.said(), Lines{"arp who-has 10.0.0.1 tell 10.0.0.1 > all"}) << "long ago";
  wire_.pass(9s);
  wire_.send(arp_request(9, "10.0.0.1", "10.0.0.5"));
  EXPECT_TRUE(wire_.said().empty());
  EXPECT_EQ(stack_.address_state(testing::kInterface, ip("10.0.0.1")), AddressState::duplicate);
  EXPECT_EQ(count(Reason::address_lost), 1U);
}

// RFC 894, RFC 1112 section 6.4.
TEST_F(Arp, BroadcastsGoToTheBroadcastAddress) {
  UdpOptions options;
  options.local = {ip("10.0.0.1"), 7};
  options.socket.broadcast = true;
  const auto socket = stack_.open_udp(options, wire_.now);
  ASSERT_TRUE(socket.has_value());
  const auto bytes = testing::bytes_from(0, 5);
  EXPECT_TRUE(stack_.send_to(*socket, bytes, Endpoint{ip("10.0.0.255"), 9}, wire_.now));
  wire_.exchange();
  EXPECT_EQ(wire_.said(), Lines{"udp 10.0.0.1 10.0.0.255 > all"});
}

}  // namespace
}  // namespace bowline
