// The table checks itself: it is complete, nothing in it is idle or ambiguous, and states change
// only as figure 5 of RFC 9293 and a short list of documented additions allow. No engine takes
// part.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "tests/table/rfc9293/expansion.hpp"

namespace bowline::table {
namespace {

TEST(EventTable, EveryCellIsDefinedExactlyOnce) {
  std::set<std::string> names;
  std::size_t flawed = 0;
  for (const ExpandedCell& expanded : table()) {
    EXPECT_TRUE(names.insert(name(expanded.cell)).second) << name(expanded.cell) << " stands twice";
    for (const std::string& flaw : expanded.flaws) {
      if (++flawed <= 20) ADD_FAILURE() << name(expanded.cell) << ": " << flaw;
    }
    EXPECT_FALSE(expanded.allowed.empty()) << name(expanded.cell);
  }
  EXPECT_EQ(flawed, 0u);
}

TEST(EventTable, HasSeveralThousandCellsAndAllElevenStates) {
  EXPECT_GT(table().size(), 10'000u);
  std::map<State, std::size_t> by_state;
  for (const ExpandedCell& expanded : table())
    ++by_state[kSituations[expanded.cell.situation].state];
  EXPECT_EQ(by_state.size(), kStateCount);
  for (const auto& [state, count] : by_state) EXPECT_GT(count, 100u) << name(state);
}

TEST(EventTable, EveryRuleAndEveryBranchIsUsed) {
  std::set<const Rule*> used;
  std::set<std::pair<const Rule*, Choice>> used_choices;
  for (const ExpandedCell& expanded : table()) {
    for (const Outcome& outcome : expanded.allowed) {
      used.insert(outcome.trail.begin(), outcome.trail.end());
      for (const Rule* rule : outcome.trail) {
        for (const Branch& branch : rule->branches) {
          if (outcome.choices.contains(branch.choice)) used_choices.insert({rule, branch.choice});
        }
      }
    }
  }
  std::set<std::string_view> names;
  for (const Procedure& procedure : procedures()) {
    for (const Step& step : procedure.steps) {
      for (const Rule& rule : step.rules) {
        EXPECT_TRUE(used.contains(&rule)) << rule.name << " applies to no cell";
        EXPECT_TRUE(names.insert(rule.name).second) << rule.name << " names two rules";
        EXPECT_FALSE(rule.paragraph.empty()) << rule.name << " cites nothing";
        for (const Branch& branch : rule.branches) {
          if (branch.choice == Choice::kNone) continue;
          EXPECT_TRUE(used_choices.contains({&rule, branch.choice}))
              << rule.name << ": '" << name(branch.choice) << "' is never reached";
        }
      }
    }
  }
}

TEST(EventTable, BowlinesChoicesLeaveEveryCellAReaction) {
  for (const ExpandedCell& expanded : table()) {
    EXPECT_TRUE(std::ranges::any_of(expanded.allowed, chosen)) << name(expanded.cell);
  }
}

/// Figure 5, "TCP Connection State Diagram", with its notes.
bool in_figure_5(State from, State to) {
  using enum State;
  static const std::set<std::pair<State, State>> arrows{
      {kClosed, kListen},         {kClosed, kSynSent},     {kListen, kSynReceived},
      {kListen, kSynSent},        {kListen, kClosed},      {kSynSent, kSynReceived},
      {kSynSent, kEstablished},   {kSynSent, kClosed},     {kSynReceived, kEstablished},
      {kSynReceived, kFinWait1},  {kSynReceived, kListen}, {kEstablished, kFinWait1},
      {kEstablished, kCloseWait}, {kFinWait1, kFinWait2},  {kFinWait1, kClosing},
      {kFinWait1, kTimeWait},     {kFinWait2, kTimeWait},  {kCloseWait, kLastAck},
      {kClosing, kTimeWait},      {kLastAck, kClosed},     {kTimeWait, kClosed},
  };
  return arrows.contains({from, to});
}

/// What the figure leaves out, by its own words "neither error conditions nor actions that are not
/// connected with state changes": the end by RST, ABORT or USER TIMEOUT (3.5.3, 3.10.5, 3.10.8),
/// and the reopening from TIME-WAIT (3.6.1 MAY-2).
bool documented_besides(State from, State to) {
  if (to == State::kClosed && (kSynchronized | State::kSynReceived).contains(from)) return true;
  return from == State::kTimeWait && to == State::kSynReceived;
}

TEST(EventTable, StatesChangeOnlyAlongFigure5) {
  std::set<std::pair<State, State>> seen;
  for (const ExpandedCell& expanded : table()) {
    for (const Outcome& outcome : expanded.allowed) {
      State at = kSituations[expanded.cell.situation].state;
      for (const Transition& step : outcome.transitions) {
        EXPECT_EQ(step.from, at) << name(expanded.cell);
        EXPECT_TRUE(in_figure_5(step.from, step.to) || documented_besides(step.from, step.to))
            << name(expanded.cell) << ": " << name(step.from) << " -> " << name(step.to) << " by "
            << step.rule->name;
        seen.insert({step.from, step.to});
        at = step.to;
      }
      EXPECT_EQ(outcome.next, at);
    }
  }
  // And every arrow of the figure is walked. Its FIN-WAIT-1 -> TIME-WAIT is the table's way through
  // FIN-WAIT-2, which is how 3.10.7.4 (fifth) puts it.
  for (std::size_t f = 0; f < kStateCount; ++f) {
    for (std::size_t t = 0; t < kStateCount; ++t) {
      const State from = static_cast<State>(f);
      const State to = static_cast<State>(t);
      if (!in_figure_5(from, to) || (from == State::kFinWait1 && to == State::kTimeWait)) continue;
      EXPECT_TRUE(seen.contains({from, to}))
          << name(from) << " -> " << name(to) << " is walked by no cell";
    }
  }
}

TEST(EventTable, K20_NoRstAnswersARst) {  // 3.10.7, Glossary "RST"
  constexpr Replies kRsts{Reply::kRstSegAck, Reply::kRstZero, Reply::kRstSndNxt};
  for (const ExpandedCell& expanded : table()) {
    if (expanded.cell.event.kind != EventKind::kSegment) continue;
    if (!expanded.cell.event.segment.flags.contains(Flag::kRst)) continue;
    for (const Outcome& outcome : expanded.allowed)
      EXPECT_FALSE(outcome.replies.meets(kRsts)) << name(expanded.cell);
  }
}

TEST(EventTable, ARstTakesItsNumbersFromTheSegmentAs3_5_2Says) {
  for (const ExpandedCell& expanded : table()) {
    if (expanded.cell.event.kind != EventKind::kSegment) continue;
    const bool has_ack = expanded.cell.event.segment.flags.contains(Flag::kAck);
    for (const Outcome& outcome : expanded.allowed) {
      if (!chosen(outcome)) continue;
      EXPECT_TRUE(has_ack || !outcome.replies.contains(Reply::kRstSegAck)) << name(expanded.cell);
      EXPECT_TRUE(!has_ack || !outcome.replies.contains(Reply::kRstZero)) << name(expanded.cell);
    }
  }
}

TEST(EventTable, TextIsDeliveredOnlyOnceEstablishedAndInOrder) {
  for (const ExpandedCell& expanded : table()) {
    for (const Outcome& outcome : expanded.allowed) {
      if (!outcome.delivers_text) continue;
      EXPECT_EQ(expanded.cell.event.segment.text, Text::kSome) << name(expanded.cell);
      EXPECT_TRUE(kInOrder.contains(expanded.cell.event.segment.seq)) << name(expanded.cell);
      EXPECT_FALSE(outcome.next == State::kSynReceived || outcome.next == State::kSynSent ||
                   outcome.next == State::kListen)
          << name(expanded.cell);
    }
  }
}

TEST(EventTable, AnUnacceptableSegmentChangesNothingInASynchronizedState) {  // 3.5.2 group 3
  for (const ExpandedCell& expanded : table()) {
    const Situation& situation = kSituations[expanded.cell.situation];
    if (expanded.cell.event.kind != EventKind::kSegment || !kSynchronized.contains(situation.state))
      continue;
    // A zero window's "special allowance" is for segments at its edge.
    if (situation.window == Window::kZero || situation.state == State::kTimeWait) continue;
    if (acceptable(situation, expanded.cell.event.segment) == Acceptable::kYes) continue;
    const bool rst = expanded.cell.event.segment.flags.contains(Flag::kRst);
    for (const Outcome& outcome : expanded.allowed) {
      EXPECT_EQ(outcome.next, situation.state) << name(expanded.cell);
      EXPECT_EQ(outcome.replies, Replies{rst ? Reply::kSilence : Reply::kAck})
          << name(expanded.cell);
      EXPECT_EQ(outcome.una, Sender::kSame) << name(expanded.cell);
      EXPECT_EQ(outcome.rcv_nxt, Receiver::kSame) << name(expanded.cell);
    }
  }
}

}  // namespace
}  // namespace bowline::table
