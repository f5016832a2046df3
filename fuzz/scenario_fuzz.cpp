// Scenario files (TOML): whatever the text, it is a scenario or one line says why not.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bowline/scenario/reader.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16'384) return 0;
  const auto scenario =
      bowline::scenario::read_scenario({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  if (!scenario) {
    bowline::fuzz::require(scenario.error().starts_with("fuzz.toml:"));
    bowline::fuzz::require(scenario.error().find('\n') == std::string::npos);
  }
  return 0;
}
