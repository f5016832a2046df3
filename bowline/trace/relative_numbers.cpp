#include "bowline/trace/relative_numbers.hpp"

namespace bowline::inline v0::trace {

RelativeNumbers::Base RelativeNumbers::of(const Segment& segment) {
  // The first SYN has no acknowledgment: its numbers stay, and its answer says what they are based
  // on.
  if (!segment.has(wire::kAck)) return {};
  const Ends key = ends_of(segment);
  const bool from_lower = segment.source == key.first;
  const auto [entry, is_new] = starts_.try_emplace(key);
  Start& start = entry->second;
  const bool begins = is_new || segment.has(wire::kSyn);
  if (begins) {
    const std::uint32_t ours = segment.seq.raw();
    const std::uint32_t theirs = segment.ack.raw() - 1;
    start = from_lower ? Start{ours, theirs} : Start{theirs, ours};
  }
  if (is_new) {
    order_.push_back(key);
    if (order_.size() > kMost) {
      starts_.erase(order_.front());
      order_.pop_front();
    }
  }
  const std::uint32_t ours = from_lower ? start.first : start.second;
  const std::uint32_t theirs = from_lower ? start.second : start.first;
  if (begins) return {.seq = 0, .ack = 0, .sack = theirs};
  return {.seq = ours, .ack = theirs, .sack = theirs};
}

}  // namespace bowline::inline v0::trace
