// The short way of a SYN in a flood (tcp/usual_syn.hpp) and the long one say the same, of whatever
// comes. A18.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/stack/testing/icmp_errors.hpp"
#include "bowline/stack/testing/segments.hpp"
#include "bowline/tcp/usual_syn.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline {
namespace {

using testing::kInterface;

constexpr Time kNow(2h);

/// A Stack that answers every SYN by a cookie. With `flooded`, one of half a second ago has shown
/// it the short way.
class Server {
 public:
  explicit Server(bool flooded) : stack_(make()) {
    ListenOptions listen;
    listen.local = {IpAddress::v4(0x0a000001), testing::kPort};
    EXPECT_TRUE(stack_.listen(listen, kNow - 10s));
    listen.local.address = *IpAddress::parse("fd00::1");
    EXPECT_TRUE(stack_.listen(listen, kNow - 10s));
    Frame first = testing::syn_frame(stack_, {IpAddress::v4(0x0a0000f0), 5}, listen_v4(), 1'000);
    stack_.receive(kInterface, {&first, 1}, kNow - (flooded ? 500ms : 5s));
    static_cast<void>(sent(kNow - 400ms));
  }

  /// What it sends when `packet` comes.
  std::vector<std::vector<std::byte>> answers(std::span<const std::byte> packet,
                                              Checksum checksum) {
    Frame frame = make_frame(stack_.pool(), packet);
    frame.checksum = checksum;
    stack_.receive(kInterface, {&frame, 1}, kNow);
    return sent(kNow);
  }

  [[nodiscard]] std::vector<std::uint64_t> counters() const {
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i < kReasonCount; ++i) {
      all.push_back(stack_.counters()[static_cast<Reason>(i)]);
    }
    return all;
  }

 private:
  static Endpoint listen_v4() { return {IpAddress::v4(0x0a000001), testing::kPort}; }
  static Stack make() {
    StackConfig config = testing::config_with_seed(3);
    config.tcp.syn_cookies = tcp::SynCookies::always;
    auto stack = testing::make_stack(config, IpAddress::v4(0x0a000001));
    EXPECT_TRUE(stack && stack->add_address(kInterface, *Cidr::parse("fd00::1/64")));
    return std::move(*stack);
  }

  std::vector<std::vector<std::byte>> sent(Time now) {
    testing::KeepingSink sink;
    static_cast<void>(stack_.transmit(kInterface, sink, now));
    std::vector<std::vector<std::byte>> all;
    for (const Frame& frame : sink.whole) {
      all.emplace_back(frame.size);
      EXPECT_TRUE(frame.copy_to(0, all.back()));
    }
    return all;
  }

  Stack stack_;
};

/// Makes the checksums of `packet` right.
void mend(std::vector<std::byte>& packet) {
  const auto ip = wire::parse_ip(packet, static_cast<std::uint32_t>(packet.size()),
                                 wire::HeaderChecksum::trust);
  if (!ip) return;
  if (ip->family() == Family::ipv4) {
    store_be<std::uint16_t>(packet.data() + 10, 0);
    store_be<std::uint16_t>(packet.data() + 10,
                            wire::sum_of(std::span(packet).first(ip->header_size)).finish());
  }
  const auto segment = std::span(packet).subspan(ip->header_size);
  if (segment.size() < wire::kTcpHeaderSize) return;
  store_be<std::uint16_t>(segment.data() + wire::kTcpChecksumOffset, 0);
  wire::ChecksumSum sum = wire::pseudo_header_sum(ip->source, ip->destination, wire::kProtocolTcp,
                                                  static_cast<std::uint32_t>(segment.size()));
  sum.add(segment);
  store_be<std::uint16_t>(segment.data() + wire::kTcpChecksumOffset, sum.finish());
}

/// A SYN as Linux sends it.
std::vector<std::byte> usual_syn(Family family, Random& random) {
  Endpoint from{IpAddress::v4(0x0a000002U + static_cast<std::uint32_t>(random.below(200))), 0};
  Endpoint to{IpAddress::v4(0x0a000001), testing::kPort};
  if (family == Family::ipv6) {
    from.address = *IpAddress::parse("fd00::7");
    to.address = *IpAddress::parse("fd00::1");
  }
  from.port = static_cast<std::uint16_t>(1 + random.below(65'535));
  wire::TcpHeader tcp;
  tcp.source_port = from.port;
  tcp.destination_port = to.port;
  tcp.seq = SeqNumber(static_cast<std::uint32_t>(random.next()));
  tcp.flags = wire::kSyn;
  tcp.window = 64'240;
  wire::TcpOptions options;
  options.mss = static_cast<std::uint16_t>(40 + random.below(8'960));
  options.sack_permitted = true;
  options.timestamps = {static_cast<std::uint32_t>(random.next()), 0};
  options.window_scale = static_cast<std::uint8_t>(random.below(15));
  wire::IpHeader ip;
  ip.source = from.address;
  ip.destination = to.address;
  ip.protocol = wire::kProtocolTcp;
  ip.payload_size = tcp::kUsualSynSize;
  const std::uint32_t ip_size = wire::ip_header_size(family);
  std::vector<std::byte> packet(ip_size + tcp::kUsualSynSize);
  wire::emit_ip(packet.data(), ip);
  EXPECT_EQ(wire::emit_tcp(std::span(packet).subspan(ip_size), tcp, options), tcp::kUsualSynSize);
  mend(packet);
  return packet;
}

void expect_same(std::span<const std::byte> packet, Checksum checksum, bool answered) {
  Server flooded(true);
  Server calm(false);
  const auto answers = flooded.answers(packet, checksum);
  EXPECT_EQ(answers, calm.answers(packet, checksum));
  EXPECT_EQ(flooded.counters(), calm.counters());
  EXPECT_TRUE(!answered || answers.size() == 1);
}

TEST(SynFlood, TheUsualSynIsAnsweredTheSameByTheShortWay) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto packet = usual_syn(seed % 2 == 0 ? Family::ipv4 : Family::ipv6, random);
    expect_same(packet, Checksum::unknown, true);
    expect_same(packet, Checksum::verified, true);
  }
}

// One or two bytes of it are changed, anywhere: mended, damaged, or vouched for as it is.
TEST(SynFlood, WhatIsNotUsualIsTreatedTheSame) {
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    auto packet = usual_syn(seed % 2 == 0 ? Family::ipv4 : Family::ipv6, random);
    for (std::uint64_t i = random.below(2); i < 2; ++i) {
      packet[random.index(packet.size())] = static_cast<std::byte>(random.below(256));
    }
    const bool mended = random.below(3) != 0;
    if (mended) mend(packet);
    expect_same(packet, random.below(4) == 0 ? Checksum::verified : Checksum::unknown, false);
  }
}

// Who is reached by a narrow path gets an MSS of his own, in the midst of a flood of others.
TEST(SynFlood, APathMtuIsForItsDestinationAlone) {
  StackConfig server = testing::config_with_seed(9);
  server.tcp.syn_cookies = tcp::SynCookies::always;
  testing::TwoStacks two(testing::config_with_seed(1), server);
  two.establish();
  ASSERT_TRUE(two.right.write(two.server, testing::bytes_from(0, 1'400), two.now));
  const auto large = testing::sent_by(two.right, two.now);
  ASSERT_EQ(large.size(), 1U);
  Frame error = testing::icmp_error(two.right, IpAddress::v4(0x0a0000fe),
                                    wire::IcmpKind::packet_too_big, 1'000, large.front().head());
  two.right.receive(kInterface, {&error, 1}, two.now);
  static_cast<void>(testing::sent_by(two.right, two.now));

  std::vector<Frame> syns;
  for (std::uint16_t i = 0; i < 4; ++i) {
    const IpAddress from = i % 2 == 0 ? IpAddress::v4(0x0a000030) : testing::left_address();
    testing::Forged syn{{from, static_cast<std::uint16_t>(50'000 + i)},
                        {testing::right_address(), testing::kPort}};
    syn.options.mss = 1'460;
    syn.options.sack_permitted = true;
    syn.options.timestamps = wire::Timestamps{1'000, 0};
    syn.options.window_scale = 7;
    syns.push_back(testing::forged_frame(two.right, syn));
  }
  two.right.receive(kInterface, syns, two.now);
  const auto answers = testing::sent_by(two.right, two.now);
  ASSERT_EQ(answers.size(), 4U);
  for (const Frame& answer : answers) {
    const wire::TcpView view = testing::tcp_of(answer);
    EXPECT_EQ(view.options.mss, view.header.destination_port % 2 == 0 ? 1'460 : 960);
  }
}

// It is the short way that was taken above, and only by what is of its form.
TEST(SynFlood, OnlyTheUsualFormIsReadAtOnce) {
  Random random(1);
  BufferPoolOwner pool(BufferPool::make(heap_memory(), 1U << 20));
  auto packet = usual_syn(Family::ipv4, random);
  Frame frame = make_frame(*pool, packet);
  const auto syn = tcp::read_usual_syn(frame);
  ASSERT_TRUE(syn);
  EXPECT_EQ(syn->local, (Endpoint{IpAddress::v4(0x0a000001), testing::kPort}));
  packet[33] |= std::byte{wire::kFin};
  mend(packet);
  EXPECT_FALSE(tcp::read_usual_syn(make_frame(*pool, packet)));
  Frame pieces;
  pieces.append(frame.pieces[0].part(0, 30));
  pieces.append(frame.pieces[0].part(30, 30));
  EXPECT_FALSE(tcp::read_usual_syn(pieces));
}

}  // namespace
}  // namespace bowline
