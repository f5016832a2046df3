#pragma once

// Errors at the edge to the operating system: for a person, in one line, with the remedy.

#include <cerrno>
#include <expected>
#include <string>
#include <system_error>
#include <utility>

namespace bowline::inline v0::os {

/// Why something failed. `message` is one line that names the thing and says what would help.
struct Error {
  std::string message;   ///< one line, with the remedy
  std::error_code code;  ///< what the kernel said, if it did
};

/// A `T`, or why there is none.
template <class T>
using Outcome = std::expected<T, Error>;

/// The error side of any Outcome.
[[nodiscard]] inline std::unexpected<Error> failed(std::string message, int code) {
  return std::unexpected<Error>(
      Error{.message = std::move(message), .code = {code, std::generic_category()}});
}

/// What strerror says of `code`.
[[nodiscard]] inline std::string describe(int code) {
  return std::error_code(code, std::generic_category()).message();
}

}  // namespace bowline::inline v0::os
