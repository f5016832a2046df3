#pragma once

// The sources of connections, counted where a rule limits them.
//
// A source counts only once it has proved that it is one, by echoing a cookie: a flood from forged
// addresses makes no entry and uses up nobody's rate. An entry outlives its connections, so that
// its rate is remembered, until the place is needed; there are twice as many places as flows, so
// that one without a connection can always go.

#include <cstddef>
#include <cstdint>

#include "bowline/base/index_table.hpp"
#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/memory.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/base/time.hpp"
#include "bowline/gateway/config.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::gateway {

/// `address` without what lies beyond its first `prefix` bits.
[[nodiscard]] IpAddress network_of(const IpAddress& address, std::uint8_t prefix) noexcept;

/// What each source has open, and how fast it opens. One thread's.
class SourceTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  /// An empty table over `memory`, which must outlive it. `key` spreads the sources over it.
  SourceTable(Memory& memory, const SipKey& key, const Config& config) noexcept;

  /// What becomes of one more connection.
  enum class Verdict : std::uint8_t {
    admitted,  ///< it counts from now on
    too_many,  ///< the source has Rule::connections
    too_fast,  ///< the source has opened Rule::rate in the last second
    no_room,   ///< no memory for another source
  };
  /// The verdict, and what release() wants.
  struct Admission {
    Verdict verdict = Verdict::admitted;
    std::uint32_t source = kNone;
  };
  /// May `address` open one more connection by `rule`, number `number` of the rules? A rule without
  /// limits admits all and counts nobody.
  [[nodiscard]] Admission admit(const Rule& rule, std::uint32_t number, const IpAddress& address,
                                Time now) noexcept;
  /// A connection that was admitted as `source` is over. kNone: nothing happens.
  void release(std::uint32_t source) noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return sources_.size(); }

  template <class V>
  void visit(V& v) {
    v(sources_, index_, idle_);
  }

 private:
  struct Source {
    IpAddress network;
    std::uint32_t rule = 0;
    std::uint32_t connections = 0;
    // When the source has used up no part of its rate any more: each connection moves it on by what
    // one costs (the "theoretical arrival time" of the generic cell rate algorithm).
    Time rested{};
    ListLink idle;  // among those without a connection

    [[nodiscard]] bool take(std::uint32_t rate, Time now) noexcept;

    template <class V>
    void visit(V& v) {
      v(network, rule, connections, rested, idle);
    }
  };

  [[nodiscard]] std::uint64_t hash(const IpAddress& network, std::uint32_t rule) const noexcept;
  [[nodiscard]] std::uint32_t find_or_add(std::uint32_t rule, const IpAddress& address) noexcept;
  void forget(std::uint32_t source) noexcept;
  [[nodiscard]] auto links() noexcept {
    return [this](std::uint32_t index) -> ListLink& { return sources_[index].idle; };
  }

  SipKey key_;
  std::uint8_t prefix_v4_;
  std::uint8_t prefix_v6_;
  Slab<Source> sources_;
  IndexTable index_;
  IndexList idle_;
};

}  // namespace bowline::inline v0::gateway
