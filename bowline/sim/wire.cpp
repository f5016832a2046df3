#include "bowline/sim/wire.hpp"

#include <algorithm>

namespace bowline::inline v0::sim {

std::string_view name(Fate fate) noexcept {
  switch (fate) {
    case Fate::passed:
      return "passed";
    case Fate::reordered:
      return "reordered";
    case Fate::duplicated:
      return "duplicated";
    case Fate::corrupted:
      return "corrupted";
    case Fate::lost:
      return "lost";
    case Fate::queue_full:
      return "queue full";
    case Fate::too_big:
      return "too big";
  }
  return "unknown";
}

Pipe::Outcome Pipe::send(Packet packet, Time now) {
  Outcome outcome;
  const auto size = static_cast<std::uint32_t>(packet->size());
  if (size > wire_.mtu) {
    outcome.fate = Fate::too_big;
    return outcome;
  }

  // The transmitter: what it is sending right now counts as waiting until its last bit is out.
  while (!waiting_.empty() && waiting_.front().first <= now) {
    waiting_bytes_ -= waiting_.front().second;
    waiting_.pop_front();
  }
  if (!waiting_.empty() && waiting_bytes_ + size > wire_.queue) {
    outcome.fate = Fate::queue_full;
    return outcome;
  }
  const Time departure = std::max(now, free_at_) + wire_.rate.time_for(size);
  free_at_ = departure;
  if (departure > now) {
    waiting_.emplace_back(departure, size);
    waiting_bytes_ += size;
  }

  // The distance. Every draw is made, wanted or not.
  const auto jitter = static_cast<Duration::rep>(
      random_.below(static_cast<std::uint64_t>(wire_.jitter.count()) + 1));
  const bool lost = random_.chance(wire_.loss.probability);
  const bool reordered = random_.chance(wire_.reorder.probability);
  const bool duplicated = random_.chance(wire_.duplicate.probability);
  const bool corrupted = random_.chance(wire_.corrupt.probability);
  if (lost) {
    outcome.fate = Fate::lost;
    return outcome;
  }
  Time arrival = departure + wire_.delay + Duration(jitter);
  if (reordered) {
    arrival += wire_.reorder_by;
    outcome.fate = Fate::reordered;
  } else {
    arrival = std::max(arrival, last_arrival_);
    last_arrival_ = arrival;
  }
  if (duplicated) {
    outcome.arrivals[1] = {arrival + wire_.duplicate_after, packet};
    outcome.fate = Fate::duplicated;
  }
  if (corrupted) {
    packet = flip_a_bit(packet);
    outcome.fate = Fate::corrupted;
  }
  outcome.arrivals[0] = {arrival, std::move(packet)};
  outcome.count = duplicated ? 2 : 1;
  return outcome;
}

Packet Pipe::flip_a_bit(const Packet& packet) {
  auto copy = std::make_shared<std::vector<std::byte>>(*packet);
  const std::uint64_t bit = random_.below(copy->size() * 8);
  (*copy)[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::byte>(1U << bit % 8);
  return copy;
}

}  // namespace bowline::inline v0::sim
