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
  SipKey timestamp;
  SipKey table;
  SipKey port;
  SipKey fragments;       ///< the table of incomplete datagrams
  SipKey identification;  ///< of the datagrams that we fragment
  SipKey interface_id;    ///< of stable IPv6 addresses (RFC 7217)
  SipKey fast_open;       ///< the cookies that we give (RFC 7413)

  /// Derives all keys from the 256 bits of `seed`, each under a name of its own, by SipHash: no
  /// key, and nothing that a random number generator lets out, tells anything of another.
  [[nodiscard]] static Secrets derive(const std::array<std::uint64_t, 4>& seed) noexcept;

  template <class V>
  void visit(V& v) {
    v.excluded(isn, "the ISN is the base of every number hashed");
    v.excluded(timestamp, "timestamps are off in the exploration");
    v.excluded(table, "nothing depends on the order of a table");
    v.excluded(port, "ports are chosen by the explored program");
    v.excluded(fragments, "nothing depends on the order of a table");
    v.excluded(identification, "names for fragments");
    v.excluded(interface_id, "only new addresses are made of it");
    v.excluded(fast_open, "cookies are opaque, and Fast Open is off in the exploration");
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

/// What is added to the clock in this four-tuple's timestamps (RFC 7323 section 5.4).
[[nodiscard]] std::uint32_t timestamp_offset(const SipKey& key, const Endpoint& local,
                                             const Endpoint& remote) noexcept;

/// The timestamp clock without the offset: milliseconds (RFC 7323 section 5.4 asks for 1 ms to 1
/// s).
[[nodiscard]] constexpr std::uint32_t timestamp_clock(Time now) noexcept {
  return static_cast<std::uint32_t>(now.time_since_epoch() / 1ms);
}

/// The hash of a four-tuple in the lookup table.
[[nodiscard]] std::uint64_t tuple_hash(const SipKey& key, const Endpoint& local,
                                       const Endpoint& remote) noexcept;

}  // namespace bowline::inline v0::tcp
