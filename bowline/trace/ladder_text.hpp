#pragma once

// Draws a ladder as text.
//
//       time  10.0.0.1:1234 (this stack)                                    10.0.0.2:80
//             CLOSED                                                        (LISTEN)
//   0.000000  SYN-SENT        ─── SYN seq 0 win 65535 ───────────────────▶  (SYN-RECEIVED)
//               active open: ask the peer to synchronise with our number [RFC 9293 3.10.1]
//
// The result is lines, so that two ladders can be put side by side. Where no times are known, lines
// are numbered, as in the RFC's figures.

#include <cstddef>
#include <string>
#include <vector>

#include "bowline/trace/ladder.hpp"

namespace bowline::inline v0::trace {

/// How a ladder is drawn.
struct LadderOptions {
  /// Columns of the terminal; fewer than 72 count as 72.
  std::size_t width = 100;
  bool ascii = false;     ///< "-->" instead of arrows that need UTF-8
  bool absolute = false;  ///< sequence numbers as they are, not counted from the ISNs
  bool reasons = true;    ///< the line of why beside each segment
};

/// The lines of `ladder`, without line breaks, none wider than the width.
[[nodiscard]] std::vector<std::string> draw(const Ladder& ladder,
                                            const LadderOptions& options = {});

/// The same as one text, each line with its break.
[[nodiscard]] std::string draw_text(const Ladder& ladder, const LadderOptions& options = {});

/// How many columns `text` (UTF-8, all characters one column wide) takes.
[[nodiscard]] std::size_t columns(std::string_view text) noexcept;

/// Two ladders beside each other, each drawn with half of `options.width`, under their titles.
[[nodiscard]] std::string draw_side_by_side(const Ladder& first, std::string_view first_title,
                                            const Ladder& second, std::string_view second_title,
                                            const LadderOptions& options);

}  // namespace bowline::inline v0::trace
