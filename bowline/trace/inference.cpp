#include "bowline/trace/inference.hpp"

#include <fmt/format.h>

#include <array>

#include "bowline/trace/sentence.hpp"
#include "bowline/trace/state_inference.hpp"

namespace bowline::inline v0::trace {
namespace {

using tcp::State;

// The first thing that an end sends tells where it began.
std::optional<State> start_of(const Ladder& ladder, Side side) {
  for (const LadderEvent& event : ladder.events) {
    if (!event.segment || event.side != side) continue;
    const Segment& first = *event.segment;
    if (first.has(wire::kSyn)) return first.has(wire::kAck) ? State::listen : State::closed;
    if (first.has(wire::kRst)) return State::closed;
    return State::established;
  }
  return std::nullopt;
}

std::size_t index(Side side) { return side == Side::left ? 0 : 1; }

// What is known of each end while a ladder is read from top to bottom.
struct Progress {
  bool opened = false;               // it has sent a SYN without ACK
  std::optional<SeqNumber> acked;    // the last acknowledgment that it has sent
  std::optional<SeqNumber> fin_end;  // the number after its FIN
  std::uint16_t window = 0;
};

// The sentence for a pure acknowledgment.
std::string acknowledgment(const Segment& segment, const Progress& own, const Progress& peer) {
  if (own.opened && !own.acked) return why(Reason::send_handshake_ack);
  const bool is_new = !own.acked || after(segment.ack, *own.acked);
  if (is_new && peer.fin_end && at_or_after(segment.ack, *peer.fin_end)) {
    return why(Reason::send_ack_fin);
  }
  if (is_new && own.acked) {
    return fmt::format("acknowledges {} more bytes", distance(*own.acked, segment.ack));
  }
  if (own.window != segment.window) return "tells its window";
  return "says again what it expects";
}

std::string reason(const LadderEvent& event, const EndState& before, const Progress& own,
                   const Progress& peer) {
  const Segment& segment = *event.segment;
  const bool ack = segment.has(wire::kAck);
  if (segment.has(wire::kRst)) {
    return before.state == State::closed ? why(Reason::send_rst_closed) : "resets the connection";
  }
  if (segment.has(wire::kSyn)) {
    if (event.repeated) return why(ack ? Reason::retransmit_syn_ack : Reason::retransmit_syn);
    if (!ack) return why(Reason::send_syn);
    return why(before.state == State::syn_sent ? Reason::send_syn_ack_simultaneous
                                               : Reason::send_syn_ack);
  }
  if (segment.has(wire::kFin)) {
    return why(event.repeated ? Reason::retransmit_fin : Reason::send_fin);
  }
  if (segment.length > 0) {
    if (event.repeated) return "sent again";
    return why(segment.has(wire::kPsh) ? Reason::send_data_push : Reason::send_data);
  }
  return acknowledgment(segment, own, peer);
}

}  // namespace

void infer_states(Ladder& ladder, Side side) {
  const std::optional<State> start = start_of(ladder, side);
  ladder.start(side) = {start, true};
  StateInference end(start);
  std::size_t last_heard = 0;  // since then the end has sent nothing that could contradict
  for (std::size_t i = 0; i < ladder.events.size(); ++i) {
    LadderEvent& event = ladder.events[i];
    if (ladder.left_out > 0 && i == ladder.left_out_before) end.skip();
    if (event.segment && event.side == side) {
      if (end.sent(*event.segment)) {
        for (std::size_t j = last_heard; j < i; ++j) {
          std::optional<State>& state = ladder.events[j].state(side).state;
          if (state) state = StateInference::correct(*state);
        }
      }
      last_heard = i + 1;
    } else if (event.segment && !event.lost) {
      end.arrived(*event.segment);
    }
    event.state(side) = {end.state(), true};
  }
}

void mark_repeats(Ladder& ladder) {
  std::array<std::optional<SeqNumber>, 2> highest;
  for (LadderEvent& event : ladder.events) {
    if (!event.segment || event.segment->numbers() == 0 || event.segment->has(wire::kRst)) continue;
    std::optional<SeqNumber>& end = highest[index(event.side)];
    event.repeated = event.repeated || (end && at_or_before(event.segment->end(), *end));
    if (!end || after(event.segment->end(), *end)) end = event.segment->end();
  }
}

void infer_reasons(Ladder& ladder) {
  std::array<Progress, 2> progress;
  std::array<EndState, 2> before{ladder.left_start, ladder.right_start};
  for (LadderEvent& event : ladder.events) {
    if (event.segment) {
      const Segment& segment = *event.segment;
      Progress& own = progress[index(event.side)];
      const Progress& peer = progress[index(opposite(event.side))];
      if (event.why.empty()) event.why = reason(event, before[index(event.side)], own, peer);
      if (segment.has(wire::kSyn) && !segment.has(wire::kAck)) own.opened = true;
      if (segment.has(wire::kAck)) own.acked = segment.ack;
      if (segment.has(wire::kFin)) own.fin_end = segment.end();
      own.window = segment.window;
    }
    before = {event.left, event.right};
  }
}

}  // namespace bowline::inline v0::trace
