// The handshake (RFC 9293 section 3.5), and flags that belong to none of it.

#include <fmt/format.h>

#include "bowline/explain/check/checks.hpp"
#include "bowline/trace/line.hpp"

namespace bowline::inline v0::explain::check {
namespace {

using wire::kAck;
using wire::kFin;
using wire::kRst;
using wire::kSyn;

void take_offer(Step& step) {
  const wire::TcpOptions& options = step.segment().options;
  Offer& offer = step.from.offer;
  offer.known = step.seen.options_known;
  offer.mss = options.mss;
  offer.window_scale = options.window_scale;
  offer.sack = options.sack_permitted;
  offer.timestamps = options.timestamps.has_value();
  // RFC 3168 6.1.1: a SYN asks with ECE and CWR, a SYN-ACK agrees with ECE alone.
  offer.ecn =
      step.segment().has(wire::kEce) && step.segment().has(wire::kCwr) != step.segment().has(kAck);
  // RFC 9768 table 2: AccECN is asked for by all three flags, and agreed to by one of four
  // combinations.
  const bool ae = step.segment().has(wire::kAe);
  const bool cwr = step.segment().has(wire::kCwr);
  const bool ece = step.segment().has(wire::kEce);
  offer.acc_ecn = step.segment().has(kAck) ? (ae ? !ece : cwr) : ae && cwr && ece;
  if (options.window_scale_clamped) {
    step.found(Rule::window_scale_large,
               [] { return "offers a window scale above 14, which its peer takes as 14"; });
  }
}

void begin(Step& step) {
  End& from = step.from;
  const trace::Segment& segment = step.segment();
  from.isn = from.start = segment.seq;
  from.snd_nxt = segment.end();
  from.fin.reset();
  from.holes.clear();
  from.sent.clear();
  from.first_syn = from.last_syn = step.seen.time;
  from.syns = 1;
  take_offer(step);
  if (segment.length > 0) {
    step.found(Rule::data_in_syn, [&] {
      return fmt::format(
          "{} bytes of data in the SYN: legal, held back until the connection is established",
          segment.length);
    });
  }
}

void repeat(Step& step) {
  End& from = step.from;
  const Duration since = step.seen.time - from.last_syn;
  from.last_syn = step.seen.time;
  ++from.syns;
  ++from.counters.again_segments;
  // Which of the two an acknowledgment answers is not known: no round trip from it (Karn).
  for (Sent& each : from.sent) each.times = static_cast<std::uint16_t>(each.times + 1);
  step.connection.rung().again = true;
  step.connection.mark_lost(step.side, step.segment().seq);
  const bool ack = step.segment().has(kAck);
  step.found(ack ? Rule::syn_ack_again : Rule::syn_again, [&] {
    return fmt::format(
        "sends {} again, {} after the last one: {}", range_text(step), duration_text(since),
        ack ? "the ACK that completes the handshake has not come" : "no answer has come");
  });
}

Verdict syn_amid(Step& step) {
  step.found(Rule::late_syn, [&] {
    return fmt::format(
        "a SYN with ISN {} amid the connection: an old duplicate, a restarted peer or a blind "
        "guess; "
        "it is answered by a challenge ACK and changes nothing",
        step.segment().seq.raw());
  });
  Observed copy = step.seen;
  copy.payload = {};
  copy.comments = {};
  step.connection.set_late_syn(copy);
  return Verdict::pass_over;
}

Verdict syn(Step& step) {
  End& from = step.from;
  Connection& connection = step.connection;
  if (connection.established()) {
    if (from.isn == step.segment().seq) {
      repeat(step);
      return Verdict::pass_over;
    }
    return syn_amid(step);
  }
  if (!from.isn) {
    begin(step);
    from.opened = true;
    if (step.to.opened) {
      step.found(Rule::simultaneous_open, [] {
        return "a SYN that crosses the other end's: both open at once, and it is one connection";
      });
    }
    return Verdict::go_on;
  }
  if (*from.isn == step.segment().seq) {
    repeat(step);
    return Verdict::go_on;
  }
  step.found(Rule::syn_isn_changed, [&] {
    return fmt::format(
        "the SYN has ISN {} now, {} before: a repeated SYN keeps its number until the attempt is "
        "over",
        step.segment().seq.raw(), from.isn->raw());
  });
  begin(step);
  return Verdict::go_on;
}

Verdict syn_ack(Step& step) {
  End& from = step.from;
  const trace::Segment& segment = step.segment();
  if (step.to.isn && segment.ack != *step.to.isn + 1) {
    if (step.to.snd_nxt && after(segment.ack, *step.to.isn) &&
        at_or_before(segment.ack, *step.to.snd_nxt)) {
      // Data in the SYN, acknowledged with it.
    } else {
      step.found(Rule::syn_ack_wrong, [&] {
        return fmt::format(
            "its SYN-ACK acknowledges {}, but the SYN had ISN {}, so {} is expected: an old "
            "duplicate "
            "or a forgery; the right answer is a RST",
            segment.ack.raw(), step.to.isn->raw(), (*step.to.isn + 1).raw());
      });
      return Verdict::pass_over;
    }
  }
  if (!from.isn) {
    begin(step);
  } else if (*from.isn == segment.seq) {
    if (from.opened && from.syns == 1 && step.to.opened) {
      ++from.syns;  // simultaneous open: the SYN was bare, this is its acknowledging form
    } else {
      repeat(step);
    }
  } else {
    return step.connection.established() ? syn_amid(step) : [&] {
      step.found(Rule::syn_isn_changed, [&] {
        return fmt::format("the SYN-ACK has ISN {} now, {} before", segment.seq.raw(),
                           from.isn->raw());
      });
      begin(step);
      return Verdict::go_on;
    }();
  }
  return Verdict::go_on;
}

}  // namespace

Verdict flags(Step& step) {
  const std::uint16_t control = step.segment().flags & (kFin | kSyn | kRst | kAck);
  const bool two_of_a_kind = (step.segment().has(kSyn) && (control & (kFin | kRst)) != 0) ||
                             (control & (kFin | kRst)) == (kFin | kRst);
  const bool fin_alone = control == kFin;
  const bool none = control == 0;
  if (!two_of_a_kind && !fin_alone && !none) return Verdict::go_on;
  // Data without the ACK flag is a fault of its own; without data it is a scanner's probe.
  if (none && step.segment().length > 0) return Verdict::go_on;
  step.found(Rule::illegal_flags, [&] {
    return fmt::format("flags [{}]: no stack sends that; scanners do",
                       trace::flag_letters(step.segment().flags));
  });
  return Verdict::pass_over;
}

Verdict opening(Step& step) {
  Connection& connection = step.connection;
  const trace::Segment& segment = step.segment();
  if (segment.has(kSyn)) return segment.has(kAck) ? syn_ack(step) : syn(step);
  if (segment.has(kRst)) return Verdict::go_on;
  if (!segment.has(kAck)) {
    step.found(Rule::ack_flag_missing, [] {
      return "no ACK flag: every segment after the first SYN has it; the receiver drops this one";
    });
    return Verdict::pass_over;
  }
  if (!connection.established() && step.to.isn && after(segment.ack, *step.to.isn) &&
      step.from.isn) {
    connection.set_established();
    connection.set_handshake_acked(step.seen);
  }
  return Verdict::go_on;
}

}  // namespace bowline::inline v0::explain::check
