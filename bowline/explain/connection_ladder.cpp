// The segments that were kept, as a ladder.

#include <fmt/format.h>

#include <utility>

#include "bowline/explain/connection.hpp"
#include "bowline/trace/inference.hpp"

namespace bowline::inline v0::explain {

using trace::Side;
using wire::kFin;
using wire::kSyn;

SeqNumber Rung::end() const noexcept {
  return seq + length + ((flags & kSyn) != 0 ? 1U : 0U) + ((flags & kFin) != 0 ? 1U : 0U);
}

trace::Ladder Connection::ladder() const {
  trace::Ladder ladder;
  ladder.left = ends_[0].endpoint;
  ladder.right = ends_[1].endpoint;
  std::vector<Rung> rungs = first_;
  rungs.insert(rungs.end(), last_.begin(), last_.end());
  ladder.left_out = left_out_;
  // Segments that nobody acts on are put back in after the states have been inferred without them.
  std::vector<std::pair<std::size_t, trace::LadderEvent>> ignored;
  for (std::size_t i = 0; i < rungs.size(); ++i) {
    const Rung& rung = rungs[i];
    if (i == first_.size()) ladder.left_out_before = ladder.events.size();
    trace::LadderEvent event;
    event.time = rung.time;
    event.side = rung.side;
    event.lost = rung.lost || rung.ignored;
    event.repeated = rung.again;
    trace::Segment segment;
    segment.source = end(rung.side).endpoint;
    segment.destination = end(trace::opposite(rung.side)).endpoint;
    segment.seq = rung.seq;
    segment.ack = rung.ack;
    segment.flags = rung.flags;
    segment.window = rung.window;
    segment.length = rung.length;
    segment.options.mss = rung.mss;
    segment.options.window_scale = rung.window_scale;
    segment.options.sack_permitted = rung.sack_permitted;
    event.segment = segment;
    if (rung.rule) event.why = info(*rung.rule).title;
    if (!rung.comment.empty()) event.why = rung.comment;
    if (rung.ignored) {
      ignored.emplace_back(i, std::move(event));
    } else {
      ladder.events.push_back(std::move(event));
    }
  }
  trace::infer_states(ladder, Side::left);
  trace::infer_states(ladder, Side::right);
  trace::infer_reasons(ladder);
  for (auto& [at, event] : ignored) {
    const auto where = ladder.events.begin() + static_cast<std::ptrdiff_t>(at);
    event.left = at > 0 ? ladder.events[at - 1].left : ladder.left_start;
    event.right = at > 0 ? ladder.events[at - 1].right : ladder.right_start;
    ladder.events.insert(where, std::move(event));
    if (ladder.left_out > 0 && at < first_.size()) ++ladder.left_out_before;
  }
  for (std::size_t i = 0; i < rungs.size(); ++i) {
    ladder.events[i].why = fmt::format("#{} {}", rungs[i].packet, ladder.events[i].why);
  }
  return ladder;
}

}  // namespace bowline::inline v0::explain
