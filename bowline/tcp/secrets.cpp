#include "bowline/tcp/secrets.hpp"

#include <array>
#include <cstring>

namespace bowline::inline v0::tcp {
namespace {

// What each derived number is for.
enum Purpose : std::uint64_t {
  kIsn = 0,
  kTimestamp = 2,
  kTable = 4,
  kPort = 6,
  kRandom = 8,  // and the three behind it
  kFragments = 12,
  kIdentification = 14,
  kInterfaceId = 16,
  kFastOpen = 18,
};

std::uint64_t derive_word(const std::array<std::uint64_t, 4>& seed,
                          std::uint64_t purpose) noexcept {
  return siphash24({seed[0], seed[1]}, std::array<std::uint64_t, 3>{purpose, seed[2], seed[3]});
}

SipKey derive_key(const std::array<std::uint64_t, 4>& seed, Purpose purpose) noexcept {
  return {derive_word(seed, purpose), derive_word(seed, purpose + 1)};
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

Secrets Secrets::derive(const std::array<std::uint64_t, 4>& seed) noexcept {
  Secrets secrets;
  secrets.isn = derive_key(seed, kIsn);
  secrets.timestamp = derive_key(seed, kTimestamp);
  secrets.table = derive_key(seed, kTable);
  secrets.port = derive_key(seed, kPort);
  secrets.fragments = derive_key(seed, kFragments);
  secrets.identification = derive_key(seed, kIdentification);
  secrets.interface_id = derive_key(seed, kInterfaceId);
  secrets.fast_open = derive_key(seed, kFastOpen);
  return secrets;
}

std::array<std::uint64_t, 4> derive_random_seed(const std::array<std::uint64_t, 4>& seed) noexcept {
  std::array<std::uint64_t, 4> words{};
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = derive_word(seed, kRandom + i);
  return words;
}

SeqNumber initial_sequence(const SipKey& key, const Endpoint& local, const Endpoint& remote,
                           Time now, Ablation ablation) noexcept {
  auto clock = static_cast<std::uint32_t>(now.time_since_epoch() / 4us);
  auto hash = static_cast<std::uint32_t>(siphash24(key, words_of(local, remote)));
  if (ablation.without(Mechanism::isn_clock)) clock = 0;
  if (ablation.without(Mechanism::isn_hash)) hash = 0;
  return SeqNumber(clock + hash);
}

std::uint32_t timestamp_offset(const SipKey& key, const Endpoint& local,
                               const Endpoint& remote) noexcept {
  return static_cast<std::uint32_t>(siphash24(key, words_of(local, remote)));
}

std::uint64_t tuple_hash(const SipKey& key, const Endpoint& local,
                         const Endpoint& remote) noexcept {
  return siphash13(key, words_of(local, remote));
}

}  // namespace bowline::inline v0::tcp
