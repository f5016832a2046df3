#include "bowline/tcp/secrets.hpp"

#include <array>

namespace bowline::inline v0::tcp {
namespace {

// What each derived number is for.
enum Purpose : std::uint64_t {
  kIsn = 0,
  kTuple = 4,
  kPort = 6,
  kRandom = 8,  // and the three behind it
  kFragments = 12,
  kIdentification = 14,
  kInterfaceId = 16,
  kFastOpen = 18,
  kSynCookie = 20,
};

std::uint64_t derive_word(const std::array<std::uint64_t, 4>& seed,
                          std::uint64_t purpose) noexcept {
  return siphash24({seed[0], seed[1]}, std::array<std::uint64_t, 3>{purpose, seed[2], seed[3]});
}

SipKey derive_key(const std::array<std::uint64_t, 4>& seed, Purpose purpose) noexcept {
  return {derive_word(seed, purpose), derive_word(seed, purpose + 1)};
}

Hash128 wide_hash(const SipKey& key, const Endpoint& local, const Endpoint& remote) noexcept {
  auto hasher = SipHasher<1, 3>::wide(key);
  add_tuple(hasher, local, remote);
  return hasher.finish128(0);
}

}  // namespace

Secrets Secrets::derive(const std::array<std::uint64_t, 4>& seed) noexcept {
  Secrets secrets;
  secrets.isn = derive_key(seed, kIsn);
  secrets.tuple = derive_key(seed, kTuple);
  secrets.port = derive_key(seed, kPort);
  secrets.fragments = derive_key(seed, kFragments);
  secrets.identification = derive_key(seed, kIdentification);
  secrets.interface_id = derive_key(seed, kInterfaceId);
  secrets.fast_open = derive_key(seed, kFastOpen);
  secrets.syn_cookie = derive_key(seed, kSynCookie);
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
  SipHasher<2, 4> hasher(key);
  add_tuple(hasher, local, remote);
  auto hash = static_cast<std::uint32_t>(hasher.finish(0));
  if (ablation.without(Mechanism::isn_clock)) clock = 0;
  if (ablation.without(Mechanism::isn_hash)) hash = 0;
  return SeqNumber(clock + hash);
}

TupleHash hash_tuple(const SipKey& key, const Endpoint& local, const Endpoint& remote) noexcept {
  const Hash128 hash = wide_hash(key, local, remote);
  return {hash.low, hash.high};
}

std::uint32_t timestamp_offset(const SipKey& key, const Endpoint& local,
                               const Endpoint& remote) noexcept {
  return static_cast<std::uint32_t>(wide_hash(key, local, remote).high);
}

std::uint64_t tuple_hash(const SipKey& key, const Endpoint& local,
                         const Endpoint& remote) noexcept {
  return wide_hash(key, local, remote).low;
}

}  // namespace bowline::inline v0::tcp
