#include "bowline/trace/ladder_collector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bowline/trace/inference.hpp"
#include "bowline/trace/sentence.hpp"

namespace bowline::inline v0::trace {
namespace {

using tcp::State;

constexpr std::size_t kMostUnplaced = 1'024;

bool is_state(const Decision& decision) { return info(decision.reason).kind == ReasonKind::state; }

// How well a decision answers "why this segment": 0 best.
int rank(const Decision& decision, Way way) {
  switch (info(decision.reason).kind) {
    case ReasonKind::drop:
      return way == Way::in ? 0 : 3;
    case ReasonKind::retransmit:
      return way == Way::out ? 0 : 3;
    case ReasonKind::send:
      return way == Way::out ? 1 : 3;
    case ReasonKind::state:
      return way == Way::in ? 1 : 2;
    default:
      return 4;
  }
}

// The one line beside the segment.
std::string best_reason(std::span<const Decision> decisions, Way way) {
  const auto best = std::ranges::min_element(
      decisions, {}, [way](const Decision& decision) { return rank(decision, way); });
  if (best == decisions.end()) return {};
  const bool dropped = info(best->reason).kind == ReasonKind::drop;
  return (dropped ? "dropped: " : "") + why(best->reason);
}

// Does `segment` carry out what `decision` decided, so that one rung shows both?
bool carries_out(const Segment& segment, const Decision& decision) {
  switch (static_cast<State>(decision.to)) {
    case State::syn_sent:
      return segment.has(wire::kSyn);
    case State::fin_wait_1:
    case State::last_ack:
      return segment.has(wire::kFin);
    case State::closed:
      return segment.has(wire::kRst);
    default:
      return false;
  }
}

}  // namespace

LadderCollector::LadderCollector(Done done, LadderCollectorOptions options)
    : done_(std::move(done)), options_(options) {}

void LadderCollector::frame(const FrameEvent& event) {
  const std::optional<Segment> segment = segment_of(event.packet);
  if (!segment) return;
  Collected& one = collected(*segment, event.way);
  if (one.over) return;
  learn_number(one, event.decisions);
  release_held(one, event.way == Way::out ? &*segment : nullptr);
  for (const Decision& decision : event.decisions) {
    if (is_state(decision)) note_state(one, decision);
  }
  LadderEvent rung;
  rung.time = event.time;
  rung.side = event.way == Way::out ? one.ours : opposite(one.ours);
  rung.segment = *segment;
  rung.state(one.ours).state = one.state;
  rung.why = best_reason(event.decisions, event.way);
  rung.repeated = std::ranges::any_of(event.decisions, [](const Decision& decision) {
    return info(decision.reason).kind == ReasonKind::retransmit;
  });
  append(one, std::move(rung));

  one.reset = one.reset || segment->has(wire::kRst);
  const bool acknowledged = event.way == Way::out && one.state == State::time_wait;
  const bool closed = one.state == State::closed || (one.reset && !one.state);
  const bool half_open_gone = one.state == State::listen && one.reset;
  if (acknowledged || closed || half_open_gone) hand_over(one);
}

void LadderCollector::decision(const Decision& decision) {
  if (!is_state(decision) || decision.connection == 0) return;
  const auto known = by_number_.find(decision.connection);
  if (known == by_number_.end()) {
    if (unplaced_.size() == kMostUnplaced) unplaced_.pop_front();
    unplaced_.push_back(decision);
    return;
  }
  Collected& one = collected_.at(known->second);
  if (one.over || one.connection != decision.connection) return;
  hold(one, decision);
}

void LadderCollector::flush() {
  for (auto& [ends, one] : collected_) {
    if (!one.over && one.state == State::closed) hand_over(one);
  }
}

void LadderCollector::finish() {
  for (const Ends& ends : order_) {
    Collected& one = collected_.at(ends);
    if (!one.over) hand_over(one);
  }
}

// The ladder that `segment` belongs to: the one between its ends, unless that is over and this is a
// SYN.
LadderCollector::Collected& LadderCollector::collected(const Segment& segment, Way way) {
  const Ends ends = ends_of(segment);
  const auto [entry, is_new] = collected_.try_emplace(ends);
  Collected& one = entry->second;
  const bool opens = segment.has(wire::kSyn) && !segment.has(wire::kAck);
  if (is_new) {
    order_.push_back(ends);
    if (order_.size() > std::max<std::size_t>(options_.most_connections, 1)) {
      const auto first = collected_.find(order_.front());
      if (!first->second.over) ++forgotten_;
      by_number_.erase(first->second.connection);
      collected_.erase(first);
      order_.pop_front();
    }
  } else if (!one.over || !opens) {
    return one;
  }
  by_number_.erase(one.connection);
  one = {};
  one.ours = options_.opener_left && way == Way::in ? Side::right : Side::left;
  const bool sender_left = (way == Way::out) == (one.ours == Side::left);
  one.ladder.left = sender_left ? segment.source : segment.destination;
  one.ladder.right = sender_left ? segment.destination : segment.source;
  (one.ours == Side::left ? one.ladder.left_note : one.ladder.right_note) = "this stack";
  return one;
}

// Decisions name their connection by a number. Once one of them is about a segment, the number has
// ends, and what was decided before the first segment (an active open) finds its place.
void LadderCollector::learn_number(Collected& one, std::span<const Decision> decisions) {
  for (const Decision& decision : decisions) {
    if (decision.connection == 0 || decision.connection == one.connection) continue;
    by_number_.erase(one.connection);
    one.connection = decision.connection;
    by_number_[one.connection] = {std::min(one.ladder.left, one.ladder.right),
                                  std::max(one.ladder.left, one.ladder.right)};
  }
  if (one.connection == 0) return;
  std::erase_if(unplaced_, [&](const Decision& decision) {
    if (decision.connection != one.connection) return false;
    hold(one, decision);
    return true;
  });
}

void LadderCollector::note_state(Collected& one, const Decision& decision) {
  if (!one.state) one.ladder.start(one.ours).state = static_cast<State>(decision.from);
  one.state = static_cast<State>(decision.to);
}

void LadderCollector::hold(Collected& one, const Decision& decision) {
  release_held(one, nullptr);
  note_state(one, decision);
  one.held = decision;
}

// A change of state that no segment carries out gets a rung of its own.
void LadderCollector::release_held(Collected& one, const Segment* next) {
  if (!one.held) return;
  const Decision decision = *std::exchange(one.held, std::nullopt);
  if (next != nullptr && carries_out(*next, decision)) return;
  LadderEvent rung;
  rung.time = decision.now;
  rung.side = one.ours;
  rung.state(one.ours).state = static_cast<State>(decision.to);
  rung.why = why(decision.reason);
  append(one, std::move(rung));
}

void LadderCollector::append(Collected& one, LadderEvent event) {
  if (one.ladder.events.size() < options_.most_first) {
    one.ladder.events.push_back(std::move(event));
    return;
  }
  one.last.push_back(std::move(event));
  if (one.last.size() > options_.most_last) {
    one.last.pop_front();
    ++one.ladder.left_out;
  }
}

void LadderCollector::hand_over(Collected& one) {
  release_held(one, nullptr);
  one.over = true;
  Ladder ladder = std::move(one.ladder);
  ladder.left_out_before = ladder.events.size();
  std::ranges::move(one.last, std::back_inserter(ladder.events));
  one.last.clear();
  // Kept to know the stragglers by.
  one.ladder = {};
  one.ladder.left = ladder.left;
  one.ladder.right = ladder.right;

  mark_repeats(ladder);
  infer_states(ladder, opposite(one.ours));
  if (!one.state) infer_states(ladder, one.ours);
  infer_reasons(ladder);
  done_(ladder);
}

}  // namespace bowline::inline v0::trace
