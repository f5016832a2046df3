// What holds for every segment that a Stack emits, whatever the script is about.

#include <fmt/format.h>

#include <algorithm>

#include "tests/support/script.hpp"

namespace bowline::test {
namespace {

/// Header and options of a segment that is not a SYN never exceed this, so neither may data plus it
/// exceed what the MSS option stands for.
std::uint32_t effective_mss(const SentPacket& packet, std::uint16_t announced, Family family) {
  // RFC 9293 3.7.1 MUST-15, RFC 6691: the default, and options count against it.
  const std::uint32_t mss = announced != 0 ? announced : family == Family::ipv4 ? 536 : 1'220;
  const std::uint32_t options = packet.tcp->header_size - wire::kTcpHeaderSize;
  return mss > options ? mss - options : 1;
}

}  // namespace

/// Notes the first rule that `packet` breaks; the script fails at its next step.
void Script::check_invariants(const SentPacket& packet) {
  const auto broken = [&](std::string what) {
    if (broken_rule_.empty()) {
      broken_rule_ =
          fmt::format("a rule that always holds is broken: {}\n  by  {}", what, print(packet));
    }
  };
  if (!packet.defect.empty()) return broken(packet.defect);
  if (packet.bytes.size() > mtu) return broken("larger than the MTU of the link");
  if (!packet.tcp) return;
  const wire::TcpHeader& header = packet.tcp->header;
  const wire::TcpOptions& options = packet.tcp->options;
  Peer* to = peer_of(packet);
  if (to == nullptr) return;

  const bool syn = header.has(wire::kSyn);
  const bool rst = header.has(wire::kRst);
  // RFC 9293 3.1: after the first SYN every segment has ACK, but for a RST (3.5.2).
  if (!syn && !rst && !header.has(wire::kAck)) return broken("no ACK flag (RFC 9293 3.1)");
  if (syn && rst) return broken("SYN and RST together");
  if (!header.has(wire::kAck) && header.ack != SeqNumber(0)) {
    return broken("an acknowledgment number without ACK");
  }
  if (!header.has(wire::kUrg) && header.urgent != 0) return broken("an urgent pointer without URG");
  if (!syn && (options.mss || options.window_scale || options.sack_permitted)) {
    return broken("an option of SYNs on another segment (RFC 9293 3.2, RFC 7323 2.2, RFC 2018 2)");
  }
  // RFC 7323 3.2: once both have offered them, on every segment but a RST; else never.
  const bool timestamps = to->offered_timestamps_ && to->we_offered_timestamps_;
  if (!syn && !rst && timestamps && !options.timestamps) {
    return broken("timestamps were agreed on and are missing (RFC 7323 3.2)");
  }
  if (!syn && !timestamps && options.timestamps) {
    return broken("timestamps that were not agreed on (RFC 7323 3.2)");
  }
  if (!syn && packet.tcp->payload_size > effective_mss(packet, to->mss_, variant_.family)) {
    return broken("more data than the peer's MSS admits (RFC 9293 3.7.1 MUST-16)");
  }

  // RFC 9293 3.8.6 SHLD-14: the right edge of our window never moves to the left.
  if (header.has(wire::kAck) && !rst) {
    const std::uint8_t shift = syn || !to->offered_scaling_ ? 0 : to->our_shift_;
    const SeqNumber edge = header.ack + (std::uint32_t{header.window} << shift);
    // A window below the scale's grain is rounded down; that much is not a shrinking (RFC
    // 7323 2.4).
    const std::uint32_t grain = (1U << shift) - 1;
    if (to->right_edge_ && before(edge + grain, *to->right_edge_)) {
      return broken(fmt::format("our window shrinks by {} bytes (RFC 9293 3.8.6 SHLD-14)",
                                *to->right_edge_ - edge));
    }
    to->right_edge_ = to->right_edge_ ? latest(*to->right_edge_, edge) : edge;
  }

  if (!rst) {
    if (std::string wrong = check_payload(packet, *to); !wrong.empty()) broken(std::move(wrong));
  }
}

/// Is the payload what the application wrote, at its place in the stream?
std::string Script::check_payload(const SentPacket& packet, const Peer& to) const {
  const std::span<const std::byte> payload = packet.payload();
  if (payload.empty() || !to.our_iss_) return {};
  const wire::TcpHeader& header = packet.tcp->header;
  const std::uint32_t skip = header.has(wire::kSyn) ? 1 : 0;
  const std::uint32_t relative = distance(*to.our_iss_, header.seq) + skip;
  for (const auto& [port, bytes] : written_) {
    if (port != to.port_) continue;
    // A keepalive probe may carry one octet of garbage just below SND.UNA (RFC 9293 3.8.4).
    if (payload.size() == 1 && relative - 1 >= bytes.size()) return {};
    if (relative == 0 || relative - 1 + payload.size() > bytes.size()) {
      return "bytes that the application has not written";
    }
    if (!std::equal(payload.begin(), payload.end(), bytes.begin() + (relative - 1))) {
      return "not the bytes that the application wrote there";
    }
    return {};
  }
  return payload.size() == 1 ? std::string() : "bytes, though the application has written none";
}

}  // namespace bowline::test
