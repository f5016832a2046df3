#pragma once

// A segment meets a connection (RFC 9293 section 3.10.7). What meets a listener, a half-open entry
// or a TIME-WAIT record is in listener.hpp and time_wait.hpp; what meets nothing, in reply.hpp.

#include "bowline/tcp/connection.hpp"
#include "bowline/tcp/input/steps.hpp"
#include "bowline/tcp/segment.hpp"

namespace bowline::inline v0::tcp {

/// The next acknowledgments are sent at once, where Settings::quick_acks has it: the peer starts,
/// or repairs something, and wants to hear of each segment.
void start_quick_acks(Connection& c, const Settings& settings) noexcept;
/// Takes `segment` into `c`: changes its state, flags and timers, queues payload, but sends nothing
/// (output.hpp does) except stateless resets. Afterwards `c` may be CLOSED.
void input(Connection& c, const Segment& segment, Context& context) noexcept;

/// The same without the fast path: for the test that compares both.
void input_slowly(Connection& c, const Segment& segment, Context& context) noexcept;

/// The connection in the view of the steps.
[[nodiscard]] TcbView view_of(const Connection& c) noexcept;

// -- the parts, each in a file of its own

/// RFC 9293 section 3.10.7.3: SYN-SENT.
void input_syn_sent(Connection& c, const Segment& segment, Context& context) noexcept;

/// Header prediction: takes a segment that is what one expects (ESTABLISHED, in order, nothing
/// unusual) and returns true, or leaves everything alone and returns false. Must never do what
/// input_slowly() would not.
[[nodiscard]] bool input_fast(Connection& c, const Segment& segment, Context& context) noexcept;

/// Fifth, second half: what an acknowledgment that is believed does.
void process_ack(Connection& c, const Segment& segment, Context& context) noexcept;

/// The window that `segment` offers, in bytes: that of a SYN is never scaled (RFC 7323 2.2).
[[nodiscard]] std::uint32_t offered_window(const Connection& c, const Segment& segment,
                                           const Settings& settings) noexcept;

/// The part of process_ack() that concerns SND.WND, SND.WL1 and SND.WL2.
void update_send_window(Connection& c, const Segment& segment, Context& context) noexcept;

/// Sixth: the URG bit.
void process_urgent(Connection& c, const Segment& segment) noexcept;

/// Seventh: the segment text. False when the connection was reset over it.
[[nodiscard]] bool process_text(Connection& c, const Segment& segment, Context& context) noexcept;

/// A segment from `left` to `right` was refused or cut: what of it lies below RCV.NXT came twice,
/// and is reported with the next ACK (RFC 2883 section 4). The rest may not have come at all.
void note_duplicate(Connection& c, SeqNumber left, SeqNumber right) noexcept;

/// Eighth: the FIN bit.
void process_fin(Connection& c, const Segment& segment, Context& context) noexcept;

/// The peer's FIN is next in order: takes it (also when a hole before it is filled).
void take_fin(Connection& c, Context& context) noexcept;

/// TS.Recent follows the segments that are acknowledged next (RFC 7323 section 4.3).
void update_ts_recent(Connection& c, const Segment& segment, Time now) noexcept;

/// New data in order has come: an ACK now, or by the timer (RFC 9293 section 3.8.6.3, RFC 5681
/// section 4.2).
void schedule_ack(Connection& c, const Segment& segment, Context& context) noexcept;

/// The connection is ESTABLISHED from here on (RFC 9293 section 3.10.7.3 and .4).
void establish(Connection& c, const Segment& segment, Reason why, Context& context) noexcept;

}  // namespace bowline::inline v0::tcp
