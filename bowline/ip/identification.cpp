#include "bowline/ip/identification.hpp"

namespace bowline::inline v0::ip {

std::uint32_t Identifications::next(const IpAddress& source, const IpAddress& destination,
                                    std::uint8_t protocol) noexcept {
  const auto word = [](const IpAddress& address, std::size_t at) {
    return detail::load_le(address.raw().data() + at, 8);
  };
  const std::uint64_t hash = siphash24(
      key_, std::array<std::uint64_t, 5>{word(source, 0), word(source, 8), word(destination, 0),
                                         word(destination, 8), protocol});
  // The halves of the hash are as good as two hashes.
  return static_cast<std::uint32_t>(hash) + counters_[(hash >> 32) % kCounters]++;
}

}  // namespace bowline::inline v0::ip
