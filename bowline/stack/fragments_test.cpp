// Fragments in and out of a Stack: RFC 791 section 3.2, RFC 8200 section 4.5, RFC 6864.

#include <algorithm>
#include <array>
#include <set>

#include "bowline/base/random.hpp"
#include "bowline/ip/testing/fragments.hpp"
#include "bowline/stack/testing/two_stacks.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline {
namespace {

using ip::testing::FragmentOf;
using testing::kInterface;
using testing::left_address;
using testing::right_address;

const IpAddress kLeftV6 = *IpAddress::parse("fd00::1");
const IpAddress kRightV6 = *IpAddress::parse("fd00::2");

wire::IpHeader header_of(const Frame& frame) {
  const auto header = wire::parse_ip(frame.head(), frame.size);
  EXPECT_TRUE(header);
  return header ? *header : wire::IpHeader{};
}

class Fragments : public ::testing::TestWithParam<Family> {
 protected:
  Fragments() {
    EXPECT_TRUE(two_.left.add_address(kInterface, {kLeftV6, 64}));
    EXPECT_TRUE(two_.right.add_address(kInterface, {kRightV6, 64}));
  }
  [[nodiscard]] IpAddress left() const { return v4() ? left_address() : kLeftV6; }
  [[nodiscard]] IpAddress right() const { return v4() ? right_address() : kRightV6; }
  [[nodiscard]] static bool v4() { return GetParam() == Family::ipv4; }
  Handle open(Stack& stack, std::uint16_t port, const udp::SocketOptions& socket = {}) {
    UdpOptions options;
    options.local = {IpAddress::any(GetParam()), port};
    options.socket = socket;
    const auto opened = stack.open_udp(options, two_.now);
    EXPECT_TRUE(opened);
    return opened ? *opened : Handle{};
  }
  std::error_code send(Handle socket, std::size_t size) {
    const auto sent =
        two_.left.send_to(socket, testing::bytes_from(0, size), Endpoint{right(), 53}, two_.now);
    return sent ? std::error_code() : sent.error();
  }
  std::vector<Frame> transmit(Stack& stack) {
    testing::KeepingSink sink;
    static_cast<void>(stack.transmit(kInterface, sink, two_.now));
    return std::move(sink.whole);
  }
  // An echo request of `size` bytes to the right one, cut into fragments.
  void ping(std::uint32_t size) {
    std::vector<std::byte> message(wire::kIcmpHeaderSize + size);
    const auto data = testing::bytes_from(0, size);
    std::ranges::copy(data, message.begin() + wire::kIcmpHeaderSize);
    wire::IpHeader ip;
    ip.source = left();
    ip.destination = right();
    ip.protocol = v4() ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
    wire::ChecksumSum sum = wire::sum_of(data);
    if (!v4()) {
      sum.add_sum(wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol,
                                          static_cast<std::uint32_t>(message.size())));
    }
    wire::emit_icmp_echo(message.data(), GetParam(), wire::IcmpKind::echo_request, 7, 1, sum);
    const std::uint32_t head = wire::ip_fragment_header_size(GetParam());
    for (std::uint32_t offset = 0; offset < message.size(); offset += 1'400) {
      ip.payload_size = std::min(1'400U, static_cast<std::uint32_t>(message.size()) - offset);
      ip.fragment_offset = static_cast<std::uint16_t>(offset);
      ip.more_fragments = offset + 1'400 < message.size();
      ip.dont_fragment = false;
      ip.identification = 99;
      std::vector<std::byte> bytes(head + ip.payload_size);
      wire::emit_ip_fragment(bytes.data(), ip);
      std::copy_n(message.data() + offset, ip.payload_size, bytes.data() + head);
      Frame frame = make_frame(two_.right.pool(), bytes);
      two_.right.receive(kInterface, {&frame, 1}, two_.now);
    }
  }

  testing::TwoStacks two_;
  std::vector<std::byte> bytes_ = std::vector<std::byte>(65'536);
};
INSTANTIATE_TEST_SUITE_P(, Fragments, ::testing::Values(Family::ipv4, Family::ipv6),
                         [](const auto& family) {
                           return family.param == Family::ipv4 ? "Ipv4" : "Ipv6";
                         });

// RFC 768: a datagram may have 65,507 bytes over IPv4, 65,527 over IPv6.
TEST_P(Fragments, LargeDatagramsArrive) {
  const Handle server = open(two_.right, 53);
  const Handle client = open(two_.left, 0);
  const std::size_t most = v4() ? 65'507 : 65'527;
  EXPECT_EQ(send(client, most + 1), std::errc::message_size);
  for (const std::size_t size :
       {std::size_t{1'473}, std::size_t{8'000}, std::size_t{60'000}, most}) {
    ASSERT_FALSE(send(client, size)) << size;
    two_.exchange();
    const auto got = two_.right.receive_from(server, bytes_, two_.now);
    ASSERT_TRUE(got) << size;
    EXPECT_EQ(got->size, size);
    const auto expected = testing::bytes_from(0, size);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), bytes_.begin()));
  }
  EXPECT_EQ(two_.right.usage().fragmented_datagrams, 0U);
}

// RFC 791 3.2, RFC 8200 4.5: each fits the path, all but the last carry a multiple of 8 bytes.
TEST_P(Fragments, FragmentsAreWellFormed) {
  const Handle client = open(two_.left, 0);
  ASSERT_FALSE(send(client, 4'000));
  const auto frames = transmit(two_.left);
  ASSERT_EQ(frames.size(), 3U);
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_LE(frames[i].size, 1'500U);
    const wire::IpHeader header = header_of(frames[i]);
    EXPECT_EQ(header.fragment_offset, next);
    EXPECT_EQ(header.more_fragments, i + 1 < frames.size());
    EXPECT_EQ(header.identification, header_of(frames[0]).identification);
    EXPECT_EQ(header.protocol, wire::kProtocolUdp);
    if (v4()) {
      EXPECT_FALSE(header.dont_fragment);
    }
    next += header.payload_size;
  }
  EXPECT_EQ(next, 4'008U);
  EXPECT_EQ(two_.left.counters()[Reason::send_fragment], 3U);
}

// RFC 6864 4.2, RFC 7739: identifications differ from datagram to datagram.
TEST_P(Fragments, EachDatagramHasItsIdentification) {
  const Handle client = open(two_.left, 0);
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 50; ++i) {
    ASSERT_FALSE(send(client, 2'000));
    seen.insert(header_of(transmit(two_.left).front()).identification);
  }
  EXPECT_EQ(seen.size(), 50U);
  ASSERT_FALSE(send(client, 100));
  const wire::IpHeader whole = header_of(transmit(two_.left).front());
  EXPECT_EQ(whole.identification, 0U) << "RFC 6864 4.1: what is not cut needs none";
  EXPECT_FALSE(whole.has_fragment_header);
}

TEST_P(Fragments, DontFragmentMeansIt) {
  const Handle client = open(two_.left, 0, {.dont_fragment = true});
  const std::size_t most = v4() ? 1'472 : 1'452;
  EXPECT_EQ(send(client, most + 1), std::errc::message_size);
  EXPECT_FALSE(send(client, most));
  EXPECT_FALSE(header_of(transmit(two_.left).front()).is_fragment());
}

// All fragments of a datagram or none; the socket is writable again when half of the ring is free.
TEST_P(Fragments, AllOrNoneFindRoom) {
  const Handle client = open(two_.left, 0);
  static_cast<void>(testing::all_ready(two_.left));
  int sent = 0;
  std::error_code error;
  while (!(error = send(client, 60'000))) ++sent;
  EXPECT_EQ(error, std::errc::operation_would_block);
  const int each = v4() ? 41 : 42;
  EXPECT_EQ(sent, 256 / each);
  EXPECT_EQ(two_.left.readiness(client), 0U);
  EXPECT_TRUE(testing::all_ready(two_.left).empty());
  testing::KeepingSink one(1);
  static_cast<void>(two_.left.transmit(kInterface, one, two_.now));
  EXPECT_EQ(two_.left.readiness(client), 0U) << "not for each frame";
  const auto frames = transmit(two_.left);
  EXPECT_EQ(frames.size() + 1, static_cast<std::size_t>(sent * each));
  const auto ready = testing::all_ready(two_.left);
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].handle, client);
  EXPECT_EQ(ready[0].mask, kWritable);
  EXPECT_FALSE(send(client, 60'000));
}

TEST_P(Fragments, ABlockedSocketMayClose) {
  const Handle client = open(two_.left, 0);
  while (!send(client, 60'000)) {
  }
  ASSERT_TRUE(two_.left.close(client, two_.now));
  EXPECT_GT(transmit(two_.left).size(), 200U);
  EXPECT_TRUE(testing::all_ready(two_.left).empty());
}

// RFC 1122 3.2.2.6: the answer to a large ping is as large.
TEST_P(Fragments, LargePing) {
  ping(8'000);
  const auto frames = transmit(two_.right);
  ASSERT_EQ(frames.size(), 6U);
  EXPECT_EQ(two_.right.counters()[Reason::fragments_complete], 1U);
  std::vector<std::byte> message;
  for (const Frame& frame : frames) {
    EXPECT_LE(frame.size, 1'500U);
    const wire::IpHeader header = header_of(frame);
    EXPECT_EQ(header.fragment_offset, message.size());
    const auto part = frame.head().subspan(header.header_size);
    message.insert(message.end(), part.begin(), part.end());
  }
  const auto reply = wire::parse_icmp(GetParam(), message, 8'008);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->kind, wire::IcmpKind::echo_reply);
  EXPECT_EQ(reply->identifier, 7);
  const auto data = testing::bytes_from(0, 8'000);
  EXPECT_TRUE(std::equal(data.begin(), data.end(), message.begin() + 8));
  wire::ChecksumSum sum = wire::sum_of(message);
  if (!v4()) {
    sum.add_sum(wire::pseudo_header_sum(right(), left(), wire::kProtocolIcmpV6, 8'008));
  }
  EXPECT_TRUE(sum.verifies());
}

// Segments that came in fragments go the same way as others.
TEST_P(Fragments, TcpInFragments) {
  ListenOptions options;
  options.local = {IpAddress::any(GetParam()), 80};
  ASSERT_TRUE(two_.right.listen(options, two_.now));
  wire::IpHeader ip;
  ip.source = left();
  ip.destination = right();
  ip.protocol = wire::kProtocolTcp;
  std::array<std::byte, 32> segment{};  // a SYN with 12 bytes of data, which a listener ignores
  wire::TcpHeader tcp;
  tcp.source_port = 5'000;
  tcp.destination_port = 80;
  tcp.seq = SeqNumber(1);
  tcp.flags = wire::kSyn;
  tcp.window = 1'000;
  wire::emit_tcp_plain(segment.data(), tcp);
  wire::ChecksumSum sum = wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, 32);
  sum.add(segment);
  store_be(segment.data() + wire::kTcpChecksumOffset, sum.finish());
  const std::uint32_t head = wire::ip_fragment_header_size(GetParam());
  for (const std::uint32_t offset : {24U, 0U}) {
    ip.payload_size = offset == 0 ? 24 : 8;
    ip.fragment_offset = static_cast<std::uint16_t>(offset);
    ip.more_fragments = offset == 0;
    ip.dont_fragment = false;
    ip.identification = 5;
    std::vector<std::byte> bytes(head + ip.payload_size);
    wire::emit_ip_fragment(bytes.data(), ip);
    std::copy_n(segment.data() + offset, ip.payload_size, bytes.data() + head);
    Frame frame = make_frame(two_.right.pool(), bytes);
    two_.right.receive(kInterface, {&frame, 1}, two_.now);
  }
  EXPECT_EQ(two_.right.usage().half_open, 1U);
}

// RFC 1122 3.3.2: after a minute the sender learns that fragments are missing.
TEST_P(Fragments, TimeExceeded) {
  const Handle client = open(two_.left, 0);
  ASSERT_FALSE(send(client, 4'000));
  auto frames = transmit(two_.left);
  two_.right.receive(kInterface, std::span(frames).first(2), two_.now);
  EXPECT_EQ(two_.right.usage().fragmented_datagrams, 1U);
  EXPECT_GT(two_.right.usage().fragment_bytes, 2'900U);
  EXPECT_EQ(two_.right.next_deadline(), two_.now + 60s);
  two_.pass(60s);
  EXPECT_EQ(two_.right.usage().fragmented_datagrams, 0U);
  EXPECT_EQ(two_.right.counters()[Reason::send_icmp_time_exceeded], 1U);
  EXPECT_EQ(two_.right.next_deadline(), kNever);
}

// RFC 8200 4.5: a malformed fragment is answered by a parameter problem, over IPv6.
TEST_P(Fragments, ParameterProblem) {
  FragmentOf bad{.family = GetParam(), .offset = 0, .size = 81, .more = true};
  Frame frame = ip::testing::frame_of(two_.left.pool(), bad);
  two_.left.receive(kInterface, {&frame, 1}, two_.now);
  const auto answers = transmit(two_.left);
  ASSERT_EQ(answers.size(), v4() ? 0U : 1U);
  if (answers.empty()) return;
  const wire::IpHeader header = header_of(answers[0]);
  const auto message = answers[0].head().subspan(header.header_size);
  EXPECT_EQ(message[0], std::byte{4});
  EXPECT_EQ(message[1], std::byte{0});
  EXPECT_EQ(message[7], std::byte{4}) << "points to the payload length";
}

// A clone goes on where the original was.
TEST_P(Fragments, CloneInTheMiddle) {
  const Handle server = open(two_.right, 53);
  const Handle client = open(two_.left, 0);
  ASSERT_FALSE(send(client, 4'000));
  auto frames = transmit(two_.left);
  two_.right.receive(kInterface, std::span(frames).first(2), two_.now);
  auto copy = two_.right.clone();
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->canonical_hash(two_.now), two_.right.canonical_hash(two_.now));
  Frame last = frames[2];
  two_.right.receive(kInterface, std::span(frames).last(1), two_.now);
  EXPECT_NE(copy->canonical_hash(two_.now), two_.right.canonical_hash(two_.now));
  copy->receive(kInterface, {&last, 1}, two_.now);
  EXPECT_EQ(copy->canonical_hash(two_.now), two_.right.canonical_hash(two_.now));
  for (Stack* stack : {&two_.right, &*copy}) {
    EXPECT_EQ(stack->receive_from(server, bytes_, two_.now)->size, 4'000U);
  }
}

// Whatever strangers send, memory stays within the limits and the stack goes on serving.
TEST_P(Fragments, HostileStorm) {
  const Handle server = open(two_.right, 53);
  const Handle client = open(two_.left, 0);
  const Limits& limits = two_.right.config().limits;
  std::uint64_t state = 1;
  const std::uint64_t before = two_.right.usage().buffer_bytes;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const std::uint64_t dice = split_mix(state);
    FragmentOf fragment{.family = GetParam()};
    fragment.host = 3 + static_cast<std::uint32_t>(dice % 100'000 << 10U);
    fragment.id = static_cast<std::uint32_t>(dice >> 20U & 0xffU);
    fragment.offset = static_cast<std::uint32_t>(dice >> 30U & 0xffU) * 8;
    fragment.size = 8U << (dice >> 40U & 7U);
    fragment.more = (dice >> 50U & 7U) != 0;
    Frame frame = ip::testing::frame_of(two_.left.pool(), fragment);
    two_.right.receive(kInterface, {&frame, 1}, two_.now);
    ASSERT_LE(two_.right.usage().fragment_bytes, limits.fragment_bytes);
    ASSERT_LE(two_.right.usage().fragmented_datagrams, limits.fragment_datagrams);
    ASSERT_LE(two_.right.usage().buffer_bytes, before + limits.fragment_bytes + (2U << 20));
  }
  static_cast<void>(transmit(two_.right));
  ASSERT_FALSE(send(client, 60'000));
  two_.exchange();
  EXPECT_EQ(two_.right.receive_from(server, bytes_, two_.now)->size, 60'000U);
}

}  // namespace
}  // namespace bowline
