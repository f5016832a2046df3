#include "bowline/ip/destination_table.hpp"

#include "bowline/ip/source.hpp"

namespace bowline::inline v0::ip {

std::uint32_t DestinationTable::find(const IpAddress& destination,
                                     std::uint64_t hash) const noexcept {
  return table_.find(
      hash, [&](std::uint32_t index) { return entries_[index].destination == destination; });
}

std::optional<std::uint32_t> DestinationTable::find(const IpAddress& destination,
                                                    Time now) const noexcept {
  if (empty(now)) return std::nullopt;
  const std::uint32_t index = find(destination, address_hash(key_, destination));
  if (index == kNone || !lives(entries_[index], now)) return std::nullopt;
  return entries_[index].value;
}

void DestinationTable::set(const IpAddress& destination, std::uint32_t value, Time now) noexcept {
  const std::uint64_t hash = address_hash(key_, destination);
  set(find(destination, hash), destination, hash, value, now);
}

void DestinationTable::raise(const IpAddress& destination, std::uint32_t value, Time now) noexcept {
  const std::uint64_t hash = address_hash(key_, destination);
  const std::uint32_t index = find(destination, hash);
  const bool larger =
      index != kNone && lives(entries_[index], now) && entries_[index].value > value;
  if (!larger) set(index, destination, hash, value, now);
}

// Where `index` is what find() has found.
void DestinationTable::set(std::uint32_t index, const IpAddress& destination, std::uint64_t hash,
                           std::uint32_t value, Time now) noexcept {
  const auto links = [this](std::uint32_t i) -> ListLink& { return entries_[i].place; };
  if (index == kNone) {
    for (int i = 0; i < 2 && !order_.empty() && !lives(entries_[order_.front()], now); ++i) {
      forget_oldest();
    }
    if (entries_.size() >= limit_) forget_oldest();
    index = entries_.emplace();
    if (index == kNone) return;
    if (!table_.insert(hash, index)) return entries_.erase(index);
    entries_[index].destination = destination;
  } else {
    order_.erase(links, index);
  }
  entries_[index].value = value;
  entries_[index].set_at = now;
  order_.push_back(links, index);
}

void DestinationTable::forget_oldest() noexcept {
  const std::uint32_t oldest =
      order_.pop_front([this](std::uint32_t i) -> ListLink& { return entries_[i].place; });
  if (oldest == kNone) return;
  table_.erase(address_hash(key_, entries_[oldest].destination), oldest);
  entries_.erase(oldest);
}

}  // namespace bowline::inline v0::ip
