#pragma once

// Scans and floods: what no single connection shows.
//
// A scanner tries many ports of one target and wants no data; a flood leaves many handshakes
// without their third segment at one port. Both are counted in tables of fixed size. When a table
// is full, the entry with the fewest attempts makes room: whoever does much of it stays.

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/explain/bounds.hpp"
#include "bowline/explain/connection.hpp"

namespace bowline::inline v0::explain {

/// How a port was tried.
enum class ProbeKind : std::uint8_t { syn, connect, fin, null, xmas, ack, other };
/// "SYN", "connect", "FIN", "NULL", "Xmas", "ACK", "other".
[[nodiscard]] std::string_view to_text(ProbeKind kind) noexcept;

/// What the answer told the scanner.
enum class PortAnswer : std::uint8_t {
  open,
  closed,
  silent,      ///< no answer: filtered; for FIN, NULL and Xmas open or filtered
  unfiltered,  ///< a RST for an ACK: reachable, open or closed
};

/// A scan: many ports of one host, tried by another.
struct Scan {
  ProbeKind kind{};
  IpAddress source;
  IpAddress target;
  std::uint64_t attempts = 0;
  std::uint32_t ports = 0;  ///< different ones
  std::uint64_t open = 0;
  std::uint64_t closed = 0;
  std::uint64_t silent = 0;
  std::vector<std::uint16_t> open_ports;  ///< the first kMostOpenPorts
  std::uint64_t first_packet = 0;
  Time first{};
  Time last{};
  static constexpr std::size_t kMostOpenPorts = 32;
};

/// A flood: many handshakes at one port that nobody completed.
struct Flood {
  Endpoint target;
  std::uint64_t attempts = 0;
  double sources = 0;  ///< different addresses, estimated
  std::uint64_t first_packet = 0;
  Time first{};
  Time last{};
};

/// Resets that were guessed, on one connection.
struct BlindResets {
  std::uint64_t connection = 0;
  Endpoint left;
  Endpoint right;
  std::uint64_t attempts = 0;
  std::uint64_t first_packet = 0;
};

/// An end that acknowledged what was never sent, on one connection: optimistic ACKs.
struct OptimisticAcks {
  std::uint64_t connection = 0;
  Endpoint liar;  ///< who sent them
  Endpoint peer;  ///< to whom
  std::uint64_t attempts = 0;
  std::uint64_t first_packet = 0;
};

/// How many different numbers were added, in a fixed number of bits (linear counting).
template <std::size_t kBits>
class DistinctCounter {
 public:
  void add(std::uint64_t hash) noexcept { bits_.set(hash % kBits); }
  /// The estimate; exact to a few per cent up to some thousands.
  [[nodiscard]] double estimate() const noexcept;

 private:
  std::bitset<kBits> bits_;
};

/// Collects what finished connections tell.
class Suspects {
 public:
  explicit Suspects(const Bounds& bounds) : most_(bounds.suspects) {}

  /// Looks at a connection that is over.
  void add(const Connection& connection);
  /// Those with enough ports, attempts or guesses to be named, the largest first.
  [[nodiscard]] std::vector<Scan> scans() const;
  [[nodiscard]] std::vector<Flood> floods() const;
  [[nodiscard]] const std::vector<BlindResets>& blind_resets() const noexcept { return resets_; }
  [[nodiscard]] const std::vector<OptimisticAcks>& optimistic_acks() const noexcept {
    return lies_;
  }

  /// From so many different ports on it is called a scan.
  static constexpr std::uint32_t kScanPorts = 15;
  /// From so many unfinished handshakes on it is called a flood.
  static constexpr std::uint64_t kFloodAttempts = 100;
  /// From so many guesses on it is called an attempt to reset blindly.
  static constexpr std::uint64_t kGuesses = 3;
  /// From so many acknowledgments of the future on they are called optimistic.
  static constexpr std::uint64_t kLies = 3;

 private:
  struct Prober {
    Scan scan;  // its kind is the way of trying: SYN stands for connect, too, until scans() decides
    std::unique_ptr<std::bitset<65'536>> ports;  // exact: 8 KiB
    std::uint64_t completed = 0;                 // handshakes: a connect scan
    std::uint64_t broken_off = 0;                // handshakes reset by the opener: a SYN scan
  };
  struct Target {
    Flood flood;
    std::unique_ptr<DistinctCounter<4'096>> sources;
  };

  void add_probe(const Connection& connection);
  void add_attempt(const Connection& connection);
  void add_lies(const Connection& connection);

  std::size_t most_;
  std::vector<Prober> probers_;
  std::vector<Target> targets_;
  std::vector<BlindResets> resets_;
  std::vector<OptimisticAcks> lies_;
};

}  // namespace bowline::inline v0::explain
