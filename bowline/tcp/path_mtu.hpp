#pragma once

// The size of a connection's packets: what the path is said to carry, and what it is found to
// carry.
//
// ICMP says it, if somebody lets it through; the search (tcp/path_mtu_probe.hpp, RFC 4821) finds it
// out without. Here the search meets the connection: probes are made of new data that would go
// anyway, RACK says which of them were lost, the retransmission timer that nothing arrives at all,
// and whatever comes out becomes SND.MSS.

#include <optional>

#include "bowline/tcp/output.hpp"

namespace bowline::inline v0::tcp {

/// The path takes IP packets of `mtu` bytes: sets snd_mss (RFC 9293 section 3.7.1, MUST-16).
void set_path_mtu(Connection& c, std::uint32_t mtu) noexcept;

/// The connection is established: the search may begin, as the settings have it.
void start_path_search(Connection& c, Context& context) noexcept;

/// The interface, or a router by ICMP (believed by the caller), takes no more than `mtu` bytes.
/// True when that is less than what is in use: what is outstanding was too big.
[[nodiscard]] bool limit_path_mtu(Connection& c, std::uint32_t mtu, Time now) noexcept;

/// The largest packet that may be under way: that of a probe, or the path MTU.
[[nodiscard]] std::uint32_t largest_packet(const Connection& c) noexcept;

/// A probe of `unsent` bytes of new data that should go instead of an ordinary segment (RFC 4821
/// section 7.5); `window` is what the peer's window has left.
[[nodiscard]] std::optional<Plan> plan_path_probe(const Connection& c, std::uint32_t unsent,
                                                  std::uint32_t window, Time now) noexcept;

/// That plan was sent, all of it.
void path_probe_sent(Connection& c, const Plan& plan) noexcept;

/// `from` to `to` were delivered.
void path_delivered(Connection& c, SeqNumber from, SeqNumber to, Context& context) noexcept;

/// SND.UNA has moved, and all that the acknowledgment says was told to path_delivered().
void path_progress(Connection& c, Context& context) noexcept;

/// ACKs say that something is lost: is it the probe under way and nothing else? Then it is no sign
/// of congestion (RFC 4821 section 7.6.2).
[[nodiscard]] bool only_the_probe_is_lost(Connection& c, Context& context) noexcept;

/// The retransmission timer expired: where that happens again and again packets may be too big, and
/// become smaller (RFC 4821 section 7.7).
void suspect_black_hole(Connection& c, Context& context) noexcept;

}  // namespace bowline::inline v0::tcp
