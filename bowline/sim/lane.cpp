#include "bowline/sim/lane.hpp"

#include <new>
#include <utility>

#include "bowline/link/merge.hpp"
#include "bowline/link/segment.hpp"

namespace bowline::inline v0::sim {
namespace {

// What a link received it vouches for; on a wire a checksum has to stand in the packet. A link that
// left it undone (frame.hpp) says where it goes.
Frame for_a_wire(const Frame& received) {
  Frame frame = received;
  const bool undone = received.checksum == Checksum::verified && received.checksum_offset != 0;
  frame.checksum = undone ? Checksum::partial : Checksum::complete;
  return frame;
}

}  // namespace

void Lane::put(const Frame& frame, Time now) {
  const Frame whole = for_a_wire(frame);
  const Segmenter segmenter(whole, pool_, CutChecksum::complete);
  if (!segmenter.valid()) {
    ++counters_.malformed;
    return;
  }
  advance(now);
  for (std::uint32_t i = 0; i < segmenter.packets(); ++i) {
    Frame packet;
    if (segmenter.cut(i, packet)) {
      send(packet, now);
    } else {
      ++counters_.no_memory;
    }
  }
}

void Lane::send(const Frame& packet, Time now) {
  ++counters_.packets;
  counters_.bytes += packet.size;
  if (pipe_.packets() + ready_.size() >= kMostUnderWay) {
    ++counters_.no_memory;
    return;
  }
  scratch_.resize(packet.size);
  (void)packet.copy_to(0, scratch_);
  try {
    // A copy: a wire packet that shared the 64 KiB it was cut from would keep all of them.
    const Fate fate =
        pipe_.send(Packet::copy_of(scratch_, pool_), counters_.packets, now, {pool_, order_});
    if (fate != Fate::queued) count(fate);
  } catch (const std::bad_alloc&) {
    ++counters_.no_memory;
  }
}

void Lane::advance(Time now) {
  for (;;) {
    const Time next = pipe_.next().at;
    if (next > now) return;
    if (!pipe_.departs_next()) {
      ready_.push(pipe_.arrive());
      continue;
    }
    departures_.clear();
    pipe_.depart(next, {pool_, order_}, departures_);
    for (const Pipe::Departure& departure : departures_) count(departure.fate);
  }
}

std::size_t Lane::give(std::span<Frame> frames, Time now, Time* due) {
  advance(now);
  std::size_t count = 0;
  if (due != nullptr) *due = next();
  while (count < frames.size() && !ready_.empty()) {
    Frame frame = ready_.front().packet.frame(pool_);
    if (frame.size == 0) break;
    frame.checksum = Checksum::complete;
    frame.arrival = ready_.front().at;
    frames[count++] = std::move(frame);
    ready_.pop();
    ++counters_.arrived;
  }
  return merge_neighbours(frames.first(count), pool_);
}

}  // namespace bowline::inline v0::sim
