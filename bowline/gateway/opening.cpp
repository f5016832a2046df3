// The handshake with the server, in the client's place; and connections that servers begin.

#include <algorithm>
#include <utility>

#include "bowline/gateway/syn_proxy.hpp"
#include "bowline/tcp/secrets.hpp"

namespace bowline::inline v0::gateway {
namespace {

// A window as it stands in a header whose reader shifts by `shift`: rounded down, so that nobody is
// told of room that is not there (RFC 7323 section 2.3).
std::uint16_t window_field(std::uint32_t bytes, std::uint8_t shift) noexcept {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(bytes >> shift, 0xffff));
}

}  // namespace

// ---- to the server ------------------------------------------------------------------------------

/// The client's SYN, as far as the cookie brought it back. Repeats are the same.
void SynProxy::send_syn(const Flow& flow, Reason why) noexcept {
  wire::TcpHeader syn;
  syn.source_port = flow.outside_end.port;
  syn.destination_port = flow.inside_end.port;
  syn.seq = flow.outside.next - 1;
  syn.flags = wire::kSyn;
  syn.window = window_field(flow.outside.window, 0);
  wire::TcpOptions options;
  options.mss = std::min(flow.mss, largest_mss(flow.outside_end.address.family()));
  if (flow.timestamps) options.timestamps = {flow.outside.timestamp, 0};
  options.sack_permitted = flow.sack;
  if (flow.scaling) options.window_scale = flow.outside.shift;
  send(Side::inside,
       make_segment(pool_, flow.outside_end.address, flow.inside_end.address, syn, options), why,
       &flow);
}

void SynProxy::opening_from_outside(std::uint32_t index, const Segment& segment) noexcept {
  const Flow& flow = flows_[index];
  if (segment.has(wire::kRst)) {
    // Nothing but the SYN has been sent, so the one right number is known (RFC 5961 section 3.2).
    if (segment.seq() != flow.outside.next) return drop(Reason::seq_out_of_window);
    reset_server(flow, Reason::gateway_abandoned);
    return forget(index, Reason::gateway_ended);
  }
  const bool again = segment.seq() == flow.outside.next - 1;
  if (segment.has(wire::kSyn)) {
    // The client may have forgotten and begun anew: the answer costs nothing.
    if (segment.has(wire::kAck) || again) return drop(Reason::gateway_not_open);
    return answer_syn(segment);
  }
  if (!segment.has(wire::kAck)) return drop(Reason::no_ack_flag);
  const auto proof = proof_in(segment);
  if (proof && proof->irs + 1 != flow.outside.next) {
    reset_server(flow, Reason::gateway_abandoned);
    forget(index, Reason::gateway_replaced);
    return open_flow(segment, *proof);
  }
  // Its window is shut, so what it says now it says again.
  drop(Reason::gateway_not_open);
}

// ---- the server's answer ------------------------------------------------------------------------

/// RFC 9293 section 3.10.7.3, SYN-SENT, in the client's place.
void SynProxy::opening_from_inside(std::uint32_t index, const Segment& segment) noexcept {
  const Flow& flow = flows_[index];
  const bool acceptable = segment.has(wire::kAck) && segment.ack() == flow.outside.next;
  if (segment.has(wire::kRst)) {
    if (!acceptable) return drop(Reason::rst_bad_ack);
    reset_client(flow, Reason::gateway_refused);
    return forget(index, Reason::gateway_ended);
  }
  if (segment.has(wire::kAck) && !acceptable) {
    // The server still has an old connection of these two ends: this makes an end of it, and the
    // next SYN finds it gone.
    return reset_sender(segment, Reason::send_rst_bad_ack);
  }
  if (!segment.has(wire::kSyn | wire::kAck)) return drop(Reason::gateway_not_open);
  server_answered(index, segment);
}

void SynProxy::server_answered(std::uint32_t index, const Segment& segment) noexcept {
  Flow& flow = flows_[index];
  const wire::TcpOptions& options = segment.tcp.options;
  promises_.learn(
      flow.inside_end,
      {.window_scaling = flow.scaling, .timestamps = flow.timestamps, .sack = flow.sack}, options);
  if (flow.timestamps && !options.timestamps) {
    // The client will pass over all that comes without (RFC 7323 section 3.2).
    reset_server(flow, Reason::gateway_mismatch);
    reset_client(flow, Reason::gateway_mismatch);
    return forget(index, Reason::gateway_ended);
  }
  // Both had it, or neither does it (RFC 7323 section 2.2); the client was told that the server
  // does.
  const bool scales = flow.scaling && options.window_scale.has_value();
  flow.outside.read_shift = scales ? flow.outside.shift : std::uint8_t{0};
  flow.inside.shift = scales ? *options.window_scale : std::uint8_t{0};
  flow.inside_sack = flow.sack && options.sack_permitted;

  flow.initial = segment.seq();
  flow.seq_shift = distance(flow.initial, flow.cookie);
  flow.inside.next = segment.seq() + 1;  // data on it is not passed on: it is repeated
  flow.inside.begin(flow.outside.next, segment.tcp.header.window);
  flow.outside.begin(flow.inside.next, flow.outside.window);
  if (options.timestamps) {
    flow.inside.timestamp = options.timestamps->value;
    // From the clock of the SYN-ACK on, and never behind it: one clock to the client.
    const std::uint32_t ours =
        tcp::timestamp_clock(now_) +
        tcp::timestamp_offset(keys_.timestamp, flow.inside_end, flow.outside_end);
    flow.time_shift = ours - options.timestamps->value;
  }
  flows_.set_state(index, FlowState::established, now_);
  decisions_.make(Reason::gateway_established, decisions_.frame(), flow.number, {});
  send_ack(flow, Side::inside, Reason::gateway_confirm);
  send_ack(flow, Side::outside, Reason::gateway_window_opens);
}

// ---- segments of the gateway's own --------------------------------------------------------------

void SynProxy::send_ack(const Flow& flow, Side to, Reason why) noexcept {
  const bool outwards = to == Side::outside;
  const FlowEnd& speaker = outwards ? flow.inside : flow.outside;
  const FlowEnd& listener = outwards ? flow.outside : flow.inside;
  const Endpoint& source = outwards ? flow.inside_end : flow.outside_end;
  const Endpoint& destination = outwards ? flow.outside_end : flow.inside_end;
  wire::TcpHeader ack;
  ack.source_port = source.port;
  ack.destination_port = destination.port;
  ack.seq = outwards ? speaker.next + flow.seq_shift : speaker.next;
  ack.ack = speaker.acked;
  ack.flags = wire::kAck;
  ack.window = window_field(speaker.window, speaker.read_shift);
  wire::TcpOptions options;
  if (flow.timestamps) {
    options.timestamps = {speaker.timestamp + (outwards ? flow.time_shift : 0), listener.timestamp};
  }
  send(to, make_segment(pool_, source.address, destination.address, ack, options), why, &flow);
}

void SynProxy::reset_client(const Flow& flow, Reason why) noexcept {
  wire::TcpHeader reset;
  reset.source_port = flow.inside_end.port;
  reset.destination_port = flow.outside_end.port;
  reset.seq = flow.cookie + 1;  // the number that the client expects
  reset.ack = flow.outside.next;
  reset.flags = wire::kRst | wire::kAck;
  send(Side::outside,
       make_segment(pool_, flow.inside_end.address, flow.outside_end.address, reset, {}), why,
       &flow);
}

void SynProxy::reset_server(const Flow& flow, Reason why) noexcept {
  wire::TcpHeader reset;
  reset.source_port = flow.outside_end.port;
  reset.destination_port = flow.inside_end.port;
  reset.seq = flow.outside.next;
  reset.flags = wire::kRst;
  send(Side::inside,
       make_segment(pool_, flow.outside_end.address, flow.inside_end.address, reset, {}), why,
       &flow);
}

// ---- connections that servers begin -------------------------------------------------------------

/// They pass as they are. The flow is there so that the answers find their way in.
void SynProxy::begin_outward(const Segment& segment, Frame frame) noexcept {
  if (segment.has(wire::kRst)) return drop(Reason::tcp_reset_ignored);
  if (!segment.has(wire::kSyn) || segment.has(wire::kAck)) {
    drop(Reason::gateway_no_flow);
    return reset_sender(segment, Reason::send_rst_closed);
  }
  if (!make_place()) return drop(Reason::gateway_full);
  Flow flow;
  flow.outside_end = segment.outside();
  flow.inside_end = segment.inside();
  flow.state = FlowState::outward;
  flow.scaling = segment.tcp.options.window_scale.has_value();
  flow.timestamps = segment.tcp.options.timestamps.has_value();
  flow.number = ++flow_count_;
  flow.inside.next = segment.end();
  flow.inside.window = segment.tcp.header.window;
  flow.inside.shift = segment.tcp.options.window_scale.value_or(0);
  flow.outside.acked = segment.seq();  // the SYN itself is in flight
  const std::uint32_t index = flows_.add(flow, now_);
  if (index == kNone) return drop(Reason::no_memory);
  pass(Side::outside, std::move(frame), segment.ip, Reason::gateway_passed, &flows_[index]);
}

void SynProxy::outward(std::uint32_t index, const Segment& segment, Frame frame) noexcept {
  Flow& flow = flows_[index];
  if (segment.from == Side::outside) {
    // A SYN without an ACK never goes inside, nor does a RST that does not answer ours. Of what was
    // sent with the SYN the answer need not take all (RFC 9293 section 3.10.7.3, RFC 7413 4.1.3).
    const bool acceptable = segment.has(wire::kAck) && after(segment.ack(), flow.outside.acked) &&
                            at_or_before(segment.ack(), flow.inside.next);
    if (segment.has(wire::kRst) && !acceptable) return drop(Reason::rst_bad_ack);
    if (segment.has(wire::kSyn) && !segment.has(wire::kAck)) return drop(Reason::gateway_not_open);
    if (segment.has(wire::kRst)) {
      flow.reset_by = Side::outside;
      flows_.set_state(index, FlowState::reset, now_);
    } else if (segment.has(wire::kSyn) && acceptable) {
      const bool scales = flow.scaling && segment.tcp.options.window_scale.has_value();
      flow.inside.shift = flow.inside.read_shift = scales ? flow.inside.shift : std::uint8_t{0};
      flow.outside.shift = flow.outside.read_shift =
          scales ? *segment.tcp.options.window_scale : std::uint8_t{0};
      flow.timestamps = flow.timestamps && segment.tcp.options.timestamps;
      flow.outside.next = segment.end();
      flow.outside.begin(segment.ack(), segment.tcp.header.window);
      flow.inside.begin(segment.seq() + 1, flow.inside.window);
      flows_.set_state(index, FlowState::established, now_);
      decisions_.make(Reason::gateway_established, decisions_.frame(), flow.number, {});
    }
  } else {
    if (segment.has(wire::kSyn) && !segment.has(wire::kAck) &&
        segment.seq() != flow.outside.acked) {  // it gave up, and begins anew
      forget(index, Reason::gateway_replaced);
      return begin_outward(segment, std::move(frame));
    }
    flow.inside.next = latest(flow.inside.next, segment.end());
    flows_.touch(index, now_);
    if (segment.has(wire::kRst)) {
      flow.reset_by = Side::inside;
      flows_.set_state(index, FlowState::reset, now_);
    }
  }
  pass(across(segment.from), std::move(frame), segment.ip, Reason::gateway_passed, &flow);
}

}  // namespace bowline::inline v0::gateway
