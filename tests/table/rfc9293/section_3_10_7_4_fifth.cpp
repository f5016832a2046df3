// RFC 9293, 3.10.7.4 fifth: check the ACK field. With RFC 5961 section 5.

#include "tests/table/rfc9293/section_3_10_7_4.hpp"

namespace bowline::table {
namespace {

constexpr Rule kAhead[] = {
    {.name = "ahead.not",
     .paragraph = "3.10.7.4 first, last paragraph",
     .says = "begins at RCV.NXT, at least when its old front is trimmed: go on",
     .when = {.seq = {Seq::kExact, Seq::kStraddlesLeft}},
     .branches = {go_on()}},
    {.name = "ahead.bare",
     .paragraph = "3.10.7.4 first, last paragraph, SHLD-31",
     .says = "begins beyond RCV.NXT: its ACK counts now, or the whole segment is held",
     .when = {.without = Flag::kFin, .seq = kOutOfOrder, .text = Text::kNone},
     .branches = {go_on(), stop({}, Choice::kHoldWhole)}},
    {.name = "ahead.text",
     .paragraph = "3.10.7.4 first, last paragraph, SHLD-31; seventh MAY-13",
     .says = "the same with text to hold",
     .when = {.seq = kOutOfOrder, .text = Text::kSome},
     .branches = {go_on(), stop({.reply = {Reply::kSilence, Reply::kAck}}, Choice::kHoldWhole)}},
    {.name = "ahead.fin",
     .paragraph = "3.10.7.4 first, last paragraph, SHLD-31; seventh MAY-13",
     .says = "the same with a FIN to hold",
     .when = {.with = Flag::kFin, .seq = kOutOfOrder, .text = Text::kNone},
     .branches = {go_on(), stop({.reply = {Reply::kSilence, Reply::kAck}}, Choice::kHoldWhole)}},
};

constexpr States kBeforeTimeWait{State::kEstablished, State::kFinWait1, State::kFinWait2,
                                 State::kCloseWait,   State::kClosing,  State::kLastAck};

constexpr Rule kAcceptable[] = {
    {.name = "ack.off",
     .paragraph = "3.10.7.4 fifth",
     .says = "the ACK bit is off: drop",
     .when = {.without = Flag::kAck},
     .branches = {stop()}},
    {.name = "ack.syn-received.good",
     .paragraph = "3.10.7.4 fifth, SYN-RECEIVED",
     .says = "SND.UNA < SEG.ACK =< SND.NXT: ESTABLISHED",
     .when = {.in = State::kSynReceived, .with = Flag::kAck, .ack = Ack::kNxt},
     .branches = {go_on({.next = State::kEstablished})}},
    {.name = "ack.syn-received.bad",
     .paragraph = "3.10.7.4 fifth, SYN-RECEIVED; 3.5.2 group 2",
     .says = "not acceptable: <SEQ=SEG.ACK><CTL=RST>",
     .when = {.in = State::kSynReceived, .with = Flag::kAck, .ack = kDuplicateAck},
     .branches = {stop({.reply = Reply::kRstSegAck})}},
    // 5961's range check stands in front of the per-state rules and asks for an ACK; 3.5.2 group 2
    // and the rule above ask for a RST. The RFC does not resolve it, so either is allowed.
    {.name = "ack.syn-received.outside",
     .paragraph = "3.10.7.4 fifth, MAY-12 and SYN-RECEIVED; 3.5.2 group 2",
     .says = "outside 5961's range: an ACK sent back, or <SEQ=SEG.ACK><CTL=RST>",
     .when = {.in = State::kSynReceived, .with = Flag::kAck, .ack = kUnsentAck | Ack::kTooOld},
     .branches = {stop({.reply = {Reply::kRstSegAck, Reply::kAck}})}},
    {.name = "ack.too-old",
     .paragraph = "3.10.7.4 fifth, MAY-12; 5961 section 5.2",
     .says = "SEG.ACK < SND.UNA - MAX.SND.WND: discard, an ACK sent back",
     .when = {.in = kBeforeTimeWait, .with = Flag::kAck, .ack = Ack::kTooOld},
     .branches = {stop({.reply = Reply::kAck}), go_on({}, Choice::kNo5961Ack)}},
    // "Or may be hard-coded to a maximum permissible window value": then these are ordinary old
    // duplicates. In TIME-WAIT, where nothing is outstanding, Bowline no longer remembers the
    // window.
    {.name = "ack.too-old.time-wait",
     .paragraph = "3.10.7.4 fifth, MAY-12; 5961 section 5.2",
     .says = "the same in TIME-WAIT; with a hard-coded MAX.SND.WND an old duplicate",
     .when = {.in = State::kTimeWait, .with = Flag::kAck, .ack = Ack::kTooOld},
     .branches = {stop({.reply = Reply::kAck}), go_on({}, Choice::kHardCodedMaxSndWnd)}},
    {.name = "ack.unsent",
     .paragraph = "3.10.7.4 fifth, ESTABLISHED; MAY-12",
     .says = "SEG.ACK > SND.NXT: send an ACK, drop",
     .when = {.in = kSynchronized, .with = Flag::kAck, .ack = kUnsentAck},
     .branches = {stop({.reply = Reply::kAck})}},
    {.name = "ack.in-range",
     .paragraph = "3.10.7.4 fifth, MAY-12",
     .says = "in range: go on",
     .when = {.in = kSynchronized, .with = Flag::kAck, .ack = kDuplicateAck | kNewAck},
     .branches = {go_on()}},
};

// SND.WL1 is never beyond RCV.NXT, so a segment at or beyond RCV.NXT that is read now always
// updates the window. A segment with an old front is one at RCV.NXT when trimmed, and an old one
// when not; and it is open how far the allowance of a zero window goes.
constexpr States kWindowMatters{State::kEstablished, State::kFinWait1, State::kFinWait2,
                                State::kCloseWait};
constexpr Acks kUnaToNxt = kNewAck | Ack::kUna;

constexpr Rule kSendWindow[] = {
    {.name = "window.update",
     .paragraph = "3.10.7.4 fifth, ESTABLISHED",
     .says = "SND.UNA =< SEG.ACK =< SND.NXT and SND.WL1 =< SEG.SEQ: SND.WND <- SEG.WND",
     .when = {.in = kWindowMatters,
              .seq = {Seq::kExact, Seq::kAhead, Seq::kLastInWindow},
              .ack = kUnaToNxt,
              .window = Window::kOpen},
     .branches = {go_on({.send_window = Sender::kTaken})}},
    {.name = "window.update-at-zero-window",
     .paragraph = "3.10.7.4 first, 'special allowance', and fifth",
     .says = "the same when our own window is zero",
     .when = {.in = kWindowMatters, .seq = Seq::kExact, .ack = kUnaToNxt, .window = Window::kZero},
     .branches = {go_on({.send_window = Sender::kAny})}},
    {.name = "window.old-front",
     .paragraph = "3.10.7.4 first, last paragraph, and fifth",
     .says = "an old front: trimmed it updates, untrimmed it does not",
     .when = {.in = kWindowMatters, .seq = Seq::kStraddlesLeft, .ack = kUnaToNxt},
     .branches = {go_on({.send_window = Sender::kAny})}},
    {.name = "window.old-ack",
     .paragraph = "3.10.7.4 fifth, ESTABLISHED",
     .says = "SEG.ACK < SND.UNA: no update",
     .when = {.in = kWindowMatters, .ack = {Ack::kTooOld, Ack::kOldestAllowed, Ack::kOld}},
     .branches = {go_on()}},
    {.name = "window.no-matter",
     .paragraph = "3.10.7.4 fifth, CLOSING LAST-ACK TIME-WAIT",
     .says = "nothing more will be sent: no matter",
     .when = {.in = {State::kClosing, State::kLastAck, State::kTimeWait}},
     .branches = {go_on({.send_window = Sender::kAny})}},
};

constexpr Rule kPerState[] = {
    {.name = "ack.duplicate",
     .paragraph =
         "3.10.7.4 fifth, ESTABLISHED (FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING: 'in addition')",
     .says = "SEG.ACK =< SND.UNA: it can be ignored; go on",
     .when = {.in = {State::kEstablished, State::kFinWait1, State::kFinWait2, State::kCloseWait,
                     State::kClosing},
              .ack = kDuplicateAck | Ack::kTooOld},
     .branches = {go_on()}},
    {.name = "ack.new",
     .paragraph = "3.10.7.4 fifth, ESTABLISHED, CLOSE-WAIT",
     .says = "SND.UNA <- SEG.ACK",
     .when = {.in = {State::kEstablished, State::kCloseWait}, .ack = kNewAck},
     .branches = {go_on({.una = Sender::kTaken})}},
    {.name = "ack.fin-wait-1.some",
     .paragraph = "3.10.7.4 fifth, FIN-WAIT-1",
     .says = "not yet our FIN: SND.UNA <- SEG.ACK",
     .when = {.in = State::kFinWait1, .ack = {Ack::kPartial, Ack::kAllButFin}},
     .branches = {go_on({.una = Sender::kTaken})}},
    {.name = "ack.fin-wait-1.fin",
     .paragraph = "3.10.7.4 fifth, FIN-WAIT-1",
     .says = "our FIN is acknowledged: FIN-WAIT-2, continue in that state",
     .when = {.in = State::kFinWait1, .ack = Ack::kNxt},
     .branches = {go_on({.next = State::kFinWait2, .una = Sender::kTaken})}},
    {.name = "ack.closing.some",
     .paragraph = "3.10.7.4 fifth, CLOSING",
     .says = "not yet our FIN: SND.UNA <- SEG.ACK, the rest is ignored",
     .when = {.in = State::kClosing, .ack = {Ack::kPartial, Ack::kAllButFin}},
     .branches = {go_on({.una = Sender::kTaken})}},
    {.name = "ack.closing.fin",
     .paragraph = "3.10.7.4 fifth, CLOSING; 3.6 figure 13",
     .says = "our FIN is acknowledged: TIME-WAIT",
     .when = {.in = State::kClosing, .ack = Ack::kNxt},
     .branches = {go_on({.next = State::kTimeWait, .una = Sender::kTaken})}},
    {.name = "ack.last-ack.some",
     .paragraph = "3.10.7.4 fifth, LAST-ACK",
     .says = "not yet our FIN: the text says nothing; SND.UNA may advance",
     .when = {.in = State::kLastAck,
              .ack = kDuplicateAck | Ack::kTooOld | Ack::kPartial | Ack::kAllButFin},
     .branches = {go_on({.una = Sender::kAny})}},
    {.name = "ack.last-ack.fin",
     .paragraph = "3.10.7.4 fifth, LAST-ACK; K77",
     .says = "our FIN is acknowledged: delete the TCB, CLOSED",
     .when = {.in = State::kLastAck, .ack = Ack::kNxt},
     .branches = {stop({.next = State::kClosed})}},
    // "The only thing that can arrive in this state is a retransmission of the remote FIN.
    // Acknowledge it": that FIN lies before RCV.NXT and was answered in the first step. A bare
    // acknowledgment is not acknowledged, or two ends in TIME-WAIT would never stop.
    {.name = "ack.time-wait",
     .paragraph = "3.10.7.4 fifth, TIME-WAIT",
     .says = "nothing of ours is outstanding: go on",
     .when = {.in = State::kTimeWait},
     .branches = {go_on()}},
};

}  // namespace

std::span<const Rule> segment_ahead_of_rcv_nxt() { return kAhead; }
std::span<const Rule> fifth_ack_acceptable() { return kAcceptable; }
std::span<const Rule> fifth_send_window() { return kSendWindow; }
std::span<const Rule> fifth_per_state() { return kPerState; }

}  // namespace bowline::table
