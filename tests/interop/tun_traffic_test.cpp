// Traffic with the kernel over a TUN device, our side made by hand: what the kernel really writes
// into a virtio header and what it makes of ours.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/icmp.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {
namespace {

class TunTraffic : public TunTest, public ::testing::WithParamInterface<Family> {
 protected:
  void SetUp() override { open(); }

  // Starts a connection from the kernel to us and shakes hands. Returns the kernel's socket.
  os::FileDescriptor connect_from_kernel(HandMadePeer& peer) {
    os::FileDescriptor socket = kernel_socket(GetParam(), SOCK_STREAM);
    // Its window is to take a segment of 64 KiB from the start.
    const int receive_buffer = 200'000;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    socklen_t size = 0;
    const auto address = address_of(addresses(GetParam()).ours, 80, size);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size), -1);
    EXPECT_EQ(errno, EINPROGRESS);
    const auto syn = receive_segment();
    EXPECT_TRUE(syn);
    if (!syn) return {};
    EXPECT_EQ(syn->tcp.flags & wire::kSyn, wire::kSyn);
    send(peer.syn_ack(*syn));
    EXPECT_TRUE(wait_for(socket.get(), POLLOUT));
    int error = -1;
    socklen_t length = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    EXPECT_EQ(error, 0);
    const auto ack = receive_segment();
    EXPECT_TRUE(ack);
    return socket;
  }
  [[nodiscard]] std::uint32_t mss() const { return GetParam() == Family::ipv4 ? 1460 : 1440; }
};

INSTANTIATE_TEST_SUITE_P(Families, TunTraffic, ::testing::Values(Family::ipv4, Family::ipv6),
                         [](const auto& instance) {
                           return instance.param == Family::ipv4 ? "IPv4" : "IPv6";
                         });

TEST_P(TunTraffic, KernelPingsUs) {
  const Addresses ends = addresses(GetParam());
  const bool v4 = GetParam() == Family::ipv4;
  const std::uint8_t protocol = v4 ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
  const auto socket = kernel_socket(GetParam(), SOCK_RAW, protocol);
  ASSERT_GE(socket.get(), 0) << std::strerror(errno);

  const Bytes data = counted(1'000);
  Bytes request(wire::kIcmpHeaderSize + data.size());
  std::ranges::copy(data, request.begin() + wire::kIcmpHeaderSize);
  const auto echo = [&](wire::IcmpKind kind, const IpAddress& from, const IpAddress& to) {
    wire::ChecksumSum sum;
    if (!v4)
      sum = wire::pseudo_header_sum(from, to, protocol, static_cast<std::uint32_t>(request.size()));
    sum.add(data);
    wire::emit_icmp_echo(request.data(), GetParam(), kind, 77, 1, sum);
  };
  echo(wire::IcmpKind::echo_request, ends.kernel, ends.ours);
  socklen_t size = 0;
  const auto address = address_of(ends.ours, 0, size);
  ASSERT_EQ(::sendto(socket.get(), request.data(), request.size(), 0,
                     reinterpret_cast<const sockaddr*>(&address), size),
            static_cast<ssize_t>(request.size()));

  const auto frame = receive(protocol);
  ASSERT_TRUE(frame);
  const auto ip = wire::parse_ip(frame->head(), frame->size);
  EXPECT_EQ(ip->source, ends.kernel);
  EXPECT_EQ(ip->destination, ends.ours);
  const Bytes packet = flat(*frame);
  EXPECT_TRUE(std::ranges::equal(std::span(packet).subspan(ip->header_size), request));

  wire::IpHeader back;
  back.source = ends.ours;
  back.destination = ends.kernel;
  back.protocol = protocol;
  back.payload_size = static_cast<std::uint32_t>(request.size());
  echo(wire::IcmpKind::echo_reply, ends.ours, ends.kernel);
  Bytes reply(wire::ip_header_size(GetParam()));
  wire::emit_ip(reply.data(), back);
  reply.insert(reply.end(), request.begin(), request.end());
  send(make_frame(*pool_, reply));

  ASSERT_TRUE(wait_for(socket.get(), POLLIN));
  Bytes got(2'000);
  const ssize_t length = ::recv(socket.get(), got.data(), got.size(), 0);
  ASSERT_GT(length, 0);
  got.resize(static_cast<std::size_t>(length));
  const std::size_t skip = v4 ? wire::kIpv4HeaderSize : 0;  // raw IPv4 sockets show the IP header
  EXPECT_TRUE(std::ranges::equal(std::span(got).subspan(skip), request));
}

TEST_P(TunTraffic, SynOfTheKernelArrivesVouchedFor) {
  const auto socket = kernel_socket(GetParam(), SOCK_STREAM);
  socklen_t size = 0;
  const auto address = address_of(addresses(GetParam()).ours, 80, size);
  ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size);
  const auto syn = receive_segment();
  ASSERT_TRUE(syn);
  EXPECT_EQ(syn->tcp.flags & 0x3fU, wire::kSyn);
  EXPECT_EQ(syn->tcp.destination_port, 80);
  EXPECT_TRUE(syn->payload.empty());
  // The kernel left its checksum to us; what is in the field is the pseudo-header's sum.
  EXPECT_EQ(syn->frame.checksum, Checksum::verified);
  EXPECT_EQ(syn->frame.checksum_start, syn->ip.header_size);
  EXPECT_EQ(syn->frame.checksum_offset, wire::kTcpChecksumOffset);
  EXPECT_EQ(syn->tcp.checksum, wire::pseudo_header_sum(syn->ip.source, syn->ip.destination,
                                                       wire::kProtocolTcp, syn->ip.payload_size)
                                   .partial());
  // First option: MSS, kind 2, length 4.
  ASSERT_GE(syn->options.size(), 4U);
  EXPECT_EQ(load_be<std::uint16_t>(syn->options.data()), 0x0204);
  EXPECT_EQ(load_be<std::uint16_t>(syn->options.data() + 2), mss());
}

TEST_P(TunTraffic, LargeSegmentsOfTheKernelComeWholeInOneRead) {
  HandMadePeer peer(*pool_, GetParam());
  const os::FileDescriptor socket = connect_from_kernel(peer);
  ASSERT_TRUE(socket);
  const Bytes sent = counted(4U << 20);
  Bytes got;
  std::size_t written = 0;
  std::uint32_t largest = 0;
  const auto reads_before = link_->counters().reads;
  const auto frames_before = link_->counters().read_frames;
  while (got.size() < sent.size()) {
    const ssize_t count = ::send(socket.get(), sent.data() + written, sent.size() - written, 0);
    if (count > 0) written += static_cast<std::size_t>(count);
    const auto segment = receive_segment();
    ASSERT_TRUE(segment);
    if (segment->payload.empty()) continue;
    largest = std::max(largest, segment->frame.size);
    if (segment->payload.size() > mss()) {
      EXPECT_EQ(segment->frame.gso_size, mss());
      EXPECT_EQ(segment->frame.header_size, segment->frame.size - segment->payload.size());
    }
    peer.take(*segment);
    got.insert(got.end(), segment->payload.begin(), segment->payload.end());
    send(peer.ack());
  }
  EXPECT_EQ(got, sent);
  EXPECT_GT(largest, 60'000U);
  // One system call for each frame, and one for each time that there were no more.
  const auto frames = link_->counters().read_frames - frames_before;
  EXPECT_LE(link_->counters().reads - reads_before, 2 * frames);
  EXPECT_LT(frames, sent.size() / mss() / 4);
  EXPECT_EQ(link_->counters().malformed, 0U);
}

TEST_P(TunTraffic, OurLargeSegmentsReachTheKernelInOneWrite) {
  HandMadePeer peer(*pool_, GetParam());
  const os::FileDescriptor socket = connect_from_kernel(peer);
  ASSERT_TRUE(socket);
  const std::size_t headers = GetParam() == Family::ipv4 ? 40 : 60;
  const std::size_t chunk = 65'535 - headers;  // the longest IP packet that there is
  const auto writes_before = link_->counters().writes;
  std::size_t total = 0;
  for (int round = 0; round < 20; ++round) {
    const Bytes payload = counted(round == 0 ? 10'000 : chunk, total);
    send(peer.data(payload, static_cast<std::uint16_t>(mss())));
    Bytes got;
    while (got.size() < payload.size()) {
      ASSERT_TRUE(wait_for(socket.get(), POLLIN)) << got.size() << " of round " << round;
      Bytes part(payload.size());
      const ssize_t size = ::recv(socket.get(), part.data(), part.size(), 0);
      ASSERT_GT(size, 0);
      got.insert(got.end(), part.begin(), part.begin() + size);
    }
    ASSERT_EQ(got, payload);
    total += payload.size();
    for (SeqNumber acked = peer.sent() - 1; acked != peer.sent();) {
      const auto ack = receive_segment();
      ASSERT_TRUE(ack);
      acked = ack->tcp.ack;
    }
  }
  EXPECT_EQ(link_->counters().writes - writes_before, 20U);
  EXPECT_EQ(link_->counters().write_errors, 0U);
}

TEST_P(TunTraffic, WithoutOffloadsPacketsAreThoseOfTheWire) {
  link_.reset();
  os::TunOptions options = both_families();
  options.name = "plain0";
  options.offload = false;
  open(options);
  if (IsSkipped()) return;
  EXPECT_FALSE(link_->info().receive_merges);
  HandMadePeer peer(*pool_, GetParam());
  const os::FileDescriptor socket = connect_from_kernel(peer);
  ASSERT_TRUE(socket);
  const Bytes sent = counted(100'000);
  Bytes got;
  std::size_t written = 0;
  while (got.size() < sent.size()) {
    const ssize_t count = ::send(socket.get(), sent.data() + written, sent.size() - written, 0);
    if (count > 0) written += static_cast<std::size_t>(count);
    const auto segment = receive_segment();
    ASSERT_TRUE(segment);
    if (segment->payload.empty()) continue;
    EXPECT_LE(segment->frame.size, 1'500U);
    EXPECT_EQ(segment->frame.gso_size, 0);
    EXPECT_EQ(segment->frame.checksum, Checksum::unknown);
    wire::ChecksumSum sum = wire::pseudo_header_sum(segment->ip.source, segment->ip.destination,
                                                    wire::kProtocolTcp, segment->ip.payload_size);
    const Bytes bytes = flat(segment->frame);
    sum.add(std::span(bytes).subspan(segment->ip.header_size));
    EXPECT_TRUE(sum.verifies());
    peer.take(*segment);
    got.insert(got.end(), segment->payload.begin(), segment->payload.end());
    send(peer.ack());
  }
  EXPECT_EQ(got, sent);
}

}  // namespace
}  // namespace bowline::interop
