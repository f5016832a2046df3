#include "bowline/scenario/wire_watch.hpp"

#include <algorithm>

namespace bowline::inline v0::scenario {

void WireWatch::sent(Time now, std::uint64_t size, sim::Fate fate, std::uint64_t waiting) {
  ++packets_;
  bytes_ += size;
  if (fate != sim::Fate::queued) ++fates_.at(static_cast<std::size_t>(fate));
  waits(now, waiting);
}

void WireWatch::departed(Time now, sim::Fate fate, std::uint64_t waiting) {
  ++fates_.at(static_cast<std::size_t>(fate));
  waits(now, waiting);
}

void WireWatch::waits(Time now, std::uint64_t bytes) {
  queue_max_ = std::max(queue_max_, bytes);
  queue_.add({now, bytes});
}

}  // namespace bowline::inline v0::scenario
