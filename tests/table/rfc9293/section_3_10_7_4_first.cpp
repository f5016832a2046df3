// RFC 9293, 3.10.7.4 first: check the sequence number (Table 6), and what follows from it.

#include "tests/table/rfc9293/section_3_10_7_4.hpp"

namespace bowline::table {
namespace {

/// A row of Table 6: segment length, receive window, and where SEG.SEQ may lie.
struct AcceptabilityTest {
  bool has_length;
  Window window;
  Seqs acceptable;
};

// "RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND, or RCV.NXT =< SEG.SEQ+SEG.LEN-1 < RCV.NXT+RCV.WND": the
// second half is what a segment that straddles the left edge passes.
constexpr AcceptabilityTest kTable6[] = {
    {false, Window::kZero, Seq::kExact},
    {false, Window::kOpen, {Seq::kExact, Seq::kAhead, Seq::kLastInWindow}},
    {true, Window::kZero, {}},
    {true, Window::kOpen, {Seq::kExact, Seq::kAhead, Seq::kLastInWindow, Seq::kStraddlesLeft}},
};

// MAY-2 and RFC 6191 speak of a SYN "larger than the last sequence number seen": RCV.NXT - 1, the
// FIN's.
constexpr Seqs kNewer{Seq::kAhead, Seq::kLastInWindow, Seq::kFirstBeyond, Seq::kFarBeyond};
constexpr Seqs kOlder{Seq::kStraddlesLeft, Seq::kOldAdjacent, Seq::kOldFar};
// A pure SYN to TIME-WAIT has rules of its own (the last but one paragraph of the step); the other
// rules leave it out by asking for another state or for a segment that is not a pure SYN.
constexpr States kNotTimeWait{State::kSynReceived, State::kEstablished, State::kFinWait1,
                              State::kFinWait2,    State::kCloseWait,   State::kClosing,
                              State::kLastAck};

constexpr Effect kReopened{.next = State::kSynReceived,
                           .reply = Reply::kSynAck,
                           .una = Sender::kAny,
                           .send_window = Sender::kAny,
                           .rcv_nxt = Receiver::kOverSyn};

constexpr Effect kRefused{.reply = {Reply::kAck, Reply::kSilence}};

constexpr Rule kRules[] = {
    // TIME-WAIT and a SYN. With timestamps "the logic above is not applicable": the stamp decides
    // before the number does (6191 section 2).
    {.name = "seq.time-wait.syn-newer-by-timestamp",
     .paragraph = "3.6.1 SHLD-4; 3.10.7.4 first; 6191 section 2",
     .says = "a newer timestamp, or the first one: honor the request, if somebody listens",
     .when = {.in = State::kTimeWait,
              .with = Flag::kSyn,
              .without = {Flag::kAck, Flag::kRst, Flag::kFin},
              .stamp = {Stamp::kFirst, Stamp::kNewer},
              .origin = Origin::kPassive},
     .branches = {stop(kReopened), stop(kRefused, Choice::kRefuseNewSynInTimeWait)}},
    {.name = "seq.time-wait.syn-newer",
     .paragraph = "3.6.1 MAY-2; 3.10.7.4 first; 6191 section 2",
     .says = "a number beyond the old connection's may open a new one, if somebody listens",
     .when = {.in = State::kTimeWait,
              .with = Flag::kSyn,
              .without = {Flag::kAck, Flag::kRst, Flag::kFin},
              .seq = kNewer,
              .stamp = {Stamp::kAbsent, Stamp::kEqual},
              .origin = Origin::kPassive},
     .branches = {stop(kReopened), stop(kRefused, Choice::kRefuseNewSynInTimeWait)}},
    // "Larger than the last sequence number seen": that was RCV.NXT - 1. Whoever takes RCV.NXT for
    // it
    // (as BSD and Linux do) uses one SYN less of what MAY-2 permits.
    {.name = "seq.time-wait.syn-next",
     .paragraph = "3.6.1 MAY-2; 3.10.7.4 first; 6191 section 2",
     .says = "exactly the next number: may open a new one, if somebody listens",
     .when = {.in = State::kTimeWait,
              .with = Flag::kSyn,
              .without = {Flag::kAck, Flag::kRst, Flag::kFin},
              .seq = Seq::kExact,
              .stamp = {Stamp::kAbsent, Stamp::kEqual},
              .origin = Origin::kPassive},
     .branches = {stop(kReopened), stop(kRefused)}},
    {.name = "seq.time-wait.syn-fin-newer-by-timestamp",
     .paragraph = "3.6.1 SHLD-4; 3.10.7.4 first; 6191 section 2",
     .says = "the same with a FIN, which waits",
     .when = {.in = State::kTimeWait,
              .with = {Flag::kSyn, Flag::kFin},
              .without = {Flag::kAck, Flag::kRst},
              .stamp = {Stamp::kFirst, Stamp::kNewer},
              .origin = Origin::kPassive},
     .branches = {stop(kReopened), stop(kRefused, Choice::kSynFinRefused)}},
    {.name = "seq.time-wait.syn-fin-newer",
     .paragraph = "3.6.1 MAY-2; 3.10.7.4 first; 6191 section 2",
     .says = "the same with a FIN, which waits",
     .when = {.in = State::kTimeWait,
              .with = {Flag::kSyn, Flag::kFin},
              .without = {Flag::kAck, Flag::kRst},
              .seq = kNewer | Seq::kExact,
              .stamp = {Stamp::kAbsent, Stamp::kEqual},
              .origin = Origin::kPassive},
     .branches = {stop(kReopened), stop(kRefused, Choice::kSynFinRefused)}},
    {.name = "seq.time-wait.syn-newer-nobody-listens",
     .paragraph = "3.10.7.4 first and fourth; 5961 section 4",
     .says = "nobody listens: an acknowledgment, and the SYN is dropped",
     .when = {.in = State::kTimeWait,
              .with = Flag::kSyn,
              .without = {Flag::kAck, Flag::kRst},
              .seq = kNewer | Seq::kExact,
              .stamp = Stamp::kAbsent,
              .origin = Origin::kActive},
     .branches = {stop({.reply = Reply::kAck})}},
    {.name = "seq.time-wait.syn-older",
     .paragraph = "3.10.7.4 first and fourth; 6191 section 2",
     .says = "an old duplicate SYN: an acknowledgment (5961, K42), or silence (6191)",
     .when = {.in = State::kTimeWait,
              .with = Flag::kSyn,
              .without = {Flag::kAck, Flag::kRst},
              .seq = kOlder,
              .stamp = {Stamp::kAbsent, Stamp::kEqual}},
     .branches = {stop(kRefused)}},
    {.name = "seq.time-wait.syn-older-by-timestamp",
     .paragraph = "3.10.7.4 first and fourth; 6191 section 2",
     .says = "an older timestamp, wherever its number lies: the same",
     .when = {.in = State::kTimeWait,
              .with = Flag::kSyn,
              .without = {Flag::kAck, Flag::kRst},
              .stamp = Stamp::kOlder},
     .branches = {stop(kRefused)}},

    // Acceptable.
    {.name = "seq.acceptable",
     .paragraph = "3.10.7.4 first, Table 6",
     .says = "acceptable: go on",
     .when = {.in = kNotTimeWait, .acceptable = Acceptable::kYes},
     .branches = {go_on()}},
    {.name = "seq.acceptable.time-wait",
     .paragraph = "3.10.7.4 first, Table 6",
     .says = "acceptable, without SYN: go on",
     .when = {.in = State::kTimeWait, .without = Flag::kSyn, .acceptable = Acceptable::kYes},
     .branches = {go_on()}},
    {.name = "seq.acceptable.time-wait-syn-ack",
     .paragraph = "3.10.7.4 first, Table 6",
     .says = "acceptable, SYN with ACK: go on",
     .when = {.in = State::kTimeWait,
              .with = {Flag::kSyn, Flag::kAck},
              .without = Flag::kRst,
              .acceptable = Acceptable::kYes},
     .branches = {go_on()}},
    {.name = "seq.acceptable.time-wait-syn-rst",
     .paragraph = "3.10.7.4 first, Table 6",
     .says = "acceptable, SYN with RST: go on",
     .when = {.in = State::kTimeWait,
              .with = {Flag::kSyn, Flag::kRst},
              .acceptable = Acceptable::kYes},
     .branches = {go_on()}},

    // Not acceptable, with RST.
    {.name = "seq.refused.rst",
     .paragraph = "3.10.7.4 first, 'unless the RST bit is set'",
     .says = "not acceptable, RST: drop",
     .when = {.with = Flag::kRst, .window = Window::kOpen, .acceptable = Acceptable::kNo},
     .branches = {stop()}},
    {.name = "seq.refused.rst-zero-window",
     .paragraph = "3.10.7.4 first, 'unless the RST bit is set'",
     .says = "not acceptable, RST, not at RCV.NXT of the zero window: drop",
     .when = {.with = Flag::kRst,
              .seq = {Seq::kFirstBeyond, Seq::kFarBeyond, Seq::kStraddlesLeft, Seq::kOldAdjacent,
                      Seq::kOldFar},
              .window = Window::kZero,
              .acceptable = Acceptable::kNo},
     .branches = {stop()}},
    {.name = "seq.refused.rst-at-zero-window",
     .paragraph = "3.10.7.4 first, 'special allowance'; SHLD-2",
     .says =
         "a RST with text at RCV.NXT of a zero window: 'special allowance should be made' for it",
     .when = {.with = Flag::kRst,
              .seq = Seq::kExact,
              .window = Window::kZero,
              .acceptable = Acceptable::kNo},
     .branches = {go_on({}, Choice::kRstEndsZeroWindow), stop({}, Choice::kRstLostAtZeroWindow)}},

    // Not acceptable, without RST.
    {.name = "seq.refused.repeated-syn",
     .paragraph = "3.10.7.4 first; 3.8.1; K43",
     .says = "SYN-RECEIVED, the peer's SYN once more: an acknowledgment, or the SYN,ACK repeated",
     .when = {.in = State::kSynReceived,
              .with = Flag::kSyn,
              .without = {Flag::kAck, Flag::kFin, Flag::kRst},
              .seq = Seq::kOldAdjacent,
              .text = Text::kNone},
     .branches = {stop({.reply = {Reply::kAck, Reply::kSynAck}})}},
    // Table 6 refuses the SYN,ACK of a simultaneous open, figure 7 accepts it (MUST-10). Either
    // ends well:
    // the acknowledgment that Table 6 asks for takes the peer to ESTABLISHED, and its answer to our
    // repeated SYN,ACK then takes us there.
    {.name = "seq.refused.simultaneous-open",
     .paragraph = "3.5 figure 7 line 6, MUST-10; 3.10.7.4 first",
     .says =
         "SYN-RECEIVED by simultaneous open, the peer's SYN,ACK: ESTABLISHED, or an acknowledgment",
     .when = {.in = State::kSynReceived,
              .with = {Flag::kSyn, Flag::kAck},
              .without = {Flag::kFin, Flag::kRst},
              .seq = Seq::kOldAdjacent,
              .ack = Ack::kNxt,
              .text = Text::kNone,
              .origin = Origin::kActive},
     .branches = {stop({.next = State::kEstablished,
                        .reply = {Reply::kSilence, Reply::kAck},
                        .una = Sender::kTaken,
                        .send_window = Sender::kAny}),
                  stop({.reply = Reply::kAck})}},
    {.name = "seq.refused.repeated-fin",
     .paragraph = "3.10.7.4 fifth and eighth TIME-WAIT; K82",
     .says = "TIME-WAIT, the peer's FIN once more: acknowledge it, restart the 2 MSL timeout",
     .when = {.in = State::kTimeWait,
              .with = Flag::kFin,
              .without = {Flag::kSyn, Flag::kRst},
              .seq = Seq::kOldAdjacent},
     .branches = {stop({.reply = Reply::kAck, .restarts_time_wait = true})}},
    {.name = "seq.refused.zero-window",
     .paragraph = "3.10.7.4 first, 'special allowance'; 3.8.6.1",
     .says = "a zero window refuses text and FIN at RCV.NXT, but a valid ACK should be accepted",
     .when = {.with = Flag::kAck,
              .without = {Flag::kSyn, Flag::kRst},
              .seq = {Seq::kExact, Seq::kStraddlesLeft},
              .window = Window::kZero,
              .acceptable = Acceptable::kNo},
     .branches = {go_on({.reply = Reply::kAck}),
                  stop({.reply = Reply::kAck}, Choice::kZeroWindowAckUnread)}},
    {.name = "seq.refused",
     .paragraph = "3.10.7.4 first; 3.5.2 group 3",
     .says = "otherwise: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, drop",
     .when = {.without = Flag::kRst, .acceptable = Acceptable::kNo},
     .otherwise = true,
     .branches = {stop({.reply = Reply::kAck})}},
};

}  // namespace

Acceptable acceptable(const Situation& situation, const Segment& segment) {
  for (const AcceptabilityTest& row : kTable6) {
    if (row.has_length == occupies_sequence_space(segment) && row.window == situation.window)
      return row.acceptable.contains(segment.seq) ? Acceptable::kYes : Acceptable::kNo;
  }
  return Acceptable::kNo;
}

std::span<const Rule> first_check_sequence_number() { return kRules; }

}  // namespace bowline::table
