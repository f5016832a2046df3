#pragma once

// How a subcommand fails: by exception, turned into one line and an exit status in main().

#include <stdexcept>
#include <string>
#include <utility>

#include "bowline/os/error.hpp"

namespace bowline::tools {

/// Exit status of the command (REQUIREMENTS C).
enum class ExitStatus : int { done = 0, failed = 1, wrong_usage = 2 };

/// The work failed. what() is one line that says why and what would help.
class Failure : public std::runtime_error {
 public:
  using runtime_error::runtime_error;
};

/// An argument is wrong. what() is one line that names it and says what would be right.
class WrongUsage : public std::runtime_error {
 public:
  using runtime_error::runtime_error;
};

/// The value of `outcome`, or its error as a Failure.
template <class T>
T or_fail(os::Outcome<T> outcome) {
  if (!outcome) throw Failure(outcome.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*outcome);
}

}  // namespace bowline::tools
