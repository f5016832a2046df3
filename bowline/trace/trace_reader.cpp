#include "bowline/trace/trace_reader.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace bowline::inline v0::trace {

TraceReader::Half& TraceReader::half(const Endpoint& from, const Endpoint& to) {
  const auto [entry, is_new] = halves_.try_emplace({from, to});
  if (is_new) order_.emplace_back(from, to);
  return entry->second;
}

std::expected<TracedSegment, std::string> TraceReader::resolve(const TraceLine& line) {
  // Both directions of a line are made together, so the oldest two are never those of this line.
  while (order_.size() > kMost) {
    halves_.erase(order_.front());
    order_.pop_front();
  }
  Half& ours = half(line.source, line.destination);
  Half& theirs = half(line.destination, line.source);
  const bool syn = (line.flags & wire::kSyn) != 0;
  if (syn) {
    ours = {};  // a new conversation, or the other half of one
    if ((line.flags & wire::kAck) == 0) theirs = {};
  }

  Segment segment;
  segment.source = line.source;
  segment.destination = line.destination;
  segment.flags = line.flags;
  segment.length = line.length;
  segment.window = line.window.value_or(options_.window);
  segment.urgent = line.urgent;
  segment.options = line.options;
  segment.seq = line.seq ? absolute(*line.seq, ours) : ours.next.value_or(SeqNumber{});
  if (line.ack) {
    if (auto error = resolve_ack(line, theirs, segment.ack)) return std::unexpected(*error);
  }
  if (theirs.start) {
    for (wire::SackBlock& block : segment.options.sack) {
      block = {absolute(block.left.raw(), theirs), absolute(block.right.raw(), theirs)};
    }
  }

  if (line.seq) {
    // Without a SYN a conversation is counted from the first number that is seen, as tcpdump does
    // it.
    if (!ours.start) ours.start = segment.seq;
    if (!ours.next || after(segment.end(), *ours.next)) ours.next = segment.end();
  }
  if (line.ack) {
    if (!theirs.start) theirs.start = segment.ack - 1;
    if (!theirs.next || after(segment.ack, *theirs.next)) theirs.next = segment.ack;
  }
  return TracedSegment{line.time, segment};
}

SeqNumber TraceReader::absolute(std::uint32_t number, const Half& half) const {
  const SeqNumber as_it_is(number);
  if (options_.numbers == NumberForm::absolute || !half.start) return as_it_is;
  const SeqNumber counted = *half.start + number;
  if (options_.numbers == NumberForm::relative) return counted;
  const SeqNumber expected = half.next.value_or(*half.start);
  const auto distance = [&](SeqNumber candidate) {
    return std::abs(static_cast<std::int64_t>(candidate - expected));
  };
  return distance(as_it_is) < distance(counted) ? as_it_is : counted;
}

// `ack 1739326487,ack 1`: the second is the first, counted from the ISN. They must agree.
std::optional<std::string> TraceReader::resolve_ack(const TraceLine& line, const Half& other,
                                                    SeqNumber& ack) const {
  const bool syn = (line.flags & wire::kSyn) != 0;
  ack = syn ? SeqNumber(*line.ack) : absolute(*line.ack, other);
  if (!line.second_ack) return std::nullopt;
  if (absolute(*line.second_ack, other) == ack) return std::nullopt;
  return fmt::format("the two acknowledgment numbers {} and {} do not mean the same", *line.ack,
                     *line.second_ack);
}

std::expected<std::vector<TracedSegment>, std::string> read_trace(std::string_view text,
                                                                  TraceReaderOptions options) {
  TraceReader reader(options);
  std::vector<TracedSegment> segments;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto line = read_line(one);
    if (!line) return std::unexpected(fmt::format("line {}: {}", number, line.error()));
    if (!line->has_value()) continue;
    auto segment = reader.resolve(**line);
    if (!segment) return std::unexpected(fmt::format("line {}: {}", number, segment.error()));
    segments.push_back(*segment);
  }
  return segments;
}

}  // namespace bowline::inline v0::trace
