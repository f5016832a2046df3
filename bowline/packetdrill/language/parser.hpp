#pragma once

// Reads a script: text in, values or the first thing that is wrong out.
//
// The reading is complete: names of calls, constants and errors are looked up, code blocks are
// parsed, packets are checked, so that nothing of a script runs that would later turn out to be
// none. docs/drill.md describes the language.

#include <expected>
#include <string_view>

#include "bowline/packetdrill/language/lexer.hpp"
#include "bowline/packetdrill/language/script.hpp"

namespace bowline::inline v0::packetdrill {

/// Reads `text`. `defines` stand for words in it, beside those that it defines itself (which lose
/// against these).
[[nodiscard]] std::expected<Script, Problem> parse_script(std::string_view text,
                                                          const Defines& defines = {});

}  // namespace bowline::inline v0::packetdrill
