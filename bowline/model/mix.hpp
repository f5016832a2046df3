#pragma once

// Hashing of small tuples: words go in, 64 well-mixed bits come out.

#include <cstdint>

#include "bowline/base/random.hpp"

namespace bowline::inline v0::model {

/// A running hash.
class Mix {
 public:
  /// Begins with `seed`.
  explicit constexpr Mix(std::uint64_t seed = 0) noexcept { add(seed); }
  /// Takes one more word.
  constexpr Mix& add(std::uint64_t word) noexcept {
    std::uint64_t both = state_ ^ word;
    state_ = split_mix(both) + kStep;
    return *this;
  }
  /// The hash of all so far.
  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return state_; }

 private:
  // So that a state of 0, in which the place of a word would not show, does not last.
  static constexpr std::uint64_t kStep = 0xd1b54a32d192ed03;

  std::uint64_t state_ = kStep;
};

}  // namespace bowline::inline v0::model
