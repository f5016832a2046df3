#pragma once

// Who scans our ports (RFC 9293 section 3.10.7.1 tells him which are open, REQUIREMENTS A19)?
//
// A scanner is a source that tries many different ports that are closed, or looks at open ones with
// segments that open nothing. So only what belongs to no connection is looked at, and of that only
// what an honest host does not send: an honest client may try one closed port a hundred times, or
// have a hundred connections to an open one.
//
// The memory is fixed: a table of sources in sets of four, chosen by a keyed hash, each with a
// bitmap into which the ports are hashed. Who scans is decided by its bits, of which there are
// never more than ports; how many ports are told is an estimate from them (linear counting), which
// may lie a few above or below the truth. Where a set is full, the source with the fewest ports
// goes, so that a flood of forged sources, each with one port, pushes out its own kind. Nothing is
// allocated for a packet, and each costs the same. What this misses: a scan of less than kPorts
// ports in kWindow, or one from thousands of sources.

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "bowline/base/siphash.hpp"
#include "bowline/base/time.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::tcp {

/// With what a port was tried.
enum class ProbeKind : std::uint8_t { syn, fin, null, xmas, ack, other };

/// "SYN", "FIN", "NULL", "Xmas", "ACK", "other".
[[nodiscard]] std::string_view name(ProbeKind kind) noexcept;

/// What segments with `flags` are, seen as a probe.
[[nodiscard]] ProbeKind probe_kind(std::uint16_t flags) noexcept;

/// What is known of a scanner.
struct Scanner {
  IpAddress source;                 ///< a network, where Limits::source_prefix_* say so
  ProbeKind kind = ProbeKind::syn;  ///< what it tried most
  std::uint32_t ports = 0;          ///< different ones, an estimate (linear counting)
  std::uint32_t probes = 0;         ///< segments
  Time first{};                     ///< the first of them
  Time last{};                      ///< the last of them
};

/// Watches all sources of one Stack.
class ScanWatch {
 public:
  /// Different ports that make a scan, within kWindow.
  static constexpr std::uint32_t kPorts = 16;
  /// How long a source is counted before it begins anew.
  static constexpr Duration kWindow = 300s;

  /// `key` is a secret.
  explicit ScanWatch(SipKey key) noexcept : key_(key) {}

  /// `source` tried `port` with a segment with `flags`. The scanner, when this makes it one; once
  /// in each window. Valid until the next call.
  [[nodiscard]] const Scanner* note(const IpAddress& source, std::uint16_t port,
                                    std::uint16_t flags, Time now) noexcept;

  /// Calls `f(scanner)` for each that is known to scan, within the last window.
  template <class F>
  void for_each(Time now, F&& f) const {
    for (const Entry& entry : entries_) {
      if (entry.told && now - entry.seen.last < kWindow) f(entry.seen);
    }
  }

  template <class V>
  void visit(V& v) {
    for (Entry& entry : entries_) {  // most are empty, most of the time
      bool used = entry.seen.probes > 0;
      v(used);
      if (used) v(entry);
    }
  }

 private:
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kSets = 32;
  static constexpr std::size_t kKinds = 6;
  static constexpr std::size_t kWords = 4;  // of 64 bits: 256 classes of ports

  struct Entry {
    Scanner seen;
    std::array<std::uint64_t, kWords> ports{};
    std::array<std::uint32_t, kKinds> kinds{};
    bool told = false;

    template <class V>
    void visit(V& v) {
      v(seen.source, seen.kind, seen.ports, seen.probes, seen.first, seen.last, ports, kinds, told);
    }
  };

  [[nodiscard]] Entry& entry_for(const IpAddress& source, std::uint64_t hash, Time now) noexcept;

  SipKey key_;
  std::array<Entry, kSets * kWays> entries_{};
};

}  // namespace bowline::inline v0::tcp
