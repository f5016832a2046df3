// What comes by either link, what is due, and what leaves.

#include "bowline/gateway/syn_proxy.hpp"

#include <algorithm>
#include <utility>

#include "bowline/base/limits.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/transport_checksum.hpp"

namespace bowline::inline v0::gateway {
namespace {

// May a packet between these two go from one link to another? (RFC 1812 sections 5.3.7 and 4.2.3.1,
// RFC 4291 section 2.5.6, RFC 3927 section 7)
bool may_cross(const wire::IpHeader& ip) noexcept {
  for (const IpAddress* address : {&ip.source, &ip.destination}) {
    if (address->is_unspecified() || address->is_loopback() || address->is_multicast() ||
        address->is_link_local() || address->is_limited_broadcast()) {
      return false;
    }
  }
  return true;
}

// Bytes of the largest packet that the frame is on a wire.
std::uint32_t wire_size(const Frame& frame, const wire::IpHeader& ip) noexcept {
  if (frame.gso_size == 0) return ip.total_size();
  return std::min(ip.total_size(), std::uint32_t{frame.header_size} + frame.gso_size);
}

// What ip::ReplyLimit is to know of a gateway's bounds.
Limits reply_limits(const Config& config) noexcept {
  Limits limits;
  limits.stateless_replies_per_second = config.replies_per_second;
  limits.source_prefix_v4 = config.source_prefix_v4;
  limits.source_prefix_v6 = config.source_prefix_v6;
  return limits;
}

}  // namespace

// As tcp::Secrets does it: no key tells anything of another.
SynProxy::Keys::Keys(const std::array<std::uint64_t, 4>& seed) noexcept {
  const auto word = [&seed](std::uint64_t purpose) {
    return siphash24({seed[0], seed[1]}, std::array<std::uint64_t, 3>{purpose, seed[2], seed[3]});
  };
  cookie = {word(0), word(1)};
  timestamp = {word(2), word(3)};
  table = {word(4), word(5)};
  replies = {word(6), word(7)};
}

SynProxy::SynProxy(const Config& config, BufferPool& pool, Output& output) noexcept
    : config_(config),
      keys_(config.seed),
      cookies_(keys_.cookie),
      pool_(pool),
      output_(output),
      flows_(pool.memory(), keys_.table, config),
      sources_(pool.memory(), keys_.table, config),
      promises_(keys_.table, config),
      replies_(reply_limits(config), keys_.replies) {
  config_.syn_repeats = std::min(config.syn_repeats, kMostSynRepeats);
  config_.window_shift = std::min(config.window_shift, wire::kMaxWindowScale);
}

Usage SynProxy::usage() const noexcept {
  Usage usage = flows_.usage();
  usage.sources = sources_.size();
  return usage;
}

// ---- what comes ---------------------------------------------------------------------------------

void SynProxy::receive(Side from, Frame frame, Time now) noexcept {
  now_ = now;
  decisions_.begin(now, frame.id);
  // Of what its sender has left undone a link says that it is sound, and where the pseudo-header's
  // sum stands (os/virtio.hpp): for whoever sends it on, it is undone still.
  if (frame.checksum == Checksum::verified && frame.checksum_offset != 0) {
    frame.checksum = Checksum::partial;
  }
  const auto ip = wire::parse_ip(frame.head(), frame.size);
  if (!ip) return drop(ip.error());
  trim(frame, ip->total_size());
  if (!may_cross(*ip)) return drop(Reason::gateway_not_forwarded);
  // Said to nobody: a reply to so short a packet would be longer than it.
  if (ip->ttl <= 1) return drop(Reason::gateway_hop_limit);
  const std::uint32_t mtu = mtu_[index(across(from))];
  if (wire_size(frame, *ip) > mtu) {
    drop(Reason::gateway_too_big);
    return tell_too_big(from, frame, *ip, mtu);
  }
  if (ip->protocol == wire::kProtocolTcp) return receive_tcp(from, std::move(frame), *ip);
  if (ip->protocol == wire::kProtocolIcmp || ip->protocol == wire::kProtocolIcmpV6) {
    return receive_icmp(from, std::move(frame), *ip);
  }
  if (config_.tcp_only) return drop(Reason::gateway_not_forwarded);
  pass(across(from), std::move(frame), *ip, Reason::gateway_passed);
}

void SynProxy::receive_tcp(Side from, Frame frame, const wire::IpHeader& ip) noexcept {
  if (ip.is_fragment()) return drop(Reason::gateway_fragment);
  const auto tcp = wire::parse_tcp(frame.head().subspan(ip.header_size), ip.payload_size);
  if (!tcp) return drop(tcp.error());
  const wire::TcpHeader& header = tcp->header;
  if (header.source_port == 0 || header.destination_port == 0) return drop(Reason::tcp_port_zero);
  if (header.has(wire::kSyn) && (header.flags & (wire::kFin | wire::kRst)) != 0) {
    return drop(Reason::tcp_bad_flags);
  }
  if (ip.source == ip.destination) return drop(Reason::tcp_self_connect);  // LAND
  if (!wire::transport_checksum_is_right(frame, ip, ip.payload_size))
    return drop(Reason::tcp_bad_checksum);
  const Segment segment{.from = from,
                        .source = {ip.source, header.source_port},
                        .destination = {ip.destination, header.destination_port},
                        .ip = ip,
                        .tcp = *tcp};

  const std::uint32_t flow = flows_.find(segment.outside(), segment.inside());
  if (flow == kNone) {
    if (from == Side::outside) return meet_stranger(segment);
    return begin_outward(segment, std::move(frame));
  }
  switch (flows_[flow].state) {
    case FlowState::opening:
      if (from == Side::outside) return opening_from_outside(flow, segment);
      return opening_from_inside(flow, segment);
    case FlowState::outward:
      return outward(flow, segment, std::move(frame));
    default:
      return pass_on(flow, segment, std::move(frame));
  }
}

// ---- what is due --------------------------------------------------------------------------------

void SynProxy::advance(Time now) noexcept {
  now_ = now;
  decisions_.begin(now, FrameId::none);
  for (;;) {
    const std::uint32_t flow = flows_.expired(now);
    if (flow == kNone) return;
    time_out(flow);
  }
}

void SynProxy::time_out(std::uint32_t index) noexcept {
  const Flow& flow = flows_[index];
  if (flow.state != FlowState::opening) return forget(index, Reason::gateway_forgotten);
  if (flow.attempts < config_.syn_repeats) {
    flows_.repeated(index, now_);
    return send_syn(flow, Reason::retransmit_syn);
  }
  reset_client(flow, Reason::send_rst_timeout);
  forget(index, Reason::gateway_ended);
}

void SynProxy::forget(std::uint32_t index, Reason why) noexcept {
  const Flow& flow = flows_[index];
  decisions_.make(why, decisions_.frame(), flow.number, {});
  sources_.release(flow.source);
  flows_.remove(index);
}

bool SynProxy::make_place() noexcept {
  if (!flows_.full()) return true;
  const std::uint32_t victim = flows_.least_wanted(now_);
  if (victim == kNone) return false;
  forget(victim, Reason::gateway_evicted);
  return true;
}

// ---- what leaves --------------------------------------------------------------------------------

bool SynProxy::send(Side to, Frame frame, Reason why, const Flow* flow) noexcept {
  if (frame.size == 0) {
    drop(Reason::no_memory);
    return false;
  }
  frame.id = FrameId{++frame_count_};
  decisions_.make(why, frame.id, flow == nullptr ? 0 : flow->number, {});
  output_.send(to, std::move(frame));
  return true;
}

void SynProxy::pass(Side to, Frame frame, const wire::IpHeader& ip, Reason why,
                    const Flow* flow) noexcept {
  const std::span<std::byte> head = writable_head(frame, ip.header_size, pool_);
  if (head.empty()) return drop(Reason::no_memory);
  count_down(head, ip);
  if (frame.checksum != Checksum::partial) frame.checksum = Checksum::complete;
  send(to, std::move(frame), why, flow);
}

/// The RST that answers what belongs to nothing (RFC 9293 section 3.10.7.1): no longer than that
/// was, and not more often than the limit allows.
void SynProxy::reset_sender(const Segment& segment, Reason why) noexcept {
  if (segment.has(wire::kRst)) return;
  if (!replies_.allow(segment.source.address, now_)) return drop(Reason::gateway_reply_withheld);
  wire::TcpHeader reset;
  reset.source_port = segment.destination.port;
  reset.destination_port = segment.source.port;
  reset.flags = wire::kRst;
  if (segment.has(wire::kAck)) {
    reset.seq = segment.ack();
  } else {
    reset.flags |= wire::kAck;
    reset.ack = segment.end();
  }
  send(segment.from,
       make_segment(pool_, segment.destination.address, segment.source.address, reset, {}), why);
}

std::uint16_t SynProxy::largest_mss(Family family) const noexcept {
  const std::uint32_t headers = wire::ip_header_size(family) + wire::kTcpHeaderSize;
  const std::uint32_t mtu = std::min(mtu_[0], mtu_[1]);
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(mtu - std::min(mtu, headers), 0xffff));
}

}  // namespace bowline::inline v0::gateway
