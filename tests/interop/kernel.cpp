#include "tests/interop/kernel.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "bowline/driver/clock.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline::interop {
namespace {

constexpr int kPatience = 2'000;  // milliseconds

}  // namespace

std::string no_namespace() {
  if (const char* reason = std::getenv("BOWLINE_NO_NAMESPACE")) return reason;
  return std::getenv("BOWLINE_NAMESPACE") == nullptr ? "not started by ns_launcher" : "";
}

bool no_device(const os::Error& error) {
  return error.message.starts_with("cannot open /dev/net/tun");
}

Addresses addresses(Family family) {
  if (family == Family::ipv4) {
    return {.kernel = IpAddress::v4(0x0a4d0001), .ours = IpAddress::v4(0x0a4d0002), .prefix = 24};
  }
  return {
      .kernel = *IpAddress::parse("fd77::1"), .ours = *IpAddress::parse("fd77::2"), .prefix = 64};
}

os::FileDescriptor kernel_socket(Family family, int type, int protocol) {
  return os::FileDescriptor(::socket(family == Family::ipv4 ? AF_INET : AF_INET6,
                                     type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}

sockaddr_storage address_of(const IpAddress& address, std::uint16_t port, socklen_t& size) {
  sockaddr_storage storage{};
  const auto bytes = address.bytes();
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&storage, &v4, size = sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    std::memcpy(&storage, &v6, size = sizeof v6);
  }
  return storage;
}

bool wait_for(int descriptor, short events) {
  pollfd polled{.fd = descriptor, .events = events, .revents = 0};
  return ::poll(&polled, 1, kPatience) == 1;
}

Bytes flat(const Frame& frame) {
  Bytes bytes(frame.size);
  EXPECT_TRUE(frame.copy_to(0, bytes));
  return bytes;
}

Bytes counted(std::size_t size, std::size_t from) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>((from + i) * 7 + (from + i) / 251);
  }
  return bytes;
}

os::TunOptions TunTest::both_families() {
  os::TunOptions options;
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const Addresses ends = addresses(family);
    options.peer_addresses.push_back({.address = ends.kernel, .prefix = ends.prefix});
  }
  return options;
}

void TunTest::open(const os::TunOptions& options) {
  if (const std::string reason = no_namespace(); !reason.empty()) GTEST_SKIP() << reason;
  auto link = os::create_tun(options);
  if (!link && no_device(link.error())) GTEST_SKIP() << link.error().message;
  ASSERT_TRUE(link) << link.error().message;
  link_ = std::move(*link);
}

std::optional<Frame> TunTest::receive(std::uint8_t protocol) {
  while (true) {
    for (auto frame = waiting_.begin(); frame != waiting_.end(); ++frame) {
      const auto ip = wire::parse_ip(frame->head(), frame->size);
      EXPECT_TRUE(ip);
      if (!ip || ip->protocol != protocol) continue;
      Frame found = std::move(*frame);
      waiting_.erase(waiting_.begin(), frame + 1);
      return found;
    }
    waiting_.clear();
    if (!wait_for(link_->descriptor(), POLLIN)) return std::nullopt;
    std::array<Frame, 16> frames;
    const std::size_t count = link_->receive(frames, *pool_, driver::monotonic_now());
    std::move(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(count),
              std::back_inserter(waiting_));
  }
}

std::optional<Segment> TunTest::receive_segment() {
  auto frame = receive(wire::kProtocolTcp);
  if (!frame) return std::nullopt;
  Segment segment;
  segment.frame = *frame;
  segment.ip = *wire::parse_ip(frame->head(), frame->size);
  const Bytes bytes = flat(*frame);
  const std::byte* tcp = bytes.data() + segment.ip.header_size;
  segment.tcp.source_port = load_be<std::uint16_t>(tcp);
  segment.tcp.destination_port = load_be<std::uint16_t>(tcp + 2);
  segment.tcp.seq = SeqNumber(load_be<std::uint32_t>(tcp + 4));
  segment.tcp.ack = SeqNumber(load_be<std::uint32_t>(tcp + 8));
  segment.tcp.flags = load_be<std::uint16_t>(tcp + 12) & 0x1ffU;
  segment.tcp.window = load_be<std::uint16_t>(tcp + 14);
  segment.tcp.checksum = load_be<std::uint16_t>(tcp + 16);
  const std::size_t header = std::size_t{std::to_integer<std::uint8_t>(tcp[12])} / 16 * 4;
  segment.options.assign(tcp + 20, tcp + header);
  segment.payload.assign(tcp + header, bytes.data() + bytes.size());
  return segment;
}

void TunTest::send(Frame frame) {
  std::array<Frame, 1> one{std::move(frame)};
  const std::uint32_t packets = wire_packets(one[0]);
  ASSERT_EQ(link_->take(one), packets);
}

Frame HandMadePeer::syn_ack(const Segment& syn) {
  kernel_port_ = syn.tcp.source_port;
  our_port_ = syn.tcp.destination_port;
  rcv_nxt_ = syn.tcp.seq + 1;
  wire::TcpOptions options;
  options.mss = addresses_.ours.is_v4() ? 1460 : 1440;
  options.window_scale = 7;
  const Frame frame = make(wire::kSyn | wire::kAck, options, {}, 0, snd_nxt_);
  snd_nxt_ += 1;
  return frame;
}

void HandMadePeer::take(const Segment& segment) {
  EXPECT_EQ(segment.tcp.seq, rcv_nxt_);
  rcv_nxt_ += static_cast<std::uint32_t>(segment.payload.size());
}

Frame HandMadePeer::ack() const { return make(wire::kAck, {}, {}, 0, snd_nxt_); }

Frame HandMadePeer::data(const Bytes& payload, std::uint16_t mss) {
  const Frame frame = make(wire::kAck | wire::kPsh, {}, payload, mss, snd_nxt_);
  snd_nxt_ += static_cast<std::uint32_t>(payload.size());
  return frame;
}

Frame HandMadePeer::make(std::uint16_t flags, const wire::TcpOptions& options, const Bytes& payload,
                         std::uint16_t mss, SeqNumber seq) const {
  wire::TcpHeader tcp;
  tcp.source_port = our_port_;
  tcp.destination_port = kernel_port_;
  tcp.seq = seq;
  tcp.ack = rcv_nxt_;
  tcp.flags = flags;
  tcp.window = 0xffff;
  std::array<std::byte, wire::kTcpMaxHeaderSize> header;
  const std::uint32_t header_size = wire::emit_tcp(header, tcp, options);

  wire::IpHeader ip;
  ip.source = addresses_.ours;
  ip.destination = addresses_.kernel;
  ip.protocol = wire::kProtocolTcp;
  ip.payload_size = header_size + static_cast<std::uint32_t>(payload.size());
  tcp.checksum =
      wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size).partial();
  Bytes head(wire::ip_header_size(ip.family()) + header_size);
  const std::uint32_t at = wire::emit_ip(head.data(), ip);
  EXPECT_EQ(wire::emit_tcp(std::span(head).subspan(at), tcp, options), header_size);

  Frame frame;
  frame.append(pool_.copy(head));
  frame.append(pool_.copy(payload));
  frame.checksum = Checksum::partial;
  frame.checksum_start = static_cast<std::uint16_t>(at);
  frame.checksum_offset = wire::kTcpChecksumOffset;
  frame.header_size = static_cast<std::uint16_t>(head.size());
  frame.gso_size = payload.size() > mss ? mss : 0;
  return frame;
}

}  // namespace bowline::interop
