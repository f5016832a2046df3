// Reflections: packets that make a victim answer itself, its network, or somebody else for ever.

#include "tests/attack/attack_test.hpp"

namespace bowline::attack {
namespace {

using Reflection = Attack;
OVER_BOTH_FAMILIES(Reflection);

// What the victim says comes back to it with the ends swapped, as from a mirror. It must fall
// silent: RFC 9293 3.10.7.1 ends it, since a reset is never answered.
TEST_P(Reflection, AMirrorFallsSilent) {
  Ground ground(GetParam());
  Forger& forger = ground.forger();
  for (int flags = 0; flags < 64; ++flags) {
    for (const Endpoint& to : {ground.service(), ground.closed()}) {
      auto answers =
          ground.hit(forger.segment(forger.stranger(), to, static_cast<std::uint16_t>(flags)));
      int turns = 0;
      for (; !answers.empty(); ++turns) {
        ASSERT_LT(turns, 8) << "flags " << flags << ": " << lines(answers);
        const auto seen = read(answers.front());
        ASSERT_TRUE(seen && seen->tcp);
        const wire::TcpHeader& said = seen->tcp->header;
        answers = ground.hit(packet(Tcp{.from = {seen->ip.destination, said.destination_port},
                                        .to = {seen->ip.source, to.port},
                                        .seq = said.seq,
                                        .ack = said.ack,
                                        .flags = said.flags,
                                        .window = said.window}));
      }
    }
  }
  EXPECT_TRUE(ground.serves());
}

// RFC 1122 3.2.1.3, RFC 4291 2.7: a group, a broadcast address or nobody is no source. RFC 1122
// 3.2.1.3 (g): nor is the loopback address, outside of a host.
TEST_P(Reflection, ImpossibleSourcesAreNotAnswered) {
  Ground ground(GetParam());
  const std::vector<std::string_view> sources =
      GetParam() == Family::ipv4
          ? std::vector<std::string_view>{"0.0.0.0",   "255.255.255.255", "10.0.0.255", "224.0.0.1",
                                          "239.1.2.3", "127.0.0.1",       "127.1.2.3"}
          : std::vector<std::string_view>{"::", "ff02::1", "ff0e::1234", "::1"};
  for (const std::string_view source : sources) {
    const Endpoint from{*IpAddress::parse(source), 5'000};
    SCOPED_TRACE(source);
    EXPECT_TRUE(ground.hit(ground.forger().syn(from, ground.service())).empty());
    EXPECT_TRUE(ground.hit(ground.forger().syn(from, ground.closed())).empty());
    EXPECT_TRUE(ground.hit(udp(from, ground.closed(), 10)).empty());
    EXPECT_TRUE(ground.hit(echo_request(from.address, ground.victim_address(), 10)).empty());
  }
  EXPECT_EQ(ground.victim().usage().half_open, 0U);
}

// Our own address is no source on a link that leads to others (RFC 1122 3.2.1.3; RFC 2827): the
// answer would come back to us, if anything does.
TEST_P(Reflection, OurOwnAddressIsNoSource) {
  Ground ground(GetParam());
  const Endpoint ourselves{ground.victim_address(), 5'000};
  EXPECT_TRUE(ground.hit(ground.forger().syn(ourselves, ground.service())).empty());
  EXPECT_TRUE(ground.hit(ground.forger().syn(ourselves, ground.closed())).empty());
  EXPECT_TRUE(ground.hit(udp(ourselves, ground.closed(), 10)).empty());
  EXPECT_TRUE(ground.hit(echo_request(ourselves.address, ourselves.address, 10)).empty());
  EXPECT_EQ(ground.victim().usage().half_open, 0U);
  EXPECT_TRUE(ground.serves());
}

// "Smurf" (1997): what is broadcast is not answered (RFC 1122 3.2.2, 3.2.2.6), and TCP is not
// spoken to groups (RFC 9293 MUST-57).
TEST(Reflection4, BroadcastsAreNotAnswered) {
  Ground ground;
  for (const auto* to : {"255.255.255.255", "10.0.0.255"}) {
    const IpAddress all = *IpAddress::parse(to);
    const Endpoint from = ground.forger().stranger();
    EXPECT_TRUE(ground.hit(echo_request(from.address, all, 10)).empty());
    EXPECT_TRUE(ground.hit(udp(from, {all, 7}, 10)).empty());
    EXPECT_TRUE(ground.hit(ground.forger().syn(from, {all, Ground::kPort})).empty());
  }
  EXPECT_EQ(ground.victim().usage().half_open, 0U);
}

// Backscatter: a SYN-ACK that nobody asked for is reset once (RFC 9293 3.5.2 group 1), by a packet
// that is no longer.
TEST_P(Reflection, UnaskedSynAcksAreResetOnce) {
  Ground ground(GetParam());
  const Bytes stray =
      ground.forger().segment(ground.forger().stranger(), ground.closed(), wire::kSyn | wire::kAck);
  const auto answers = ground.hit(stray);
  const auto seen = only(answers);
  ASSERT_TRUE(seen) << lines(answers);
  EXPECT_TRUE(seen->has(wire::kRst));
  EXPECT_LE(answers.front().size(), stray.size());
  EXPECT_TRUE(ground.pass(10min).empty());
}

// An ICMP error about an ICMP error would never end (RFC 1122 3.2.2, RFC 4443 2.4 e).
TEST_P(Reflection, ErrorsAboutErrorsAreNotSent) {
  Ground ground(GetParam());
  const Endpoint from = ground.forger().stranger();
  const Bytes probe = udp(from, ground.closed(), 100);
  const auto error = ground.hit(probe);
  ASSERT_EQ(error.size(), 1U);
  const Bytes back = icmp_error(from.address, ground.victim_address(),
                                wire::IcmpKind::port_unreachable, 0, error.front());
  EXPECT_TRUE(ground.hit(back).empty());
}

}  // namespace
}  // namespace bowline::attack
