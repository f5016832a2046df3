#pragma once

// A number for each destination, for ten minutes: what path MTUs and the sizes of datagrams are
// remembered in.
//
// Who is in it is chosen by others as well as by us, so it costs the same however full it is and
// whatever stands in it: a keyed hash, a slab, and a list in the order in which the numbers were
// set. The oldest goes when there is no room, and two that have lapsed go with every one that is
// set. As all live equally long, none is alive if the last one set is not.

#include <cstdint>
#include <optional>

#include "bowline/base/index_table.hpp"
#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/base/time.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::ip {

/// Numbers by destination. Times must not go back.
class DestinationTable {
 public:
  /// How long a number stands. RFC 1191 section 6.3 and RFC 8201 section 4 ask ten minutes of a
  /// path MTU, so that a path that has become wider is noticed.
  static constexpr Duration kLifetime = 10min;

  /// An empty table of at most `limit` destinations over `memory`, which must outlive it. Holds no
  /// memory yet. `key` is a secret.
  DestinationTable(Memory& memory, std::uint32_t limit, SipKey key) noexcept
      : key_(key), limit_(limit), entries_(memory, limit), table_(memory, limit) {}

  /// The number of `destination`; nothing: none was set within the last kLifetime.
  [[nodiscard]] std::optional<std::uint32_t> find(const IpAddress& destination,
                                                  Time now) const noexcept;
  /// From `now` on `destination` has `value`. Without memory it has none.
  void set(const IpAddress& destination, std::uint32_t value, Time now) noexcept;
  /// The same, unless it has a larger one.
  void raise(const IpAddress& destination, std::uint32_t value, Time now) noexcept;
  /// Does no destination have one?
  [[nodiscard]] bool empty(Time now) const noexcept {
    return order_.empty() || !lives(entries_[order_.tail], now);
  }
  /// Destinations that room is taken for, alive or lapsed.
  [[nodiscard]] std::uint32_t size() const noexcept { return entries_.size(); }

  template <class V>
  void visit(V& v) {
    v(entries_, order_);
    if constexpr (!V::hashing) v(table_);
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;

  struct Entry {
    IpAddress destination;
    std::uint32_t value = 0;
    Time set_at{};
    ListLink place;
    template <class V>
    void visit(V& v) {
      v(destination, value, set_at, place);
    }
  };

  [[nodiscard]] static bool lives(const Entry& entry, Time now) noexcept {
    return now - entry.set_at < kLifetime;
  }
  [[nodiscard]] std::uint32_t find(const IpAddress& destination, std::uint64_t hash) const noexcept;
  void set(std::uint32_t index, const IpAddress& destination, std::uint64_t hash,
           std::uint32_t value, Time now) noexcept;
  void forget_oldest() noexcept;

  SipKey key_;
  std::uint32_t limit_;
  Slab<Entry> entries_;
  IndexTable table_;
  IndexList order_;  // the one set last at the end
};

}  // namespace bowline::inline v0::ip
