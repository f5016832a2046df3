#include "bowline/trace/ladders_of.hpp"

#include <map>

#include "bowline/trace/inference.hpp"

namespace bowline::inline v0::trace {

std::vector<Ladder> ladders_of(std::span<const TracedSegment> segments) {
  std::vector<Ladder> ladders;
  // Which ladder, and whether its conversation is over.
  struct Open {
    std::size_t index = 0;
    bool over = false;
  };
  std::map<Ends, Open> open;
  Time now{};
  for (const TracedSegment& traced : segments) {
    const Segment& segment = traced.segment;
    if (traced.time) now = Time{*traced.time};
    const auto [entry, is_new] = open.try_emplace(ends_of(segment));
    const bool syn = segment.has(wire::kSyn) && !segment.has(wire::kAck);
    if (is_new || (entry->second.over && syn)) {
      entry->second = {ladders.size(), false};
      Ladder& begun = ladders.emplace_back();
      begun.left = segment.source;
      begun.right = segment.destination;
    }
    Ladder& ladder = ladders[entry->second.index];
    LadderEvent& event = ladder.events.emplace_back();
    event.time = now;
    event.side = segment.source == ladder.left ? Side::left : Side::right;
    event.segment = segment;
    if ((segment.flags & (wire::kFin | wire::kRst)) != 0) entry->second.over = true;
  }
  for (Ladder& ladder : ladders) infer_all(ladder);
  return ladders;
}

void infer_all(Ladder& ladder) {
  mark_repeats(ladder);
  infer_states(ladder, Side::left);
  infer_states(ladder, Side::right);
  infer_reasons(ladder);
}

}  // namespace bowline::inline v0::trace
