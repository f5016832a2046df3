#include "bowline/os/random.hpp"

#include <sys/random.h>

#include <cerrno>

namespace bowline::inline v0::os {

Result<std::array<std::uint64_t, 4>> random_seed() {
  std::array<std::uint64_t, 4> seed{};
  // Up to 256 bytes come whole or not at all (getrandom(2)).
  while (::getrandom(seed.data(), sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
    if (errno != EINTR) return fail(std::error_code(errno, std::generic_category()));
  }
  return seed;
}

Result<wire::MacAddress> random_mac() {
  BOWLINE_TRY(seed, random_seed());
  return wire::local_mac(seed[0]);
}

}  // namespace bowline::inline v0::os
