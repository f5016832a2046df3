#include "tests/table/rfc9293/expansion.hpp"

#include <algorithm>

namespace bowline::table {
namespace {

bool applies(const Rule& rule, const Cell& cell, State state) {
  const When& when = rule.when;
  const Situation& situation = kSituations[cell.situation];
  if (!when.in.contains(state)) return false;
  if (!when.origin.contains(situation.origin) || !when.window.contains(situation.window) ||
      !when.user.contains(situation.user))
    return false;
  switch (cell.event.kind) {
    case EventKind::kCall:
      return when.call.contains(cell.event.call);
    case EventKind::kTimer:
      return when.timer.contains(cell.event.timer);
    case EventKind::kSegment:
      break;
  }
  const Segment& segment = cell.event.segment;
  return segment.flags.contains_all(when.with) && !segment.flags.meets(when.without) &&
         when.seq.contains(segment.seq) && when.ack.contains(segment.ack) &&
         when.text.contains(segment.text) && when.stamp.contains(segment.stamp) &&
         when.acceptable.contains(acceptable(situation, segment));
}

/// The rule of the step that applies; several or none is a flaw of the table.
const Rule* only_rule(const Step& step, const ExpandedCell& expanded, State state,
                      std::vector<std::string>& flaws) {
  const Rule* found = nullptr;
  const Rule* otherwise = nullptr;
  for (const Rule& rule : step.rules) {
    if (!applies(rule, expanded.cell, state)) continue;
    const Rule*& slot = rule.otherwise ? otherwise : found;
    if (slot != nullptr)
      flaws.push_back("two rules apply: " + std::string(slot->name) + ", " +
                      std::string(rule.name));
    slot = &rule;
  }
  if (found == nullptr) found = otherwise;
  if (found == nullptr)
    flaws.push_back("no rule applies in " + std::string(name(state)) + ", step '" +
                    std::string(step.title) + "'");
  return found;
}

/// Adds what one branch says to what the steps before it said.
void merge(Outcome& outcome, const Rule& rule, const Branch& branch) {
  const Effect& effect = branch.effect;
  outcome.trail.push_back(&rule);
  if (branch.choice != Choice::kNone) outcome.choices = outcome.choices | branch.choice;
  if (effect.next.has_value() && *effect.next != outcome.next) {
    outcome.transitions.push_back({outcome.next, *effect.next, &rule});
    outcome.next = *effect.next;
  }
  // One acknowledgment serves every step that asks for one.
  if (!effect.reply.empty())
    outcome.replies = outcome.replies.empty() ? effect.reply : outcome.replies & effect.reply;
  outcome.ack_owed |= effect.ack_owed;
  outcome.una = std::max(outcome.una, effect.una);
  outcome.send_window = std::max(outcome.send_window, effect.send_window);
  outcome.rcv_nxt = std::max(outcome.rcv_nxt, effect.rcv_nxt);
  outcome.delivers_text |= effect.delivers_text;
  outcome.end_of_text |= effect.end_of_text;
  outcome.urgent |= effect.urgent;
  if (!effect.signal.empty()) outcome.signals = effect.signal;
  if (!effect.result.empty()) outcome.results = effect.result;
  outcome.restarts_time_wait |= effect.restarts_time_wait;
}

void finish(ExpandedCell& expanded, Outcome outcome, bool said_reply) {
  if (outcome.replies.empty()) {
    // Steps that contradict each other would intersect to nothing.
    if (said_reply) expanded.flaws.push_back("the steps ask for replies that exclude each other");
    outcome.replies = Reply::kSilence;
  }
  if (outcome.signals.empty()) outcome.signals = Signal::kNothing;
  expanded.allowed.push_back(std::move(outcome));
}

void walk(ExpandedCell& expanded, std::span<const Step> steps, std::size_t at,
          const Outcome& so_far, bool said_reply) {
  if (at == steps.size()) {
    expanded.flaws.push_back("the procedure ends without a stop");
    return;
  }
  const Rule* rule = only_rule(steps[at], expanded, so_far.next, expanded.flaws);
  if (rule == nullptr) return;
  for (const Branch& branch : rule->branches) {
    Outcome outcome = so_far;
    merge(outcome, *rule, branch);
    const bool said = said_reply || !branch.effect.reply.empty();
    switch (branch.then) {
      case Then::kStop:
        finish(expanded, std::move(outcome), said);
        break;
      case Then::kGoOn:
        walk(expanded, steps, at + 1, outcome, said);
        break;
      case Then::kToSixth:
        walk(expanded, segment_elsewhere(), sixth_step(), outcome, said);
        break;
    }
  }
}

std::span<const Step> procedure_for(const Cell& cell) {
  switch (cell.event.kind) {
    case EventKind::kCall:
      return user_calls();
    case EventKind::kTimer:
      return timeouts();
    case EventKind::kSegment:
      break;
  }
  switch (kSituations[cell.situation].state) {
    case State::kClosed:
      return segment_in_closed();
    case State::kListen:
      return segment_in_listen();
    case State::kSynSent:
      return segment_in_syn_sent();
    default:
      return segment_elsewhere();
  }
}

void add_segments(std::vector<Cell>& cells, std::size_t index) {
  const Situation& situation = kSituations[index];
  for (std::uint32_t bits = 0; bits < kFlagCombinations; ++bits) {
    const Flags flags = Flags::from_bits(bits);
    for (Text text : {Text::kNone, Text::kSome}) {
      const Seqs seqs = seq_classes(situation, flags, text);
      for (std::size_t s = 0; s < kSeqCount; ++s) {
        if (!seqs.contains(static_cast<Seq>(s))) continue;
        for (std::size_t a = 0; a < kAckCount; ++a) {
          const Ack ack = static_cast<Ack>(a);
          if (!ack_classes(situation).contains(ack)) continue;
          if ((ack != Ack::kAbsent) != flags.contains(Flag::kAck)) continue;
          for (std::size_t t = 0; t < kStampCount; ++t) {
            const Stamp stamp = static_cast<Stamp>(t);
            if (!stamp_classes(situation, flags).contains(stamp)) continue;
            const Segment segment{flags, static_cast<Seq>(s), ack, text, stamp};
            cells.push_back({index, {.kind = EventKind::kSegment, .segment = segment}});
          }
        }
      }
    }
  }
}

}  // namespace

std::vector<Cell> all_cells() {
  std::vector<Cell> cells;
  for (std::size_t index = 0; index < kSituations.size(); ++index) {
    const Situation& situation = kSituations[index];
    for (std::size_t c = 0; c < kCallCount; ++c) {
      const Call call = static_cast<Call>(c);
      if (calls_in(situation).contains(call))
        cells.push_back({index, {.kind = EventKind::kCall, .call = call}});
    }
    add_segments(cells, index);
    // A zero receive window of ours changes none of the timers.
    if (situation.window == Window::kZero || situation.timestamps) continue;
    for (std::size_t t = 0; t < kTimerCount; ++t)
      cells.push_back({index, {.kind = EventKind::kTimer, .timer = static_cast<Timer>(t)}});
  }
  return cells;
}

ExpandedCell expand(const Cell& cell) {
  ExpandedCell expanded{cell, {}, {}};
  Outcome start;
  start.next = kSituations[cell.situation].state;
  walk(expanded, procedure_for(cell), 0, start, false);
  return expanded;
}

const std::vector<ExpandedCell>& table() {
  static const std::vector<ExpandedCell> cells = [] {
    std::vector<ExpandedCell> expanded;
    for (const Cell& cell : all_cells()) expanded.push_back(expand(cell));
    return expanded;
  }();
  return cells;
}

const std::vector<Procedure>& procedures() {
  static const std::vector<Procedure> all{
      {"3.10.1 to 3.10.6 user calls", user_calls()},
      {"3.10.7.1 segment arrives, CLOSED", segment_in_closed()},
      {"3.10.7.2 segment arrives, LISTEN", segment_in_listen()},
      {"3.10.7.3 segment arrives, SYN-SENT", segment_in_syn_sent()},
      {"3.10.7.4 segment arrives, other states", segment_elsewhere()},
      {"3.10.8 timeouts, with the timers of 3.8", timeouts()},
  };
  return all;
}

std::string describe(const Outcome& outcome) {
  std::string text{name(outcome.next)};
  const auto add_set = [&text](std::string_view title, auto set, std::size_t count, auto to_value) {
    text += title;
    bool first = true;
    for (std::size_t i = 0; i < count; ++i) {
      if (!set.contains(to_value(i))) continue;
      if (!first) text += " or ";
      first = false;
      text += name(to_value(i));
    }
  };
  add_set("; sends ", outcome.replies, 12, [](std::size_t i) { return static_cast<Reply>(i); });
  if (outcome.ack_owed) text += " (acknowledged within 0.5 s)";
  if (outcome.una == Sender::kTaken) text += "; SND.UNA <- SEG.ACK";
  if (outcome.send_window == Sender::kTaken) text += "; SND.WND <- SEG.WND";
  constexpr std::array<std::string_view, 5> kReach{
      "", "; RCV.NXT over the SYN", "; RCV.NXT over the text", "; RCV.NXT over the FIN", ""};
  text += kReach[static_cast<std::size_t>(outcome.rcv_nxt)];
  if (outcome.delivers_text) text += "; text delivered";
  if (outcome.end_of_text) text += "; user: connection closing";
  if (outcome.urgent) text += "; user: urgent";
  if (outcome.signals != Signals{Signal::kNothing})
    add_set("; user: ", outcome.signals, 4, [](std::size_t i) { return static_cast<Signal>(i); });
  if (!outcome.results.empty())
    add_set("; returns ", outcome.results, 9, [](std::size_t i) { return static_cast<Result>(i); });
  if (outcome.restarts_time_wait) text += "; 2 MSL starts anew";
  return text;
}

}  // namespace bowline::table
