#pragma once

// An attacker off the path: makes up addresses, ports and numbers from a counted seed, so that each
// run of an attack is the same bytes.

#include "bowline/base/random.hpp"
#include "tests/attack/forge/packets.hpp"

namespace bowline::attack {

/// The probes of a port scanner (nmap's names in brackets).
enum class Probe : std::uint8_t {
  syn,      ///< [-sS] half open
  fin,      ///< [-sF]
  null,     ///< [-sN] no flag at all
  xmas,     ///< [-sX] FIN, PSH and URG
  ack,      ///< [-sA, -sW] finds out what a firewall lets through
  maimon,   ///< [-sM] FIN and ACK
  syn_fin,  ///< past filters that look at SYN alone
  rst,      ///< a reset for nothing
};
/// The flags of a probe.
[[nodiscard]] std::uint16_t flags_of(Probe probe);

/// Makes forged packets of one family.
class Forger {
 public:
  Forger(std::uint64_t seed, Family family) : random_(seed), family_(family) {}

  /// An address and port that somebody on the Internet could have: never of the private prefixes in
  /// which victims and honest clients stand here.
  [[nodiscard]] Endpoint stranger();
  /// Any number.
  [[nodiscard]] SeqNumber number() { return SeqNumber(static_cast<std::uint32_t>(random_.next())); }
  [[nodiscard]] Random& random() { return random_; }

  /// A SYN as Linux's clients send it, with all options: 60 bytes over IPv4, 80 over IPv6.
  [[nodiscard]] Bytes syn(const Endpoint& from, const Endpoint& to);
  /// A SYN without options: 40 and 60 bytes, the least that anybody can send.
  [[nodiscard]] Bytes bare_syn(const Endpoint& from, const Endpoint& to);
  /// A segment with these flags, any sequence and acknowledgment number, and no options.
  [[nodiscard]] Bytes segment(const Endpoint& from, const Endpoint& to, std::uint16_t flags,
                              std::size_t payload = 0);
  /// The same as a scanner's probe.
  [[nodiscard]] Bytes probe(Probe probe, const Endpoint& from, const Endpoint& to) {
    return segment(from, to, flags_of(probe));
  }
  /// `size` bytes that mean nothing.
  [[nodiscard]] Bytes noise(std::size_t size);

 private:
  Random random_;
  Family family_;
};

}  // namespace bowline::attack
