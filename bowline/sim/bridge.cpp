#include "bowline/sim/bridge.hpp"

#include <algorithm>

#include "bowline/base/memory.hpp"

namespace bowline::inline v0::sim {
namespace {

// For what is under way in both directions, and as much again for what comes and goes.
constexpr std::uint64_t kPoolBytes = 1U << 30;
// Of each link at once: so that a flood from one side does not keep the other waiting.
constexpr std::size_t kBatch = 64;

}  // namespace

void Lateness::add(Duration late) noexcept {
  const auto bound = std::ranges::lower_bound(kClasses, late);
  ++counts_[static_cast<std::size_t>(bound - kClasses.begin())];
  ++turns_;
  most_ = std::max(most_, late);
}

Duration Lateness::of(double share) const noexcept {
  const double wanted = share * static_cast<double>(turns_);
  double seen = 0;
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    seen += static_cast<double>(counts_[i]);
    if (seen >= wanted) return std::min(kClasses[i], most_);
  }
  return most_;
}

Bridge::Bridge(Link& left, Link& right, const Wire& there, const Wire& back, std::uint64_t seed)
    : left_(left),
      right_(right),
      pool_(BufferPool::make(heap_memory(), kPoolBytes)),
      there_(there, Random::stream(seed, "there"), *pool_),
      back_(back, Random::stream(seed, "back"), *pool_) {}

void Bridge::turn(Time now) {
  take_in(left_, there_, now);
  take_in(right_, back_, now);
  give_out(there_, right_, now);
  give_out(back_, left_, now);
}

Time Bridge::next_deadline() const noexcept {
  const Time due = std::min({there_.next(), back_.next()});
  if (due == kNever) return std::min(left_.next_deadline(), right_.next_deadline());
  // Not sooner than kGather after the last time, whatever is due until then.
  const Time gathered = gave_out_ == Time::min() ? due : std::max(due, gave_out_ + kGather);
  return std::min({gathered, left_.next_deadline(), right_.next_deadline()});
}

void Bridge::take_in(Link& from, Lane& lane, Time now) {
  std::array<Frame, kBatch> frames;
  const std::size_t count = from.receive(frames, *pool_, now);
  for (std::size_t i = 0; i < count; ++i) lane.put(frames[i], now);
}

void Bridge::give_out(Lane& lane, Link& to, Time now) {
  std::array<Frame, kBatch> frames;
  while (lane.next() <= now) {
    Time due{};
    const std::size_t count = lane.give(frames, now, &due);
    if (count == 0) return;  // only the queue had something to do
    lateness_.add(now - due);
    gave_out_ = now;
    std::uint64_t packets = 0;
    for (std::size_t i = 0; i < count; ++i) packets += wire_packets(frames[i]);
    refused_ += packets - to.take(std::span(frames).first(count));
  }
}

}  // namespace bowline::inline v0::sim
