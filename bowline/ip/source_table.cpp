#include "bowline/ip/source_table.hpp"

#include <algorithm>

namespace bowline::inline v0::ip {
namespace {

std::uint32_t most_sources(const Limits& limits) noexcept {
  const std::uint64_t most = std::uint64_t{limits.connections} + limits.half_open;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(most, 0x7fffffff));
}

}  // namespace

SourceTable::SourceTable(Memory& memory, const Limits& limits, SipKey key) noexcept
    : prefix_(limits),
      key_(key),
      sources_(memory, most_sources(limits)),
      by_address_(memory, most_sources(limits)) {}

std::uint32_t SourceTable::find(const IpAddress& source, std::uint64_t hash) const noexcept {
  return by_address_.find(hash,
                          [&](std::uint32_t index) { return sources_[index].address == source; });
}

std::uint32_t SourceTable::count(const IpAddress& address, Holding what) const noexcept {
  const IpAddress source = prefix_.of(address);
  const std::uint32_t index = find(source, address_hash(key_, source));
  if (index == kNone) return 0;
  const Source& found = sources_[index];
  return what == Holding::connection ? found.connections : found.half_open;
}

bool SourceTable::add(const IpAddress& address, Holding what) noexcept {
  const IpAddress source = prefix_.of(address);
  const std::uint64_t hash = address_hash(key_, source);
  std::uint32_t index = find(source, hash);
  if (index == kNone) {
    index = sources_.emplace();
    if (index == kNone) return false;
    if (!by_address_.insert(hash, index)) {
      sources_.erase(index);
      return false;
    }
    sources_[index].address = source;
  }
  ++sources_[index][what];
  return true;
}

void SourceTable::remove(const IpAddress& address, Holding what) noexcept {
  const IpAddress source = prefix_.of(address);
  const std::uint64_t hash = address_hash(key_, source);
  const std::uint32_t index = find(source, hash);
  if (index == kNone) return;
  Source& found = sources_[index];
  if (found[what] > 0) --found[what];
  if (found.connections > 0 || found.half_open > 0) return;
  by_address_.erase(hash, index);
  sources_.erase(index);
}

void SourceTable::clear() noexcept {
  sources_.clear();
  by_address_.clear();
}

}  // namespace bowline::inline v0::ip
