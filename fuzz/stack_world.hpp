#pragma once

// A Stack for fuzz targets: two addresses, a listener, a UDP socket, small limits. And what must
// hold of it after every step, whatever came in.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/stack/stack.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {

/// Takes input apart; after its end everything reads as 0.
class Input {
 public:
  explicit Input(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(bytes_[0]);
    bytes_ = bytes_.subspan(1);
    return value;
  }
  std::uint16_t word() {
    const std::uint16_t high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }
  std::span<const std::byte> take(std::size_t count) {
    const auto taken = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::byte> bytes_;
};

/// Takes so many packets of what it is offered and keeps a copy of each frame's bytes.
class CollectingSink final : public FrameSink {
 public:
  explicit CollectingSink(std::size_t most) : left_(most) {}
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
    std::size_t taken = 0;
    for (const Frame& frame : frames) {
      const std::size_t packets = wire_packets(frame);
      const std::size_t mine = std::min(packets, left_);
      if (mine == 0) break;
      keep(frame, mine);
      taken += mine;
      left_ -= mine;
      if (mine < packets) break;
    }
    // Whoever offers without end to a link that takes everything is stuck.
    require(taken_total_ < 200'000);
    taken_total_ += taken;
    return taken;
  }
  [[nodiscard]] const std::vector<std::vector<std::byte>>& frames() const { return frames_; }

 private:
  void keep(const Frame& frame, std::size_t packets) {
    std::vector<std::byte> bytes(frame.size);
    require(frame.copy_to(0, bytes));
    require(frame.checksum == Checksum::complete || frame.checksum == Checksum::partial);
    if (packets < wire_packets(frame)) {  // the link cuts it, and says so in the IPv4 header
      bytes.resize(frame.header_size + packets * frame.gso_size);
      store_be<std::uint16_t>(bytes.data() + 2, static_cast<std::uint16_t>(bytes.size()));
    }
    frames_.push_back(std::move(bytes));
  }
  std::size_t left_;
  std::size_t taken_total_ = 0;
  std::vector<std::vector<std::byte>> frames_;
};

inline constexpr std::uint16_t kListenPort = 80;
inline constexpr std::uint16_t kUdpPort = 53;

/// What fuzzed stacks may hold: small, so that bounds are reached.
[[nodiscard]] inline StackConfig small_config() {
  StackConfig config;
  config.seed = {1, 2, 3, 4};
  config.limits.connections = 6;
  config.limits.listeners = 2;
  config.limits.udp_sockets = 2;
  config.limits.half_open = 4;
  config.limits.orphans = 2;
  config.limits.time_wait = 3;
  config.limits.replies = 8;
  config.limits.reassembly_ranges = 8;
  config.limits.reassembly_bytes = 256U << 10;
  config.limits.sent_ranges = 24;
  config.limits.buffer_bytes = 8U << 20;
  config.tcp.send_buffer = 128U << 10;
  config.tcp.receive_buffer = 128U << 10;
  return config;
}

[[nodiscard]] inline IpAddress ours() { return IpAddress::v4(0x0a000001); }
[[nodiscard]] inline IpAddress theirs() { return IpAddress::v4(0x0a000002); }

/// A Stack with an interface of `mtu` bytes that has 10.0.0.1/24 and fd00::1/64.
[[nodiscard]] inline Stack make_stack(const StackConfig& config, std::uint32_t max_gso,
                                      bool transmit_checksum = false) {
  auto stack = Stack::create(config);
  require(stack.has_value());
  InterfaceConfig interface;
  interface.link.max_gso = max_gso;
  interface.link.transmit_checksum = transmit_checksum;
  const auto id = stack->add_interface(interface);
  require(id.has_value());
  require(stack->add_address(*id, {ours(), 24}).has_value());
  require(stack->add_address(*id, {*IpAddress::parse("fd00::1"), 64}).has_value());
  return std::move(*stack);
}

/// Bounds are kept, and time does not stand still.
inline void check(const Stack& stack) {
  const StackUsage usage = stack.usage();
  const Limits& limits = stack.config().limits;
  require(usage.connections <= limits.connections);
  require(usage.half_open <= limits.half_open);
  require(usage.time_wait <= limits.time_wait);
  require(usage.orphans <= limits.orphans);
  require(usage.listeners <= limits.listeners);
  require(usage.udp_sockets <= limits.udp_sockets);
  require(usage.buffer_bytes <= limits.buffer_bytes);
}

/// Lets time pass; afterwards nothing may be due any more.
inline void advance(Stack& stack, Time now) {
  stack.advance(now);
  require(stack.next_deadline() > now);
}

/// Everything that stands in a view of a connection must fit together.
inline void check_views(const Stack& stack) {
  stack.for_each_connection(
      [](void*, const ConnectionView& view) {
        require(at_or_before(view.snd_una, view.snd_nxt));
        require(view.in_flight == distance(view.snd_una, view.snd_nxt));
        require(view.unsent <= view.send_queue);
        require(view.state == tcp::State::closed || view.ended == EndReason::none ||
                view.state == tcp::State::time_wait);
        require(view.rcv_wnd <= (1U << 30));
      },
      nullptr);
}

}  // namespace bowline::fuzz
