// Frames in: judged by IP, looked up, given to the engine (DESIGN section 5: at most 7 hops).
//
// A batch goes through three passes, so that the memory that the last one needs is on its way while
// the first two work: parse and hash all, look all up, then process each in order.

#include <algorithm>

#include "bowline/stack/core.hpp"
#include "bowline/tcp/input/input.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/transport_checksum.hpp"

namespace bowline::inline v0 {
namespace {

constexpr std::size_t kBatch = 16;

struct Arrived {
  tcp::Segment segment;
  std::uint32_t found = 0;  // by the second pass; what came before it in the batch may change that
  bool repeats = false;     // for the same connection as the one before it: no need to look again
};

using Arrivals = InlineVector<Arrived, kBatch>;

bool same_tuple(const tcp::Segment& a, const tcp::Segment& b) noexcept {
  return a.local == b.local && a.remote == b.remote;
}

// The one in front of `arrived` in the batch; null for the first.
const Arrived* preceding(Arrivals& batch, const Arrived& arrived) noexcept {
  return &arrived == batch.begin() ? nullptr : &arrived - 1;
}

// Nobody else has our address, and the loopback network is inside of a host alone (RFC 1122
// section 3.2.1.3 (g)). A packet from either has come by a link that hands us our own, which has an
// address of that network, or is forged, and what answers it would go round in circles.
bool is_forged_source(const IpAddress& source, InterfaceId interface,
                      std::span<const ip::LocalAddress> addresses) noexcept {
  bool loops = false;
  bool ours = false;
  for (const ip::LocalAddress& each : addresses) {
    if (each.interface != interface || !each.usable()) continue;
    loops = loops || each.cidr.address.is_loopback();
    ours = ours || each.cidr.address == source;
  }
  return !loops && (ours || source.is_loopback());
}

// Fills `segment` from `frame`, or says why it is dropped.
std::optional<Reason> parse_segment(Frame& frame, const ip::Packet& ip, InterfaceId interface,
                                    Time now, tcp::Ablation ablation,
                                    tcp::Segment& segment) noexcept {
  if (ip.cast != ip::Cast::unicast) return Reason::tcp_multicast;  // MUST-57
  const std::span<const std::byte> head = frame.head();
  if (head.size() < ip.header_size) return Reason::tcp_truncated;
  const auto tcp = wire::parse_tcp(head.subspan(ip.header_size), ip.payload_size);
  if (!tcp) return tcp.error();
  if (!wire::transport_checksum_is_right(frame, ip, ip.payload_size) &&
      !ablation.without(tcp::Mechanism::checksum)) {
    return Reason::tcp_bad_checksum;
  }
  if (tcp->header.source_port == 0 || tcp->header.destination_port == 0)
    return Reason::tcp_port_zero;
  segment.local = {ip.destination, tcp->header.destination_port};
  segment.remote = {ip.source, tcp->header.source_port};
  if (segment.local == segment.remote) return Reason::tcp_self_connect;  // LAND
  segment.interface = interface;
  segment.seq = tcp->header.seq;
  segment.ack = tcp->header.ack;
  segment.flags = tcp->header.flags;
  segment.window = tcp->header.window;
  segment.urgent = tcp->header.urgent;
  segment.ecn = ip.tos & wire::kEcnMask;
  segment.data_size = tcp->payload_size;
  segment.options = tcp->options;
  segment.frame = &frame;
  segment.payload_offset = ip.header_size + tcp->header_size;
  segment.arrival = std::min(frame.arrival, now);
  return std::nullopt;
}

}  // namespace

void Stack::Core::receive(InterfaceId interface, std::span<Frame> frames) noexcept {
  if (!interfaces.live(static_cast<std::uint32_t>(interface))) {
    decisions.make(Reason::interface_unknown);
    return;
  }
  while (!frames.empty()) {
    const std::size_t size = std::min(frames.size(), kBatch);
    receive_batch(interface, frames.first(size));
    frames = frames.subspan(size);
  }
  decisions.begin(now, FrameId::none);
}

void Stack::Core::receive_batch(InterfaceId interface, std::span<Frame> frames) noexcept {
  const bool takes_foreign = interfaces[static_cast<std::uint32_t>(interface)].takes_foreign != 0;
  Arrivals arrived;
  FloodBatch flood;
  for (Frame& frame : frames) {
    if (frame.id == FrameId::none) frame.id = new_frame_id();
    decisions.begin(now, frame.id);
    const Framing framing = interface_of(interface).is_ethernet()
                                ? receive_ethernet(frame, interface)
                                : Framing::for_us;
    if (framing == Framing::handled) continue;
    if (now < flood_until && framing == Framing::for_us && answer_flood(frame, interface, flood)) {
      continue;
    }
    auto ip = ip::accept(frame, local_addresses(), takes_foreign);
    if (ip && is_forged_source(ip->source, interface, local_addresses())) {
      ip = std::unexpected(Reason::ip_bad_source);
    }
    if (ip && ip->is_fragment()) {
      if (!reassemble(frame, *ip, interface)) continue;
      ip = ip::accept(frame, local_addresses(), takes_foreign);
    }
    if (!ip) {
      decisions.make(ip.error());
    } else if (framing == Framing::for_group && ip->cast == ip::Cast::unicast) {
      decisions.make(Reason::ethernet_group_for_one);
    } else if (ip->protocol != wire::kProtocolTcp) {
      receive_other(frame, *ip, interface);
    } else if (Arrived& next = arrived.emplace_back();
               const auto why =
                   parse_segment(frame, *ip, interface, now, config.tcp.ablation, next.segment)) {
      decisions.make(*why);
      arrived.pop_back();
    } else {
      const Arrived* previous = preceding(arrived, next);
      next.repeats = previous != nullptr && same_tuple(previous->segment, next.segment);
      tcp::Segment& segment = next.segment;
      segment.flow = next.repeats ? previous->segment.flow : hash(segment.local, segment.remote);
      if (!next.repeats) tuples.prefetch(segment.flow);
    }
  }

  for (Arrived& next : arrived) {
    if (next.repeats) {
      next.found = preceding(arrived, next)->found;
      continue;
    }
    next.found = find_tuple(next.segment);
    if (next.found != kNone && kind_of(next.found) == Kind::connection) {
      connections.prefetch(index_of(next.found));
    }
  }

  // The connections that were touched are settled when the batch is over, so that one ACK answers
  // all of it.
  std::array<std::uint32_t, kBatch> touched{};
  std::size_t touched_count = 0;
  for (const Arrived& next : arrived) {
    decisions.begin(now, next.segment.frame->id);
    const std::uint32_t found =
        is_still(next.found, next.segment) ? next.found : find_tuple(next.segment);
    const std::uint32_t index = receive_segment(next.segment, found);
    if (index == kNone) continue;
    tcp::Connection& c = connections[index];
    if (!c.touched) touched[touched_count++] = index;
    c.touched = true;
    // What is over must be gone before the next segment looks for it.
    if (c.state == tcp::State::closed) leave_table(c, index);
  }
  for (const std::uint32_t index : std::span(touched).first(touched_count)) {
    // A SYN of the same batch may have put an end to its TIME-WAIT.
    if (!connections.live(index)) continue;
    connections[index].touched = false;
    note_progress(connections[index]);
    settle(index);
  }
}

void Stack::Core::receive_other(Frame& frame, const ip::Packet& ip,
                                InterfaceId interface) noexcept {
  const std::uint8_t icmp = ip.source.is_v4() ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
  if (ip.protocol == wire::kProtocolUdp) {
    receive_udp(frame, ip, interface);
  } else if (ip.cast != ip::Cast::unicast) {
    // No answer to what was broadcast (RFC 1122 sections 3.2.2 and 3.2.2.6; "smurf").
    decisions.make(Reason::ip_not_ours);
  } else if (ip.protocol == icmp) {
    receive_icmp(frame, ip, interface);
  } else {
    decisions.make(Reason::ip_unknown_protocol);
    send_unreachable(frame, ip, wire::IcmpKind::protocol_unreachable, interface);
  }
}

bool Stack::Core::is_still(std::uint32_t found, const tcp::Segment& segment) const noexcept {
  if (found == kNone || kind_of(found) != Kind::connection) return false;
  if (!connections.live(index_of(found))) return false;
  const tcp::Connection& c = connections[index_of(found)];
  return c.in_table && c.local == segment.local && c.remote == segment.remote;
}

std::uint32_t Stack::Core::receive_segment(const tcp::Segment& segment,
                                           std::uint32_t found) noexcept {
  if (found == kNone) {
    receive_stray(segment);
    return kNone;
  }
  const std::uint32_t index = index_of(found);
  switch (kind_of(found)) {
    case Kind::syn_entry:
      return meet_syn_entry(index, segment);
    case Kind::time_wait:
      meet_time_wait(index, segment);
      return kNone;
    case Kind::connection:
      break;
  }
  tcp::Connection& c = connections[index];
  if (c.state == tcp::State::time_wait && reopen_time_wait(tcp::view_of(c), found, segment)) {
    return kNone;
  }
  tcp::Context ctx = context();
  tcp::input(c, segment, ctx);
  return index;
}

void Stack::Core::receive_stray(const tcp::Segment& segment) noexcept {
  const std::uint32_t listener = find_listener(segment.local, segment.flow);
  if (listener != kNone) return meet_listener(listener, segment, std::nullopt);
  // CLOSED (RFC 9293 section 3.10.7.1): a RST gets no answer, everything else gets a RST.
  if (segment.rst()) {
    decisions.make(Reason::tcp_reset_ignored);
    return;
  }
  note_probe(segment, segment.flags);
  reset_stray(segment, Reason::send_rst_closed);
}

void Stack::Core::reset_stray(const tcp::Segment& segment, Reason why) noexcept {
  if (segment.syn() && segment.has_ack() &&
      config.tcp.ablation.without(tcp::Mechanism::syn_ack_refusal)) {
    return;
  }
  if (!reply_limit.allow(segment.remote.address, now)) {
    decisions.make(Reason::icmp_rate_limited);
    return;
  }
  reply(tcp::reset_for(segment, why));
}

}  // namespace bowline::inline v0
