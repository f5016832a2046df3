#pragma once

// Runs the code of %{ }% blocks.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bowline/packetdrill/code/block.hpp"

namespace bowline::inline v0::packetdrill::code {

/// The variables that there are: those of TCP_INFO, and what the script has set. They stay from one
/// block to the next.
using Variables = std::map<std::string, Value, std::less<>>;

/// Why a block failed.
struct Failure {
  Position position;    ///< of the statement
  std::string message;  ///< one line
};

/// Runs `block`; what it prints is appended to `printed`. Nothing: it ran to its end.
[[nodiscard]] std::optional<Failure> run(const Block& block, Variables& variables,
                                         std::string& printed);

}  // namespace bowline::inline v0::packetdrill::code
