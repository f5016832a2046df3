#include "bowline/tcp/reassembler.hpp"

#include <algorithm>
#include <cstring>

namespace bowline::inline v0::tcp {
namespace {

// A payload that fills less than a quarter of its block is worth a copy into a block of its size.
Slice unpin(Slice payload, BufferPool& pool) noexcept {
  if (payload.pinned() / 4 <= payload.size() || payload.pinned() <= 256) return payload;
  Slice copy = pool.copy(payload.bytes());
  return copy.empty() ? payload : copy;
}

}  // namespace

Placed Reassembler::place(SeqNumber seq, Slice payload, SeqNumber next, BufferPool& pool) noexcept {
  if (before(seq, next)) {
    const std::uint32_t old = distance(seq, next);
    if (old >= payload.size()) return Placed::duplicate;
    payload.drop_front(old);
    seq = next;
  }
  if (seq != next) return keep_out_of_order(seq, std::move(payload), pool);
  return take_in_order(next, unpin(std::move(payload), pool)) ? Placed::in_order : Placed::refused;
}

// Where `payload` overlaps what waits, what waits is taken: it came first, and the peer may have
// been told so by SACK.
bool Reassembler::take_in_order(SeqNumber next, Slice payload) noexcept {
  bool taken = false;
  while (!payload.empty()) {
    const std::uint32_t first = waiting_.first();
    const std::uint32_t fresh =
        first == Map::kNone ? payload.size()
                            : std::min(payload.size(), distance(next, waiting_[first].start));
    if (fresh > 0 && !append(payload.part(0, fresh))) break;
    const std::uint32_t moved = advance(next + fresh);
    if (fresh + moved == 0) break;  // no memory to move it
    payload.drop_front(fresh + moved);
    next += fresh + moved;
    taken = true;
  }
  return taken;
}

bool Reassembler::append(Slice payload) noexcept {
  const std::uint32_t size = payload.size();
  if (!in_order_.push_back(std::move(payload))) return false;
  readable_ += size;
  return true;
}

Placed Reassembler::keep_out_of_order(SeqNumber seq, Slice payload, BufferPool& pool) noexcept {
  const SeqNumber end = seq + payload.size();
  bool kept = false;
  bool refused = false;
  // Keep only what is not there: what came first stands, so that an overlap cannot change it.
  for (SeqNumber at = seq; before(at, end);) {
    const std::uint32_t id = waiting_.at_or_after(at);
    if (id != Map::kNone && at_or_before(waiting_[id].start, at)) {
      at = waiting_[id].end();
      continue;
    }
    const SeqNumber gap_end = id == Map::kNone ? end : earliest(end, waiting_[id].start);
    const std::uint32_t length = distance(at, gap_end);
    Slice part = unpin(payload.part(distance(seq, at), length), pool);
    const std::uint32_t pinned = part.pinned();
    if (pinned > most_pinned_ - std::min(pinned_, most_pinned_) ||
        !hold(at, length, std::move(part))) {
      refused = true;
      break;
    }
    pinned_ += pinned;
    waiting_bytes_ += length;
    kept = true;
    at = gap_end;
  }
  if (kept) return Placed::out_of_order;
  return refused ? Placed::refused : Placed::duplicate;
}

std::uint32_t Reassembler::advance(SeqNumber next) noexcept {
  std::uint32_t moved = 0;
  for (std::uint32_t id = waiting_.first(); id != Map::kNone; id = waiting_.first()) {
    auto& node = waiting_[id];
    if (after(node.start, next + moved)) break;
    // What came in order since may overlap what waited.
    const std::uint32_t old = distance(node.start, next + moved);
    const std::uint32_t fresh = node.length > old ? node.length - old : 0;
    if (fresh > 0) {
      if (!append(node.value.part(old, fresh))) break;
      moved += fresh;
    }
    waiting_bytes_ -= node.length;
    pinned_ -= node.value.pinned();
    waiting_.erase(id);
  }
  held_.remove_before(waiting_.empty() ? next + moved : waiting_[waiting_.first()].start);
  return moved;
}

// Both accounts have the piece, or none.
bool Reassembler::hold(SeqNumber at, std::uint32_t length, Slice piece) noexcept {
  if (!waiting_.reserve() || !held_.add(at, length)) return false;
  static_cast<void>(waiting_.insert(at, length, std::move(piece)));
  return true;
}

void Reassembler::count_pinned() noexcept {
  pinned_ = 0;
  for (std::uint32_t id = waiting_.first(); id != Map::kNone; id = waiting_.next(id)) {
    pinned_ += waiting_[id].value.pinned();
  }
}

std::size_t Reassembler::peek(std::uint32_t offset, std::span<std::byte> to) const noexcept {
  std::size_t copied = 0;
  for (std::uint32_t i = 0; i < in_order_.size() && copied < to.size(); ++i) {
    const std::span<const std::byte> bytes = in_order_[i].bytes();
    if (offset >= bytes.size()) {
      offset -= static_cast<std::uint32_t>(bytes.size());
      continue;
    }
    const std::size_t count = std::min(bytes.size() - offset, to.size() - copied);
    std::memcpy(to.data() + copied, bytes.data() + offset, count);
    copied += count;
    offset = 0;
  }
  return copied;
}

std::size_t Reassembler::read(std::span<std::byte> to) noexcept {
  std::size_t copied = 0;
  while (copied < to.size() && !in_order_.empty()) {
    Slice& first = in_order_.front();
    const std::size_t count = std::min<std::size_t>(first.size(), to.size() - copied);
    std::memcpy(to.data() + copied, first.data(), count);
    copied += count;
    first.drop_front(static_cast<std::uint32_t>(count));
    if (first.empty()) in_order_.pop_front();
  }
  readable_ -= static_cast<std::uint32_t>(copied);
  return copied;
}

Slice Reassembler::read_slice(std::uint32_t most) noexcept {
  if (in_order_.empty() || most == 0) return {};
  Slice& first = in_order_.front();
  Slice taken = first.part(0, most);
  first.drop_front(taken.size());
  if (first.empty()) in_order_.pop_front();
  readable_ -= taken.size();
  return taken;
}

void Reassembler::clear_readable() noexcept {
  in_order_.clear();
  readable_ = 0;
}

void Reassembler::clear_waiting() noexcept {
  waiting_.clear();
  held_.clear();
  waiting_bytes_ = pinned_ = 0;
}

void Reassembler::clear() noexcept {
  clear_readable();
  clear_waiting();
}

std::uint8_t Reassembler::sack_blocks(SeqNumber latest,
                                      std::span<wire::SackBlock> to) const noexcept {
  const IntervalSet::Ranges& held = held_.ranges();
  std::uint8_t count = 0;
  const auto add = [&](std::uint32_t id) { to[count++] = {held[id].start, held[id].end()}; };
  const std::uint32_t newest = held.find(latest);
  if (newest != IntervalSet::kNone && !to.empty()) add(newest);
  for (std::uint32_t id = held.last(); id != IntervalSet::kNone && count < to.size();
       id = held.prev(id)) {
    if (id != newest) add(id);
  }
  return count;
}

}  // namespace bowline::inline v0::tcp
