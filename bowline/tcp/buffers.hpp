#pragma once

// How much one connection may hold: its send and its receive buffer, and how they grow.
//
// Both begin small and grow to what the path needs (tcp/buffer_tuning.hpp), up to a configured
// limit; a size that the application has set for its socket is final (as Linux has it: SO_SNDBUF
// and SO_RCVBUF turn the tuning off). This is where the tuning meets the connection: when it is
// told what, and what becomes of its answers.
//
// Only sizes are kept in the connection. The measurements stand in the Transfer and are forgotten
// with it: what an idle connection once took in a round trip says nothing about the next time.

#include <cstdint>

#include "bowline/tcp/connection.hpp"
#include "bowline/tcp/segment.hpp"

namespace bowline::inline v0::tcp {

/// Segments that a connection may still send, and be sent, while buffers are scarce: enough to get
/// on, and so that the second one brings an acknowledgment. Linux leaves a receiver as much
/// (__tcp_select_window()).
inline constexpr std::uint32_t kScarceSegments = 4;

/// The bytes that the send buffer may hold now; kScarceSegments at most while buffers are `scarce`.
[[nodiscard]] std::uint32_t send_limit(const Connection& c, const Settings& settings,
                                       bool scarce = false) noexcept;
/// SocketOptions::unsent_low_water, or what Settings say; 0: none.
[[nodiscard]] std::uint32_t unsent_low_water(const Connection& c,
                                             const Settings& settings) noexcept;
/// Has the send buffer so much room that a writer should be told: a third of it, and less than half
/// of unsent_low_water waits? `scarce` as for send_limit().
[[nodiscard]] bool is_writable(const Connection& c, const Settings& settings,
                               bool scarce = false) noexcept;
/// The same of the receive buffer as send_limit().
[[nodiscard]] std::uint32_t receive_limit(const Connection& c, const Settings& settings) noexcept;

/// What the receive buffer of a socket with `options` holds at first: what a SYN offers of it.
[[nodiscard]] std::uint32_t first_receive_buffer(const SocketOptions& options,
                                                 const Settings& settings) noexcept;
/// The most that it may ever hold: what the window scale must be able to say (RFC 7323
/// section 2.3).
[[nodiscard]] std::uint32_t most_receive_buffer(const SocketOptions& options,
                                                const Settings& settings) noexcept;

/// The peer's numbers are known, and there is a Transfer: measuring begins.
void start_receive_tuning(Connection& c, Context& context) noexcept;
/// `segment` brought data in order.
void measure_arrival(Connection& c, const Segment& segment, Context& context) noexcept;
/// The application took `bytes`: the receive buffer may grow, unless memory is short.
void tune_receive_buffer(Connection& c, std::uint32_t bytes, Context& context) noexcept;

/// The application could write no more: the send buffer may grow, unless memory is short.
void tune_send_buffer(Connection& c, Context& context) noexcept;

}  // namespace bowline::inline v0::tcp
