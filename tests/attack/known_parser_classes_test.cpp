// Known classes, part one: flaws of parsers, each named after what it was called when it was found
// elsewhere. One comment says what the flaw was and which rule here prevents it.

#include "bowline/stack/testing/ethernet_wire.hpp"
#include "bowline/wire/hex_literal.hpp"
#include "tests/attack/attack_test.hpp"

namespace bowline::attack {
namespace {

using wire::operator""_hex;

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kDestinationOptions = 60;

// A SYN to the open port with these option bytes.
Bytes syn_with(Ground& ground, std::span<const std::byte> options) {
  Tcp syn{.from = ground.forger().stranger(), .to = ground.service(), .flags = wire::kSyn};
  syn.seq = ground.forger().number();
  syn.raw_options.assign(options.begin(), options.end());
  return packet(syn);
}

// ---- AMNESIA:33 (2020: uIP, picoTCP, FNET, Nut/Net) ---------------------------------------------

// CVE-2020-17444, 17445: an extension header whose length wraps to 0 is walked for ever, or is read
// beyond the packet. Here each header is cut out of the packet by its length first, which is at
// least 8 bytes (RFC 8200 4), so that the walk moves on and ends (wire/ipv6.cpp).
TEST(Amnesia33, ExtensionHeadersNeitherLoopNorOverrun) {
  Ground ground(Family::ipv6);
  const Bytes syn = ground.forger().bare_syn(ground.forger().stranger(), ground.service());
  for (const std::uint8_t kind : {kHopByHop, kRouting, kDestinationOptions}) {
    for (unsigned length = 0; length < 256; ++length) {
      for (const std::uint8_t next : {kind, wire::kProtocolTcp}) {
        Bytes header(8);
        header[0] = std::byte{next};
        header[1] = static_cast<std::byte>(length);
        header[2] = std::byte{1};  // PadN of 4
        header[3] = std::byte{4};
        (void)ground.hit(with_ipv6_extensions(syn, kind, header));
      }
    }
  }
  EXPECT_GE(ground.count(Reason::ip_bad_extension) + ground.count(Reason::ip_truncated), 1'000U);
  // An option in such a header that is longer than the header.
  for (unsigned length = 5; length < 256; ++length) {
    Bytes header{std::byte{wire::kProtocolTcp},
                 std::byte{0},
                 std::byte{1},
                 static_cast<std::byte>(length),
                 std::byte{0},
                 std::byte{0},
                 std::byte{0},
                 std::byte{0}};
    EXPECT_TRUE(ground.hit(with_ipv6_extensions(syn, kDestinationOptions, header)).empty());
  }
  EXPECT_TRUE(ground.serves());
}

// CVE-2020-24337, 24341: a TCP option of length 0 is walked for ever; one that is longer than the
// header is read beyond it. Here a length below 2 or beyond the header drops the segment (RFC 9293
// 3.1 MUST-7, wire/tcp.cpp).
TEST(Amnesia33, TcpOptionsNeitherLoopNorOverrun) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    Ground ground(family);
    for (unsigned kind = 2; kind < 256; ++kind) {
      for (const unsigned length : {0U, 1U, 5U, 40U, 255U}) {
        const Bytes options{static_cast<std::byte>(kind), static_cast<std::byte>(length),
                            std::byte{0}, std::byte{0}};
        EXPECT_TRUE(ground.hit(syn_with(ground, options)).empty()) << kind << " " << length;
      }
    }
    EXPECT_EQ(ground.count(Reason::tcp_bad_option), 254U * 5);
    EXPECT_TRUE(ground.serves());
  }
}

// CVE-2020-17437: the urgent pointer was an offset into the segment, wherever it led. Here it is a
// number of the stream's that nothing is read by (RFC 9293 3.8.5, MUST-62; tcp/input/
// process_urgent.cpp).
TEST(Amnesia33, AnUrgentPointerBeyondTheSegmentReadsNothing) {
  Ground ground;
  const auto held = ground.open(ground.forger().stranger());
  ASSERT_TRUE(held);
  for (const std::uint16_t urgent :
       {std::uint16_t{1}, std::uint16_t{2'000}, std::uint16_t{0xffff}}) {
    (void)ground.hit(packet(Tcp{.from = held->from,
                                .to = ground.service(),
                                .seq = held->seq,
                                .ack = held->ack,
                                .flags = wire::kAck | wire::kUrg,
                                .urgent = urgent}));
  }
  EXPECT_TRUE(ground.serves());
}

// CVE-2020-17440 to 17443: lengths of ICMP echoes and of IP packets that are less than their
// headers, or more than there is. Here every length is compared with what there is before it is
// used.
TEST(Amnesia33, LengthsThatLieAreDropped) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    Ground ground(family);
    const IpAddress from = ground.forger().stranger().address;
    const Bytes echo = echo_request(from, ground.victim_address(), 32);
    const std::size_t header = wire::ip_header_size(family);
    // Cut short anywhere.
    for (std::size_t size = 0; size < echo.size(); ++size) {
      EXPECT_TRUE(ground.hit(Bytes(echo.begin(), echo.begin() + static_cast<int>(size))).empty());
    }
    // An IP length that says less than an ICMP header.
    for (std::size_t size = 0; size < wire::kIcmpHeaderSize; ++size) {
      const auto protocol = from.is_v4() ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
      Bytes small = around(from, ground.victim_address(), protocol, Bytes(size), 2);
      small.resize(header + 64);  // an Ethernet would have padded it
      EXPECT_TRUE(ground.hit(small).empty()) << size;
    }
    EXPECT_GE(ground.count(Reason::icmp_malformed), 8U);
    EXPECT_GE(ground.count(Reason::ip_truncated), echo.size() - 1);
    EXPECT_TRUE(ground.serves());
  }
}

// ---- Ripple20 (2020: Treck) ---------------------------------------------------------------------

// CVE-2020-11896, 11898, 11900: IP packets within IP packets, in fragments whose lengths contradict
// each other, wrote beyond a buffer and leaked another. Here there are no tunnels: protocol 4 and
// 41 are unknown (RFC 1122 3.2.2.1), and a datagram is put together by what its fragments hold, not
// by what they say.
TEST(Ripple20, TunnelsInFragmentsAreUnknown) {
  for (const std::uint8_t protocol : {std::uint8_t{4}, std::uint8_t{41}}) {
    Ground ground;
    const Endpoint outer = ground.forger().stranger();
    const Bytes inner = ground.forger().syn(ground.forger().stranger(), ground.service());
    Bytes lies = inner;  // says that it is longer than it is
    store_be<std::uint16_t>(lies.data() + 2, std::uint16_t{1'400});
    for (const Bytes& tunnelled : {inner, lies}) {
      const Bytes whole =
          around(outer.address, ground.victim_address(), protocol, tunnelled, 1'500);
      for (const Bytes& piece : cut(whole, 24, ground.forger().number().raw() & 0xffffU)) {
        for (const Bytes& answer : ground.hit(piece)) {
          const auto seen = read(answer);
          ASSERT_TRUE(seen && seen->icmp) << line(answer);
          EXPECT_EQ(seen->icmp->kind, wire::IcmpKind::protocol_unreachable);
        }
      }
    }
    EXPECT_EQ(ground.count(Reason::ip_unknown_protocol), 2U);
    EXPECT_EQ(ground.victim().usage().half_open, 0U);
    EXPECT_TRUE(ground.serves());
  }
}

// CVE-2020-11897, 11909: source routes wrote beyond a buffer. Here an IPv4 route is stepped over
// and never followed, nor answered by its reverse; a routing header of IPv6 with hops left drops
// the packet (RFC 5095, RFC 8200 4.4).
TEST(Ripple20, SourceRoutesAreNotFollowed) {
  Ground ground;
  const Bytes syn = ground.forger().bare_syn(ground.forger().stranger(), ground.service());
  constexpr auto loose = "83 07 04 01020304 00"_hex;
  constexpr auto strict = "89 07 04 01020304 00"_hex;
  for (const auto& route : {loose, strict}) {
    for (const Bytes& answer : ground.hit(with_ipv4_options(syn, route))) {
      const auto seen = read(answer);
      ASSERT_TRUE(seen);
      EXPECT_EQ(seen->ip.header_size, wire::kIpv4HeaderSize) << "no options";
      EXPECT_EQ(seen->ip.destination, read(syn)->ip.source) << "to the sender, by our own route";
    }
  }
  Ground six(Family::ipv6);
  const Bytes syn6 = six.forger().bare_syn(six.forger().stranger(), six.service());
  Bytes routing(24);  // type 0, one segment left
  routing[0] = std::byte{wire::kProtocolTcp};
  routing[1] = std::byte{2};
  routing[3] = std::byte{1};
  for (const Bytes& answer : six.hit(with_ipv6_extensions(syn6, kRouting, routing))) {
    EXPECT_FALSE(read(answer) && read(answer)->tcp) << line(answer);
  }
  EXPECT_EQ(six.victim().usage().half_open, 0U);
  EXPECT_TRUE(ground.serves() && six.serves());
}

// CVE-2020-11910, 11911, 11912: ICMP errors and SACK options read beyond their end. Here an error
// must hold the header that it quotes and eight bytes more (RFC 792), and a SACK option whole
// blocks (RFC 2018 3).
TEST(Ripple20, QuotesAndSackBlocksMustBeWhole) {
  Ground ground;
  const Endpoint router = ground.forger().stranger();
  const Bytes quoted = ground.forger().segment(ground.service(), router, wire::kAck);
  const Bytes error = icmp_error(router.address, ground.victim_address(),
                                 wire::IcmpKind::port_unreachable, 0, quoted);
  const std::size_t least = wire::kIpv4HeaderSize + wire::kIcmpHeaderSize;
  const std::size_t whole = least + wire::kIpv4HeaderSize + 8;
  for (std::size_t size = least; size < whole; ++size) {
    const auto begin = error.begin() + wire::kIpv4HeaderSize;
    Bytes message(begin, error.begin() + static_cast<int>(size));
    EXPECT_TRUE(
        ground.hit(around(router.address, ground.victim_address(), 1, std::move(message), 2))
            .empty());
  }
  EXPECT_EQ(ground.count(Reason::icmp_malformed), whole - least);
  for (unsigned length = 3; length < 36; ++length) {
    if (length % 8 == 2) continue;  // whole blocks
    Bytes options(36, std::byte{1});
    options[0] = std::byte{5};
    options[1] = static_cast<std::byte>(length);
    EXPECT_TRUE(ground.hit(syn_with(ground, options)).empty()) << length;
  }
  EXPECT_TRUE(ground.serves());
}

// CVE-2020-11914, 11913: frames of Ethernet that are shorter than the ARP or IPv6 header in them.
// Here each is cut to what there is before it is read (wire/arp.cpp, wire/ipv6.cpp).
TEST(Ripple20, RuntFramesAreDropped) {
  testing::EthernetWire wire;
  Stack& host = wire.add();
  ASSERT_TRUE(host.add_address(testing::kInterface, {testing::ip("10.0.0.1"), 24}));
  wire.exchange();
  (void)wire.said();
  const Bytes arp = testing::arp_request(2, "10.0.0.2", "10.0.0.1");
  for (std::size_t size = 0; size < wire::kEthernetHeaderSize + wire::kArpSize; ++size) {
    wire.send(Bytes(arp.begin(), arp.begin() + static_cast<int>(size)));
    EXPECT_TRUE(wire.said().empty()) << size;
  }
  for (std::size_t size = wire::kEthernetHeaderSize; size < 60; ++size) {
    Bytes runt(size);
    wire::emit_ethernet(runt.data(), {testing::mac(1), testing::mac(2), wire::kEtherTypeIpv6});
    if (size > wire::kEthernetHeaderSize) runt[wire::kEthernetHeaderSize] = std::byte{0x60};
    wire.send(runt);
    EXPECT_TRUE(wire.said().empty()) << size;
  }
  wire.send(arp);
  EXPECT_EQ(wire.said().size(), 1U) << "a whole one is answered";
}

// ---- URGENT/11 (2019: VxWorks) ------------------------------------------------------------------

// CVE-2019-12256: IPv4 options that are wrong were copied into the ICMP error about them, over the
// end of the stack. Here a header whose options do not fit drops the packet without a word.
TEST(Urgent11, Ipv4OptionsThatAreWrongAreNotAnswered) {
  Ground ground;
  const Bytes syn = ground.forger().bare_syn(ground.forger().stranger(), ground.service());
  for (unsigned kind = 2; kind < 256; ++kind) {
    for (const unsigned length : {0U, 1U, 41U, 255U}) {
      Bytes options(40, std::byte{1});
      options[0] = static_cast<std::byte>(kind);
      options[1] = static_cast<std::byte>(length);
      EXPECT_TRUE(ground.hit(with_ipv4_options(syn, options)).empty()) << kind << " " << length;
    }
  }
  EXPECT_EQ(ground.count(Reason::ip_bad_header), 254U * 4);
  EXPECT_TRUE(ground.serves());
}

// CVE-2019-12255, 12260, 12261, 12263: the distance to the urgent pointer, once less than 0, was
// the length of a read, so that a receive wrote beyond its buffer; it got there by a pointer of 0,
// by a SYN with URG, and by one that changed while it was read. Here no read asks for it: urgent
// bytes are in the stream like all others (RFC 6093), a pointer of 0 and one on a SYN say nothing.
TEST(Urgent11, TheUrgentPointerNeverSizesARead) {
  Ground ground;
  ground.greeter().hang();
  const Endpoint from = ground.forger().stranger();
  const SeqNumber iss = ground.forger().number();
  Tcp segment{.from = from, .to = ground.service(), .seq = iss, .flags = wire::kSyn | wire::kUrg};
  segment.urgent = 0xffff;
  const auto answers = ground.hit(packet(segment));
  ASSERT_TRUE(only(answers)) << lines(answers);
  segment.ack = only(answers)->tcp->header.seq + 1;
  segment.seq = iss + 1;
  segment.flags = wire::kAck | wire::kUrg;
  segment.urgent = 0;
  (void)ground.hit(packet(segment));
  const auto socket = ground.victim().accept(ground.greeter().listener(), ground.now());
  ASSERT_TRUE(socket);
  EXPECT_EQ(ground.victim().readiness(*socket) & kUrgent, 0) << "0, and one on a SYN";
  constexpr std::size_t kGuard = 64;
  for (const unsigned urgent : {0U, 1U, 5U, 6U, 0x7fffU, 0xffffU}) {
    segment.flags = wire::kAck | wire::kUrg | wire::kPsh;
    segment.urgent = static_cast<std::uint16_t>(urgent);
    segment.payload = ground.forger().noise(10);
    (void)ground.hit(packet(segment));
    segment.seq = segment.seq + 10;
    std::array<std::byte, 5 + kGuard> room{};
    const auto got = ground.victim().read(*socket, std::span(room).first(5), ground.now());
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, 5U) << urgent;
    for (std::size_t i = 0; i < kGuard; ++i) ASSERT_EQ(room[5 + i], std::byte{});
  }
  EXPECT_EQ(ground.victim().inspect(*socket)->receive_queue, 30U);
}

// CVE-2019-12258: a segment with a malformed option, with ports and addresses alone, ended the
// connection. Here it is dropped before anybody looks for a connection (RFC 9293 3.1 MUST-7).
TEST(Urgent11, AMalformedOptionEndsNoConnection) {
  Ground ground;
  ASSERT_TRUE(ground.keep_open());
  for (const std::uint16_t flags : {wire::kSyn, wire::kAck, wire::kRst, wire::kFin}) {
    Tcp segment{.from = ground.kept(), .to = {ground.victim_address(), 90}, .flags = flags};
    segment.seq = ground.forger().number();
    segment.raw_options = {std::byte{3}, std::byte{2}, std::byte{0}, std::byte{0}};  // no scale
    EXPECT_TRUE(ground.hit(packet(segment)).empty());
  }
  EXPECT_EQ(ground.count(Reason::tcp_bad_option), 4U);
  EXPECT_TRUE(ground.still_open());
}

}  // namespace
}  // namespace bowline::attack
