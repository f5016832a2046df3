#pragma once

// How much the peer, the network and the link let out now: what every decision to send asks.

#include <cstdint>

#include "bowline/tcp/connection.hpp"
#include "bowline/tcp/output.hpp"

namespace bowline::inline v0::tcp {

/// As good as no bound: the largest window that TCP can have (RFC 7323 section 2.3).
inline constexpr std::uint32_t kNoBound = 1U << 30;

/// The most payload of one frame: the IP packet must stay below 64 KiB.
[[nodiscard]] std::uint32_t most_payload(const Connection& c, const LinkAbility& link) noexcept;
/// Bytes that recovery or the congestion window lets out now. There is a Transfer.
[[nodiscard]] std::uint32_t congestion_allowance(const Connection& c,
                                                 const Settings& settings) noexcept;
/// Is the congestion window what limits the sender, in the round trip under way? Only with
/// Settings::count_packets (Linux's tcp_is_cwnd_limited()).
[[nodiscard]] bool window_is_used(const Connection& c) noexcept;
/// Bytes of the offered window from SND.NXT on.
[[nodiscard]] std::uint32_t window_allowance(const Connection& c) noexcept;
/// Packets that a frame should have at the most by the rate of the connection
/// (Settings::size_bursts): a millisecond's worth of what the window lets out in a round trip
/// (twice that in slow start), and more on short paths.
[[nodiscard]] std::uint32_t packets_by_rate(const Connection& c, const Settings& settings) noexcept;
/// Packets that it should have at the most so that acknowledgments keep coming: half of the window.
[[nodiscard]] std::uint32_t packets_by_window(const Connection& c) noexcept;

}  // namespace bowline::inline v0::tcp
