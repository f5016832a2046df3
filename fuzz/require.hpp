#pragma once

// What a fuzz target demands of its subject beyond not crashing.

namespace bowline::fuzz {

/// Ends the program, and so the fuzzing, with this input as the find, unless `holds`.
inline void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace bowline::fuzz
