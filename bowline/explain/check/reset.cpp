// Resets (RFC 9293 sections 3.5.2 and 3.10.7.4 second, RFC 5961): whether it counts, and what made
// its sender send it.
//
// Where a RST stands tells much. One without ACK whose number is the one that the peer acknowledged
// is a stateless answer: its sender has no such connection. One with ACK at the edge of what its
// sender has sent is an abort by a program or its end.

#include <fmt/format.h>

#include <utility>

#include "bowline/explain/check/checks.hpp"

namespace bowline::inline v0::explain::check {
namespace {

using wire::kAck;
using wire::kRst;
using wire::kSyn;

// A RST that nobody would have sent but as the answer to `peer`'s segment (3.10.7.1).
bool answers(const trace::Segment& reset, const Rung& peer) {
  if ((peer.flags & kAck) != 0) return !reset.has(kAck) && reset.seq == peer.ack;
  return reset.has(kAck) && reset.seq == SeqNumber(0) && reset.ack == peer.end();
}

void cause(Step& step, Rule rule, std::string text) {
  step.connection.set_reset(step.side, rule);
  step.found(rule, [&] { return std::move(text); });
}

// While the connection is being opened.
void opening_reset(Step& step, const Rung* peer) {
  const End& from = step.from;
  const End& to = step.to;
  if (from.opened && peer != nullptr && (peer->flags & (kSyn | kAck)) == (kSyn | kAck)) {
    if (from.isn && peer->ack != *from.isn + 1) {
      cause(step, Rule::reset_unexpected_syn_ack,
            "refuses the SYN-ACK: it acknowledges what was not sent");
    } else {
      cause(
          step, Rule::reset_half_open_entry,
          "resets the SYN-ACK that it asked for: the program gave up meanwhile, or only wanted to "
          "know whether the port is open (a half-open scan)");
    }
  } else if (!from.isn && to.opened) {
    cause(step, Rule::reset_refused,
          fmt::format("refuses the connection: nobody listens at port {} (or a filter says so)",
                      from.endpoint.port));
  } else if (!from.isn && peer != nullptr && (peer->flags & kSyn) != 0) {
    cause(step, Rule::reset_unexpected_syn_ack,
          "answers a SYN-ACK that it did not ask for: an old duplicate SYN, or somebody used its "
          "address");
  } else {
    cause(step, Rule::reset_abort, "gives up while the connection is being opened");
  }
}

// On a connection that had been established.
void established_reset(Step& step, const Rung* peer) {
  const End& from = step.from;
  const End& to = step.to;
  const trace::Segment& segment = step.segment();
  const bool stateless = peer != nullptr && answers(segment, *peer);
  const bool peer_sent_data = peer != nullptr && peer->length > 0;
  if (from.fin && peer_sent_data) {
    cause(step, Rule::reset_after_close,
          "data came after its program had closed: nobody can read it, so the sender is told by a "
          "reset");
  } else if (stateless && from.fin && to.fin) {
    step.found(Rule::reset_after_end,
               [] { return "the connection is over: its sender has forgotten it already"; });
  } else if (stateless && !from.fin) {
    cause(
        step, Rule::reset_half_open,
        from.counters.packets > 1
            ? "knows nothing of this connection any more: its program was killed or its machine "
              "restarted (a half-open connection)"
            : "knows nothing of this connection: it was restarted or had given up long before the "
              "capture (a half-open connection)");
  } else if (from.keepalives_unanswered > 0) {
    cause(step, Rule::reset_keepalive,
          fmt::format("gives the connection up: {} keepalives were not answered",
                      from.keepalives_unanswered));
  } else if (from.timeouts_in_a_row >= 4) {
    cause(step, Rule::reset_gave_up,
          fmt::format("gives the connection up after {} retransmissions that were not answered",
                      from.timeouts_in_a_row));
  } else {
    const bool unread = from.shut || (to.snd_nxt && from.ack && after(*to.snd_nxt, *from.ack));
    cause(step, Rule::reset_abort,
          unread || peer_sent_data
              ? "aborts: its program ended or closed before it had read all that came"
              : "aborts: its program closed without an orderly end (SO_LINGER 0, or killed)");
  }
}

}  // namespace

Verdict reset(Step& step) {
  const trace::Segment& segment = step.segment();
  if (!segment.has(kRst)) return Verdict::go_on;
  Connection& connection = step.connection;
  const Rung* const previous = connection.previous() ? &*connection.previous() : nullptr;
  const Rung* const peer = previous != nullptr && previous->side != step.side ? previous : nullptr;

  if (peer != nullptr && (peer->flags & kRst) != 0 && answers(segment, *peer)) {
    step.found(Rule::reset_answered, [] { return "answers a RST by a RST, which never ends"; });
    return Verdict::pass_over;
  }
  if (connection.resetter() || connection.over()) {
    step.found(Rule::reset_after_end, [] { return "resets what is over already"; });
    step.from.reset = true;
    return connection.over() ? Verdict::pass_over : Verdict::go_on;
  }
  // In the window it is judged by the peer's rcv.nxt, as far as the peer has told it.
  if (connection.established() && step.to.ack && step.to.right_edge) {
    const std::uint32_t room =
        after(*step.to.right_edge, *step.to.ack) ? distance(*step.to.ack, *step.to.right_edge) : 0;
    // What the sender has sent and the peer has not acknowledged yet may have arrived there.
    const bool next = segment.seq == *step.to.ack ||
                      (step.from.snd_nxt && at_or_after(segment.seq, *step.to.ack) &&
                       at_or_before(segment.seq, *step.from.snd_nxt));
    const bool answer = peer != nullptr && answers(segment, *peer);
    if (!next && !answer) {
      const bool inside = in_window(segment.seq, *step.to.ack, room);
      step.found(inside ? Rule::reset_challenged : Rule::reset_blind, [&] {
        return fmt::format(
            "a RST with number {}, while {} is expected: {}", step.own(segment.seq),
            step.own(*step.to.ack),
            inside
                ? "it is in the window but not at its edge, so it is answered by a challenge ACK "
                  "and resets nothing"
                : "it lies outside the window and resets nothing; a guess from outside looks like "
                  "this");
      });
      return Verdict::pass_over;
    }
  }
  if (connection.established()) {
    established_reset(step, peer);
  } else {
    opening_reset(step, peer);
  }
  step.from.reset = true;
  return Verdict::go_on;
}

}  // namespace bowline::inline v0::explain::check
