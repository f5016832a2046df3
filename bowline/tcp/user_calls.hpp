#pragma once

// The user's calls (RFC 9293 section 3.10.1 to 3.10.6) as far as they concern one connection.
// Finding it, its handle and its place among the others are the Stack's matter.

#include <cstdint>
#include <span>

#include "bowline/base/result.hpp"
#include "bowline/tcp/connection.hpp"

namespace bowline::inline v0::tcp {

/// OPEN, active (section 3.10.1): a SYN is to go out, with `iss` as its number. False when memory
/// ran out.
[[nodiscard]] bool open_active(Connection& c, SeqNumber iss, Context& context) noexcept;

/// SEND (section 3.10.2): queues bytes and returns how many. Errors: operation_would_block,
/// not_connected, broken_pipe, and how the connection ended, once.
[[nodiscard]] Result<std::size_t> send(Connection& c, std::span<const std::byte> bytes,
                                       const WriteHow& how, Context& context) noexcept;
/// The same for lent memory: all or nothing.
[[nodiscard]] Status send_owned(Connection& c, Slice bytes, Context& context) noexcept;

/// New data is about to be queued, or may go again: is the congestion window still to be trusted?
/// (BBR's is: it paces what that lets out.)
void review_window(Connection& c, Context& context) noexcept;

/// RECEIVE (section 3.10.3): may it take bytes? Success when some are there, or the end of the
/// stream is reached. Errors: operation_would_block, and how the connection ended, once.
[[nodiscard]] Status can_receive(Connection& c) noexcept;
/// Is the end of the stream reached: nothing is left and nothing will come?
[[nodiscard]] bool at_end(const Connection& c) noexcept;
/// `bytes` were taken: the window may open, and the buffer grow.
void after_receive(Connection& c, std::uint32_t bytes, Context& context) noexcept;

/// CLOSE (section 3.10.4), that is, shutdown(send): a FIN after what is queued. Errors:
/// not_connected; no_buffer_space, when there is no memory to keep account of the FIN.
[[nodiscard]] Status close_sending(Connection& c, Context& context) noexcept;

/// The handle is given up: CLOSE, and nobody reads any more. With unread data, ABORT
/// (section 3.6.1).
void release(Connection& c, Context& context) noexcept;

/// An orphan is in FIN-WAIT-2: it waits for the peer's FIN for a bounded time, or not at all.
void wait_for_peers_fin(Connection& c, Context& context) noexcept;

/// ABORT (section 3.10.5): RST where the peer may know the connection, and CLOSED.
void abort(Connection& c, Reason reset_reason, EndReason how, Reason why,
           Context& context) noexcept;

/// How the connection ended, once: the error, and no error from then on.
[[nodiscard]] std::error_code take_error(Connection& c) noexcept;

/// What a SYN to `remote` with `options` does about Fast Open (RFC 7413 section 4.2.1).
struct FastOpenPlan {
  FastOpenRole role = FastOpenRole::none;
  std::uint16_t room = 0;  ///< bytes of data that it may carry
};
/// `mss`: what a full segment over the path there holds, without options.
[[nodiscard]] FastOpenPlan plan_fast_open(const IpAddress& remote, const SocketOptions& options,
                                          std::uint16_t mss, const Settings& settings,
                                          const FastOpenCache& cache, Time now) noexcept;

}  // namespace bowline::inline v0::tcp
