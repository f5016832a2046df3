// RFC 9293, 3.10.7.4 second and fourth: check the RST bit, check the SYN bit. With RFC 5961
// sections 3 and 4.

#include "tests/table/rfc9293/section_3_10_7_4.hpp"

namespace bowline::table {
namespace {

constexpr States kResetTellsUser{State::kEstablished, State::kFinWait1, State::kFinWait2,
                                 State::kCloseWait};
constexpr States kResetIsQuiet{State::kClosing, State::kLastAck};

constexpr Rule kSecond[] = {
    {.name = "rst.none",
     .paragraph = "3.10.7.4 second",
     .says = "no RST: go on",
     .when = {.without = Flag::kRst},
     .branches = {go_on()}},

    // 5961, 3.2, 1): "the sequence number is outside the current receive window". A RST with text
    // whose front is old passes Table 6, but its SEG.SEQ is outside.
    {.name = "rst.outside",
     .paragraph = "3.10.7.4 second 1); 5961 section 3.2",
     .says = "SEG.SEQ outside the window: silently drop",
     .when = {.with = Flag::kRst, .seq = Seq::kStraddlesLeft},
     .branches = {stop()}},

    // 2): exactly RCV.NXT.
    {.name = "rst.exact.syn-received-passive",
     .paragraph = "3.10.7.4 second 2), SYN-RECEIVED; 3.5 figure 11",
     .says = "passive OPEN: return to LISTEN, the user need not be informed",
     .when = {.in = State::kSynReceived,
              .with = Flag::kRst,
              .seq = Seq::kExact,
              .origin = Origin::kPassive},
     .branches = {stop({.next = State::kListen})}},
    {.name = "rst.exact.syn-received-active",
     .paragraph = "3.10.7.4 second 2), SYN-RECEIVED",
     .says = "active OPEN: signal 'connection refused', CLOSED",
     .when = {.in = State::kSynReceived,
              .with = Flag::kRst,
              .seq = Seq::kExact,
              .origin = Origin::kActive},
     .branches = {stop({.next = State::kClosed, .signal = Signal::kRefused})}},
    {.name = "rst.exact.user-told",
     .paragraph = "3.10.7.4 second 2), ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT; MUST-12",
     .says = "signal 'connection reset', CLOSED",
     .when = {.in = kResetTellsUser, .with = Flag::kRst, .seq = Seq::kExact},
     .branches = {stop({.next = State::kClosed, .signal = Signal::kReset})}},
    {.name = "rst.exact.quiet",
     .paragraph = "3.10.7.4 second 2), CLOSING LAST-ACK; K85",
     .says = "CLOSED; nobody is waiting for more",
     .when = {.in = kResetIsQuiet, .with = Flag::kRst, .seq = Seq::kExact},
     .branches = {stop({.next = State::kClosed, .signal = {Signal::kNothing, Signal::kReset}})}},
    {.name = "rst.exact.time-wait",
     .paragraph = "3.10.7.4 second 2), TIME-WAIT; 1337 section 3 fix F1",
     .says = "CLOSED; with RFC 1337: ignored",
     .when = {.in = State::kTimeWait, .with = Flag::kRst, .seq = Seq::kExact},
     .branches = {stop({.next = State::kClosed}, Choice::kNo1337), stop()}},

    // 3): in the window, not at its left edge.
    {.name = "rst.in-window.syn-received-passive",
     .paragraph = "3.10.7.4 second 3); 5961 section 3.2",
     .says = "challenge ACK, drop",
     .when = {.in = State::kSynReceived,
              .with = Flag::kRst,
              .seq = kOutOfOrder,
              .origin = Origin::kPassive},
     .branches = {stop({.reply = Reply::kAck}),
                  stop({.next = State::kListen}, Choice::kNo5961Rst)}},
    {.name = "rst.in-window.syn-received-active",
     .paragraph = "3.10.7.4 second 3); 5961 section 3.2",
     .says = "challenge ACK, drop",
     .when = {.in = State::kSynReceived,
              .with = Flag::kRst,
              .seq = kOutOfOrder,
              .origin = Origin::kActive},
     .branches = {stop({.reply = Reply::kAck}),
                  stop({.next = State::kClosed, .signal = Signal::kRefused}, Choice::kNo5961Rst)}},
    {.name = "rst.in-window.user-told",
     .paragraph = "3.10.7.4 second 3); 5961 section 3.2",
     .says = "challenge ACK, drop",
     .when = {.in = kResetTellsUser, .with = Flag::kRst, .seq = kOutOfOrder},
     .branches = {stop({.reply = Reply::kAck}),
                  stop({.next = State::kClosed, .signal = Signal::kReset}, Choice::kNo5961Rst)}},
    {.name = "rst.in-window.quiet",
     .paragraph = "3.10.7.4 second 3); 5961 section 3.2",
     .says = "challenge ACK, drop",
     .when = {.in = kResetIsQuiet, .with = Flag::kRst, .seq = kOutOfOrder},
     .branches = {stop({.reply = Reply::kAck}),
                  stop({.next = State::kClosed, .signal = {Signal::kNothing, Signal::kReset}},
                       Choice::kNo5961Rst)}},
    {.name = "rst.in-window.time-wait",
     .paragraph = "3.10.7.4 second 3); 5961 section 3.2; 1337 section 3 fix F1",
     .says = "challenge ACK, drop; with RFC 1337 every RST may as well be ignored",
     .when = {.in = State::kTimeWait, .with = Flag::kRst, .seq = kOutOfOrder},
     .branches = {stop({.reply = {Reply::kAck, Reply::kSilence}}),
                  stop({.next = State::kClosed}, Choice::kNo1337)}},
};

// For those that do not follow 5961: "send a reset, ... 'connection reset' signal, enter the CLOSED
// state".
constexpr Replies kSomeRst{Reply::kRstSegAck, Reply::kRstZero, Reply::kRstSndNxt};

constexpr Rule kFourth[] = {
    {.name = "syn.none",
     .paragraph = "3.10.7.4 fourth",
     .says = "no SYN: go on",
     .when = {.without = Flag::kSyn},
     .branches = {go_on()}},
    {.name = "syn.syn-received-passive",
     .paragraph = "3.10.7.4 fourth, SYN-RECEIVED",
     .says = "passive OPEN: return to LISTEN, and return",
     .when = {.in = State::kSynReceived,
              .with = Flag::kSyn,
              .seq = {Seq::kExact, Seq::kAhead, Seq::kLastInWindow},
              .origin = Origin::kPassive},
     .branches = {stop({.next = State::kListen})}},
    {.name = "syn.syn-received-active",
     .paragraph = "3.10.7.4 fourth, SYN-RECEIVED, 'otherwise'; 5961 section 4",
     .says = "active OPEN: challenge ACK as in the synchronized states",
     .when = {.in = State::kSynReceived,
              .with = Flag::kSyn,
              .seq = {Seq::kExact, Seq::kAhead, Seq::kLastInWindow},
              .origin = Origin::kActive},
     .branches = {stop({.reply = Reply::kAck}),
                  stop({.next = State::kClosed, .reply = kSomeRst, .signal = Signal::kReset},
                       Choice::kNo5961Syn)}},
    // The SYN lies before RCV.NXT and would be trimmed ("trimming off any portions that lie outside
    // the window (including SYN and FIN)"); what is left is an ordinary segment. 5961,
    // "irrespective of the sequence number", would challenge it; and it may be the peer's SYN
    // repeated.
    {.name = "syn.syn-received-old-front",
     .paragraph = "3.10.7.4 first, last paragraph, and fourth",
     .says = "the SYN is old, what follows is new: trim and go on, or acknowledge and drop",
     .when = {.in = State::kSynReceived, .with = Flag::kSyn, .seq = Seq::kStraddlesLeft},
     .branches = {go_on(), stop({.reply = {Reply::kAck, Reply::kSynAck}})}},
    {.name = "syn.synchronized",
     .paragraph = "3.10.7.4 fourth; 5961 section 4.2",
     .says = "irrespective of the sequence number: challenge ACK, drop",
     .when = {.in = kSynchronized, .with = Flag::kSyn},
     .branches = {stop({.reply = Reply::kAck}),
                  stop({.next = State::kClosed, .reply = kSomeRst, .signal = Signal::kReset},
                       Choice::kNo5961Syn)}},
};

}  // namespace

std::span<const Rule> second_check_rst() { return kSecond; }
std::span<const Rule> fourth_check_syn() { return kFourth; }

}  // namespace bowline::table
