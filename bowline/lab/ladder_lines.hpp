#pragma once

// A diagram as lines of text, narrow enough for two of them beside each other.

#include <cstddef>
#include <string>
#include <vector>

#include "bowline/lab/diagram.hpp"
#include "bowline/lab/text.hpp"

namespace bowline::inline v0::lab {

/// How text is set.
struct Page {
  Language language = Language::en;  ///< of all words
  std::size_t width = 120;           ///< columns
  bool ascii = false;                ///< "-->" where there are no arrows
};

/// The least width of one ladder.
inline constexpr std::size_t kLadderWidth = 58;

/// The lines of `diagram`, none wider than `page.width` (at least kLadderWidth). States stand where
/// they change; what is too long loses its middle.
[[nodiscard]] std::vector<std::string> draw(const Diagram& diagram, const Page& page);

/// Two diagrams under their titles: beside each other where the page has room for both, else the
/// second below the first.
[[nodiscard]] std::string draw_pair(const Diagram& first, const Text& first_title,
                                    const Diagram& second, const Text& second_title,
                                    const Page& page);

/// The rungs that are shown of a long diagram: those before, and those from the second on.
struct Shown {
  std::size_t head = 0;  ///< so many from the beginning
  std::size_t tail = 0;  ///< and from this one on
};
/// Which rungs are shown.
[[nodiscard]] Shown shown_rungs(const Diagram& diagram);

/// Seconds since the first rung: "0.010".
[[nodiscard]] std::string time_of(const Diagram& diagram, const Rung& rung);

}  // namespace bowline::inline v0::lab
