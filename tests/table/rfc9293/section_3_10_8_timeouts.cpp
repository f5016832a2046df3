// RFC 9293, 3.10.8: timeouts; and the timers of 3.8: delayed acknowledgment, zero-window probe,
// keep-alive.

#include "tests/table/rfc9293/rule.hpp"

namespace bowline::table {
namespace {

/// Something of ours is outstanding in these states of the table: SYN, text or FIN.
constexpr States kOutstanding{State::kSynSent,  State::kSynReceived, State::kEstablished,
                              State::kFinWait1, State::kCloseWait,   State::kClosing,
                              State::kLastAck};
constexpr States kNothingOutstanding{State::kClosed, State::kListen, State::kFinWait2,
                                     State::kTimeWait};

constexpr Rule kRules[] = {
    // USER TIMEOUT
    {.name = "user-timeout",
     .paragraph = "3.10.8 USER TIMEOUT; 3.8.3 MUST-20; 3.5.2 (a reset at any time)",
     .says = "flush all queues, signal 'connection aborted due to user timeout', CLOSED",
     .when = {.in = kOutstanding,
              .origin = Origin::kActive,
              .user = User::kPresent,
              .timer = Timer::kUser},
     .branches =
         {stop({.next = State::kClosed, .signal = Signal::kTimedOut}),
          stop({.next = State::kClosed, .reply = Reply::kRstSndNxt, .signal = Signal::kTimedOut},
               Choice::kUserTimeoutSaysRst)}},
    {.name = "user-timeout.accepted",
     .paragraph = "3.10.8 USER TIMEOUT; 3.8.3 MUST-20; 3.5.2 (a reset at any time)",
     .says = "the same for a connection that came by passive OPEN",
     .when = {.in = {State::kEstablished, State::kCloseWait},
              .origin = Origin::kPassive,
              .timer = Timer::kUser},
     .branches =
         {stop({.next = State::kClosed, .signal = Signal::kTimedOut}),
          stop({.next = State::kClosed, .reply = Reply::kRstSndNxt, .signal = Signal::kTimedOut},
               Choice::kUserTimeoutSaysRst)}},
    {.name = "user-timeout.user-gone",
     .paragraph = "3.10.8 USER TIMEOUT",
     .says = "nobody is left to be told: CLOSED",
     .when = {.in = kOutstanding, .user = User::kGone, .timer = Timer::kUser},
     .branches = {stop({.next = State::kClosed}),
                  stop({.next = State::kClosed, .reply = Reply::kRstSndNxt},
                       Choice::kUserTimeoutSaysRst)}},
    {.name = "user-timeout.syn-received-passive",
     .paragraph = "3.10.8 USER TIMEOUT; 3.8.3 MUST-23; K100",
     .says = "a half-open entry is given up; the listener goes on listening",
     .when = {.in = State::kSynReceived, .origin = Origin::kPassive, .timer = Timer::kUser},
     .branches = {stop({.next = State::kListen}),
                  stop({.next = State::kListen, .reply = Reply::kRstSndNxt},
                       Choice::kUserTimeoutSaysRst)}},
    {.name = "user-timeout.nothing-sent",
     .paragraph = "3.9.1.2 (the timeout is for data submitted); 3.10.8",
     .says = "nothing outstanding: it does not run",
     .when = {.in = kNothingOutstanding, .timer = Timer::kUser},
     .branches = {stop()}},

    // RETRANSMISSION TIMEOUT
    {.name = "retransmission",
     .paragraph = "3.10.8 RETRANSMISSION TIMEOUT; 3.8.1 MUST-18",
     .says = "send the segment at the front of the retransmission queue again",
     .when = {.in = kOutstanding, .timer = Timer::kRetransmission},
     .branches = {stop({.reply = Reply::kFront})}},
    {.name = "retransmission.nothing-sent",
     .paragraph = "3.10.8 RETRANSMISSION TIMEOUT; 6298 section 5.2",
     .says = "nothing outstanding: it does not run",
     .when = {.in = kNothingOutstanding, .timer = Timer::kRetransmission},
     .branches = {stop()}},

    // TIME-WAIT TIMEOUT
    {.name = "time-wait",
     .paragraph = "3.10.8 TIME-WAIT TIMEOUT; 3.6.1 MUST-13",
     .says = "after 2 MSL and not before: delete the TCB, CLOSED",
     .when = {.in = State::kTimeWait, .timer = Timer::kTimeWait},
     .branches = {stop({.next = State::kClosed})}},
    {.name = "time-wait.elsewhere",
     .paragraph = "3.10.8 TIME-WAIT TIMEOUT",
     .says = "it runs in TIME-WAIT alone: nothing",
     .when = {.in = {State::kClosed, State::kListen, State::kSynSent, State::kSynReceived,
                     State::kEstablished, State::kFinWait1, State::kFinWait2, State::kCloseWait,
                     State::kClosing, State::kLastAck},
              .timer = Timer::kTimeWait},
     .branches = {stop()}},

    // Delayed acknowledgment
    {.name = "delayed-ack",
     .paragraph = "3.8.6.3 SHLD-18, MUST-40",
     .says = "text was taken and not yet acknowledged: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> within "
             "0.5 s",
     .when = {.in = kReceiving, .user = User::kPresent, .timer = Timer::kDelayedAck},
     .branches = {stop({.reply = Reply::kAck})}},
    {.name = "delayed-ack.user-gone",
     .paragraph = "3.6.1 SHLD-3",
     .says = "no text is taken any more: it does not run",
     .when = {.in = kReceiving, .user = User::kGone, .timer = Timer::kDelayedAck},
     .branches = {stop()}},
    {.name = "delayed-ack.elsewhere",
     .paragraph = "3.10.7.4 seventh",
     .says = "no text is taken in these states: it does not run",
     .when = {.in = {State::kClosed, State::kListen, State::kSynSent, State::kSynReceived,
                     State::kCloseWait, State::kClosing, State::kLastAck, State::kTimeWait},
              .timer = Timer::kDelayedAck},
     .branches = {stop()}},

    // Zero-window probe: the peer's window is zero and text waits.
    {.name = "probe",
     .paragraph = "3.8.6.1 MUST-36, SHLD-29",
     .says = "transmit at least one octet of new data although the window is zero",
     .when = {.in = {State::kEstablished, State::kCloseWait, State::kFinWait1, State::kClosing,
                     State::kLastAck},
              .timer = Timer::kZeroWindowProbe},
     .branches = {stop({.reply = Reply::kProbe})}},
    {.name = "probe.elsewhere",
     .paragraph = "3.8.6.1",
     .says = "no text waits for a window in these states: it does not run",
     .when = {.in = kNothingOutstanding | State::kSynSent | State::kSynReceived,
              .timer = Timer::kZeroWindowProbe},
     .branches = {stop()}},

    // Keep-alive: nothing outstanding, nothing received for the interval (MUST-26).
    {.name = "keep-alive",
     .paragraph = "3.8.4 MAY-5, MUST-24, MUST-26, MUST-28",
     .says = "<SEQ=SND.NXT-1><ACK=RCV.NXT><CTL=ACK>, empty or with one octet",
     .when = {.in = {State::kEstablished, State::kCloseWait}, .timer = Timer::kKeepAlive},
     .branches = {stop({.reply = Reply::kKeepAlive})}},
    {.name = "keep-alive.fin-wait-2",
     .paragraph = "3.8.4 MAY-5",
     .says = "nothing outstanding either: it may be sent",
     .when = {.in = State::kFinWait2, .timer = Timer::kKeepAlive},
     .branches = {stop({.reply = {Reply::kSilence, Reply::kKeepAlive}})}},
    {.name = "keep-alive.elsewhere",
     .paragraph = "3.8.4 MUST-26",
     .says = "not opened, or something is outstanding: none",
     .when = {.in = {State::kClosed, State::kListen, State::kSynSent, State::kSynReceived,
                     State::kFinWait1, State::kClosing, State::kLastAck, State::kTimeWait},
              .timer = Timer::kKeepAlive},
     .branches = {stop()}},
    {.name = "keep-alive.not-asked",
     .paragraph = "3.8.4 MUST-25",
     .says = "the default is off: an idle connection sends nothing",
     .when = {.timer = Timer::kKeepAliveNotAsked},
     .branches = {stop()}},
};

constexpr Step kSteps[] = {{"Timeouts", kRules}};

}  // namespace

std::span<const Step> timeouts() { return kSteps; }

}  // namespace bowline::table
