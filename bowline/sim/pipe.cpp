#include "bowline/sim/pipe.hpp"

#include <algorithm>
#include <utility>

namespace bowline::inline v0::sim {
namespace {

bool later(const Pipe::Arrival& a, const Pipe::Arrival& b) noexcept {
  return a.at != b.at ? a.at > b.at : a.order > b.order;
}

bool happens(const Chance& chance, Random& random) noexcept {
  return chance.probability > 0 && random.chance(chance.probability);
}

void flip_a_bit(Packet& packet, Random& random, BufferPool& pool) {
  const std::span<std::byte> bytes = packet.writable(pool);
  const std::size_t bit = random.index(bytes.size() * 8);
  bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
}

}  // namespace

Pipe::Pipe(Wire wire, Random random)
    : wire_(std::move(wire)),
      random_{Random(random.next()), Random(random.next()), Random(random.next()),
              Random(random.next()), Random(random.next()), Random(random.next())} {}

// ---- the queue and the transmitter --------------------------------------------------------------

std::uint64_t Pipe::queued_bytes(Time now) noexcept {
  while (!waiting_.empty() && waiting_.front().until <= now) {
    waiting_bytes_ -= waiting_.front().size;
    (void)waiting_.pop();
  }
  return waiting_bytes_ + managed_bytes_;
}

bool Pipe::has_room(std::uint32_t size, Time now) noexcept {
  const std::uint64_t queued = queued_bytes(now);
  return queued == 0 || queued + size <= wire_.queue;
}

Fate Pipe::send(Packet packet, std::uint64_t number, Time now, PipeContext context) {
  const std::uint32_t size = packet.size();
  if (size > wire_.mtu) return Fate::too_big;
  if (!has_room(size, now)) return Fate::queue_full;
  Fate fate = Fate::passed;
  if (wire_.mark_above != 0 && waiting_bytes_ + managed_bytes_ > wire_.mark_above &&
      packet.mark_congestion(context.pool)) {
    fate = Fate::marked;
  }
  if (wire_.codel || !managed_.empty())
    return enqueue(std::move(packet), number, fate, now, context);
  return transmit(std::move(packet), number, fate, std::max(now, free_at_), context);
}

Fate Pipe::enqueue(Packet packet, std::uint64_t number, Fate fate, Time now, PipeContext context) {
  if (managed_.empty() && free_at_ <= now) {
    codel_.empty();  // nothing waited, so this does not either
    return transmit(std::move(packet), number, fate, now, context);
  }
  if (managed_.empty()) departure_ = {free_at_, ++context.order};
  managed_bytes_ += packet.size();
  managed_.push({now, number, std::move(packet), fate});
  return Fate::queued;
}

void Pipe::depart(Time now, PipeContext context, std::vector<Departure>& departures) {
  const Codel codel = wire_.codel.value_or(Codel{.target = Duration::max()});
  while (!managed_.empty()) {
    Managed front = managed_.pop();
    managed_bytes_ -= front.packet.size();
    if (codel_.judge(codel, now, now - front.since, managed_bytes_, wire_.mtu) ==
        CodelState::Verdict::drop) {
      if (!codel.ecn || !front.packet.mark_congestion(context.pool)) {
        departures.push_back({front.number, std::move(front.packet), Fate::dropped});
        continue;
      }
      codel_.marked(codel);
      front.fate = Fate::marked;
    }
    Packet seen = front.packet;
    const Fate fate = transmit(std::move(front.packet), front.number, front.fate, now, context);
    departures.push_back({front.number, std::move(seen), fate});
    break;
  }
  departure_ = {};
  if (!managed_.empty()) departure_ = {free_at_, ++context.order};
}

// ---- the distance -------------------------------------------------------------------------------

Fate Pipe::transmit(Packet packet, std::uint64_t number, Fate fate, Time start,
                    PipeContext context) {
  const std::uint32_t size = packet.size();
  const Time departure = start + wire_.rate.time_for(size);
  free_at_ = departure;
  if (wire_.rate.bits_per_second != 0) {
    waiting_.push({departure, size});
    waiting_bytes_ += size;
  }

  // Whatever happens to the packet, each accident that the wire has draws once for it.
  const bool lost = loses();
  Time arrival = departure + wire_.delay;
  if (wire_.jitter > Duration::zero()) {
    arrival += Duration(static_cast<Duration::rep>(
        random_.jitter.below(static_cast<std::uint64_t>(wire_.jitter.count()) + 1)));
  }
  const bool reordered = happens(wire_.reorder, random_.reorder);
  const bool duplicated = happens(wire_.duplicate, random_.duplicate);
  const bool corrupted = happens(wire_.corrupt, random_.corrupt);
  if (lost) return Fate::lost;
  if (reordered) {
    arrival += wire_.reorder_by;
  } else {
    arrival = std::max(arrival, last_arrival_);
  }
  if (is_cut(departure, arrival)) return Fate::cut;

  Arrival first{arrival, ++context.order, number, std::move(packet), fate, false};
  if (reordered) first.fate = Fate::reordered;
  Arrival second;
  if (duplicated) {
    first.fate = Fate::duplicated;
    second = {arrival + wire_.duplicate_after,
              ++context.order,
              number,
              first.packet,
              Fate::duplicated,
              true};
  }
  if (corrupted) {
    flip_a_bit(first.packet, random_.corrupt, context.pool);
    first.fate = Fate::corrupted;
  }
  fate = first.fate;
  if (reordered) {
    hold_back(std::move(first));
  } else {
    last_arrival_ = arrival;
    in_order_.push(std::move(first));
  }
  if (duplicated) hold_back(std::move(second));
  return fate;
}

bool Pipe::loses() {
  bool lost = happens(wire_.loss, random_.loss);
  const GilbertElliott& bursts = wire_.bursts;
  if (bursts.enter.probability > 0 || bursts.loss_good.probability > 0) {
    if (random_.bursts.chance((bad_ ? bursts.leave : bursts.enter).probability)) bad_ = !bad_;
    const Chance& chance = bad_ ? bursts.loss_bad : bursts.loss_good;
    lost = random_.bursts.chance(chance.probability) || lost;
  }
  return lost;
}

bool Pipe::is_cut(Time departure, Time arrival) const noexcept {
  return std::any_of(wire_.cuts.begin(), wire_.cuts.end(),
                     [&](const Cut& cut) { return departure < cut.until && arrival >= cut.from; });
}

// ---- arrivals -----------------------------------------------------------------------------------

void Pipe::hold_back(Arrival arrival) {
  stragglers_.push_back(std::move(arrival));
  std::push_heap(stragglers_.begin(), stragglers_.end(), later);
}

Pipe::Next Pipe::next_arrival() const noexcept {
  if (stragglers_.empty() ||
      (!in_order_.empty() && later(stragglers_.front(), in_order_.front()))) {
    return in_order_.empty() ? Next{} : Next{in_order_.front().at, in_order_.front().order};
  }
  return {stragglers_.front().at, stragglers_.front().order};
}

Pipe::Next Pipe::next() const noexcept {
  const Next arrival = next_arrival();
  return departure_.at < arrival.at ? departure_ : arrival;
}

Pipe::Arrival Pipe::arrive() {
  if (!stragglers_.empty() &&
      (in_order_.empty() || later(in_order_.front(), stragglers_.front()))) {
    std::pop_heap(stragglers_.begin(), stragglers_.end(), later);
    Arrival arrival = std::move(stragglers_.back());
    stragglers_.pop_back();
    return arrival;
  }
  return in_order_.pop();
}

void Pipe::own_packets(BufferPool& pool) {
  for (std::size_t i = 0; i < managed_.size(); ++i)
    managed_[i].packet = managed_[i].packet.clone(pool);
  for (std::size_t i = 0; i < in_order_.size(); ++i)
    in_order_[i].packet = in_order_[i].packet.clone(pool);
  for (Arrival& arrival : stragglers_) arrival.packet = arrival.packet.clone(pool);
}

}  // namespace bowline::inline v0::sim
