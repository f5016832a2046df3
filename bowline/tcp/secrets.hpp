#pragma once

// What outsiders must not guess: initial sequence numbers, timestamp offsets, the order of the
// lookup table.
//
// Each comes from a key of its own, so that knowing one says nothing about another. An initial
// number is a clock plus a keyed hash of the four-tuple (RFC 9293 section 3.4.1, RFC 6528):
// successive connections of one four-tuple rise, and those of different ones have nothing to do
// with each other.

#include <array>
#include <cstdint>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/ablation.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::tcp {

/// The keys of one Stack.
struct Secrets {
  SipKey isn;
  SipKey tuple;  ///< of four-tuples: places in tables, timestamp offsets
  SipKey port;
  SipKey fragments;       ///< tables by source: incomplete datagrams, who holds what, who scans
  SipKey identification;  ///< of the datagrams that we fragment
  SipKey interface_id;    ///< of stable IPv6 addresses (RFC 7217)
  SipKey fast_open;       ///< the cookies that we give (RFC 7413)
  SipKey syn_cookie;      ///< initial numbers that stand for a half-open entry (RFC 4987)

  /// Derives all keys from the 256 bits of `seed`, each under a name of its own, by SipHash: no
  /// key, and nothing that a random number generator lets out, tells anything of another.
  [[nodiscard]] static Secrets derive(const std::array<std::uint64_t, 4>& seed) noexcept;

  template <class V>
  void visit(V& v) {
    v.excluded(isn, "the ISN is the base of every number hashed");
    v.excluded(tuple, "no order of a table counts; timestamps are off in the exploration");
    v.excluded(port, "ports are chosen by the explored program");
    v.excluded(fragments, "nothing depends on the order of a table");
    v.excluded(identification, "names for fragments");
    v.excluded(interface_id, "only new addresses are made of it");
    v.excluded(fast_open, "cookies are opaque, and Fast Open is off in the exploration");
    v.excluded(syn_cookie, "a cookie is an ISN, the base of every number hashed");
  }
};

/// The seed of the random numbers that are no secrets (ports, the shape of trees), derived in the
/// same way.
[[nodiscard]] std::array<std::uint64_t, 4> derive_random_seed(
    const std::array<std::uint64_t, 4>& seed) noexcept;

/// The initial sequence number of a connection opened at `now`: M + F(local, remote, key), where M
/// ticks every 4 microseconds (RFC 9293 section 3.4.1, MUST-8, SHLD-1, MUST-9).
[[nodiscard]] SeqNumber initial_sequence(const SipKey& key, const Endpoint& local,
                                         const Endpoint& remote, Time now,
                                         Ablation ablation = {}) noexcept;

/// What a four-tuple is hashed to. Two halves of one SipHash-1-3: neither tells of the other, and
/// whoever needs both has them for little more than one.
struct TupleHash {
  std::uint64_t table = 0;   ///< its place in tables
  std::uint64_t secret = 0;  ///< what SYN cookies are made of; its low half is timestamp_offset()

  /// What is added to the clock in its timestamps.
  [[nodiscard]] constexpr std::uint32_t timestamp_offset() const noexcept {
    return static_cast<std::uint32_t>(secret);
  }
};
[[nodiscard]] TupleHash hash_tuple(const SipKey& key, const Endpoint& local,
                                   const Endpoint& remote) noexcept;

/// TupleHash::timestamp_offset() (RFC 7323 section 5.4). `key` is Secrets::tuple.
[[nodiscard]] std::uint32_t timestamp_offset(const SipKey& key, const Endpoint& local,
                                             const Endpoint& remote) noexcept;

/// The timestamp clock without the offset: milliseconds (RFC 7323 section 5.4 asks for 1 ms to 1
/// s).
[[nodiscard]] constexpr std::uint32_t timestamp_clock(Time now) noexcept {
  return static_cast<std::uint32_t>(now.time_since_epoch() / 1ms);
}

/// Feeds a four-tuple into `hasher`, the same words on every machine: what the keyed hashes are
/// made of. Five, or two for IPv4: a good part of what a flood costs is its hashes.
template <class Hasher>
void add_tuple(Hasher& hasher, const Endpoint& local, const Endpoint& remote) noexcept {
  const auto word = [](const IpAddress& address, std::size_t at) {
    return detail::load_le(address.raw().data() + at, 8);
  };
  const std::uint64_t ports = static_cast<std::uint64_t>(local.port) << 16 | remote.port;
  if (local.address.is_v4() && remote.address.is_v4()) {
    constexpr std::uint64_t kAddress = 0xffffffffULL << 32;  // of the mapped form
    hasher.add((word(local.address, 8) & kAddress) | word(remote.address, 8) >> 32);
    hasher.add(ports | 4ULL << 32);
  } else {
    hasher.add(word(local.address, 0));
    hasher.add(word(local.address, 8));
    hasher.add(word(remote.address, 0));
    hasher.add(word(remote.address, 8));
    hasher.add(ports | 6ULL << 32);
  }
}

/// TupleHash::table.
[[nodiscard]] std::uint64_t tuple_hash(const SipKey& key, const Endpoint& local,
                                       const Endpoint& remote) noexcept;

}  // namespace bowline::inline v0::tcp
