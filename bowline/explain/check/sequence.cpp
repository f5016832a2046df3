// Data and FIN (RFC 9293 section 3.10.7.4 first, seventh, eighth): what is new, what was sent
// before and why, what came out of order, what lies where it must not.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bowline/explain/check/checks.hpp"

namespace bowline::inline v0::explain::check {
namespace {

using wire::kFin;
using wire::kRst;
using wire::kSyn;

// Without a measured round trip, segments this close together have overtaken one another; later
// ones were sent again. (The same threshold as Wireshark's.)
constexpr Duration kReordering = 3ms;
// Nobody waits less for a timeout; a tail loss probe comes earlier.
constexpr Duration kShortestTimeout = 190ms;
// A number so far from what is expected belongs to no window: the largest is 2^30.
constexpr std::int32_t kFarAway = 1 << 30;

// FNV-1a in words: only told from other data of the same length, by nobody who wants to cheat.
std::uint64_t hash_of(std::span<const std::byte> bytes) noexcept {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  while (bytes.size() >= 8) {
    hash = (hash ^ load_be<std::uint64_t>(bytes.data())) * 0x0000'0100'0000'01b3;
    hash ^= hash >> 29U;
    bytes = bytes.subspan(8);
  }
  for (const std::byte each : bytes) {
    hash = (hash ^ std::to_integer<std::uint64_t>(each)) * 0x0000'0100'0000'01b3;
  }
  return hash == 0 ? 1 : hash;
}

bool everything_acknowledged(const Step& step) {
  return step.to.ack && step.from.snd_nxt && at_or_after(*step.to.ack, *step.from.snd_nxt);
}

// Old bytes that ask whether the other end is still there (3.8.4), or whether its window is still
// shut (3.8.6.1; Linux asks with an old number as well).
bool probe(Step& step) {
  const trace::Segment& segment = step.segment();
  End& from = step.from;
  if ((segment.flags & (kSyn | kFin | kRst)) != 0 || segment.length > 1 || !from.snd_nxt)
    return false;
  const bool old = segment.seq + 1 == *from.snd_nxt && everything_acknowledged(step);
  const bool next = segment.length == 1 && segment.seq == *from.snd_nxt;
  const bool again = segment.length == 1 && segment.seq + 1 == *from.snd_nxt;
  if (step.to.shut && (old || next || again)) {
    ++step.to.shut->probes;
    step.found(Rule::window_probe, [&] {
      return fmt::format("asks whether the window is still shut, {} after it was",
                         duration_text(step.seen.time - step.to.shut->since));
    });
    if (next) from.snd_nxt = segment.end();
    return true;
  }
  if (!old) return false;
  ++from.keepalives_unanswered;
  step.found(Rule::keepalive, [] {
    return "asks whether the other end is still there, with a number that it has acknowledged "
           "already";
  });
  return true;
}

void beyond_window(Step& step) {
  const trace::Segment& segment = step.segment();
  if (!step.to.right_edge || !step.to.window || segment.length == 0) return;
  const SeqNumber end = segment.seq + segment.length;
  if (end == *step.to.right_edge && !segment.has(kSyn)) {
    step.found(Rule::window_full, [&] {
      return fmt::format(
          "fills the peer's window to its last byte ({} bytes): the reader is slower "
          "than the sender",
          *step.to.window);
    });
  }
  if (!after(end, *step.to.right_edge)) return;
  step.found(Rule::beyond_window, [&] {
    return fmt::format(
        "sends up to {}, {} bytes past the edge {} of the window that the peer offered",
        step.own(end - 1), distance(*step.to.right_edge, end), step.own(*step.to.right_edge));
  });
}

// Numbers that were passed over before and are seen now. The part of them that was missing.
std::optional<Hole> fill_hole(End& from, SeqNumber begin, SeqNumber end) {
  for (std::size_t i = 0; i < from.holes.size(); ++i) {
    Hole& hole = from.holes[i];
    if (at_or_after(begin, hole.end) || at_or_before(end, hole.begin)) continue;
    const Hole was = hole;
    const bool left = after(begin, hole.begin);
    const bool right = before(end, hole.end);
    if (left && right) {
      const Hole rest{end, hole.end, hole.since, hole.timestamp};
      hole.end = begin;
      from.holes.push_back(rest);  // one in, one out of the bound: it was one hole before
    } else if (left) {
      hole.end = begin;
    } else if (right) {
      hole.begin = end;
    } else {
      from.holes.erase(from.holes.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return was;
  }
  return std::nullopt;
}

// Was it sent after what passed it over, so that it is a repeat? Timestamps tell; without them, or
// when they are equal, time does: a repeat comes a round trip after the receiver asked for it, so
// never sooner than that; what the handshake took is a little more. Where the receiver has not
// asked three times, nothing was repeated.
bool is_repeat(const Step& step, const Hole& hole) {
  const auto& stamps = step.segment().options.timestamps;
  if (stamps && hole.timestamp && stamps->value != *hole.timestamp) {
    return after(SeqNumber(stamps->value), SeqNumber(*hole.timestamp));
  }
  Duration threshold = kReordering;
  if (const auto handshake = step.connection.handshake_time()) {
    threshold = step.to.duplicate_acks >= 3 ? *handshake / 2 : *handshake * 3 / 4;
  }
  return step.seen.time - hole.since >= std::max(threshold, Duration(1));
}

void came_late(Step& step, const Hole& hole) {
  End& from = step.from;
  const Duration late = step.seen.time - hole.since;
  if (!is_repeat(step, hole)) {
    ++from.counters.out_of_order;
    step.found(Rule::out_of_order, [&] {
      return fmt::format("{} come {} after what follows them: overtaken on the way",
                         range_text(step), duration_text(late));
    });
    return;
  }
  ++from.counters.again_segments;
  from.counters.again_bytes += step.segment().length;
  step.connection.rung().again = true;
  step.found(Rule::lost_upstream, [&] {
    return fmt::format(
        "{} come {} after what follows them: sent again, the first was lost before it "
        "was captured",
        range_text(step), duration_text(late));
  });
}

// Why was it sent again?
Rule reason(const Step& step, const Sent* record) {
  const trace::Segment& segment = step.segment();
  const End& to = step.to;
  if (to.ack && at_or_before(segment.end(), *to.ack)) return Rule::spurious;
  const bool sacked_above = to.sacked_to && after(*to.sacked_to, segment.end());
  if (to.duplicate_acks >= 3 || sacked_above) return Rule::fast_retransmission;
  const bool last = segment.end() == *step.from.snd_nxt;
  const bool first = to.ack && at_or_before(segment.seq, *to.ack);
  const bool early = record != nullptr && step.seen.time - record->last < kShortestTimeout;
  if (last && (early || !first)) return Rule::tail_probe;
  return Rule::timeout;
}

std::string why(Rule rule) {
  switch (rule) {
    case Rule::fast_retransmission:
      return "the receiver asked for them by repeating its acknowledgment";
    case Rule::tail_probe:
      return "nothing was heard of the last segment, and a probe finds a loss sooner than a "
             "timeout";
    case Rule::spurious:
      return "they had been acknowledged, but the sender did not know yet";
    default:
      return "no acknowledgment came in time";
  }
}

void sent_again(Step& step) {
  End& from = step.from;
  const trace::Segment& segment = step.segment();
  // The latest record that has the first of its numbers.
  const auto found = std::find_if(from.sent.rbegin(), from.sent.rend(), [&](const Sent& each) {
    return in_window(segment.seq, each.seq, each.numbers);
  });
  Sent* const record = found == from.sent.rend() ? nullptr : &*found;
  const Rule rule = reason(step, record);
  ++from.counters.again_segments;
  from.counters.again_bytes += segment.length;
  step.connection.rung().again = true;
  if (rule == Rule::timeout) ++from.timeouts_in_a_row;
  if (rule != Rule::spurious) step.connection.mark_lost(step.side, segment.seq);
  step.found(rule, [&] {
    std::string text = fmt::format("sends {} again", range_text(step));
    if (record != nullptr) {
      text += fmt::format(", {} after packet {}", duration_text(step.seen.time - record->last),
                          record->packet);
    }
    return text + ": " + why(rule);
  });
  if (record == nullptr) return;
  if (record->hash != 0 && !step.seen.payload.empty() && record->seq == segment.seq &&
      record->numbers == segment.numbers() && record->hash != hash_of(step.seen.payload)) {
    step.found(Rule::data_changed, [&] {
      return fmt::format(
          "{} are other bytes than in packet {}: what a number stands for never "
          "changes; somebody on the path has meddled, or the stack is broken",
          range_text(step), record->packet);
    });
  }
  record->last = step.seen.time;
  ++record->times;
  if (segment.options.timestamps) record->again_timestamp = segment.options.timestamps->value;
}

void remember(Step& step, SeqNumber begin) {
  End& from = step.from;
  const trace::Segment& segment = step.segment();
  if (from.sent.size() == step.connection.settings().bounds.sent) from.sent.pop_front();
  Sent& record = from.sent.emplace_back();
  record.seq = begin;
  record.numbers = distance(begin, segment.end());
  record.first = record.last = step.seen.time;
  record.packet = step.seen.number;
  if (begin == segment.seq && !step.seen.payload.empty()) record.hash = hash_of(step.seen.payload);
  if (segment.options.timestamps) record.timestamp = segment.options.timestamps->value;
}

void fin(Step& step) {
  End& from = step.from;
  const trace::Segment& segment = step.segment();
  const SeqNumber end = segment.seq + segment.length;
  if (from.fin && after(end, *from.fin)) {
    step.found(Rule::after_fin, [&] {
      return fmt::format("sends up to {} after its FIN at {}: the FIN was to be the last",
                         step.own(end - 1), step.own(*from.fin));
    });
  }
  if (!segment.has(kFin)) return;
  if (from.fin && *from.fin != end) {
    step.found(Rule::fin_moved, [&] {
      return fmt::format("its FIN has number {} now, {} before", step.own(end),
                         step.own(*from.fin));
    });
    return;
  }
  if (!from.fin && step.to.fin && at_or_before(segment.ack, *step.to.fin)) {
    step.found(Rule::simultaneous_close, [] {
      return "a FIN that crosses the other end's: both close at once, by way of CLOSING";
    });
  }
  from.fin = end;
  step.connection.set_first_fin(step.side);
}

void gap_before(Step& step) {
  End& from = step.from;
  const trace::Segment& segment = step.segment();
  const std::uint32_t missing = distance(*from.snd_nxt, segment.seq);
  step.found(Rule::gap, [&] {
    return fmt::format(
        "{} bytes in front of it have not been seen: lost before the capture, late, or "
        "missed by the capture",
        missing);
  });
  if (from.holes.size() < step.connection.settings().bounds.holes) {
    Hole& hole = from.holes.emplace_back(Hole{*from.snd_nxt, segment.seq, step.seen.time, {}});
    if (segment.options.timestamps) hole.timestamp = segment.options.timestamps->value;
  }
}

// The other end acknowledged more than had been seen: where this segment goes on tells whether it
// had been sent.
void settle_ack_beyond(Step& step) {
  End& to = step.to;
  if (!to.ack_beyond || !step.from.snd_nxt) return;
  const SeqNumber beyond = *std::exchange(to.ack_beyond, std::nullopt);
  if (at_or_after(step.segment().seq, beyond)) {
    const std::uint32_t missing = distance(*step.from.snd_nxt, beyond);
    step.from.counters.missed_bytes += missing;
    step.from.snd_nxt = beyond;
    return;
  }
  const std::uint64_t packet = to.ack_beyond_packet;
  step.connection.findings().add(Rule::ack_of_unsent, step.other(), packet, [&] {
    return fmt::format(
        "acknowledges {}, but its peer had sent nothing beyond {}: the peer answers "
        "with an ACK and drops it",
        step.own(beyond), step.own(*step.from.snd_nxt - 1));
  });
}

}  // namespace

Verdict sequence(Step& step) {
  End& from = step.from;
  const trace::Segment& segment = step.segment();
  if (!from.snd_nxt) {
    // Amid the stream, or behind a SYN that was not captured.
    if (!from.start) from.start = segment.seq - 1;
    from.snd_nxt = segment.seq;
  }
  settle_ack_beyond(step);
  if (probe(step)) return Verdict::go_on;
  const std::int32_t offset = segment.seq - *from.snd_nxt;
  if (offset > kFarAway || offset < -kFarAway) {
    step.found(Rule::stray, [&] {
      return fmt::format(
          "number {} lies far outside the window: it belongs to no such connection; "
          "the receiver answers with an ACK and drops it",
          segment.seq.raw());
    });
    return Verdict::pass_over;
  }
  if (segment.numbers() == 0) return Verdict::go_on;
  from.counters.bytes += segment.length;
  from.counters.largest = std::max(from.counters.largest, segment.length);
  if (segment.has(kSyn)) {
    if (!step.connection.rung().again) remember(step, segment.seq);
    return Verdict::go_on;
  }
  beyond_window(step);
  fin(step);
  if (offset > 0) gap_before(step);
  const bool anything_new = after(segment.end(), *from.snd_nxt);
  if (offset < 0) {
    const SeqNumber old_end = earliest(segment.end(), *from.snd_nxt);
    if (const auto hole = fill_hole(from, segment.seq, old_end)) {
      came_late(step, *hole);
      from.counters.new_bytes += segment.length;
      return Verdict::go_on;
    }
    sent_again(step);
  }
  if (anything_new) {
    const SeqNumber begin = latest(segment.seq, *from.snd_nxt);
    const std::uint32_t numbers = distance(begin, segment.end());
    from.counters.new_bytes += numbers - (segment.has(kFin) ? 1U : 0U);
    remember(step, begin);
    from.snd_nxt = segment.end();
  }
  return Verdict::go_on;
}

}  // namespace bowline::inline v0::explain::check
