#pragma once

// For the Stack's own tests: two stacks and what lies between them, in virtual time.
//
// The left one (10.0.0.1, fd00::1) is the one under test; time stands still unless a test lets it
// pass. Whoever wants to look at what was sent, hold it back or lose it puts a Sink of its own in
// between.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "bowline/stack/stack.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::testing {

inline constexpr InterfaceId kInterface{0};
inline constexpr std::uint16_t kPort = 80;

[[nodiscard]] inline IpAddress left_address() { return IpAddress::v4(0x0a000001); }
[[nodiscard]] inline IpAddress right_address() { return IpAddress::v4(0x0a000002); }

/// Takes frames, so many packets at most, and keeps them.
class KeepingSink final : public FrameSink {
 public:
  explicit KeepingSink(std::size_t most = ~std::size_t{0}) : left_(most) {}
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
    std::size_t taken = 0;
    for (Frame& frame : frames) {
      const std::size_t packets = wire_packets(frame);
      const std::size_t mine = std::min(packets, left_);
      if (mine == 0) break;
      taken += mine;
      left_ -= mine;
      if (mine < packets) {
        partial.emplace_back(frame, mine);
        break;
      }
      whole.push_back(std::move(frame));
    }
    return taken;
  }
  std::vector<Frame> whole;
  /// A frame of which only the first packets were taken, and how many.
  std::vector<std::pair<Frame, std::size_t>> partial;

 private:
  std::size_t left_;
};

/// The TCP header of a frame that a Stack has sent.
[[nodiscard]] inline wire::TcpView tcp_of(const Frame& frame) {
  const auto ip = wire::parse_ip(frame.head(), frame.size, wire::HeaderChecksum::trust);
  EXPECT_TRUE(ip.has_value());
  if (!ip) return {};
  const auto tcp = wire::parse_tcp(frame.head().subspan(ip->header_size), ip->payload_size);
  EXPECT_TRUE(tcp.has_value());
  return tcp ? *tcp : wire::TcpView{};
}

/// A SYN as somebody else would send it, with this window and no options; its checksum is vouched
/// for.
[[nodiscard]] inline Frame syn_frame(Stack& stack, const Endpoint& from, const Endpoint& to,
                                     std::uint16_t window) {
  std::array<std::byte, wire::kIpv4HeaderSize + wire::kTcpHeaderSize> bytes{};
  wire::IpHeader ip;
  ip.source = from.address;
  ip.destination = to.address;
  ip.protocol = wire::kProtocolTcp;
  ip.payload_size = wire::kTcpHeaderSize;
  wire::emit_ip(bytes.data(), ip);
  wire::TcpHeader tcp;
  tcp.source_port = from.port;
  tcp.destination_port = to.port;
  tcp.seq = SeqNumber(1'000);
  tcp.flags = wire::kSyn;
  tcp.window = window;
  wire::emit_tcp_plain(bytes.data() + wire::kIpv4HeaderSize, tcp);
  Frame frame = make_frame(stack.pool(), bytes);
  frame.checksum = Checksum::verified;
  return frame;
}

/// The byte at `offset` of what the tests send.
[[nodiscard]] constexpr std::byte byte_at(std::uint64_t offset) {
  return static_cast<std::byte>((offset * 0x9e3779b97f4a7c15 + 1) >> 56);
}
[[nodiscard]] inline std::vector<std::byte> bytes_from(std::uint64_t offset, std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = byte_at(offset + i);
  return bytes;
}

/// A configuration with a seed of its own.
[[nodiscard]] inline StackConfig config_with_seed(std::uint64_t seed) {
  StackConfig config;
  config.seed = {seed, seed + 1, seed + 2, seed + 3};
  return config;
}

/// A Stack at `address` with one interface; nothing when memory runs out.
[[nodiscard]] inline std::optional<Stack> make_stack(const StackConfig& config,
                                                     const IpAddress& address,
                                                     std::uint32_t max_gso = 0) {
  auto stack = Stack::create(config);
  if (!stack) return std::nullopt;
  InterfaceConfig interface;
  interface.link.max_gso = max_gso;
  if (!stack->add_interface(interface)) return std::nullopt;
  if (!stack->add_address(kInterface, {address, 24})) return std::nullopt;
  return std::move(*stack);
}

/// Two stacks and a cable that loses what it is told to.
class TwoStacks {
 public:
  explicit TwoStacks(const StackConfig& left_config = config_with_seed(1),
                     const StackConfig& right_config = config_with_seed(9),
                     std::uint32_t max_gso = 0)
      : left(std::move(*make_stack(left_config, left_address(), max_gso))),
        right(std::move(*make_stack(right_config, right_address(), max_gso))) {}

  /// Carries frames to and fro until both are silent.
  void exchange() {
    for (int i = 0; i < 10'000; ++i) {
      if (carry(left, right, to_right) + carry(right, left, to_left) == 0) return;
    }
    ADD_FAILURE() << "the stacks do not fall silent";
  }
  /// Carries what `from` has to say now; returns the frames sent.
  std::size_t carry(Stack& from, Stack& to, const std::function<bool(const Frame&)>& passes) {
    KeepingSink sink;
    static_cast<void>(from.transmit(kInterface, sink, now));
    std::erase_if(sink.whole, [&](const Frame& frame) { return passes && !passes(frame); });
    const std::size_t count = sink.whole.size();
    // What left is offered to the other side in batches of one, so that each is a case of its own.
    for (Frame& frame : sink.whole) to.receive(kInterface, {&frame, 1}, now);
    return count;
  }
  /// Lets time pass, stopping wherever something is due.
  void pass(Duration time) {
    const Time end = now + time;
    exchange();
    for (int i = 0; i < 100'000; ++i) {
      const Time next = std::min(left.next_deadline(), right.next_deadline());
      if (next > end) break;
      now = std::max(now, next);
      left.advance(now);
      right.advance(now);
      exchange();
    }
    now = end;
    left.advance(now);
    right.advance(now);
    exchange();
  }
  /// The right one listens and the left one connects; afterwards `client` and `server` are the two
  /// ends.
  void establish(const tcp::SocketOptions& options = {}) {
    if (!listener) listen();
    ConnectOptions connect;
    connect.remote = {right_address(), kPort};
    connect.socket = options;
    const auto opened = left.connect(connect, now);
    ASSERT_TRUE(opened) << opened.error().message();
    client = *opened;
    exchange();
    const auto accepted = right.accept(*listener, now);
    ASSERT_TRUE(accepted) << accepted.error().message();
    server = *accepted;
  }
  void listen(std::uint32_t backlog = 128) {
    ListenOptions options;
    options.local = {IpAddress::any(Family::ipv4), kPort};
    options.backlog = backlog;
    const auto opened = right.listen(options, now);
    ASSERT_TRUE(opened) << opened.error().message();
    listener = *opened;
  }
  [[nodiscard]] tcp::State client_state() const { return state_of(left, client); }
  [[nodiscard]] tcp::State server_state() const { return state_of(right, server); }
  [[nodiscard]] static tcp::State state_of(const Stack& stack, Handle socket) {
    const auto view = stack.inspect(socket);
    return view ? view->state : tcp::State::closed;
  }

  Time now{1h};
  Stack left;
  Stack right;
  std::optional<Handle> listener;
  Handle client;
  Handle server;
  /// Says which frames get through; nothing: all.
  std::function<bool(const Frame&)> to_right, to_left;
};

/// Drains poll_ready().
inline std::vector<Ready> all_ready(Stack& stack) {
  std::vector<Ready> all;
  while (const auto ready = stack.poll_ready()) all.push_back(*ready);
  return all;
}

}  // namespace bowline::inline v0::testing
