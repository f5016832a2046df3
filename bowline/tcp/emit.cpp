// From a plan to a frame: TCP and IP header written together, the payload by reference, the
// checksum only where the link does not do it (DESIGN section 5).

#include <algorithm>

#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/feedback.hpp"
#include "bowline/tcp/output.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::tcp {
namespace {

// RFC 7413 section 4.2: in the first SYN and SYN-ACK; what repeats them goes without, for there are
// middleboxes that drop what they do not know.
std::optional<wire::FastOpenCookie> fast_open_of_syn(const Connection& c,
                                                     Context& context) noexcept {
  switch (c.fast_open) {
    case FastOpenRole::none:
    case FastOpenRole::sends_bare:
      break;
    case FastOpenRole::asks:
      return context.fast_open.request(c.remote.address);
    case FastOpenRole::sends: {
      const FastOpenCache::Entry* known = context.fast_open.find(c.remote.address);
      if (known != nullptr && known->cookie.size > 0) return known->cookie;
      break;
    }
    case FastOpenRole::accepted:
      if (c.transfer->cookie.size > 0) return c.transfer->cookie;
      break;
  }
  return std::nullopt;
}

wire::TcpOptions options_of_syn(const Connection& c, const Plan& plan, Context& context) noexcept {
  const Offer offer = make_offer(context.settings, c.remote.address.family(), c.path_mtu,
                                 c.options.mss, most_receive_buffer(c.options, context.settings));
  const bool answer = c.state != State::syn_sent;  // a SYN-ACK has only what the SYN had, too
  wire::TcpOptions options;
  options.mss = offer.mss;
  if (answer ? c.window_scaling : offer.window_scaling) options.window_scale = offer.shift;
  options.sack_permitted = answer ? c.sack : offer.sack;
  if (answer ? c.timestamps : offer.timestamps) options.timestamps.emplace();
  if (plan.fresh) options.fast_open = fast_open_of_syn(c, context);
  return options;
}

// RFC 2018 section 4: what waits, the block that came last first. RFC 2883 section 4: before it,
// once, what came twice.
void add_sack_blocks(const Connection& c, wire::TcpOptions& options) noexcept {
  const std::size_t most = c.timestamps ? wire::kMaxSackBlocksWithTimestamps : wire::kMaxSackBlocks;
  std::size_t count = 0;
  if (c.dsack_left != c.dsack_right) options.sack[count++] = {c.dsack_left, c.dsack_right};
  if (c.transfer && c.transfer->received.waiting() > 0) {
    count += c.transfer->received.sack_blocks(c.latest_out_of_order,
                                              std::span(options.sack).subspan(count, most - count));
  }
  options.sack_count = static_cast<std::uint8_t>(count);
}

wire::TcpOptions options_of(const Connection& c, const Plan& plan, Context& context) noexcept {
  const bool syn = (plan.flags & wire::kSyn) != 0;
  wire::TcpOptions options;
  if (syn) {
    options = options_of_syn(c, plan, context);
  } else {
    if (c.timestamps) options.timestamps.emplace();
    if (c.sack) add_sack_blocks(c, options);
    add_feedback_option(c, plan, options);
  }
  if (options.timestamps) {
    options.timestamps->value = timestamp_clock(context.now) + c.ts_offset;
    options.timestamps->echo = c.state == State::syn_sent ? 0 : c.ts_recent;
  }
  return options;
}

// What does not fit goes in the next frame, and with it the end of the data and what stands there.
void shorten(Plan& plan, std::uint32_t data) noexcept {
  plan.data = data;
  plan.fin = false;
  plan.flags &= static_cast<std::uint16_t>(~(wire::kPsh | wire::kFin));
  if (plan.fresh && (plan.flags & wire::kSyn) == 0) plan.why = Reason::send_data;
}

// Options take their room from the data (section 3.7.1, RFC 6691). SND.MSS allows for those that
// are always there; SACK blocks and AccECN come and go.
void make_room_for_options(const Connection& c, wire::TcpOptions& options, Plan& plan) noexcept {
  if ((options.sack_count == 0 && !options.acc_ecn) || plan.data == 0) return;
  const std::uint32_t always = c.timestamps ? wire::kTcpTimestampsSize : 0;
  const std::uint32_t taken = wire::options_size(options) - always;
  if (c.snd_mss < 2 * taken) {  // with so small an MSS the data goes first
    options.sack_count = 0;
    options.acc_ecn.reset();
    return;
  }
  const std::uint32_t room = c.snd_mss - taken;
  if (plan.packet != 0) {
    plan.packet = static_cast<std::uint16_t>(room);
  } else if (plan.data > room) {
    shorten(plan, room);
  }
}

std::uint16_t urgent_pointer(const Connection& c, const Plan& plan) noexcept {
  if ((plan.flags & wire::kUrg) == 0) return 0;
  return static_cast<std::uint16_t>(std::min(distance(plan.seq, c.snd_up), 0xffffU));
}

void fill_checksum(std::span<std::byte> tcp, const Connection& c, const LinkAbility& link,
                   Frame& frame, std::uint32_t tcp_offset) noexcept {
  const auto length = frame.size - tcp_offset;
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(c.local.address, c.remote.address, wire::kProtocolTcp, length);
  std::uint16_t field = 0;
  if (link.transmit_checksum) {
    field = sum.partial();
    frame.checksum = Checksum::partial;
    frame.checksum_start = static_cast<std::uint16_t>(tcp_offset);
    frame.checksum_offset = wire::kTcpChecksumOffset;
  } else {
    sum.add(tcp);
    for (std::size_t i = 1; i < frame.piece_count; ++i) sum.add(frame.pieces[i].bytes());
    field = sum.finish();
    frame.checksum = Checksum::complete;
  }
  store_be<std::uint16_t>(tcp.data() + wire::kTcpChecksumOffset, field);
}

// RFC 3168 section 6.1.4 and 6.1.5: new data alone is ECN-capable. The bits are ours then, whatever
// the application set.
std::uint8_t traffic_class(const Connection& c, const Plan& plan) noexcept {
  if (!c.ecn.active()) return c.options.traffic_class;
  const bool capable = plan.fresh && plan.data > 0 && plan.why != Reason::send_window_probe &&
                       (!c.acc_ecn || c.acc_ecn->ect_allowed());
  const unsigned dscp = c.options.traffic_class & ~unsigned{wire::kEcnMask};
  return static_cast<std::uint8_t>(dscp | (capable ? wire::kEcnCapable0 : wire::kEcnNotCapable));
}

}  // namespace

bool emit(const Connection& c, Plan& plan, const LinkAbility& link, Context& context,
          Frame& frame) noexcept {
  const bool syn = (plan.flags & wire::kSyn) != 0;
  wire::TcpOptions options = options_of(c, plan, context);
  make_room_for_options(c, options, plan);
  plan.acc_ecn_option = options.acc_ecn.has_value();
  const std::uint32_t ip_size = wire::ip_header_size(c.remote.address.family());
  const std::uint32_t tcp_size = wire::kTcpHeaderSize + wire::options_size(options);
  const std::uint32_t tcp_offset = link.header_size + ip_size;
  const std::uint32_t headers = tcp_offset + tcp_size;
  const Buffer head = context.pool.allocate(headers);
  if (!head || !frame.append(head.slice(0, headers))) return false;
  if (plan.data > 0) {
    const std::uint32_t gathered = c.transfer->send.gather(
        distance(c.send_front, plan.seq + (syn ? 1U : 0U)), plan.data, frame);
    if (gathered == 0) return false;
    if (gathered < plan.data) shorten(plan, gathered);  // more pieces than a frame has
  }
  if (plan.packet != 0 && plan.data > plan.packet) {
    frame.gso_size = plan.packet;
    frame.header_size = static_cast<std::uint16_t>(headers);
  }

  wire::TcpHeader tcp;
  tcp.source_port = c.local.port;
  tcp.destination_port = c.remote.port;
  tcp.seq = plan.seq;
  tcp.flags = plan.flags;
  if ((plan.flags & wire::kAck) != 0) tcp.ack = c.rcv_nxt;
  if (!syn) tcp.flags |= feedback_flags(c, plan);
  tcp.window = announce_window(c, context.settings, syn, context.scarce).field;
  tcp.urgent = urgent_pointer(c, plan);

  wire::IpHeader ip;
  ip.source = c.local.address;
  ip.destination = c.remote.address;
  ip.protocol = wire::kProtocolTcp;
  ip.ttl = c.options.hop_limit != 0 ? c.options.hop_limit : 64;
  ip.tos = traffic_class(c, plan);
  ip.payload_size = frame.size - tcp_offset;

  wire::emit_ip(head.data() + link.header_size, ip);
  const std::span<std::byte> tcp_bytes(head.data() + tcp_offset, tcp_size);
  if (options.timestamps && tcp_size == wire::kTcpHeaderSize + wire::kTcpTimestampsSize && !syn) {
    wire::emit_tcp_timestamps(tcp_bytes.data(), tcp, *options.timestamps);
  } else if (tcp_size == wire::kTcpHeaderSize) {
    wire::emit_tcp_plain(tcp_bytes.data(), tcp);
  } else if (wire::emit_tcp(tcp_bytes, tcp, options) == 0) {
    return false;
  }
  fill_checksum(tcp_bytes, c, link, frame, tcp_offset);
  return true;
}

}  // namespace bowline::inline v0::tcp
