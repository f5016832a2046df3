// RFC 9293, 3.10.7.3: a segment arrives in SYN-SENT.
//
// The third step (security/compartment, Appendix A.1) has nothing to check on today's Internet and
// is left out here as in 3.10.7.4.

#include "tests/table/rfc9293/rule.hpp"

namespace bowline::table {
namespace {

constexpr Acks kUnacceptable{Ack::kOld, Ack::kUna, Ack::kBeyond, Ack::kFarBeyond};

constexpr Rule kFirst[] = {
    {.name = "syn-sent.no-ack",
     .paragraph = "3.10.7.3 first",
     .says = "no ACK: go on",
     .when = {.without = Flag::kAck},
     .branches = {go_on()}},
    {.name = "syn-sent.ack-bad-rst",
     .paragraph = "3.10.7.3 first",
     .says = "SEG.ACK =< ISS or SEG.ACK > SND.NXT, with RST: drop",
     .when = {.with = {Flag::kAck, Flag::kRst}, .ack = kUnacceptable},
     .branches = {stop()}},
    {.name = "syn-sent.ack-bad",
     .paragraph = "3.10.7.3 first",
     .says = "SEG.ACK =< ISS or SEG.ACK > SND.NXT: <SEQ=SEG.ACK><CTL=RST>, discard",
     .when = {.with = Flag::kAck, .without = Flag::kRst, .ack = kUnacceptable},
     .branches = {stop({.reply = Reply::kRstSegAck})}},
    {.name = "syn-sent.ack-good",
     .paragraph = "3.10.7.3 first",
     .says = "SND.UNA < SEG.ACK =< SND.NXT: acceptable",
     .when = {.with = Flag::kAck, .ack = Ack::kNxt},
     .branches = {go_on()}},
};

// The text asks for a comparison with RCV.NXT first (SHOULD, 5961); RCV.NXT does not exist before
// the peer's SYN, so there is nothing to compare. The signal is "connection reset" in the
// text; 3.10.7.4 calls the same event on an active OPEN "connection refused", and so do the socket
// interface and REQUIREMENTS A14.
constexpr Rule kSecond[] = {
    {.name = "syn-sent.no-rst",
     .paragraph = "3.10.7.3 second",
     .says = "no RST: go on",
     .when = {.without = Flag::kRst},
     .branches = {go_on()}},
    {.name = "syn-sent.rst-ack",
     .paragraph = "3.10.7.3 second",
     .says = "the ACK was acceptable: signal the user, CLOSED",
     .when = {.with = {Flag::kRst, Flag::kAck}},
     .branches = {stop({.next = State::kClosed, .signal = {Signal::kReset, Signal::kRefused}})}},
    {.name = "syn-sent.rst-no-ack",
     .paragraph = "3.10.7.3 second",
     .says = "no ACK: drop",
     .when = {.with = Flag::kRst, .without = Flag::kAck},
     .branches = {stop()}},
};

// "There are other controls or text": FIN or text (URG alone leads through the sixth step as well,
// which it passes without a reply).
constexpr Rule kFourth[] = {
    {.name = "syn-sent.syn-ack",
     .paragraph = "3.10.7.3 fourth",
     .says = "our SYN is acknowledged: ESTABLISHED, <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>",
     .when = {.with = {Flag::kSyn, Flag::kAck}, .without = Flag::kFin, .text = Text::kNone},
     .branches = {to_sixth({.next = State::kEstablished,
                            .reply = Reply::kAck,
                            .una = Sender::kTaken,
                            .send_window = Sender::kTaken,
                            .rcv_nxt = Receiver::kOverSyn})}},
    {.name = "syn-sent.syn-ack-text",
     .paragraph = "3.10.7.3 fourth",
     .says =
         "with text: the ACK may wait for the text's; go on at the sixth step; or refuse the text",
     .when = {.with = {Flag::kSyn, Flag::kAck}, .text = Text::kSome},
     .branches = {to_sixth({.next = State::kEstablished,
                            .reply = {Reply::kSilence, Reply::kAck},
                            .una = Sender::kTaken,
                            .send_window = Sender::kTaken,
                            .rcv_nxt = Receiver::kOverSyn}),
                  stop({.next = State::kEstablished,
                        .reply = Reply::kAck,
                        .una = Sender::kTaken,
                        .send_window = Sender::kTaken,
                        .rcv_nxt = Receiver::kOverSyn},
                       Choice::kSynTextRefused)}},
    {.name = "syn-sent.syn-ack-fin",
     .paragraph = "3.10.7.3 fourth",
     .says = "with a FIN alone: as with text",
     .when = {.with = {Flag::kSyn, Flag::kAck, Flag::kFin}, .text = Text::kNone},
     .branches = {to_sixth({.next = State::kEstablished,
                            .reply = {Reply::kSilence, Reply::kAck},
                            .una = Sender::kTaken,
                            .send_window = Sender::kTaken,
                            .rcv_nxt = Receiver::kOverSyn}),
                  stop({.next = State::kEstablished,
                        .reply = Reply::kAck,
                        .una = Sender::kTaken,
                        .send_window = Sender::kTaken,
                        .rcv_nxt = Receiver::kOverSyn},
                       Choice::kSynTextRefused)}},
    {.name = "syn-sent.syn",
     .paragraph = "3.10.7.3 fourth; 3.5 figure 7, MUST-10",
     .says = "simultaneous open: SYN-RECEIVED, <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>; the rest waits",
     .when = {.with = Flag::kSyn, .without = Flag::kAck},
     .branches = {stop({.next = State::kSynReceived,
                        .reply = Reply::kSynAck,
                        .send_window = Sender::kTaken,
                        .rcv_nxt = Receiver::kOverSyn})}},
    {.name = "syn-sent.no-syn",
     .paragraph = "3.10.7.3 fourth",
     .says = "no SYN: go on",
     .when = {.without = Flag::kSyn},
     .branches = {go_on()}},
};

constexpr Rule kFifth[] = {
    {.name = "syn-sent.neither",
     .paragraph = "3.10.7.3 fifth; eighth of 3.10.7.4 for FIN",
     .says = "neither SYN nor RST: drop",
     .branches = {stop()}},
};

constexpr Step kSteps[] = {{"First, check the ACK bit", kFirst},
                           {"Second, check the RST bit", kSecond},
                           {"Fourth, check the SYN bit", kFourth},
                           {"Fifth, if neither of the SYN or RST bits is set", kFifth}};

}  // namespace

std::span<const Step> segment_in_syn_sent() { return kSteps; }

}  // namespace bowline::table
