#pragma once

// The flows of a gateway: found by their two ends, forgotten when nothing passes for long enough.
//
// Flows of one state wait equally long, so that each state has a list in which the one at the front
// is always the first to be forgotten: no wheel, no search, and the oldest at hand when a place is
// needed. Those that wait for a server have a list for each repeat, whose waits double.

#include <array>
#include <cstddef>
#include <cstdint>

#include "bowline/base/index_table.hpp"
#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/memory.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/base/time.hpp"
#include "bowline/gateway/config.hpp"
#include "bowline/gateway/flow.hpp"

namespace bowline::inline v0::gateway {

/// At most Config::flows flows. One thread's.
class FlowTable {
 public:
  static constexpr std::uint32_t kNone = Flow::kNone;

  /// An empty table over `memory`, which must outlive it. `key` spreads the flows over it.
  FlowTable(Memory& memory, const SipKey& key, const Config& config) noexcept;

  /// The flow between these two; kNone: there is none.
  [[nodiscard]] std::uint32_t find(const Endpoint& outside, const Endpoint& inside) const noexcept;

  /// Adds `flow`, whose ends are those of no other, with its time beginning at `now`. kNone when
  /// the limit is reached or there is no memory.
  [[nodiscard]] std::uint32_t add(const Flow& flow, Time now) noexcept;

  /// Forgets flow `index`.
  void remove(std::uint32_t index) noexcept;

  /// Flow `index`, which must be there. Its state and attempts are for the calls below to change.
  [[nodiscard]] Flow& operator[](std::uint32_t index) noexcept { return flows_[index]; }
  [[nodiscard]] const Flow& operator[](std::uint32_t index) const noexcept { return flows_[index]; }

  /// A packet of flow `index` has passed at `now`: its time begins anew.
  void touch(std::uint32_t index, Time now) noexcept { set_state(index, flows_[index].state, now); }
  /// It is in `state` from `now` on.
  void set_state(std::uint32_t index, FlowState state, Time now) noexcept {
    begin_anew(index, state, flows_[index].attempts, now);
  }
  /// One more SYN has gone to its server at `now`.
  void repeated(std::uint32_t index, Time now) noexcept {
    const auto attempts = static_cast<std::uint8_t>(flows_[index].attempts + 1);
    begin_anew(index, flows_[index].state, attempts, now);
  }

  /// When expired() names the next one; kNever: there is none.
  [[nodiscard]] Time next_deadline() const noexcept;
  /// A flow that has waited long enough at `now`; kNone: there is none. It stays until it is
  /// removed or begins anew.
  [[nodiscard]] std::uint32_t expired(Time now) const noexcept;
  /// The flow that gives way at `now` when a place is needed: the oldest that was reset, else is in
  /// TIME-WAIT, else is closing and has been idle for Config::evict_half_closed, else is
  /// established and has been idle for Config::evict_idle.
  /// kNone: each has a right to its place.
  [[nodiscard]] std::uint32_t least_wanted(Time now) const noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return flows_.size(); }
  [[nodiscard]] bool full() const noexcept { return flows_.size() >= flows_.limit(); }
  /// How many there are of each kind; `sources` is not filled in.
  [[nodiscard]] Usage usage() const noexcept;
  /// Bytes of memory that it holds.
  [[nodiscard]] std::size_t bytes_held() const noexcept {
    return flows_.bytes_held() + index_.bytes_held();
  }

  template <class V>
  void visit(V& v) {
    v(flows_, index_, lists_);
  }

 private:
  // One for each state, and for `opening` one more for each repeat.
  static constexpr std::size_t kLists = kFlowStates + kMostSynRepeats;

  void begin_anew(std::uint32_t index, FlowState state, std::uint8_t attempts, Time now) noexcept;
  [[nodiscard]] static std::size_t list_of(const Flow& flow) noexcept;
  [[nodiscard]] static constexpr std::size_t list_of(FlowState state) noexcept {
    return static_cast<std::size_t>(state);
  }
  [[nodiscard]] std::uint64_t hash(const Endpoint& outside, const Endpoint& inside) const noexcept;
  [[nodiscard]] Time deadline(std::size_t list) const noexcept;
  [[nodiscard]] auto links() noexcept {
    return [this](std::uint32_t index) -> ListLink& { return flows_[index].link; };
  }

  SipKey key_;
  // Of a state: how idle its flows are before they give way.
  struct Eviction {
    FlowState state;
    Duration idle;
  };

  std::array<Eviction, 4> evictions_;  // the first to go first
  std::array<Duration, kLists> waits_{};
  Slab<Flow> flows_;
  IndexTable index_;
  std::array<IndexList, kLists> lists_{};
};

}  // namespace bowline::inline v0::gateway
