#pragma once

// Segments that nobody's stack has sent: what an attacker, a scanner or a slow reader of the tests
// sends, field by field. Their checksums are vouched for.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline::inline v0::testing {

/// A segment from `from` to `to`; what is not said has its default.
struct Forged {
  Endpoint from;
  Endpoint to;
  std::uint16_t flags = wire::kSyn;
  SeqNumber seq{1'000};
  SeqNumber ack{};
  std::uint16_t window = 65'535;
  wire::TcpOptions options{};
  std::size_t data = 0;  ///< bytes of payload
};

/// The frame of `segment`, in `stack`'s memory.
[[nodiscard]] inline Frame forged_frame(Stack& stack, const Forged& segment) {
  const std::uint32_t ip_size = wire::ip_header_size(segment.from.address.family());
  const std::uint32_t tcp_size = wire::kTcpHeaderSize + wire::options_size(segment.options);
  std::vector<std::byte> bytes(ip_size + tcp_size + segment.data);
  wire::IpHeader ip;
  ip.source = segment.from.address;
  ip.destination = segment.to.address;
  ip.protocol = wire::kProtocolTcp;
  ip.payload_size = tcp_size + static_cast<std::uint32_t>(segment.data);
  wire::emit_ip(bytes.data(), ip);
  wire::TcpHeader tcp;
  tcp.source_port = segment.from.port;
  tcp.destination_port = segment.to.port;
  tcp.seq = segment.seq;
  tcp.ack = segment.ack;
  tcp.flags = segment.flags;
  tcp.window = segment.window;
  EXPECT_EQ(wire::emit_tcp({bytes.data() + ip_size, tcp_size}, tcp, segment.options), tcp_size);
  Frame frame = make_frame(stack.pool(), bytes);
  frame.checksum = Checksum::verified;
  return frame;
}

/// `stack` receives `segment` at `now`.
inline void receive_forged(Stack& stack, const Forged& segment, Time now) {
  Frame frame = forged_frame(stack, segment);
  stack.receive(kInterface, {&frame, 1}, now);
}

/// What `stack` has to send at `now`.
[[nodiscard]] inline std::vector<Frame> sent_by(Stack& stack, Time now) {
  KeepingSink sink;
  static_cast<void>(stack.transmit(kInterface, sink, now));
  return std::move(sink.whole);
}

/// The answer of `stack` to `segment`, if it is one frame.
[[nodiscard]] inline std::optional<wire::TcpView> answer_to(Stack& stack, const Forged& segment,
                                                            Time now) {
  receive_forged(stack, segment, now);
  const std::vector<Frame> sent = sent_by(stack, now);
  if (sent.size() != 1) return std::nullopt;
  return tcp_of(sent.front());
}

}  // namespace bowline::inline v0::testing
