#pragma once

// What a person sees: colour and arrows where the terminal can show them, plain text in a pipe.

#include <string>
#include <string_view>

#include "bowline/trace/ladder_text.hpp"

namespace bowline::tools {

/// Is `descriptor` a terminal?
[[nodiscard]] bool is_terminal(int descriptor);

/// How standard output is written.
struct Style {
  bool terminal = false;  ///< a person looks on as it is written
  bool colour = false;    ///< a terminal that does not ask for none (NO_COLOR, TERM=dumb)
  bool utf8 = false;      ///< the locale's encoding

  /// Of standard output, as the environment has it.
  [[nodiscard]] static Style of_output();

  [[nodiscard]] std::string bold(std::string_view text) const;
  [[nodiscard]] std::string faint(std::string_view text) const;
  [[nodiscard]] std::string good(std::string_view text) const;
  [[nodiscard]] std::string bad(std::string_view text) const;
};

/// How ladders are drawn on standard output: as wide as the terminal, 100 columns elsewhere.
[[nodiscard]] trace::LadderOptions ladder_options();

}  // namespace bowline::tools
