#include "bowline/gateway/sources.hpp"

#include <algorithm>
#include <array>

namespace bowline::inline v0::gateway {

IpAddress network_of(const IpAddress& address, std::uint8_t prefix) noexcept {
  std::array<std::byte, 16> bytes = address.raw();
  const std::size_t begin = address.is_v4() ? 12 : 0;
  for (std::size_t at = begin; at < bytes.size(); ++at) {
    const std::size_t bits = 8 * (at - begin);
    if (prefix >= bits + 8) continue;
    bytes[at] &= prefix <= bits ? std::byte{0} : static_cast<std::byte>(0xff00U >> (prefix - bits));
  }
  if (!address.is_v4()) return IpAddress::v6(bytes);
  std::uint32_t value = 0;
  for (std::size_t at = 12; at < 16; ++at) {
    value = value << 8U | std::to_integer<std::uint32_t>(bytes[at]);
  }
  return IpAddress::v4(value);
}

SourceTable::SourceTable(Memory& memory, const SipKey& key, const Config& config) noexcept
    : key_(key),
      prefix_v4_(config.source_prefix_v4),
      prefix_v6_(config.source_prefix_v6),
      // Twice what there can be connections: see the top of the header.
      sources_(memory, config.flows > 0x3fff'ffff ? 0x7fff'ffff : 2 * config.flows),
      index_(memory, sources_.limit()) {}

bool SourceTable::Source::take(std::uint32_t rate, Time now) noexcept {
  const Duration each = std::max(Duration(1s) / rate, Duration(1));
  const Time from = std::max<Time>(rested, now);
  if (from - now > Duration(1s) - each) return false;
  rested = from + each;
  return true;
}

std::uint64_t SourceTable::hash(const IpAddress& network, std::uint32_t rule) const noexcept {
  const auto& raw = network.raw();
  return siphash13(key_, std::array<std::uint64_t, 3>{detail::load_le(raw.data(), 8),
                                                      detail::load_le(raw.data() + 8, 8), rule});
}

std::uint32_t SourceTable::find_or_add(std::uint32_t rule, const IpAddress& address) noexcept {
  const IpAddress network = network_of(address, address.is_v4() ? prefix_v4_ : prefix_v6_);
  const std::uint64_t hashed = hash(network, rule);
  const std::uint32_t known = index_.find(hashed, [&](std::uint32_t index) {
    return sources_[index].network == network && sources_[index].rule == rule;
  });
  if (known != IndexTable::kNone) return known;
  if (sources_.size() >= sources_.limit() && !idle_.empty()) forget(idle_.front());
  const std::uint32_t made = sources_.emplace();
  if (made == Slab<Source>::kNone) return kNone;
  sources_[made].network = network;
  sources_[made].rule = rule;
  if (!index_.insert(hashed, made)) {
    sources_.erase(made);
    return kNone;
  }
  idle_.push_back(links(), made);
  return made;
}

void SourceTable::forget(std::uint32_t source) noexcept {
  idle_.erase(links(), source);
  (void)index_.erase(hash(sources_[source].network, sources_[source].rule), source);
  sources_.erase(source);
}

SourceTable::Admission SourceTable::admit(const Rule& rule, std::uint32_t number,
                                          const IpAddress& address, Time now) noexcept {
  if (rule.rate == 0 && rule.connections == 0) return {};
  const std::uint32_t index = find_or_add(number, address);
  if (index == kNone) return {Verdict::no_room, kNone};
  Source& source = sources_[index];
  if (rule.connections != 0 && source.connections >= rule.connections) {
    return {Verdict::too_many, kNone};
  }
  if (rule.rate != 0 && !source.take(rule.rate, now)) return {Verdict::too_fast, kNone};
  if (source.connections++ == 0) idle_.erase(links(), index);
  return {Verdict::admitted, index};
}

void SourceTable::release(std::uint32_t source) noexcept {
  if (source == kNone) return;
  if (--sources_[source].connections == 0) idle_.push_back(links(), source);
}

}  // namespace bowline::inline v0::gateway
