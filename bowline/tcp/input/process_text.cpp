// RFC 9293 section 3.10.7.4, seventh: process the segment text. And RFC 5681 section 4.2: when to
// acknowledge.

#include <algorithm>

#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/input/input.hpp"

namespace bowline::inline v0::tcp {
namespace {

// The payload that is wanted: from RCV.NXT on, within the window, before the peer's FIN.
struct Wanted {
  SeqNumber first;
  std::uint32_t skip = 0;  // bytes of the payload before it
  std::uint32_t size = 0;
};

Wanted cut_to_window(const Connection& c, const Segment& segment, Context& context) noexcept {
  SeqNumber end = segment.data_seq() + segment.data_size;
  if (after(end, c.rcv_edge)) {
    end = c.rcv_edge;
    decide(c, Reason::text_beyond_window, context);
  }
  if (c.peer_fin_pending && after(end, c.fin_seq_peer)) {
    end = c.fin_seq_peer;
    decide(c, Reason::text_after_fin, context);
  }
  Wanted wanted;
  wanted.first = latest(segment.data_seq(), c.rcv_nxt);
  wanted.skip = distance(segment.data_seq(), wanted.first);
  wanted.size = after(end, wanted.first) ? distance(wanted.first, end) : 0;
  return wanted;
}

Placed place_all(Connection& c, const Segment& segment, const Wanted& wanted,
                 Context& context) noexcept {
  Reassembler& received = c.transfer->received;
  Placed worst = Placed::in_order;
  segment.for_each_payload([&](std::uint32_t offset, Slice slice) {
    const std::uint32_t end = offset + slice.size();
    const std::uint32_t last = wanted.skip + wanted.size;
    if (worst == Placed::refused || end <= wanted.skip || offset >= last) return;
    const std::uint32_t from = std::max(offset, wanted.skip);
    Slice part = slice.part(from - offset, std::min(end, last) - from);
    const std::uint32_t readable = received.readable();
    const Placed placed =
        received.place(segment.data_seq() + from, std::move(part), c.rcv_nxt, context.pool);
    if (placed == Placed::in_order) {
      c.rcv_nxt += received.readable() - readable;
    } else if (worst == Placed::in_order || placed == Placed::refused) {
      worst = placed;
    }
  });
  return worst;
}

// For the experiments: bytes go up in the order in which they come, however often they come.
// RCV.NXT follows the highest number seen, so that the peer is content.
bool take_as_it_comes(Connection& c, const Segment& segment, Context& context) noexcept {
  if (!ensure_transfer(c, context)) return true;
  segment.for_each_payload([&](std::uint32_t, Slice slice) {
    static_cast<void>(
        c.transfer->received.place(c.rcv_nxt, std::move(slice), c.rcv_nxt, context.pool));
  });
  c.bytes_received += segment.data_size;
  c.rcv_nxt = latest(c.rcv_nxt, segment.data_seq() + segment.data_size);
  c.rcv_edge = latest(c.rcv_edge, c.rcv_nxt);
  request_ack(c, Reason::send_ack_immediate);
  if (c.peer_fin_pending && c.rcv_nxt == c.fin_seq_peer) take_fin(c, context);
  return true;
}

// A delay in vain (DESIGN section 5 rule 4) says little about a stream: when full segments follow
// within the time of a delay, the second one will be there to be acknowledged with the first.
bool streams(const Connection& c, const Segment& segment, const Context& context) noexcept {
  return segment.wire_payload() >= c.seen_mss &&
         context.now - c.last_sent_at < context.settings.delayed_ack;
}

// Settings::receive_slow_start: small segments show nothing (tcp_event_data_recv()).
void widen_offer(Connection& c, const Segment& segment) noexcept {
  constexpr std::uint32_t kWorthCounting = 128;
  constexpr std::uint32_t kMost = 1U << 30U;
  if (segment.data_size < kWorthCounting) return;
  c.offers = std::max(c.offers, 0xffffU);
  c.offers += std::min(std::max(2U * c.rcv_mss, 2U * segment.data_size), kMost - c.offers);
}

}  // namespace

void schedule_ack(Connection& c, const Segment& segment, Context& context) noexcept {
  const Settings& settings = context.settings;
  // The peer's full segment is what it has shown to be one, between the default MSS and what we
  // announced.
  const std::uint32_t least = std::min<std::uint32_t>(context.settings.mss_default_v4, c.rcv_mss);
  const std::uint32_t seen = std::clamp<std::uint32_t>(segment.wire_payload(), least, c.rcv_mss);
  c.seen_mss = static_cast<std::uint16_t>(std::max<std::uint32_t>(c.seen_mss, seen));
  if (c.cold && streams(c, segment, context)) c.cold = false;
  const bool second = context.settings.quick_acks > 0 ? c.unacked_bytes > c.seen_mss
                                                      : c.unacked_bytes >= 2U * c.seen_mss;
  if (c.last_data_at == Time{}) start_quick_acks(c, context.settings);
  c.last_data_at = context.now;
  if (second) {
    request_ack(c, Reason::send_ack_second_segment);  // SHLD-19
  } else if (settings.quick_acks > 0 ? c.quick_acks > 0 && !c.answers : c.options.quick_ack) {
    request_ack(c, Reason::send_ack_immediate);
  } else if (c.cold && context.settings.cold_ack_at_once) {
    request_ack(c, Reason::send_ack_cold);
  } else if (!c.timers.is_set(Timer::delayed_ack)) {
    c.timers.set(Timer::delayed_ack, context.now + context.settings.delayed_ack);
  }
}

void start_quick_acks(Connection& c, const Settings& settings) noexcept {
  if (settings.quick_acks == 0) return;
  // As many as half of the window is worth: beyond it the peer's window is open anyway.
  const std::uint32_t worth = c.rcv_wnd() / (2U * std::max<std::uint32_t>(c.seen_mss, 1));
  c.quick_acks = static_cast<std::uint8_t>(
      std::clamp<std::uint32_t>(worth, 2, std::max<std::uint32_t>(settings.quick_acks, 2)));
  c.answers = false;
}

void note_duplicate(Connection& c, SeqNumber left, SeqNumber right) noexcept {
  right = earliest(right, c.rcv_nxt);
  if (!c.sack || !before(left, right)) return;
  c.dsack_left = left;
  c.dsack_right = right;
}

bool process_text(Connection& c, const Segment& segment, Context& context) noexcept {
  if (segment.data_size == 0) return true;
  const bool on_syn = c.fast_open == FastOpenRole::accepted && c.state == State::syn_received;
  if (c.state != State::established && c.state != State::fin_wait_1 &&
      c.state != State::fin_wait_2 && !on_syn) {
    decide(c, Reason::text_in_closing, context);
    return true;
  }
  if (context.settings.ablation.without(Mechanism::sequence_numbers)) {
    return take_as_it_comes(c, segment, context);
  }
  const Wanted wanted = cut_to_window(c, segment, context);
  if (wanted.size == 0) {
    // Beyond a shut window, or before RCV.NXT after all: say where we stand.
    request_ack(c, Reason::send_ack_unacceptable);
    start_quick_acks(c, context.settings);
    return true;
  }
  if (c.orphan) {
    // Nobody will read it, and the peer must learn so (section 3.6.1, SHLD-3).
    context.replies.reply(reset_for(segment, Reason::send_rst_after_close));
    end(c, EndReason::aborted, Reason::state_abort, context);
    return false;
  }
  // (What is already in the frame takes no more, but it would stay until somebody reads it.)
  if (!context.pool.has_room_for_payload(0) || !ensure_transfer(c, context)) {
    decide(c, Reason::no_memory, context);
    return true;
  }
  Reassembler& received = c.transfer->received;
  if (wanted.skip > 0) note_duplicate(c, segment.data_seq(), wanted.first);
  const SeqNumber expected = c.rcv_nxt;
  const bool had_hole = received.waiting() > 0;
  const Placed placed = place_all(c, segment, wanted, context);
  c.rcv_nxt += received.advance(c.rcv_nxt);

  const std::uint32_t in_order = distance(expected, c.rcv_nxt);
  c.unacked_bytes += in_order;
  c.bytes_received += in_order;
  if (c.read_closed) received.clear_readable();  // shutdown(receive): acknowledged and thrown away
  if (placed == Placed::refused) decide(c, Reason::reassembly_full, context);
  if (placed == Placed::out_of_order) {
    c.latest_out_of_order = wanted.first;
    ++c.tally.out_of_order;
  }
  if (placed == Placed::duplicate && c.sack) {
    // All of it waits already: RFC 2883 section 4 reports that as well, before the block around it.
    c.dsack_left = wanted.first;
    c.dsack_right = wanted.first + wanted.size;
    c.latest_out_of_order = wanted.first;
  }
  if (placed != Placed::in_order || had_hole) {
    // RFC 5681 section 4.2: at once, and one for each: the peer counts them.
    constexpr std::uint8_t kWorthCounting = 3;
    if (c.ack_now && placed == Placed::out_of_order && c.extra_acks < kWorthCounting)
      ++c.extra_acks;
    request_ack(c, Reason::send_ack_out_of_order);
  } else {
    schedule_ack(c, segment, context);
  }
  if (!on_syn) widen_offer(c, segment);
  if (in_order > 0) measure_arrival(c, segment, context);
  if (c.peer_fin_pending && c.rcv_nxt == c.fin_seq_peer) take_fin(c, context);
  return true;
}

}  // namespace bowline::inline v0::tcp
