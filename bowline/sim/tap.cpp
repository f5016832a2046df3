#include "bowline/sim/tap.hpp"

#include <array>

#include "bowline/base/siphash.hpp"

namespace bowline::inline v0::sim {

void DigestTap::add(const Passage& passage, std::uint64_t end) noexcept {
  if (end == 1) ++packets_;
  const std::array<std::uint64_t, 6> words{
      hash_,
      end | static_cast<std::uint64_t>(passage.fate) << 8 | std::uint64_t{passage.copy} << 16,
      static_cast<std::uint64_t>(passage.at.time_since_epoch().count()),
      static_cast<std::uint64_t>(passage.wire) << 32 | static_cast<std::uint64_t>(passage.from),
      passage.packet,
      // Little-endian words inside: the digest is the same on every machine.
      siphash24(SipKey{}, passage.bytes)};
  hash_ = siphash24(SipKey{}, words);
}

}  // namespace bowline::inline v0::sim
