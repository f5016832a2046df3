#pragma once

// The parts of the page that are the same for every run: its style, its elements, its script.

#include <string_view>

namespace bowline::inline v0::scenario {

extern const std::string_view kPageHead;    ///< Down to the title.
extern const std::string_view kPageBody;    ///< The elements.
extern const std::string_view kPageScript;  ///< What draws; stands behind the data.

}  // namespace bowline::inline v0::scenario
