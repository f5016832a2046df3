#include "tests/table/rfc9293/vocabulary.hpp"

namespace bowline::table {

Acks ack_classes(const Situation& situation) {
  switch (situation.state) {
    case State::kClosed:
    case State::kListen:
      return {Ack::kAbsent, Ack::kZero, Ack::kArbitrary};
    case State::kSynSent:  // SND.UNA = ISS; MAX.SND.WND means nothing before the first window is
                           // known
      return {Ack::kAbsent, Ack::kOld, Ack::kUna, Ack::kNxt, Ack::kBeyond, Ack::kFarBeyond};
    default:
      break;
  }
  Acks classes{Ack::kAbsent, Ack::kTooOld, Ack::kOldestAllowed, Ack::kOld,
               Ack::kUna,    Ack::kBeyond, Ack::kFarBeyond};
  if (situation.state == State::kSynReceived)
    classes = classes | Ack::kNxt;  // our SYN is outstanding
  if (situation.text_unacked) classes = classes | Ack::kPartial | Ack::kNxt;
  if (situation.fin_unacked) classes = classes | Ack::kAllButFin | Ack::kNxt;
  return classes;
}

Seqs seq_classes(const Situation& situation, Flags flags, Text text) {
  if (!kOtherStates.contains(situation.state)) return {Seq::kArbitrary, Seq::kBeforeWrap};
  Seqs classes{Seq::kExact, Seq::kFirstBeyond, Seq::kFarBeyond, Seq::kOldAdjacent, Seq::kOldFar};
  if (situation.window == Window::kOpen) classes = classes | Seq::kAhead | Seq::kLastInWindow;
  // Old in front and new behind needs at least two sequence numbers.
  if (text == Text::kSome || control_length(flags) == 2) classes = classes | Seq::kStraddlesLeft;
  return classes;
}

Stamps stamp_classes(const Situation& situation, Flags flags) {
  const bool may_reopen = situation.state == State::kTimeWait &&
                          situation.origin == Origin::kPassive && is_pure_syn(flags);
  if (!may_reopen) return situation.timestamps ? Stamps{} : Stamps{Stamp::kAbsent};
  if (situation.timestamps) return {Stamp::kAbsent, Stamp::kOlder, Stamp::kEqual, Stamp::kNewer};
  return {Stamp::kAbsent, Stamp::kFirst};
}

Calls calls_in(const Situation& situation) {
  // A user who is gone has no name for the connection; a zero receive window changes no call.
  if (situation.user == User::kGone || situation.window == Window::kZero || situation.timestamps)
    return {};
  if (kReceiving.contains(situation.state) || kAfterPeerFin.contains(situation.state))
    return Calls::from_bits((1u << kCallCount) - 1);
  return {Call::kOpenActive,   Call::kOpenPassive, Call::kSend,  Call::kReceive,
          Call::kCloseSending, Call::kCloseFully,  Call::kAbort, Call::kStatus};
}

std::string_view name(State state) {
  constexpr std::array<std::string_view, kStateCount> kNames{
      "CLOSED",     "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
      "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name(Seq seq) {
  constexpr std::array<std::string_view, kSeqCount> kNames{
      "arbitrary",    "before-wrap", "exact",          "ahead",        "last-in-window",
      "first-beyond", "far-beyond",  "straddles-left", "old-adjacent", "old-far"};
  return kNames[static_cast<std::size_t>(seq)];
}

std::string_view name(Ack ack) {
  constexpr std::array<std::string_view, kAckCount> kNames{
      "absent", "zero",    "arbitrary",   "too-old", "oldest-allowed", "old",
      "una",    "partial", "all-but-fin", "nxt",     "beyond",         "far-beyond"};
  return kNames[static_cast<std::size_t>(ack)];
}

std::string_view name(Stamp stamp) {
  constexpr std::array<std::string_view, kStampCount> kNames{"absent", "first", "older", "equal",
                                                             "newer"};
  return kNames[static_cast<std::size_t>(stamp)];
}

std::string_view name(Call call) {
  constexpr std::array<std::string_view, kCallCount> kNames{"OPEN active",
                                                            "OPEN passive",
                                                            "SEND",
                                                            "RECEIVE",
                                                            "RECEIVE (text on hand)",
                                                            "CLOSE (sending)",
                                                            "CLOSE (fully)",
                                                            "CLOSE (fully, text unread)",
                                                            "ABORT",
                                                            "STATUS"};
  return kNames[static_cast<std::size_t>(call)];
}

std::string_view name(Timer timer) {
  constexpr std::array<std::string_view, kTimerCount> kNames{"user timeout",
                                                             "retransmission timeout",
                                                             "time-wait timeout",
                                                             "delayed ACK",
                                                             "zero-window probe",
                                                             "keep-alive",
                                                             "keep-alive not asked for"};
  return kNames[static_cast<std::size_t>(timer)];
}

std::string name(Flags flags) {
  constexpr std::array<std::string_view, 5> kNames{"SYN", "ACK", "FIN", "RST", "URG"};
  std::string text;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!flags.contains(static_cast<Flag>(i))) continue;
    if (!text.empty()) text += '|';
    text += kNames[i];
  }
  return text.empty() ? "none" : text;
}

std::string name(const Cell& cell) {
  std::string text{kSituations[cell.situation].name};
  text += ": ";
  switch (cell.event.kind) {
    case EventKind::kCall:
      return text += name(cell.event.call);
    case EventKind::kTimer:
      return text += name(cell.event.timer);
    case EventKind::kSegment:
      break;
  }
  const Segment& segment = cell.event.segment;
  text += name(segment.flags);
  text += " seq=";
  text += name(segment.seq);
  if (segment.ack != Ack::kAbsent) {
    text += " ack=";
    text += name(segment.ack);
  }
  if (segment.stamp != Stamp::kAbsent) {
    text += " timestamp=";
    text += name(segment.stamp);
  }
  if (segment.text == Text::kSome) text += " text";
  return text;
}

}  // namespace bowline::table
