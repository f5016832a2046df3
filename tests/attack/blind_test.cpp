// Blind attacks: somebody off the path who knows both addresses and ports, and guesses numbers. RFC
// 5961, RFC 5927; REQUIREMENTS A7.

#include "tests/attack/attack_test.hpp"

namespace bowline::attack {
namespace {

constexpr std::uint16_t kKeptPort = 90;

// The honest client has a connection open, and its ends are known.
class Blind : public Attack {
 protected:
  Blind() { EXPECT_TRUE(ground.keep_open()); }

  // A segment that claims to be the client's.
  [[nodiscard]] Bytes forged(SeqNumber seq, std::uint16_t flags, std::size_t payload = 0) {
    return packet(Tcp{.from = ground.kept(),
                      .to = {ground.victim_address(), kKeptPort},
                      .seq = seq,
                      .ack = (flags & wire::kAck) != 0 ? ground.forger().number() : SeqNumber{},
                      .flags = flags,
                      .payload = ground.forger().noise(payload)});
  }
  // One segment for each window of the number space: what it takes to hit the window for certain.
  void sweep(std::uint16_t flags, std::size_t payload = 0) {
    constexpr std::uint32_t kStep = 30'000;  // half of the window that was offered
    constexpr std::uint32_t kCount = 0xffff'ffffU / kStep + 1;
    const SeqNumber first = ground.forger().number();
    for (std::uint32_t i = 0; i < kCount; ++i) {
      (void)ground.hit(forged(first + i * kStep, flags, payload));
    }
  }
  // The victim's view of that connection.
  [[nodiscard]] ConnectionView view() {
    struct Search {
      Endpoint remote;
      ConnectionView found;
    } search{ground.kept(), {}};
    ground.victim().for_each_connection(
        [](void* context, const ConnectionView& each) {
          auto& wanted = *static_cast<Search*>(context);
          if (each.remote == wanted.remote) wanted.found = each;
        },
        &search);
    return search.found;
  }
  // Answers that went to the client, who is the only one to see them.
  [[nodiscard]] std::uint64_t challenges() { return ground.traffic().packets_to_client; }

  Ground ground{GetParam()};
};
OVER_BOTH_FAMILIES(Blind);

// RFC 5961 3.2: a reset counts at RCV.NXT alone; elsewhere in the window it is challenged, at most
// ten times a second (section 7).
TEST_P(Blind, ASweepOfResetsResetsNothing) {
  const Held held(ground);
  const std::uint64_t before = challenges();
  sweep(wire::kRst);
  EXPECT_GE(ground.count(Reason::rst_not_exact), 1U) << "the sweep did hit the window";
  EXPECT_GE(challenges(), before + 1);
  EXPECT_LE(challenges(), before + 10) << "no time has passed";
  EXPECT_EQ(held.more(), 0U);
  EXPECT_TRUE(ground.still_open());
}

// RFC 5961 4.2: a SYN on a live connection is challenged, wherever its number lies.
TEST_P(Blind, ASweepOfSynsResetsNothing) {
  const Held held(ground);
  const std::uint64_t before = challenges();
  sweep(wire::kSyn);
  EXPECT_GE(challenges(), before + 1);
  EXPECT_LE(challenges(), before + 10);
  EXPECT_GT(ground.count(Reason::send_challenge_suppressed), 100'000U);
  EXPECT_EQ(held.more(), 0U);
  EXPECT_TRUE(ground.still_open());
}

// RFC 5961 5.2: data must come with an acknowledgment of what was sent lately. With a window of 64
// KiB one guess in 65,536 has one, of those that hit the receive window.
TEST_P(Blind, ASweepOfDataInjectsNothing) {
  const Held held(ground);
  sweep(wire::kAck | wire::kPsh, 16);
  EXPECT_EQ(view().receive_queue, 0U);
  EXPECT_TRUE(ground.still_open()) << "and the next byte that is read is the client's";
  EXPECT_LE(held.more(), 64U << 10U);
}

// Without ACK there is nothing to check, and so nothing is taken (RFC 9293 3.10.7.4 fifth).
TEST_P(Blind, DataWithoutAnAcknowledgmentIsNotTaken) {
  const SeqNumber next = view().rcv_nxt;
  (void)ground.hit(forged(next, wire::kPsh, 16));
  (void)ground.hit(forged(next, wire::kFin, 16));
  EXPECT_EQ(view().rcv_nxt, next);
  EXPECT_TRUE(ground.still_open());
}

// RFC 5961 7: the limit is one of the connection's; the attacker's own connection tells nothing of
// it. And the true peer's retransmission is answered though the challenges are used up.
TEST_P(Blind, ChallengesThatAreUsedUpStarveNobody) {
  for (int i = 0; i < 1'000; ++i) (void)ground.hit(forged(ground.forger().number(), wire::kSyn));
  ASSERT_GT(ground.count(Reason::send_challenge_suppressed), 0U);
  EXPECT_TRUE(ground.still_open());
  EXPECT_TRUE(ground.serves());
}

// RFC 5927 4.1, 5.2: an ICMP error must quote what is in flight, and ends nothing that is open.
TEST_P(Blind, IcmpErrorsEndNothing) {
  const IpAddress router = ground.forger().stranger().address;
  constexpr std::array kKinds{
      wire::IcmpKind::network_unreachable,  wire::IcmpKind::host_unreachable,
      wire::IcmpKind::protocol_unreachable, wire::IcmpKind::port_unreachable,
      wire::IcmpKind::prohibited,           wire::IcmpKind::time_exceeded,
      wire::IcmpKind::parameter_problem,    wire::IcmpKind::packet_too_big};
  const auto mss = view().snd_mss;
  for (int i = 0; i < 2'000; ++i) {
    Tcp quoted{.from = {ground.victim_address(), kKeptPort}, .to = ground.kept()};
    quoted.seq = i % 100 == 0 ? view().snd_nxt : ground.forger().number();
    quoted.flags = wire::kAck;
    quoted.payload.resize(1'000);
    const auto kind = kKinds[static_cast<std::size_t>(i) % kKinds.size()];
    const auto answers =
        ground.hit(icmp_error(router, ground.victim_address(), kind, 68, packet(quoted)));
    ASSERT_TRUE(answers.empty()) << lines(
        answers);  // never an error about an error (RFC 1122 3.2.2)
  }
  EXPECT_GE(ground.count(Reason::icmp_not_in_flight), 1'900U);
  EXPECT_EQ(view().snd_mss, mss);
  EXPECT_TRUE(ground.still_open());
}

}  // namespace
}  // namespace bowline::attack
