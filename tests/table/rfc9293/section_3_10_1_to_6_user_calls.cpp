// RFC 9293, 3.10.1 to 3.10.6: the user calls OPEN, SEND, RECEIVE, CLOSE, ABORT and STATUS.
//
// In the situations of the table all text ever sent has left the host (some of it unacknowledged),
// so that a CLOSE need not be queued behind text; SEND gives one full segment, which neither Nagle
// nor the windows hold back.

#include "tests/table/rfc9293/rule.hpp"

namespace bowline::table {
namespace {

constexpr Calls kClose{Call::kCloseSending, Call::kCloseFully};
constexpr States kClosedByUs{State::kFinWait1, State::kFinWait2};
constexpr States kBothClosed{State::kClosing, State::kLastAck, State::kTimeWait};

constexpr Rule kRules[] = {
    // 3.10.1 OPEN
    {.name = "open.active.closed",
     .paragraph = "3.10.1 CLOSED",
     .says = "<SEQ=ISS><CTL=SYN>, SYN-SENT",
     .when = {.in = State::kClosed, .call = Call::kOpenActive},
     .branches = {stop({.next = State::kSynSent, .reply = Reply::kSyn, .result = Result::kOk})}},
    {.name = "open.passive.closed",
     .paragraph = "3.10.1 CLOSED",
     .says = "LISTEN",
     .when = {.in = State::kClosed, .call = Call::kOpenPassive},
     .branches = {stop({.next = State::kListen, .result = Result::kOk})}},
    {.name = "open.active.listen",
     .paragraph = "3.10.1 LISTEN",
     .says =
         "from passive to active; the socket interface has no such call and says that it exists",
     .when = {.in = State::kListen, .call = Call::kOpenActive},
     .branches = {stop({.next = State::kSynSent, .reply = Reply::kSyn, .result = Result::kOk},
                       Choice::kListenerBecomesActive),
                  stop({.result = Result::kExists})}},
    {.name = "open.passive.listen",
     .paragraph = "3.10.1; 3.9.1.1",
     .says = "a second passive OPEN of the same socket: it exists",
     .when = {.in = State::kListen, .call = Call::kOpenPassive},
     .branches = {stop({.result = Result::kExists})}},
    {.name = "open.exists",
     .paragraph = "3.10.1 SYN-SENT and all others",
     .says = "error: connection already exists",
     .when = {.in = kOtherStates | State::kSynSent,
              .call = {Call::kOpenActive, Call::kOpenPassive}},
     .branches = {stop({.result = Result::kExists})}},

    // 3.10.2 SEND
    {.name = "send.listen",
     .paragraph = "3.10.2 LISTEN",
     .says = "error: remote socket unspecified (or from passive to active when it is specified)",
     .when = {.in = State::kListen, .call = Call::kSend},
     .branches = {stop({.result = Result::kRemoteUnspecified}),
                  stop({.next = State::kSynSent, .reply = Reply::kSyn, .result = Result::kQueued},
                       Choice::kListenerBecomesActive)}},
    {.name = "send.opening",
     .paragraph = "3.10.2 SYN-SENT SYN-RECEIVED",
     .says = "queue the data for transmission after entering ESTABLISHED",
     .when = {.in = {State::kSynSent, State::kSynReceived}, .call = Call::kSend},
     .branches = {stop({.result = {Result::kQueued, Result::kOk}})}},
    {.name = "send.open",
     .paragraph = "3.10.2 ESTABLISHED CLOSE-WAIT",
     .says = "segmentize the buffer and send it with a piggybacked acknowledgment",
     .when = {.in = {State::kEstablished, State::kCloseWait}, .call = Call::kSend},
     .branches = {stop({.reply = Reply::kText, .result = Result::kOk})}},
    {.name = "send.closing",
     .paragraph = "3.10.2 FIN-WAIT-1 FIN-WAIT-2 CLOSING LAST-ACK TIME-WAIT",
     .says = "error: connection closing",
     .when = {.in = kClosedByUs | kBothClosed, .call = Call::kSend},
     .branches = {stop({.result = Result::kClosing})}},

    // 3.10.3 RECEIVE. Taking text may move the window: an acknowledgment may go out (3.8.6.2.2).
    {.name = "receive.early",
     .paragraph = "3.10.3 LISTEN SYN-SENT SYN-RECEIVED",
     .says = "queue for processing after entering ESTABLISHED; or no room to queue",
     .when = {.in = {State::kListen, State::kSynSent, State::kSynReceived}, .call = Call::kReceive},
     .branches = {stop({.result = {Result::kQueued, Result::kNoRoom}})}},
    {.name = "receive.nothing-yet",
     .paragraph = "3.10.3 ESTABLISHED FIN-WAIT-1 FIN-WAIT-2",
     .says = "insufficient incoming segments: queue the request",
     .when = {.in = kReceiving, .call = Call::kReceive},
     .branches = {stop({.result = Result::kQueued})}},
    {.name = "receive.text",
     .paragraph = "3.10.3 ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT",
     .says = "reassemble queued segments into the buffer and return to the user",
     .when = {.in = kReceiving | State::kCloseWait, .call = Call::kReceiveTextOnHand},
     .branches = {stop({.reply = {Reply::kSilence, Reply::kAck}, .result = Result::kText})}},
    {.name = "receive.end",
     .paragraph = "3.10.3 CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT",
     .says = "no text awaits delivery: error: connection closing",
     .when = {.in = kAfterPeerFin, .call = Call::kReceive},
     .branches = {stop({.result = Result::kEndOfText})}},
    // The text says "connection closing" outright; 3.6 promises the user everything that came
    // before the FIN.
    {.name = "receive.text-at-end",
     .paragraph = "3.10.3 CLOSING LAST-ACK TIME-WAIT; 3.6",
     .says = "error: connection closing; text on hand may still be read",
     .when = {.in = kBothClosed, .call = Call::kReceiveTextOnHand},
     .branches = {stop({.reply = {Reply::kSilence, Reply::kAck},
                        .result = {Result::kText, Result::kEndOfText}})}},

    // 3.10.4 CLOSE
    {.name = "close.listen",
     .paragraph = "3.10.4 LISTEN",
     .says = "delete the TCB, CLOSED",
     .when = {.in = State::kListen, .call = kClose},
     .branches = {stop({.next = State::kClosed, .result = Result::kOk})}},
    {.name = "close.syn-sent",
     .paragraph = "3.10.4 SYN-SENT",
     .says = "delete the TCB",
     .when = {.in = State::kSynSent, .call = kClose},
     .branches = {stop({.next = State::kClosed, .result = Result::kOk})}},
    {.name = "close.syn-received",
     .paragraph = "3.10.4 SYN-RECEIVED",
     .says = "no SENDs have been issued: form a FIN segment and send it, FIN-WAIT-1",
     .when = {.in = State::kSynReceived, .call = kClose},
     .branches = {stop({.next = State::kFinWait1, .reply = Reply::kFin, .result = Result::kOk})}},
    {.name = "close.established",
     .paragraph = "3.10.4 ESTABLISHED",
     .says = "form a FIN segment and send it, FIN-WAIT-1",
     .when = {.in = State::kEstablished, .call = kClose},
     .branches = {stop({.next = State::kFinWait1, .reply = Reply::kFin, .result = Result::kOk})}},
    {.name = "close.close-wait",
     .paragraph = "3.10.4 CLOSE-WAIT",
     .says = "send a FIN segment, LAST-ACK",
     .when = {.in = State::kCloseWait, .call = kClose},
     .branches = {stop({.next = State::kLastAck, .reply = Reply::kFin, .result = Result::kOk})}},
    {.name = "close.again",
     .paragraph = "3.10.4 FIN-WAIT-1 FIN-WAIT-2",
     .says = "error: connection closing, or ok; no second FIN",
     .when = {.in = kClosedByUs, .call = kClose},
     .branches = {stop({.result = {Result::kOk, Result::kClosing}})}},
    // The error is the RFC's; a full close, which ends the user's name for the connection (MAY-1),
    // may say ok.
    {.name = "close.both-closed",
     .paragraph = "3.10.4 CLOSING LAST-ACK TIME-WAIT; 3.6.1 MAY-1",
     .says = "error: connection closing",
     .when = {.in = kBothClosed, .call = kClose},
     .branches = {stop({.result = {Result::kClosing, Result::kOk}})}},
    {.name = "close.unread",
     .paragraph = "3.6.1 MAY-1, SHLD-3; 2525 section 2.17",
     .says = "full CLOSE with received data pending: a RST shows that it was lost",
     .when = {.in = kReceiving | State::kCloseWait, .call = Call::kCloseFullyUnread},
     .branches = {stop(
         {.next = State::kClosed, .reply = Reply::kRstSndNxt, .result = Result::kOk})}},
    {.name = "close.unread.both-closed",
     .paragraph = "3.6.1 SHLD-3; 3.10.4 CLOSING LAST-ACK TIME-WAIT",
     .says = "the same when both have closed: a RST, or as without unread text",
     .when = {.in = kBothClosed, .call = Call::kCloseFullyUnread},
     .branches = {stop({.next = State::kClosed, .reply = Reply::kRstSndNxt, .result = Result::kOk}),
                  stop({.result = {Result::kClosing, Result::kOk}})}},

    // 3.10.5 ABORT
    {.name = "abort.unsynchronized",
     .paragraph = "3.10.5 LISTEN SYN-SENT",
     .says = "delete the TCB, CLOSED; nothing is sent",
     .when = {.in = {State::kListen, State::kSynSent}, .call = Call::kAbort},
     .branches = {stop({.next = State::kClosed, .result = Result::kOk})}},
    {.name = "abort.rst",
     .paragraph = "3.10.5 SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT",
     .says = "<SEQ=SND.NXT><CTL=RST>, CLOSED",
     .when = {.in = {State::kSynReceived, State::kEstablished, State::kFinWait1, State::kFinWait2,
                     State::kCloseWait},
              .call = Call::kAbort},
     .branches = {stop(
         {.next = State::kClosed, .reply = Reply::kRstSndNxt, .result = Result::kOk})}},
    {.name = "abort.both-closed",
     .paragraph = "3.10.5 CLOSING LAST-ACK TIME-WAIT",
     .says = "ok, delete the TCB, CLOSED",
     .when = {.in = kBothClosed, .call = Call::kAbort},
     .branches = {stop({.next = State::kClosed, .result = Result::kOk})}},

    // 3.10.6 STATUS
    {.name = "status",
     .paragraph = "3.10.6",
     .says = "return the state",
     .when = {.in = kOtherStates | State::kListen | State::kSynSent, .call = Call::kStatus},
     .branches = {stop({.result = Result::kOk})}},

    // 3.10.2 to 3.10.6, CLOSED
    {.name = "call.closed",
     .paragraph = "3.10.2 to 3.10.6 CLOSED",
     .says = "error: connection does not exist",
     .when = {.in = State::kClosed,
              .call = {Call::kSend, Call::kReceive, Call::kCloseSending, Call::kCloseFully,
                       Call::kAbort, Call::kStatus}},
     .branches = {stop({.result = Result::kNoConnection})}},
};

constexpr Step kSteps[] = {{"User calls", kRules}};

}  // namespace

std::span<const Step> user_calls() { return kSteps; }

}  // namespace bowline::table
