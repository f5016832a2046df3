#pragma once

// Numbers with a kind: one table finds connections, half-open entries and TIME-WAIT records alike,
// and one list names all that is ready.

#include <cstdint>

namespace bowline::inline v0 {

/// What a number in the lookup table or in the ready list is the number of: two bits above the
/// index.
enum class Kind : std::uint32_t {
  connection = 0,
  syn_entry = 1,
  time_wait = 2,
  listener = 1,
  udp = 2
};

inline constexpr std::uint32_t kKindShift = 30;

[[nodiscard]] constexpr std::uint32_t tagged(Kind kind, std::uint32_t index) noexcept {
  return static_cast<std::uint32_t>(kind) << kKindShift | index;
}
[[nodiscard]] constexpr Kind kind_of(std::uint32_t tagged_index) noexcept {
  return static_cast<Kind>(tagged_index >> kKindShift);
}
[[nodiscard]] constexpr std::uint32_t index_of(std::uint32_t tagged_index) noexcept {
  return tagged_index & ((1U << kKindShift) - 1);
}

}  // namespace bowline::inline v0
