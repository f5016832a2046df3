#pragma once

// What a system call came to: the value that it returns and, when that is -1, errno. No call here
// touches the thread's errno; whoever stands in for the C library does.

#include <cstdint>
#include <system_error>

namespace bowline::inline v0::sockets {

/// The result of one call, as Linux would give it.
struct Outcome {
  std::int64_t value = 0;  ///< what the call returns; -1: it failed
  int error = 0;           ///< errno, when it failed
  /// Linux would also send SIGPIPE: the other end is closed and MSG_NOSIGNAL was not given.
  bool broken_pipe = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// The call worked and returns `value`.
[[nodiscard]] constexpr Outcome returned(std::int64_t value) noexcept { return {value, 0, false}; }
/// The call failed with `error` (an errno, not 0).
[[nodiscard]] constexpr Outcome failed(int error) noexcept { return {-1, error, false}; }
/// The call failed as `error` says (generic category: its value is an errno).
[[nodiscard]] inline Outcome failed(const std::error_code& error) noexcept {
  return failed(error.value());
}

}  // namespace bowline::inline v0::sockets
