#pragma once

// ECN feedback of a connection: which kind the two SYNs agree on, what it says of what has come,
// what the peer's says of what we sent.
//
// Two units know how: Ecn (RFC 3168), which says once in a round trip that something was marked,
// and AccEcn (RFC 9768), which counts. Here they meet the connection. The response is the same for
// both: as to a loss, once in a round trip (RFC 9768 section 3 leaves it as it was).

#include "bowline/tcp/acc_ecn.hpp"
#include "bowline/tcp/output.hpp"
#include "bowline/tcp/segment.hpp"

namespace bowline::inline v0::tcp {

/// What a listener makes of the flags of a SYN.
[[nodiscard]] FeedbackMode answer_to_syn(EcnMode mode, std::uint16_t flags) noexcept;

/// The flags by which our SYN asks for ECN; none when it does not. Something on the path may drop
/// SYNs that do: what asks for ECN does not when it is repeated (RFC 3168 section 6.1.1.1), what
/// asks for AccECN tries twice (RFC 9768 section 3.1.4.1).
[[nodiscard]] std::uint16_t flags_of_syn(const Connection& c, const Settings& settings) noexcept;

/// The peer's SYN came, with or without an ACK of ours, which asked: what both agree on. Begins
/// counting, where that is AccECN.
[[nodiscard]] FeedbackMode agree_on_feedback(Connection& c, const Segment& syn,
                                             Context& context) noexcept;

/// An acceptable segment came, no SYN: its mark is counted, and told at once where that is due.
void note_marks(Connection& c, const Segment& segment) noexcept;

/// What a segment says of the marks on what we sent: the packets newly reported as marked (for
/// RFC 3168: 1 while the peer echoes). `delivered` bytes are newly acknowledged by it;
/// `opening`: our SYN-ACK among them.
[[nodiscard]] std::uint32_t reported_marks(Connection& c, const Segment& segment,
                                           std::uint32_t delivered, bool opening) noexcept;

/// The flags that a segment other than a SYN has for it.
[[nodiscard]] std::uint16_t feedback_flags(const Connection& c, const Plan& plan) noexcept;
/// Adds the AccECN option to the options of a segment other than a SYN, if one is due and fits.
void add_feedback_option(const Connection& c, const Plan& plan, wire::TcpOptions& options) noexcept;

}  // namespace bowline::inline v0::tcp
