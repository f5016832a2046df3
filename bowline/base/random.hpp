#pragma once

// Random numbers that are the same everywhere.
//
// A run of the simulator is its seed: the same seed gives the same bytes with every compiler and
// library, so nothing here leans on std:: distributions, whose results differ. Streams have names
// ("wire/a-b/loss"), so that an entity added to a simulation does not shift the numbers of the
// others (DESIGN section 6). The generator is xoshiro256** (Blackman and Vigna, 2018). It is no
// cipher: secrets are keys, drawn from the operating system and handed in.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace bowline::inline v0 {

/// One step of SplitMix64: moves `state` on and returns 64 well-mixed bits. For seeding, and where
/// eight bytes of state are all that can be spent.
[[nodiscard]] constexpr std::uint64_t split_mix(std::uint64_t& state) noexcept {
  state += 0x9e3779b97f4a7c15;
  std::uint64_t z = state;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

/// A stream of random numbers. A copy continues the same stream independently.
class Random {
 public:
  /// The stream that `seed` stands for.
  explicit constexpr Random(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) word = split_mix(seed);
  }
  /// The stream that 256 bits stand for. All zero is no state of the generator and means Random(0).
  explicit constexpr Random(const std::array<std::uint64_t, 4>& seed) noexcept : state_(seed) {
    if ((seed[0] | seed[1] | seed[2] | seed[3]) == 0) *this = Random(0);
  }

  /// The stream called `name` of a run with `seed`; streams of different names have nothing to do
  /// with each other.
  [[nodiscard]] static Random stream(std::uint64_t seed, std::string_view name) noexcept;

  /// The next 64 bits.
  constexpr std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// A number from 0 to `n` - 1, each as likely as the others; 0 when `n` is 0.
  [[nodiscard]] constexpr std::uint64_t below(std::uint64_t n) noexcept {
    if (n < 2) return 0;
    // Draw as many bits as n - 1 has, again while the number is too large: at most two draws on
    // average.
    const int spare = std::countl_zero(n - 1);
    std::uint64_t drawn = next() >> spare;
    while (drawn >= n) drawn = next() >> spare;
    return drawn;
  }
  /// below() as containers count: an index into one of `size` elements. 64 bits are too wide for
  /// that on a 32-bit processor.
  [[nodiscard]] constexpr std::size_t index(std::size_t size) noexcept {
    return static_cast<std::size_t>(below(size));
  }

  /// A number from 0 up to, not including, 1: a multiple of 2^-53.
  [[nodiscard]] constexpr double unit() noexcept {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
  }

  /// True with probability `p`: never for 0 (or less), always for 1 (or more). Always draws once.
  [[nodiscard]] constexpr bool chance(double p) noexcept { return unit() < p; }

  /// Fills `to`.
  void bytes(std::span<std::byte> to) noexcept;

  friend constexpr bool operator==(const Random&, const Random&) noexcept = default;

  template <class V>
  void visit(V& v) {
    v(state_);
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace bowline::inline v0
