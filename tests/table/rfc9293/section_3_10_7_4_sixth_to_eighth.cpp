// RFC 9293, 3.10.7.4 sixth to eighth: the URG bit, the segment text, the FIN bit.

#include "tests/table/rfc9293/section_3_10_7_4.hpp"

namespace bowline::table {
namespace {

constexpr Rule kSixth[] = {
    {.name = "urg.none",
     .paragraph = "3.10.7.4 sixth",
     .says = "no URG: go on",
     .when = {.without = Flag::kUrg},
     .branches = {go_on()}},
    {.name = "urg.receiving",
     .paragraph = "3.10.7.4 sixth, ESTABLISHED FIN-WAIT-1 FIN-WAIT-2",
     .says = "RCV.UP <- max(RCV.UP,SEG.UP), signal the user",
     .when = {.in = kReceiving, .with = Flag::kUrg},
     .branches = {go_on({.urgent = true})}},
    {.name = "urg.after-fin",
     .paragraph = "3.10.7.4 sixth, CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT",
     .says = "this should not occur: ignore the URG",
     .when = {.in = kAfterPeerFin, .with = Flag::kUrg},
     .branches = {go_on()}},
};

constexpr Rule kSeventh[] = {
    {.name = "text.none",
     .paragraph = "3.10.7.4 seventh",
     .says = "no text: go on",
     .when = {.text = Text::kNone},
     .branches = {go_on()}},
    {.name = "text.in-order",
     .paragraph = "3.10.7.4 seventh; 3.8.6.3 SHLD-18, MUST-40",
     .says = "deliver it, advance RCV.NXT over it, acknowledge it: at once, or within 0.5 s",
     .when = {.in = kReceiving,
              .seq = kInOrder,
              .text = Text::kSome,
              .window = Window::kOpen,
              .user = User::kPresent},
     .branches = {go_on({.reply = {Reply::kSilence, Reply::kAck},
                         .ack_owed = true,
                         .rcv_nxt = Receiver::kOverText,
                         .delivers_text = true})}},
    {.name = "text.out-of-order",
     .paragraph = "3.10.7.4 first, SHLD-31, and seventh, MAY-13; 5681 section 4.2 (by MUST-19)",
     .says = "hold it, acknowledge RCV.NXT at once",
     .when = {.in = kReceiving,
              .seq = kOutOfOrder,
              .text = Text::kSome,
              .window = Window::kOpen,
              .user = User::kPresent},
     .branches = {go_on({.reply = Reply::kAck})}},
    {.name = "text.zero-window",
     .paragraph = "3.10.7.4 first, Table 6",
     .says = "a zero window takes no text (its ACK was accepted by allowance)",
     .when = {.in = kReceiving, .text = Text::kSome, .window = Window::kZero},
     .branches = {go_on()}},
    {.name = "text.user-gone",
     .paragraph = "3.6.1 MAY-1, SHLD-3; 2525 section 2.17",
     .says = "new data after full CLOSE: a RST shows that it was lost",
     .when = {.in = kReceiving, .seq = kInOrder, .text = Text::kSome, .user = User::kGone},
     .branches = {stop({.next = State::kClosed, .reply = {Reply::kRstSndNxt, Reply::kRstSegAck}}),
                  go_on({.reply = {Reply::kSilence, Reply::kAck},
                         .ack_owed = true,
                         .rcv_nxt = Receiver::kOverText},
                        Choice::kDiscardTextAfterClose)}},
    {.name = "text.user-gone-out-of-order",
     .paragraph = "3.6.1 MAY-1, SHLD-3; SHLD-31",
     .says = "the same out of order: at once, or when its turn comes",
     .when = {.in = kReceiving, .seq = kOutOfOrder, .text = Text::kSome, .user = User::kGone},
     .branches = {stop({.next = State::kClosed, .reply = {Reply::kRstSndNxt, Reply::kRstSegAck}}),
                  go_on({.reply = Reply::kAck})}},
    // A peer that has sent its FIN has no text behind it. To acknowledge it again is not forbidden.
    {.name = "text.after-fin",
     .paragraph = "3.10.7.4 seventh, CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT",
     .says = "this should not occur: ignore the text",
     .when = {.in = kAfterPeerFin, .text = Text::kSome},
     .branches = {go_on({.reply = {Reply::kSilence, Reply::kAck}})}},
};

constexpr Effect taken_anyway(State next) {
  return {.next = next, .rcv_nxt = Receiver::kOverFin, .end_of_text = true};
}

constexpr Rule kEighth[] = {
    {.name = "fin.none",
     .paragraph = "3.10.7.4 eighth",
     .says = "no FIN: return",
     .when = {.without = Flag::kFin},
     .branches = {stop()}},
    // The acknowledgment may wait as for text: K71, the FIN of a user who closes at once rides with
    // it.
    {.name = "fin.established",
     .paragraph = "3.10.7.4 eighth, SYN-RECEIVED ESTABLISHED; 3.8.6.3",
     .says = "signal 'connection closing', acknowledge the FIN, CLOSE-WAIT",
     .when =
         {.in = State::kEstablished, .with = Flag::kFin, .seq = kInOrder, .window = Window::kOpen},
     .branches = {stop({.next = State::kCloseWait,
                        .reply = {Reply::kSilence, Reply::kAck},
                        .ack_owed = true,
                        .rcv_nxt = Receiver::kOverFin,
                        .end_of_text = true})}},
    {.name = "fin.fin-wait-1",
     .paragraph = "3.10.7.4 eighth, FIN-WAIT-1; 3.6 figure 13",
     .says = "our FIN is not acknowledged: acknowledge theirs, CLOSING",
     .when = {.in = State::kFinWait1, .with = Flag::kFin, .seq = kInOrder, .window = Window::kOpen},
     .branches = {stop({.next = State::kClosing,
                        .reply = Reply::kAck,
                        .rcv_nxt = Receiver::kOverFin,
                        .end_of_text = true})}},
    {.name = "fin.fin-wait-2",
     .paragraph =
         "3.10.7.4 eighth, FIN-WAIT-2 (and FIN-WAIT-1 when this segment acknowledged our FIN); K69",
     .says = "acknowledge the FIN, TIME-WAIT, start the time-wait timer",
     .when = {.in = State::kFinWait2, .with = Flag::kFin, .seq = kInOrder, .window = Window::kOpen},
     .branches = {stop({.next = State::kTimeWait,
                        .reply = Reply::kAck,
                        .rcv_nxt = Receiver::kOverFin,
                        .end_of_text = true,
                        .restarts_time_wait = true})}},
    {.name = "fin.out-of-order",
     .paragraph = "3.10.7.4 first, SHLD-31, and seventh, MAY-13",
     .says = "a FIN ahead of RCV.NXT waits for its turn; RCV.NXT may be acknowledged",
     .when = {.in = kReceiving, .with = Flag::kFin, .seq = kOutOfOrder},
     .branches = {stop({.reply = {Reply::kSilence, Reply::kAck}})}},
    {.name = "fin.zero-window.established",
     .paragraph = "3.10.7.4 first, Table 6",
     .says = "a zero window takes no FIN",
     .when = {.in = State::kEstablished,
              .with = Flag::kFin,
              .seq = Seq::kExact,
              .text = Text::kNone,
              .window = Window::kZero},
     .branches = {stop(), stop(taken_anyway(State::kCloseWait), Choice::kFinNeedsNoRoom)}},
    {.name = "fin.zero-window.fin-wait-1",
     .paragraph = "3.10.7.4 first, Table 6",
     .says = "a zero window takes no FIN",
     .when = {.in = State::kFinWait1,
              .with = Flag::kFin,
              .seq = Seq::kExact,
              .text = Text::kNone,
              .window = Window::kZero},
     .branches = {stop(), stop(taken_anyway(State::kClosing), Choice::kFinNeedsNoRoom)}},
    {.name = "fin.zero-window.fin-wait-2",
     .paragraph = "3.10.7.4 first, Table 6",
     .says = "a zero window takes no FIN",
     .when = {.in = State::kFinWait2,
              .with = Flag::kFin,
              .seq = Seq::kExact,
              .text = Text::kNone,
              .window = Window::kZero},
     .branches = {stop(), stop(taken_anyway(State::kTimeWait), Choice::kFinNeedsNoRoom)}},
    {.name = "fin.zero-window.behind-text",
     .paragraph = "3.10.7.4 first, Table 6",
     .says = "a FIN behind text that a zero window refuses is not next",
     .when = {.in = kReceiving,
              .with = Flag::kFin,
              .seq = {Seq::kExact, Seq::kStraddlesLeft},
              .text = Text::kSome,
              .window = Window::kZero},
     .branches = {stop()}},
    // A FIN behind the peer's FIN. "Advance RCV.NXT over the FIN, and send an acknowledgment"
    // stands in front of the list of states, so that a reader may do it here too; there is nothing
    // to gain from it.
    {.name = "fin.again",
     .paragraph = "3.10.7.4 eighth, CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT",
     .says = "remain in the state",
     .when = {.in = kAfterPeerFin, .with = Flag::kFin},
     .branches = {stop({.reply = {Reply::kSilence, Reply::kAck}, .rcv_nxt = Receiver::kAny})}},
};

}  // namespace

std::span<const Rule> sixth_check_urg() { return kSixth; }
std::span<const Rule> seventh_process_text() { return kSeventh; }
std::span<const Rule> eighth_check_fin() { return kEighth; }

}  // namespace bowline::table
