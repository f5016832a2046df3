#include "bowline/tcp/sent_ranges.hpp"

namespace bowline::inline v0::tcp {

bool SentRanges::sent(SeqNumber start, std::uint32_t length, const SentRange& how,
                      const RateStamp* stamp) noexcept {
  const std::uint32_t id = ranges_.insert(start, length, how);
  if (id == kNone) return false;
  if (stamp != nullptr) set_stamp(id, *stamp);
  enlist(id);
  outstanding_ += length;
  return true;
}

bool SentRanges::sent_again(std::uint32_t id, std::uint32_t length, Time now,
                            const RateStamp* stamp) noexcept {
  const bool whole = length >= ranges_[id].length || split(id, ranges_[id].start + length) == kNone;
  SentRange& range = ranges_[id].value;
  if (range.lost) {
    take_from_lost(id);
    range.repaired = true;
  } else if (!range.sacked) {
    delist(id);
  }
  if (!range.sacked) enlist(id);
  range.sent_at = now;
  if (stamp != nullptr) set_stamp(id, *stamp);
  if (range.transmissions < 255) ++range.transmissions;
  return !whole || length >= ranges_[id].length;
}

void SentRanges::mark_lost(std::uint32_t id) noexcept {
  auto& node = ranges_[id];
  if (!node.value.in_network()) return;
  delist(id);
  node.value.lost = true;
  node.value.repaired = false;
  if (lost_ == 0 || before(node.start, lost_from_)) lost_from_ = node.start;
  lost_ += node.length;
}

// Where there is no memory for a stamp, the range has none, and gives no sample.
void SentRanges::set_stamp(std::uint32_t id, const RateStamp& stamp) noexcept {
  while (stamps_.size() <= id) {
    if (!stamps_.push_back({})) return;
  }
  stamps_[id] = stamp;
}

std::uint32_t SentRanges::mark_first_lost(std::uint32_t most) noexcept {
  // Sacked ranges are merged: the first that is not is the first or the second.
  std::uint32_t id = ranges_.first();
  while (id != kNone && ranges_[id].value.sacked) id = ranges_.next(id);
  if (id == kNone || ranges_[id].value.lost) return 0;
  if (ranges_[id].length > most) static_cast<void>(split(id, ranges_[id].start + most));
  mark_lost(id);
  return ranges_[id].length;
}

void SentRanges::split_tail(std::uint32_t length) noexcept {
  const std::uint32_t id = ranges_.last();
  if (id == kNone || ranges_[id].length <= length || ranges_[id].value.sacked) return;
  static_cast<void>(split(id, ranges_[id].end() - length));
}

void SentRanges::unmark_lost() noexcept {
  // They stand in order, and mostly so do their times: each belongs near the one put back before.
  std::uint32_t place = newest_;
  for (std::uint32_t id = first_lost(); id != kNone && lost_ > 0; id = ranges_.next(id)) {
    SentRange& range = ranges_[id].value;
    if (!range.lost) continue;
    take_from_lost(id);
    while (place != kNone && ranges_[place].value.sent_at > range.sent_at) {
      place = ranges_[place].value.older;
    }
    for (std::uint32_t next = place == kNone ? oldest_ : ranges_[place].value.newer;
         next != kNone && ranges_[next].value.sent_at <= range.sent_at;
         next = ranges_[next].value.newer) {
      place = next;
    }
    enlist_after(place, id);
    place = id;
  }
}

void SentRanges::forget_sacks() noexcept {
  for (std::uint32_t id = ranges_.first(); id != kNone && sacked_ > 0; id = ranges_.next(id)) {
    auto& node = ranges_[id];
    if (!node.value.sacked) continue;
    node.value.sacked = false;
    node.value.transmissions = std::max<std::uint8_t>(node.value.transmissions, 2);
    sacked_ -= node.length;
    enlist(id);
  }
}

std::uint32_t SentRanges::first_lost() const noexcept {
  if (lost_ == 0) return kNone;
  std::uint32_t id = ranges_.at_or_after(lost_from_);
  while (id != kNone && !ranges_[id].value.lost) id = ranges_.next(id);
  if (id != kNone) lost_from_ = ranges_[id].start;
  return id;
}

void SentRanges::enlist_after(std::uint32_t older, std::uint32_t id) noexcept {
  SentRange& range = ranges_[id].value;
  range.older = older;
  range.newer = older == kNone ? oldest_ : ranges_[older].value.newer;
  (older == kNone ? oldest_ : ranges_[older].value.newer) = id;
  (range.newer == kNone ? newest_ : ranges_[range.newer].value.older) = id;
}

void SentRanges::delist(std::uint32_t id) noexcept {
  SentRange& range = ranges_[id].value;
  (range.older == kNone ? oldest_ : ranges_[range.older].value.newer) = range.newer;
  (range.newer == kNone ? newest_ : ranges_[range.newer].value.older) = range.older;
  range.older = range.newer = kNone;
}

std::uint32_t SentRanges::split(std::uint32_t id, SeqNumber at) noexcept {
  const std::uint32_t second = ranges_.split(id, at);
  if (second != kNone && !stamps_.empty()) {
    const RateStamp* const whole = stamp(id);
    set_stamp(second, whole != nullptr ? RateStamp(*whole) : RateStamp{});
  }
  if (second != kNone && ranges_[id].value.in_network()) enlist_after(id, second);
  return second;
}

void SentRanges::split_at(SeqNumber at) noexcept {
  const std::uint32_t id = ranges_.find(at);
  if (id == kNone || ranges_[id].start == at || ranges_[id].value.sacked) return;
  static_cast<void>(split(id, at));
}

void SentRanges::take_from_lost(std::uint32_t id) noexcept {
  auto& node = ranges_[id];
  node.value.lost = false;
  lost_ -= node.length;
}

// What the peer has is of one kind: joined with what it has on either side. Returns the one that is
// left.
std::uint32_t SentRanges::merge_sacked(std::uint32_t id) noexcept {
  const auto join = [this](std::uint32_t low, std::uint32_t high) {
    auto& first = ranges_[low];
    const auto& second = ranges_[high];
    first.length += second.length;
    first.value.fin |= second.value.fin;
    first.value.pushed |= second.value.pushed;
    first.value.sent_at = std::max(first.value.sent_at, second.value.sent_at);
    first.value.transmissions = std::max(first.value.transmissions, second.value.transmissions);
    ranges_.erase(high);
  };
  if (const std::uint32_t next = ranges_.next(id); next != kNone && ranges_[next].value.sacked) {
    join(id, next);
  }
  const std::uint32_t previous = ranges_.prev(id);
  if (previous == kNone || !ranges_[previous].value.sacked) return id;
  join(previous, id);
  return previous;
}

}  // namespace bowline::inline v0::tcp
