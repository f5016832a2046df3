#pragma once

// Loss recovery: what follows from an acknowledgment, from its absence, and from time.
//
// This is where the units meet, none of which knows another: RACK or the duplicate ACKs say what is
// lost, the tail probe and the timeout ask when nobody says anything, PRR (Recovery) lets out
// repairs, congestion control sets the window, Undo takes it back when it was all a mistake. With
// SACK, RACK-TLP decides (RFC 8985); without, NewReno (RFC 6582).

#include "bowline/tcp/connection.hpp"
#include "bowline/tcp/input/ack_news.hpp"

namespace bowline::inline v0::tcp {

/// Draws the conclusions from an acknowledgment that take_acknowledgment() has entered.
void respond_to_acknowledgment(Connection& c, const AckNews& news, Context& context) noexcept;

/// Timer::reorder: what was overtaken has had its time.
void on_reorder_timer(Connection& c, Context& context) noexcept;

/// Timer::tail_probe: nothing came back for two round trips (RFC 8985 section 7.3).
void on_tail_probe_timer(Connection& c, Context& context) noexcept;

/// Timer::retransmit, on a synchronized connection with something outstanding: what is lost now,
/// and the window (RFC 6298 5.4, RFC 8985 section 6.3, RFC 5681 section 3.1). `first`: the first
/// timeout in a row.
void on_timeout_loss(Connection& c, bool first, Context& context) noexcept;

/// When Timer::tail_probe should be set to, after something was sent or acknowledged; kNever: not
/// at all.
[[nodiscard]] Time tail_probe_time(const Connection& c, const Context& context) noexcept;

/// Repairs after a timeout are still under way: until SND.UNA has passed what was out then.
[[nodiscard]] bool in_timeout_recovery(const Connection& c) noexcept;

// -- without SACK: newreno.cpp

/// respond_to_acknowledgment() where the peer does not report what came out of order (RFC 5681
/// section 3.2, RFC 6582). False: the ACK was nothing but progress outside recovery.
[[nodiscard]] bool recover_by_duplicates(Connection& c, const AckNews& news,
                                         Context& context) noexcept;

/// A loss was found with `in_flight` bytes in the network: fast recovery begins (RFC 5681 section
/// 3.2, RFC 9937).
void enter_recovery(Connection& c, std::uint32_t in_flight, Context& context) noexcept;

/// All that was out at the loss is acknowledged.
void leave_recovery(Connection& c, Context& context) noexcept;

}  // namespace bowline::inline v0::tcp
