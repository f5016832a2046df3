#include "bowline/gateway/flow_table.hpp"

#include <algorithm>

#include "bowline/tcp/secrets.hpp"

namespace bowline::inline v0::gateway {

FlowTable::FlowTable(Memory& memory, const SipKey& key, const Config& config) noexcept
    : key_(key),
      evictions_{{{FlowState::reset, {}},
                  {FlowState::time_wait, {}},
                  {FlowState::closing, config.evict_half_closed},
                  {FlowState::established, config.evict_idle}}},
      flows_(memory, config.flows),
      index_(memory, config.flows) {
  waits_[list_of(FlowState::outward)] = config.transitory_idle;
  waits_[list_of(FlowState::established)] = config.established_idle;
  waits_[list_of(FlowState::closing)] = config.transitory_idle;
  waits_[list_of(FlowState::time_wait)] = config.time_wait;
  waits_[list_of(FlowState::reset)] = config.after_reset;
  Duration wait = config.syn_timeout;
  for (std::uint8_t attempts = 0; attempts <= kMostSynRepeats; ++attempts) {
    Flow flow;
    flow.attempts = attempts;
    waits_[list_of(flow)] = wait;
    if (wait < Duration::max() / 2) wait *= 2;  // RFC 6298 section 5.5
  }
}

std::size_t FlowTable::list_of(const Flow& flow) noexcept {
  if (flow.state != FlowState::opening || flow.attempts == 0) return list_of(flow.state);
  return kFlowStates + std::min<std::size_t>(flow.attempts, kMostSynRepeats) - 1;
}

std::uint64_t FlowTable::hash(const Endpoint& outside, const Endpoint& inside) const noexcept {
  return tcp::tuple_hash(key_, inside, outside);
}

std::uint32_t FlowTable::find(const Endpoint& outside, const Endpoint& inside) const noexcept {
  return index_.find(hash(outside, inside), [&](std::uint32_t index) {
    const Flow& flow = flows_[index];
    return flow.outside_end == outside && flow.inside_end == inside;
  });
}

std::uint32_t FlowTable::add(const Flow& flow, Time now) noexcept {
  const std::uint32_t index = flows_.emplace(flow);
  if (index == Slab<Flow>::kNone) return kNone;
  if (!index_.insert(hash(flow.outside_end, flow.inside_end), index)) {
    flows_.erase(index);
    return kNone;
  }
  flows_[index].link = {};
  flows_[index].last = now;
  lists_[list_of(flow)].push_back(links(), index);
  return index;
}

void FlowTable::remove(std::uint32_t index) noexcept {
  const Flow& flow = flows_[index];
  lists_[list_of(flow)].erase(links(), index);
  (void)index_.erase(hash(flow.outside_end, flow.inside_end), index);
  flows_.erase(index);
}

void FlowTable::begin_anew(std::uint32_t index, FlowState state, std::uint8_t attempts,
                           Time now) noexcept {
  Flow& flow = flows_[index];
  lists_[list_of(flow)].erase(links(), index);
  flow.state = state;
  flow.attempts = attempts;
  flow.last = now;
  lists_[list_of(flow)].push_back(links(), index);
}

Time FlowTable::deadline(std::size_t list) const noexcept {
  const std::uint32_t first = lists_[list].front();
  if (first == IndexList::kNone) return kNever;
  return saturating_add(flows_[first].last, waits_[list]);
}

Time FlowTable::next_deadline() const noexcept {
  Time next = kNever;
  for (std::size_t list = 0; list < kLists; ++list) next = std::min(next, deadline(list));
  return next;
}

std::uint32_t FlowTable::expired(Time now) const noexcept {
  for (std::size_t list = 0; list < kLists; ++list) {
    if (deadline(list) <= now) return lists_[list].front();
  }
  return kNone;
}

std::uint32_t FlowTable::least_wanted(Time now) const noexcept {
  for (const Eviction& eviction : evictions_) {
    const std::uint32_t oldest = lists_[list_of(eviction.state)].front();
    if (oldest != IndexList::kNone && now - flows_[oldest].last >= eviction.idle) return oldest;
  }
  return kNone;
}

Usage FlowTable::usage() const noexcept {
  const auto in = [this](FlowState state) { return lists_[list_of(state)].size; };
  Usage usage;
  usage.opening = in(FlowState::opening) + in(FlowState::outward);
  for (std::size_t list = kFlowStates; list < kLists; ++list) usage.opening += lists_[list].size;
  usage.established = in(FlowState::established);
  usage.closing = in(FlowState::closing) + in(FlowState::time_wait) + in(FlowState::reset);
  return usage;
}

}  // namespace bowline::inline v0::gateway
