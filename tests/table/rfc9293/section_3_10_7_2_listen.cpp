// RFC 9293, 3.10.7.2: a segment arrives in LISTEN.

#include "tests/table/rfc9293/rule.hpp"

namespace bowline::table {
namespace {

constexpr Rule kFirst[] = {
    {.name = "listen.rst",
     .paragraph = "3.10.7.2 first",
     .says = "an incoming RST should be ignored",
     .when = {.with = Flag::kRst},
     .branches = {stop()}},
    {.name = "listen.no-rst",
     .paragraph = "3.10.7.2 first",
     .says = "no RST: go on",
     .when = {.without = Flag::kRst},
     .branches = {go_on()}},
};

constexpr Rule kSecond[] = {
    {.name = "listen.ack",
     .paragraph = "3.10.7.2 second",
     .says = "any acknowledgment is bad: <SEQ=SEG.ACK><CTL=RST>",
     .when = {.with = Flag::kAck},
     .branches = {stop({.reply = Reply::kRstSegAck})}},
    {.name = "listen.no-ack",
     .paragraph = "3.10.7.2 second",
     .says = "no ACK: go on",
     .when = {.without = Flag::kAck},
     .branches = {go_on()}},
};

// "Any other control or text should be queued for processing later": it is not delivered now, and
// the SYN,ACK acknowledges the SYN alone (RCV.NXT = SEG.SEQ+1), so that text and FIN on a SYN may
// equally be refused and sent again.
constexpr Effect kSynReceived{
    .next = State::kSynReceived, .reply = Reply::kSynAck, .rcv_nxt = Receiver::kOverSyn};

constexpr Rule kThird[] = {
    {.name = "listen.syn",
     .paragraph = "3.10.7.2 third",
     .says = "<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>, SYN-RECEIVED; anything else on it waits",
     .when = {.with = Flag::kSyn, .without = Flag::kFin},
     .branches = {stop(kSynReceived)}},
    {.name = "listen.syn-fin",
     .paragraph = "3.10.7.2 third",
     .says = "the same with a FIN, which waits",
     .when = {.with = {Flag::kSyn, Flag::kFin}},
     .branches = {stop(kSynReceived), stop({}, Choice::kSynFinRefused)}},
    {.name = "listen.no-syn",
     .paragraph = "3.10.7.2 third",
     .says = "no SYN: go on",
     .when = {.without = Flag::kSyn},
     .branches = {go_on()}},
};

constexpr Rule kFourth[] = {
    {.name = "listen.other",
     .paragraph = "3.10.7.2 fourth",
     .says = "other data or control: drop the segment",
     .branches = {stop()}},
};

constexpr Step kSteps[] = {{"First, check for a RST", kFirst},
                           {"Second, check for an ACK", kSecond},
                           {"Third, check for a SYN", kThird},
                           {"Fourth, other data or control", kFourth}};

}  // namespace

std::span<const Step> segment_in_listen() { return kSteps; }

}  // namespace bowline::table
