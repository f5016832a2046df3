// The acknowledgment (RFC 9293 section 3.10.7.4 fifth), SACK (RFC 2018, 2883) and the window
// (section 3.8.6).

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bowline/explain/check/checks.hpp"

namespace bowline::inline v0::explain::check {
namespace {

using wire::kAck;
using wire::kFin;
using wire::kRst;
using wire::kSyn;

// A repeat that proved needless: found at the sender, by what the receiver says.
void needless(Step& step, Rule rule, const Sent& record, std::string_view how) {
  step.connection.findings().add(rule, step.other(), step.seen.number, [&] {
    return fmt::format("the segment of packet {} had arrived when it was sent again: {}",
                       record.packet, how);
  });
}

// All that is acknowledged leaves the list, with a round trip from what was sent once (Karn).
void release(Step& step, SeqNumber ack) {
  End& to = step.to;
  while (!to.sent.empty() && at_or_before(to.sent.front().end(), ack)) {
    const Sent& record = to.sent.front();
    if (record.times == 1) {
      if (record.end() == ack) to.round_trips.add(step.seen.time - record.first);
    } else if (const auto& stamps = step.segment().options.timestamps;
               stamps && record.timestamp && record.again_timestamp &&
               stamps->echo == *record.timestamp && *record.timestamp != *record.again_timestamp) {
      needless(step, Rule::spurious_timestamp, record,
               "the acknowledgment echoes the timestamp of the first");
    }
    to.sent.pop_front();
  }
}

// Holes that are acknowledged without having been filled: the capture missed them.
void settle_holes(Step& step, SeqNumber ack) {
  End& to = step.to;
  std::erase_if(to.holes, [&](Hole& hole) {
    if (at_or_after(hole.begin, ack)) return false;
    const SeqNumber end = earliest(hole.end, ack);
    to.counters.missed_bytes += distance(hole.begin, end);
    hole.begin = end;
    return hole.begin == hole.end;
  });
}

void sack(Step& step) {
  const trace::Segment& segment = step.segment();
  const auto blocks = segment.options.sack_blocks();
  if (blocks.empty()) return;
  End& from = step.from;
  End& to = step.to;
  const bool agreed = from.offer.sack && to.offer.sack;
  if (!agreed && from.offer.known && to.offer.known) {
    step.found(Rule::sack_unasked,
               [] { return "SACK blocks, though the handshake did not agree on them"; });
    return;
  }
  const wire::SackBlock& first = blocks.front();
  const bool duplicate = at_or_before(first.right, segment.ack) ||
                         (blocks.size() > 1 && at_or_after(first.left, blocks[1].left) &&
                          at_or_before(first.right, blocks[1].right));
  if (duplicate) {
    step.connection.findings().add(Rule::spurious_dsack, step.other(), step.seen.number, [&] {
      return fmt::format(
          "the receiver reports {} to {} as having come twice: one of the two was "
          "needless, or the network made a copy",
          step.others(first.left), step.others(first.right - 1));
    });
  }
  for (const wire::SackBlock& block : blocks.subspan(duplicate ? 1 : 0)) {
    if (to.snd_nxt && after(block.right, *to.snd_nxt)) {
      step.found(Rule::sack_of_unsent, [&] {
        return fmt::format("its SACK block ends at {}, but its peer has sent nothing beyond {}",
                           step.others(block.right - 1), step.others(*to.snd_nxt - 1));
      });
      continue;
    }
    from.sacked_to = from.sacked_to ? latest(*from.sacked_to, block.right) : block.right;
  }
}

void new_acknowledgment(Step& step) {
  const trace::Segment& segment = step.segment();
  End& from = step.from;
  release(step, segment.ack);
  settle_holes(step, segment.ack);
  from.ack = segment.ack;
  from.duplicate_acks = 0;
  if (from.sacked_to && at_or_before(*from.sacked_to, segment.ack)) from.sacked_to.reset();
  step.to.timeouts_in_a_row = 0;
}

// RFC 5681 section 2: nothing new, nothing else in it, and something is outstanding.
void maybe_duplicate(Step& step) {
  const trace::Segment& segment = step.segment();
  End& from = step.from;
  const bool outstanding = step.to.snd_nxt && after(*step.to.snd_nxt, segment.ack);
  const bool nothing_else = segment.numbers() == 0 && segment.window == from.window_field &&
                            segment.window != 0 && (!from.snd_nxt || segment.seq == *from.snd_nxt);
  if (!outstanding || !nothing_else || from.last_ack != segment.ack) return;
  ++from.duplicate_acks;
  ++from.counters.duplicate_acks;
  step.found(Rule::duplicate_ack, [&] {
    return fmt::format("asks for {} once more: something behind it has come, it has not",
                       step.others(segment.ack));
  });
}

void ends_shut_window(Step& step, std::uint32_t window) {
  End& from = step.from;
  const ShutWindow was = *std::exchange(from.shut, std::nullopt);
  Finding* const known = step.connection.findings().find(Rule::zero_window, step.side);
  const std::string text = fmt::format(
      "its window is shut for {}, until packet {} ({} probes): its program does not read",
      duration_text(step.seen.time - was.since), step.seen.number, was.probes);
  if (known != nullptr && known->packets.front() == was.packet) known->text = text;
  step.found(Rule::window_update, [&] {
    return fmt::format("opens its window again, {} bytes, {} after it was shut", window,
                       duration_text(step.seen.time - was.since));
  });
}

}  // namespace

void acknowledgment(Step& step) {
  const trace::Segment& segment = step.segment();
  if (!segment.has(kAck) || segment.has(kRst)) return;
  End& from = step.from;
  End& to = step.to;
  if (!to.snd_nxt) {
    // Of its numbers nothing has been seen: this is where they are.
    if (!to.start) to.start = segment.ack - 1;
    to.snd_nxt = segment.ack;
  }
  if (after(segment.ack, *to.snd_nxt)) {
    if (to.counters.packets == 0) {
      to.snd_nxt = segment.ack;  // a capture of one direction
    } else if (!from.ack_beyond || after(segment.ack, *from.ack_beyond)) {
      from.ack_beyond = segment.ack;
      from.ack_beyond_packet = step.seen.number;
    }
  }
  sack(step);
  if (!from.ack || after(segment.ack, *from.ack)) {
    new_acknowledgment(step);
  } else if (segment.ack == *from.ack) {
    maybe_duplicate(step);
  }
  from.last_ack = segment.ack;
}

void window(Step& step) {
  const trace::Segment& segment = step.segment();
  if (segment.has(kRst)) return;
  End& from = step.from;
  const bool newest = !from.ack || !segment.has(kAck) || at_or_after(segment.ack, *from.ack);
  const bool reordered =
      from.snd_nxt && before(segment.end(), *from.snd_nxt) && segment.numbers() > 0;
  if (!newest || reordered) return;
  from.window_field = segment.window;
  // A shift counts when both ends offered one, and never in a SYN (RFC 7323 2.2).
  const bool both_known = from.offer.known && step.to.offer.known;
  const bool scaled = from.offer.window_scale && step.to.offer.window_scale;
  if (!segment.has(kSyn) && !both_known) {
    from.window.reset();
  } else {
    const unsigned shift = scaled && !segment.has(kSyn) ? *from.offer.window_scale : 0;
    from.window = static_cast<std::uint32_t>(segment.window) << shift;
  }

  if (segment.window == 0 && (segment.flags & (kSyn | kFin)) == 0) {
    ++from.counters.zero_windows;
    if (!from.shut) {
      from.shut = ShutWindow{step.seen.time, step.seen.number, 0};
      step.found(Rule::zero_window, [] { return "shuts its window: its program does not read"; });
    }
  } else if (segment.window != 0 && from.shut) {
    ends_shut_window(step, from.window.value_or(segment.window));
  }

  if (!from.window || !segment.has(kAck)) return;
  const SeqNumber edge = segment.ack + *from.window;
  const auto& stamps = segment.options.timestamps;
  if (!from.right_edge || after(edge, *from.right_edge)) {
    from.right_edge = edge;
    from.edge_ack = segment.ack;
    from.edge_timestamp.reset();
    if (stamps) from.edge_timestamp = stamps->value;
    return;
  }
  // Only what was sent later can take back: an older one may have been overtaken.
  const bool later = after(segment.ack, from.edge_ack) ||
                     (stamps && from.edge_timestamp &&
                      after(SeqNumber(stamps->value), SeqNumber(*from.edge_timestamp)));
  if (!later) return;
  // Rounding to the scale's unit may move the edge back by less than one.
  const std::uint32_t unit = scaled ? 1U << *from.offer.window_scale : 1U;
  const std::uint32_t back = distance(edge, *from.right_edge);
  if (back < unit || segment.has(kSyn)) return;
  step.found(Rule::window_shrunk, [&] {
    return fmt::format(
        "takes back {} bytes of the window that it had offered (its edge was {}, now "
        "{}): what was on its way there is lost",
        back, step.others(*from.right_edge), step.others(edge));
  });
}

void marks(Step& step) {
  const trace::Segment& segment = step.segment();
  if ((step.seen.tos & wire::kEcnMask) == wire::kEcnCongested) {
    step.found(Rule::congestion_mark, [] {
      return "arrives with a mark that a queue on the path is full: sent on instead of dropped";
    });
  }
  const bool agreed = step.from.offer.ecn && step.to.offer.ecn;
  if (agreed && segment.has(wire::kEce) && !segment.has(kSyn)) {
    step.found(Rule::congestion_echo, [] {
      return "tells its peer that a congestion mark came, until the peer says CWR";
    });
  }
  if (segment.has(wire::kUrg) && segment.length > 0) {
    step.found(Rule::urgent, [&] {
      return fmt::format(
          "marks data as urgent up to {}: it only tells the program, nothing travels "
          "faster; new programs should not use it",
          step.own(segment.seq + segment.urgent - 1));
    });
  }
}

}  // namespace bowline::inline v0::explain::check
