// RFC 9293, 3.10.7.1: a segment arrives in CLOSED (there is no TCB).

#include "tests/table/rfc9293/rule.hpp"

namespace bowline::table {
namespace {

constexpr Rule kRules[] = {
    {.name = "closed.rst",
     .paragraph = "3.10.7.1",
     .says = "a segment containing a RST is discarded",
     .when = {.with = Flag::kRst},
     .branches = {stop()}},
    {.name = "closed.ack",
     .paragraph = "3.10.7.1; 3.5.2 group 1",
     .says = "ACK on: <SEQ=SEG.ACK><CTL=RST>",
     .when = {.with = Flag::kAck, .without = Flag::kRst},
     .branches = {stop({.reply = Reply::kRstSegAck})}},
    {.name = "closed.no-ack",
     .paragraph = "3.10.7.1; 3.5.2 group 1",
     .says = "ACK off: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>",
     .when = {.without = {Flag::kAck, Flag::kRst}},
     .branches = {stop({.reply = Reply::kRstZero})}},
};

constexpr Step kSteps[] = {{"CLOSED STATE", kRules}};

}  // namespace

std::span<const Step> segment_in_closed() { return kSteps; }

}  // namespace bowline::table
