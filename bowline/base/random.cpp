#include "bowline/base/random.hpp"

#include "bowline/base/siphash.hpp"

namespace bowline::inline v0 {

Random Random::stream(std::uint64_t seed, std::string_view name) noexcept {
  const auto bytes = std::as_bytes(std::span(name.data(), name.size()));
  std::array<std::uint64_t, 4> state{};
  for (std::size_t i = 0; i < state.size(); ++i) state[i] = siphash24(SipKey{seed, i}, bytes);
  return Random(state);
}

void Random::bytes(std::span<std::byte> to) noexcept {
  for (std::size_t at = 0; at < to.size();) {
    std::uint64_t word = next();
    for (int i = 0; i < 8 && at < to.size(); ++i, word >>= 8) {
      to[at++] = static_cast<std::byte>(word & 0xff);
    }
  }
}

}  // namespace bowline::inline v0
