#pragma once

// How many connections and half-open entries each source holds: what the bounds for one source are
// measured by.
//
// It is exact, so that nobody is refused for what a stranger does: a sketch of counters that
// sources share would be smaller and could be filled for others. A source stands in it only while
// it holds something, so there are never more of them than connections and half-open entries
// together, and what those bound bounds this.

#include <cstdint>

#include "bowline/base/index_table.hpp"
#include "bowline/base/limits.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/ip/source.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::ip {

/// What a source holds; each kind is bounded for itself.
enum class Holding : std::uint8_t { connection, half_open };

/// Counts by source.
class SourceTable {
 public:
  /// An empty table over `memory`, which must outlive it. `key` is a secret: it spreads what
  /// strangers choose over the table.
  SourceTable(Memory& memory, const Limits& limits, SipKey key) noexcept;

  /// How many of `what` the source of `address` holds.
  [[nodiscard]] std::uint32_t count(const IpAddress& address, Holding what) const noexcept;
  /// One more. False, and nothing is counted, when there is no memory.
  [[nodiscard]] bool add(const IpAddress& address, Holding what) noexcept;
  /// One less; there was one.
  void remove(const IpAddress& address, Holding what) noexcept;
  /// Nobody holds anything.
  void clear() noexcept;
  /// Sources that hold something.
  [[nodiscard]] std::uint32_t size() const noexcept { return sources_.size(); }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;

  struct Source {
    IpAddress address;
    std::uint32_t connections = 0;
    std::uint32_t half_open = 0;

    [[nodiscard]] std::uint32_t& operator[](Holding what) noexcept {
      return what == Holding::connection ? connections : half_open;
    }
  };

  [[nodiscard]] std::uint32_t find(const IpAddress& source, std::uint64_t hash) const noexcept;

  SourcePrefix prefix_;
  SipKey key_;
  Slab<Source> sources_;
  IndexTable by_address_;
};

}  // namespace bowline::inline v0::ip
