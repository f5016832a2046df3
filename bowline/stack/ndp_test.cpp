// Neighbour discovery, addresses and routers of IPv6: RFC 4861, RFC 4862, RFC 7217, RFC 3810.

#include "bowline/stack/testing/ethernet_wire.hpp"

namespace bowline {
namespace {

using testing::Bytes;
using testing::icmp6;
using testing::ip;
using testing::mac;
using testing::ndp;
using testing::neighbours_of;
using Lines = std::vector<std::string>;

const wire::MacAddress kAllNodesMac =
    wire::ipv6_multicast_mac(std::span<const std::byte, 16>(wire::all_nodes().raw()));

wire::NdpMessage solicitation(std::string_view target, std::optional<unsigned> from = {}) {
  wire::NdpMessage message;
  message.target = ip(target);
  if (from) message.source_mac = mac(*from);
  return message;
}
wire::NdpMessage advertisement(std::string_view target, unsigned from, bool solicited,
                               bool override_flag, bool router = false) {
  wire::NdpMessage message;
  message.type = wire::NdpType::neighbour_advertisement;
  message.target = ip(target);
  message.solicited = solicited;
  message.override_flag = override_flag;
  message.router = router;
  message.target_mac = mac(from);
  return message;
}

struct Advertised {
  std::string prefix = "2001:db8::";
  std::uint8_t length = 64;
  std::uint8_t flags = 0xc0;  // on the link, autonomous
  std::uint32_t valid = 86'400;
  std::uint32_t preferred = 14'400;
};
/// A router advertisement, byte by byte, since the Stack never sends one.
Bytes router(std::uint16_t lifetime, std::uint32_t mtu = 0, const std::vector<Advertised>& all = {},
             std::uint32_t reachable = 0, std::uint32_t retrans = 0) {
  Bytes bytes(16);
  bytes[0] = std::byte{134};
  bytes[4] = std::byte{64};
  store_be(bytes.data() + 6, lifetime);
  store_be(bytes.data() + 8, reachable);
  store_be(bytes.data() + 12, retrans);
  const auto option = [&](std::uint8_t type, std::size_t size) {
    bytes.resize(bytes.size() + size);
    std::byte* const at = bytes.data() + bytes.size() - size;
    at[0] = static_cast<std::byte>(type);
    at[1] = static_cast<std::byte>(size / 8);
    return at;
  };
  std::byte* at = option(1, 8);
  std::ranges::copy(mac(9), at + 2);
  if (mtu != 0) {
    at = option(5, 8);
    store_be(at + 4, mtu);
  }
  for (const Advertised& one : all) {
    at = option(3, 32);
    at[2] = static_cast<std::byte>(one.length);
    at[3] = static_cast<std::byte>(one.flags);
    store_be(at + 4, one.valid);
    store_be(at + 8, one.preferred);
    std::ranges::copy(ip(one.prefix).raw(), at + 16);
  }
  return bytes;
}

class Ndp : public ::testing::Test {
 protected:
  Ndp() : stack_(wire_.add()) {
    EXPECT_TRUE(stack_.add_address(testing::kInterface, *Cidr::parse("fd00::1/64")).has_value());
    wire_.pass(1s);
    static_cast<void>(wire_.said());
  }
  std::uint64_t count(Reason reason) { return stack_.counters()[reason]; }
  void connect(std::string_view to) {
    EXPECT_TRUE(stack_.connect({.remote = {ip(to), 80}}, wire_.now).has_value());
    wire_.exchange();
  }
  testing::EthernetWire wire_;
  Stack& stack_;
};

// Section 7.2.2: to the solicited-node group, and what waited goes when the answer comes.
TEST_F(Ndp, ResolvesANeighbour) {
  connect("fd00::2");
  EXPECT_EQ(wire_.said(), Lines{"ns fd00::2 fd00::1 ff02::1:ff00:2 > group"});
  wire_.send(icmp6(2, mac(1), "fd00::2", "fd00::1", ndp(advertisement("fd00::2", 2, true, true))));
  EXPECT_EQ(wire_.said(), Lines{"tcp fd00::1 fd00::2 > 2"});
  EXPECT_EQ(neighbours_of(stack_)[0].state, NeighbourState::reachable);
}

// Section 7.2.4, and 7.2.3: who asks for us is noted, to be asked back.
TEST_F(Ndp, AnswersASolicitation) {
  wire_.send(icmp6(2,
                   wire::ipv6_multicast_mac(
                       std::span<const std::byte, 16>(wire::solicited_node(ip("fd00::1")).raw())),
                   "fd00::2", "ff02::1:ff00:1", ndp(solicitation("fd00::1", 2))));
  EXPECT_EQ(wire_.said(), Lines{"na solicited fd00::1 fd00::1 fd00::2 > 2"});
  ASSERT_EQ(neighbours_of(stack_).size(), 1U);
  EXPECT_EQ(neighbours_of(stack_)[0].state, NeighbourState::delay) << "used for the answer";
}

// RFC 4862 section 5.4.3: who checks our address is told by everybody's group.
TEST_F(Ndp, AnswersADuplicateCheck) {
  wire_.send(icmp6(2,
                   wire::ipv6_multicast_mac(
                       std::span<const std::byte, 16>(wire::solicited_node(ip("fd00::1")).raw())),
                   "::", "ff02::1:ff00:1", ndp(solicitation("fd00::1"))));
  EXPECT_EQ(wire_.said(), Lines{"na fd00::1 fd00::1 ff02::1 > group"});
  EXPECT_TRUE(neighbours_of(stack_).empty());
}

// Section 7.1: what came through a router, or contradicts itself, is nothing.
TEST_F(Ndp, RefusesWhatTheRulesRefuse) {
  const wire::MacAddress us = mac(1);
  wire_.send(icmp6(2, us, "fd00::2", "fd00::1", ndp(solicitation("fd00::1", 2)), 254));
  EXPECT_EQ(count(Reason::neighbour_discovery_hop_limit), 1U);
  Bytes wrong = ndp(solicitation("fd00::1", 2));
  wrong[1] = std::byte{1};  // code
  wire_.send(icmp6(2, us, "fd00::2", "fd00::1", wrong));
  wrong = ndp(solicitation("fd00::1", 2));
  wrong[25] = std::byte{0};  // an option without length
  wire_.send(icmp6(2, us, "fd00::2", "fd00::1", wrong));
  wrong = ndp(solicitation("fd00::1", 2));
  wrong.resize(23);
  wire_.send(icmp6(2, us, "fd00::2", "fd00::1", wrong));
  wire_.send(icmp6(2, us, "fd00::2", "fd00::1", ndp(solicitation("ff02::1", 2))));
  wire_.send(icmp6(2, us, "::", "ff02::1:ff00:1", ndp(solicitation("fd00::1", 2))));
  wire_.send(icmp6(2, us, "::", "fd00::1", ndp(solicitation("fd00::1"))));
  wire_.send(
      icmp6(2, kAllNodesMac, "fd00::2", "ff02::1", ndp(advertisement("fd00::2", 2, true, true))));
  EXPECT_EQ(count(Reason::neighbour_discovery_malformed), 7U);
  wire_.send(icmp6(2, us, "fd00::2", "fd00::1", ndp(solicitation("fd00::7", 2))));
  EXPECT_EQ(count(Reason::neighbour_discovery_not_ours), 1U);
  Bytes frame = icmp6(2, us, "fd00::2", "fd00::1", ndp(solicitation("fd00::1", 2)));
  frame[70] ^= std::byte{1};
  wire_.send(frame);
  EXPECT_EQ(count(Reason::icmp_bad_checksum), 1U);
  EXPECT_TRUE(wire_.said().empty());
  EXPECT_TRUE(neighbours_of(stack_).empty());
}

// Section 7.2.5: an advertisement for one that we never asked for makes no entry.
TEST_F(Ndp, AnUnknownAdvertisementMakesNothing) {
  wire_.send(icmp6(2, mac(1), "fd00::2", "fd00::1", ndp(advertisement("fd00::2", 2, true, true))));
  EXPECT_EQ(count(Reason::neighbour_discovery_unknown), 1U);
  EXPECT_TRUE(neighbours_of(stack_).empty());
}

// Section 7.2.5: without the override flag another address only raises doubt; with it, it replaces.
TEST_F(Ndp, TheOverrideFlagDecidesWhoIsBelieved) {
  connect("fd00::2");
  wire_.send(icmp6(2, mac(1), "fd00::2", "fd00::1", ndp(advertisement("fd00::2", 2, true, true))));
  wire_.send(
      icmp6(3, mac(1), "fd00::2", "fd00::1", ndp(advertisement("fd00::2", 3, false, false))));
  EXPECT_EQ(neighbours_of(stack_)[0].mac, mac(2));
  EXPECT_EQ(neighbours_of(stack_)[0].state, NeighbourState::stale);
  wire_.send(icmp6(3, mac(1), "fd00::2", "fd00::1", ndp(advertisement("fd00::2", 3, false, true))));
  EXPECT_EQ(neighbours_of(stack_)[0].mac, mac(3));
}

TEST_F(Ndp, IgnoresRedirectsAndSaysSo) {
  Bytes redirect(40);
  redirect[0] = std::byte{137};
  wire_.send(icmp6(9, mac(1), "fe80::9", "fd00::1", redirect));
  EXPECT_EQ(count(Reason::redirect_ignored), 1U);
}

// ---- RFC 4862: addresses

InterfaceConfig automatic() {
  InterfaceConfig interface;
  interface.link.mtu = 1'500;
  return interface;
}

class Autoconfiguration : public ::testing::Test {
 protected:
  Autoconfiguration() : stack_(wire_.add(testing::config_with_seed(5), automatic())) {}
  IpAddress address_of(std::size_t index) {
    return stack_.addresses(testing::kInterface)[index].address;
  }
  std::uint64_t count(Reason reason) { return stack_.counters()[reason]; }
  void advertise(const Bytes& message) {
    wire_.send(icmp6(9, kAllNodesMac, "fe80::9", "ff02::1", message));
  }
  testing::EthernetWire wire_;
  Stack& stack_;
};

// Sections 5.3 and 5.4: a link-local address, checked by one solicitation from nobody; the group is
// joined first (RFC 3810).
TEST_F(Autoconfiguration, MakesALinkLocalAddressAndChecksIt) {
  ASSERT_EQ(stack_.addresses(testing::kInterface).size(), 1U);
  EXPECT_TRUE(address_of(0).is_link_local());
  wire_.pass(999ms);
  EXPECT_EQ(stack_.address_state(testing::kInterface, address_of(0)), AddressState::tentative);
  wire_.pass(1'100ms);
  EXPECT_EQ(stack_.address_state(testing::kInterface, address_of(0)), AddressState::preferred);
  const Lines said = wire_.said();
  ASSERT_GE(said.size(), 2U);
  EXPECT_EQ(said[0], "mld :: ff02::16 > group");
  EXPECT_TRUE(said[1].starts_with("ns " + testing::text(address_of(0)) + " :: ")) << said[1];
}

// RFC 7217: the same key, interface and network give the same address; another network another.
TEST_F(Autoconfiguration, AddressesAreStableAndOpaque) {
  testing::EthernetWire other;
  Stack& same = other.add(testing::config_with_seed(5), automatic());
  EXPECT_EQ(same.addresses(testing::kInterface)[0].address, address_of(0));
  Stack& another = other.add(testing::config_with_seed(6), automatic());
  EXPECT_NE(another.addresses(testing::kInterface)[0].address, address_of(0));
}

// Section 5.4.5, and RFC 7217 section 6: a duplicate is replaced by another identifier, three
// times.
TEST_F(Autoconfiguration, ADuplicateIsReplacedAndInTheEndGivenUp) {
  std::vector<IpAddress> tried;
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(stack_.addresses(testing::kInterface).size(), 1U);
    tried.push_back(address_of(0));
    const std::string text = testing::text(address_of(0));
    wire_.pass(1ms);
    wire_.send(icmp6(9, kAllNodesMac, text, "ff02::1", ndp(advertisement(text, 9, false, true))));
  }
  EXPECT_EQ(count(Reason::address_duplicate), 4U);
  for (std::size_t i = 1; i < tried.size(); ++i) EXPECT_NE(tried[i], tried[i - 1]);
  EXPECT_EQ(stack_.address_state(testing::kInterface, tried.back()), AddressState::duplicate);
  wire_.pass(20s);
  for (const std::string& line : wire_.said()) EXPECT_FALSE(line.starts_with("rs ")) << line;
}

// Section 5.4.3: two that check the same address at once: neither gets it.
TEST_F(Autoconfiguration, TwoThatCheckAtOnceBothGiveWay) {
  const IpAddress first = address_of(0);
  const std::string group = testing::text(wire::solicited_node(first));
  wire_.send(icmp6(
      9,
      wire::ipv6_multicast_mac(std::span<const std::byte, 16>(wire::solicited_node(first).raw())),
      "::", group, ndp(solicitation(testing::text(first)))));
  EXPECT_EQ(count(Reason::address_duplicate), 1U);
  EXPECT_NE(address_of(0), first);
}

// Section 6.3.7: three solicitations, four seconds apart, until somebody answers.
TEST_F(Autoconfiguration, SolicitsRoutersThreeTimes) {
  wire_.pass(30s);
  std::size_t solicitations = 0;
  for (const std::string& line : wire_.said()) solicitations += line.starts_with("rs ");
  EXPECT_EQ(solicitations, 3U);
}

// Section 6.3.4, RFC 4862 section 5.5.3: a default router, a prefix on the link, an address, the
// MTU.
TEST_F(Autoconfiguration, TakesWhatARouterAdvertises) {
  wire_.pass(3s);
  advertise(router(1'800, 1'400, {Advertised{}}));
  ASSERT_EQ(stack_.addresses(testing::kInterface).size(), 2U);
  const IpAddress global = address_of(1);
  EXPECT_TRUE(Cidr::parse("2001:db8::/64")->contains(global));
  wire_.pass(3s);
  EXPECT_EQ(stack_.address_state(testing::kInterface, global), AddressState::preferred);
  static_cast<void>(wire_.said());
  const auto far = stack_.connect({.remote = {ip("2001:db8:1::5"), 80}}, wire_.now);
  ASSERT_TRUE(far.has_value());
  EXPECT_EQ(stack_.local_endpoint(*far)->address, global);
  wire_.exchange();
  EXPECT_EQ(wire_.said(), Lines{"tcp " + testing::text(global) + " 2001:db8:1::5 > 9"});
  const auto near = stack_.connect({.remote = {ip("2001:db8::5"), 80}}, wire_.now);
  ASSERT_TRUE(near.has_value());
  wire_.exchange();
  ASSERT_FALSE(wire_.said().empty());
  EXPECT_EQ(stack_.inspect(*near)->rcv_mss, 1'400 - 60);
  // Link-local with link-local (RFC 6724 rule 2).
  const auto local = stack_.connect({.remote = {ip("fe80::9"), 80}}, wire_.now);
  ASSERT_TRUE(local.has_value());
  EXPECT_EQ(stack_.local_endpoint(*local)->address, address_of(0));
}

// Sections 6.3.5 and 5.5.4: everything ends when it was said to.
TEST_F(Autoconfiguration, LifetimesEnd) {
  wire_.pass(3s);
  advertise(router(100, 0, {Advertised{.valid = 200, .preferred = 50}}));
  const IpAddress global = address_of(1);
  wire_.pass(60s);
  EXPECT_EQ(stack_.address_state(testing::kInterface, global), AddressState::deprecated);
  EXPECT_TRUE(stack_.connect({.remote = {ip("2001:db8:1::5"), 80}}, wire_.now).has_value());
  wire_.pass(60s);
  EXPECT_EQ(stack_.connect({.remote = {ip("2001:db8:1::6"), 80}}, wire_.now).error(),
            std::make_error_code(std::errc::network_unreachable));
  wire_.pass(100s);
  EXPECT_FALSE(stack_.address_state(testing::kInterface, global).has_value());
  EXPECT_EQ(count(Reason::address_expired), 1U);
}

// Section 5.5.3 e: a forged advertisement cannot end an address in less than two hours.
TEST_F(Autoconfiguration, AShortLifetimeIsNotBelievedAtOnce) {
  wire_.pass(3s);
  advertise(router(1'800, 0, {Advertised{}}));
  const IpAddress global = address_of(1);
  advertise(router(1'800, 0, {Advertised{.valid = 1, .preferred = 1}}));
  wire_.pass(1h);
  EXPECT_TRUE(stack_.address_state(testing::kInterface, global).has_value());
  wire_.pass(2h);
  EXPECT_FALSE(stack_.address_state(testing::kInterface, global).has_value());
}

TEST_F(Autoconfiguration, ARouterThatSaysGoodbyeIsNoneAnyMore) {
  wire_.pass(3s);
  advertise(router(1'800, 0, {Advertised{}}));
  wire_.pass(3s);
  advertise(router(0));
  EXPECT_EQ(stack_.connect({.remote = {ip("2001:db8:1::6"), 80}}, wire_.now).error(),
            std::make_error_code(std::errc::network_unreachable));
}

// Absurd values are counted and change nothing; and no router can make us hold more than so much.
TEST_F(Autoconfiguration, AbsurdAdvertisementsAreRefused) {
  wire_.pass(3s);
  advertise(router(
      1'800, 68,
      {Advertised{.prefix = "fe80::"}, Advertised{.prefix = "ff02::"}, Advertised{.length = 0},
       Advertised{.valid = 1, .preferred = 2}, Advertised{.prefix = "2001:db8:5::", .length = 80}},
      4'000'000'000, 1));
  EXPECT_EQ(count(Reason::router_advertisement_bad_value), 8U);
  EXPECT_EQ(stack_.addresses(testing::kInterface).size(), 1U);
  for (unsigned i = 0; i < 200; ++i) {
    advertise(
        router(1'800, 0, {Advertised{.prefix = "2001:db8:" + std::to_string(i + 100) + "::"}}));
  }
  EXPECT_LE(stack_.addresses(testing::kInterface).size(), 17U);
  EXPECT_GT(count(Reason::router_advertisement_limit), 100U);
  // RFC 4861 section 6.1.2: from a link-local address alone.
  wire_.send(icmp6(9, kAllNodesMac, "2001:db8::9", "ff02::1", router(1'800)));
  EXPECT_EQ(count(Reason::neighbour_discovery_bad_source), 1U);
}

// RFC 3810 section 6.2: a general query is answered with the groups that we are in.
TEST_F(Autoconfiguration, AnswersAGeneralQuery) {
  wire_.pass(20s);
  static_cast<void>(wire_.said());
  Bytes query(28);
  query[0] = std::byte{130};
  store_be<std::uint16_t>(query.data() + 4, 1'000);
  wire_.send(icmp6(9, kAllNodesMac, "fe80::9", "ff02::1", query, 1));
  wire_.pass(1s);
  EXPECT_EQ(wire_.said(), Lines{"mld " + testing::text(address_of(0)) + " ff02::16 > group"});
}

// Two of them on one wire find each other by their link-local addresses alone.
TEST_F(Autoconfiguration, TwoStationsTalkByLinkLocalAddresses) {
  Stack& other = wire_.add(testing::config_with_seed(9), automatic());
  wire_.pass(5s);
  ListenOptions options;
  options.local = {IpAddress::any(Family::ipv6), 80};
  const auto listener = other.listen(options, wire_.now);
  ASSERT_TRUE(listener.has_value());
  const IpAddress to = other.addresses(testing::kInterface)[0].address;
  ASSERT_TRUE(stack_.connect({.remote = {to, 80}}, wire_.now).has_value());
  wire_.exchange();
  EXPECT_TRUE(other.accept(*listener, wire_.now).has_value());
}

}  // namespace
}  // namespace bowline
