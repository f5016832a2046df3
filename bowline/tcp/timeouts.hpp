#pragma once

// What time does to a connection (RFC 9293 sections 3.8 and 3.10.8).

#include "bowline/tcp/connection.hpp"
#include "bowline/tcp/output.hpp"

namespace bowline::inline v0::tcp {

/// Runs every timer of `c` that is due. Sends nothing; afterwards `c` may be CLOSED.
void on_timers(Connection& c, Context& context) noexcept;

/// After an event: sets and cancels the timers that follow from the state of `c` (retransmission or
/// probe, keepalive, the limit R2).
void settle_timers(Connection& c, const LinkAbility& link, Context& context) noexcept;

}  // namespace bowline::inline v0::tcp
