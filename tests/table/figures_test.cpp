// The figures of RFC 9293 sections 3.5 and 3.6, line by line, looked up in the table: the text
// of 3.10 and the figures must tell the same story. No engine takes part.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/table/rfc9293/expansion.hpp"

namespace bowline::table {
namespace {

std::size_t situation(std::string_view name) {
  const auto found = std::ranges::find(kSituations, name, &Situation::name);
  EXPECT_NE(found, kSituations.end()) << name;
  return static_cast<std::size_t>(found - kSituations.begin());
}

/// Is there an outcome that Bowline's choices leave, in which this is sent and that is the next
/// state?
testing::AssertionResult allows(std::string_view from, Event event, Reply sends, State next) {
  const ExpandedCell expanded = expand({situation(from), event});
  for (const Outcome& outcome : expanded.allowed) {
    if (chosen(outcome) && outcome.next == next && outcome.replies.contains(sends))
      return testing::AssertionSuccess();
  }
  auto failure = testing::AssertionFailure() << name(expanded.cell) << " allows only";
  for (const Outcome& outcome : expanded.allowed) failure << "\n  " << describe(outcome);
  return failure;
}

Event call(Call which) { return {.kind = EventKind::kCall, .call = which}; }
Event timer(Timer which) { return {.kind = EventKind::kTimer, .timer = which}; }
Event segment(Flags flags, Seq seq, Ack ack = Ack::kAbsent, Text text = Text::kNone) {
  return {.kind = EventKind::kSegment, .segment = {flags, seq, ack, text}};
}
constexpr Flags kSynAck{Flag::kSyn, Flag::kAck};
constexpr Flags kFinAck{Flag::kFin, Flag::kAck};

TEST(Figures, Figure6_BasicThreeWayHandshake) {
  EXPECT_TRUE(allows("CLOSED", call(Call::kOpenActive), Reply::kSyn, State::kSynSent));
  EXPECT_TRUE(
      allows("LISTEN", segment(Flag::kSyn, Seq::kArbitrary), Reply::kSynAck, State::kSynReceived));
  EXPECT_TRUE(allows("SYN-SENT", segment(kSynAck, Seq::kArbitrary, Ack::kNxt), Reply::kAck,
                     State::kEstablished));
  EXPECT_TRUE(allows("SYN-RECEIVED (passive)", segment(Flag::kAck, Seq::kExact, Ack::kNxt),
                     Reply::kSilence, State::kEstablished));
}

TEST(Figures, Figure7_SimultaneousOpen) {
  EXPECT_TRUE(allows("SYN-SENT", segment(Flag::kSyn, Seq::kArbitrary), Reply::kSynAck,
                     State::kSynReceived));
  EXPECT_TRUE(allows("SYN-RECEIVED (active)", segment(kSynAck, Seq::kOldAdjacent, Ack::kNxt),
                     Reply::kSilence, State::kEstablished));
}

TEST(Figures, Figure8_RecoveryFromOldDuplicateSyn) {
  EXPECT_TRUE(allows("SYN-SENT", segment(kSynAck, Seq::kArbitrary, Ack::kBeyond), Reply::kRstSegAck,
                     State::kSynSent));
  EXPECT_TRUE(allows("SYN-RECEIVED (passive)", segment(Flag::kRst, Seq::kExact), Reply::kSilence,
                     State::kListen));
}

TEST(Figures, Figure9_HalfOpenConnectionDiscovery) {
  EXPECT_TRUE(allows("ESTABLISHED", segment(Flag::kSyn, Seq::kFarBeyond), Reply::kAck,
                     State::kEstablished));
  EXPECT_TRUE(allows("SYN-SENT", segment(Flag::kAck, Seq::kArbitrary, Ack::kOld), Reply::kRstSegAck,
                     State::kSynSent));
  EXPECT_TRUE(
      allows("ESTABLISHED", segment(Flag::kRst, Seq::kExact), Reply::kSilence, State::kClosed));
}

TEST(Figures, Figure10_ActiveSideCausesHalfOpenConnectionDiscovery) {
  EXPECT_TRUE(allows("CLOSED", segment(Flag::kAck, Seq::kArbitrary, Ack::kArbitrary, Text::kSome),
                     Reply::kRstSegAck, State::kClosed));
}

TEST(Figures, Figure11_OldDuplicateSynAtTwoListeners) {
  EXPECT_TRUE(allows("LISTEN", segment(kSynAck, Seq::kArbitrary, Ack::kArbitrary),
                     Reply::kRstSegAck, State::kListen));
  EXPECT_TRUE(allows("SYN-RECEIVED (passive)", segment(Flag::kRst, Seq::kExact), Reply::kSilence,
                     State::kListen));
}

TEST(Figures, Figure12_NormalClose) {
  EXPECT_TRUE(allows("ESTABLISHED", call(Call::kCloseSending), Reply::kFin, State::kFinWait1));
  EXPECT_TRUE(allows("ESTABLISHED", segment(kFinAck, Seq::kExact, Ack::kUna), Reply::kAck,
                     State::kCloseWait));
  EXPECT_TRUE(allows("FIN-WAIT-1", segment(Flag::kAck, Seq::kExact, Ack::kNxt), Reply::kSilence,
                     State::kFinWait2));
  EXPECT_TRUE(allows("CLOSE-WAIT", call(Call::kCloseSending), Reply::kFin, State::kLastAck));
  EXPECT_TRUE(allows("FIN-WAIT-2", segment(kFinAck, Seq::kExact, Ack::kUna), Reply::kAck,
                     State::kTimeWait));
  EXPECT_TRUE(allows("LAST-ACK", segment(Flag::kAck, Seq::kExact, Ack::kNxt), Reply::kSilence,
                     State::kClosed));
  EXPECT_TRUE(allows("TIME-WAIT", timer(Timer::kTimeWait), Reply::kSilence, State::kClosed));
}

TEST(Figures, Figure13_SimultaneousClose) {
  EXPECT_TRUE(
      allows("FIN-WAIT-1", segment(kFinAck, Seq::kExact, Ack::kUna), Reply::kAck, State::kClosing));
  EXPECT_TRUE(allows("CLOSING", segment(Flag::kAck, Seq::kExact, Ack::kNxt), Reply::kSilence,
                     State::kTimeWait));
}

TEST(Figures, K69_FinWithTheAckOfOursLeadsStraightToTimeWait) {
  EXPECT_TRUE(allows("FIN-WAIT-1", segment(kFinAck, Seq::kExact, Ack::kNxt), Reply::kAck,
                     State::kTimeWait));
}

}  // namespace
}  // namespace bowline::table
