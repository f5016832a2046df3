#include "bowline/tcp/sent_ranges.hpp"

#include <algorithm>

namespace bowline::inline v0::tcp {

bool SentRanges::sent(SeqNumber start, std::uint32_t length, const SentRange& how) noexcept {
  if (ranges_.insert(start, length, how) == kNone) return false;
  outstanding_ += length;
  return true;
}

bool SentRanges::sent_again(std::uint32_t id, std::uint32_t length, Time now,
                            std::uint64_t delivered) noexcept {
  const bool whole =
      length >= ranges_[id].length || ranges_.split(id, ranges_[id].start + length) == kNone;
  SentRange& range = ranges_[id].value;
  set_lost(id, false);
  range.sent_at = now;
  range.delivered_at_send = delivered;
  if (range.transmissions < 255) ++range.transmissions;
  return !whole || length >= ranges_[id].length;
}

AckedRanges SentRanges::acknowledge(SeqNumber ack) noexcept {
  AckedRanges acked;
  for (std::uint32_t id = ranges_.first(); id != kNone; id = ranges_.first()) {
    auto& node = ranges_[id];
    if (at_or_before(ack, node.start)) break;
    const std::uint32_t count = std::min(node.length, distance(node.start, ack));
    const bool whole = count == node.length;
    acked.bytes += count;
    if (!node.value.sacked) acked.newly_delivered += count;
    acked.latest_sent_at = std::max(acked.latest_sent_at, node.value.sent_at);
    acked.any_retransmitted |= node.value.retransmitted();
    acked.fin |= node.value.fin && whole;
    outstanding_ -= count;
    if (node.value.sacked) sacked_ -= count;
    if (node.value.lost) lost_ -= count;
    if (whole) {
      ranges_.erase(id);
    } else {
      node.start += count;
      node.length -= count;
    }
  }
  return acked;
}

std::uint32_t SentRanges::split_at(SeqNumber at) noexcept {
  const std::uint32_t id = ranges_.find(at);
  if (id == kNone || ranges_[id].start == at) return id;
  return ranges_.split(id, at);
}

std::uint32_t SentRanges::mark_sacked(SeqNumber left, SeqNumber right) noexcept {
  std::uint32_t newly = 0;
  static_cast<void>(split_at(left));
  static_cast<void>(split_at(right));
  for (std::uint32_t id = ranges_.at_or_after(left); id != kNone; id = ranges_.next(id)) {
    auto& node = ranges_[id];
    if (after(node.end(), right)) break;
    if (before(node.start, left) || node.value.sacked) continue;
    set_lost(id, false);
    node.value.sacked = true;
    sacked_ += node.length;
    newly += node.length;
  }
  return newly;
}

void SentRanges::mark_all_lost() noexcept {
  for (std::uint32_t id = ranges_.first(); id != kNone; id = ranges_.next(id)) {
    if (!ranges_[id].value.sacked) set_lost(id, true);
  }
}

std::uint32_t SentRanges::mark_first_lost(std::uint32_t most) noexcept {
  std::uint32_t id = ranges_.first();
  while (id != kNone && ranges_[id].value.sacked) id = ranges_.next(id);
  if (id == kNone || ranges_[id].value.lost) return 0;
  if (ranges_[id].length > most) static_cast<void>(ranges_.split(id, ranges_[id].start + most));
  set_lost(id, true);
  return ranges_[id].length;
}

void SentRanges::forget_sacks() noexcept {
  for (std::uint32_t id = ranges_.first(); id != kNone; id = ranges_.next(id)) {
    ranges_[id].value.sacked = false;
  }
  sacked_ = 0;
}

std::uint32_t SentRanges::first_lost() const noexcept {
  if (lost_ == 0) return kNone;
  std::uint32_t id = ranges_.first();
  while (id != kNone && !ranges_[id].value.lost) id = ranges_.next(id);
  return id;
}

void SentRanges::set_lost(std::uint32_t id, bool lost) noexcept {
  auto& node = ranges_[id];
  if (node.value.lost == lost) return;
  node.value.lost = lost;
  if (lost) {
    lost_ += node.length;
  } else {
    lost_ -= node.length;
  }
}

}  // namespace bowline::inline v0::tcp
