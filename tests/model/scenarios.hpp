#pragma once

// What is explored: each scenario puts one part of a connection's life under every fault that fits.

#include <span>
#include <string>
#include <string_view>

#include "bowline/model/scenario.hpp"

namespace bowline::test {

/// A scenario by name.
struct Named {
  std::string_view name;      ///< "open"
  std::string_view idea;      ///< one line
  model::Scenario (*make)();  ///< the bounds of the full run
};

/// All of them, the smallest first.
[[nodiscard]] std::span<const Named> all_scenarios();

/// The one called `name`; null: none.
[[nodiscard]] const Named* find_scenario(std::string_view name);

}  // namespace bowline::test
