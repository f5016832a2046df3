#pragma once

// Results: a value, or the POSIX meaning of why there is none.
//
// The core does not throw. What can fail returns a Result; the error is a std::error_code of the
// generic category, so that every edge (BSD sockets, Asio, the command line) can map it by one
// table.

#include <expected>
#include <system_error>
#include <utility>

namespace bowline::inline v0 {

/// A `T`, or the error that prevented it (generic category: std::errc).
template <class T>
using Result = std::expected<T, std::error_code>;

/// Success, or the error.
using Status = Result<void>;

/// The error side of any Result: `return fail(std::errc::not_connected);`
[[nodiscard]] inline std::unexpected<std::error_code> fail(std::errc why) noexcept {
  return std::unexpected<std::error_code>(std::make_error_code(why));
}

/// The error side of any Result, from an error code that came from elsewhere.
[[nodiscard]] inline std::unexpected<std::error_code> fail(std::error_code why) noexcept {
  return std::unexpected<std::error_code>(why);
}

}  // namespace bowline::inline v0

#define BOWLINE_JOIN_(a, b) a##b
#define BOWLINE_JOIN(a, b) BOWLINE_JOIN_(a, b)

/// Evaluates `expression` (a Result); returns its error from the enclosing function, or declares
/// `name` as its value. (std::expected's monadic calls are not in libstdc++ 12.)
#define BOWLINE_TRY(name, expression)                                \
  auto BOWLINE_JOIN(result_, __LINE__) = (expression);               \
  if (!BOWLINE_JOIN(result_, __LINE__)) {                            \
    return ::bowline::fail(BOWLINE_JOIN(result_, __LINE__).error()); \
  }                                                                  \
  auto name = std::move(*BOWLINE_JOIN(result_, __LINE__))

/// Evaluates `expression` (a Status); returns its error from the enclosing function.
#define BOWLINE_CHECK(expression)                                  \
  do {                                                             \
    if (auto result_of_check_ = (expression); !result_of_check_) { \
      return ::bowline::fail(result_of_check_.error());            \
    }                                                              \
  } while (false)
