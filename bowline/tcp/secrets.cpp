#include "bowline/tcp/secrets.hpp"

#include <array>
#include <cstring>

namespace bowline::tcp {
namespace {

SipKey draw_key(Random& random) noexcept {
  const std::uint64_t k0 = random.next();
  return {k0, random.next()};
}

// The words of an address, the same number on every machine.
std::uint64_t word(const IpAddress& address, std::size_t at) noexcept {
  return detail::load_le(address.raw().data() + at, 8);
}

std::array<std::uint64_t, 5> words_of(const Endpoint& local, const Endpoint& remote) noexcept {
  const std::uint64_t ports = static_cast<std::uint64_t>(local.port) << 16 | remote.port;
  return {word(local.address, 0), word(local.address, 8), word(remote.address, 0),
          word(remote.address, 8), ports};
}

}  // namespace

Secrets Secrets::draw(Random& random) noexcept {
  Secrets secrets;
  secrets.isn = draw_key(random);
  secrets.timestamp = draw_key(random);
  secrets.table = draw_key(random);
  secrets.port = draw_key(random);
  return secrets;
}

SeqNumber initial_sequence(const SipKey& key, const Endpoint& local, const Endpoint& remote,
                           Time now) noexcept {
  const auto clock = static_cast<std::uint32_t>(now.time_since_epoch() / 4us);
  return SeqNumber(clock + static_cast<std::uint32_t>(siphash24(key, words_of(local, remote))));
}

std::uint32_t timestamp_offset(const SipKey& key, const Endpoint& local,
                               const Endpoint& remote) noexcept {
  return static_cast<std::uint32_t>(siphash24(key, words_of(local, remote)));
}

std::uint64_t tuple_hash(const SipKey& key, const Endpoint& local,
                         const Endpoint& remote) noexcept {
  return siphash13(key, words_of(local, remote));
}

}  // namespace bowline::tcp
