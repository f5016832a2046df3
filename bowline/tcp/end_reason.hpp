#pragma once

// How a connection ends. Each way is a result of its own for the application (REQUIREMENTS A14):
// "the peer has finished" and "nobody answers any more" call for different next steps.

#include <cstdint>
#include <string_view>
#include <system_error>

namespace bowline::inline v0::tcp {

/// How a connection ended.
enum class EndReason : std::uint8_t {
  none,              ///< it has not ended
  orderly,           ///< both sides finished and confirmed it
  reset,             ///< by the peer
  refused,           ///< by the peer, while opening
  timed_out,         ///< nothing was acknowledged for R2, or the user timeout
  unreachable,       ///< says the network (ICMP), while opening
  keepalive_failed,  ///< the peer no longer answers
  aborted,           ///< by us
  no_resources,      ///< the stack ran out of memory
};

/// For a person: "reset by the peer".
[[nodiscard]] std::string_view name(EndReason reason) noexcept;

/// The error that an application gets: ECONNRESET, ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ETIMEDOUT
/// (keepalive), ECONNABORTED, ENOBUFS; no error for `none` and `orderly`.
[[nodiscard]] std::error_code error_of(EndReason reason) noexcept;

}  // namespace bowline::inline v0::tcp
