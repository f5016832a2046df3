#include "bowline/tcp/scan_watch.hpp"

#include <algorithm>
#include <span>

#include "bowline/base/random.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::tcp {
namespace {

// `set` of `bits` bits are set: by how many throws? bits * ln(bits / empty) (linear counting, Whang
// et al. 1990), as a sum, which is the same on every machine.
std::uint32_t distinct(std::uint32_t set, std::uint32_t bits) noexcept {
  constexpr std::uint32_t kFraction = 16;
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < set; ++i) {
    sum += (std::uint64_t{bits} << kFraction) / std::max(bits - i, 1U);
  }
  return static_cast<std::uint32_t>(sum >> kFraction);
}

}  // namespace

std::string_view name(ProbeKind kind) noexcept {
  constexpr std::array<std::string_view, 6> kNames{"SYN", "FIN", "NULL", "Xmas", "ACK", "other"};
  const auto number = static_cast<std::size_t>(kind);
  return number < kNames.size() ? kNames[number] : "?";  // read from a trace, it may be anything
}

ProbeKind probe_kind(std::uint16_t flags) noexcept {
  switch (flags & (wire::kFin | wire::kSyn | wire::kRst | wire::kPsh | wire::kAck | wire::kUrg)) {
    case 0:
      return ProbeKind::null;
    case wire::kSyn:
      return ProbeKind::syn;
    case wire::kFin:
      return ProbeKind::fin;
    case wire::kFin | wire::kPsh | wire::kUrg:
      return ProbeKind::xmas;
    case wire::kAck:
      return ProbeKind::ack;
    default:
      return ProbeKind::other;
  }
}

// The entry of `source`, fresh when there was none. A free one is taken first, then the one with
// the fewest ports.
ScanWatch::Entry& ScanWatch::entry_for(const IpAddress& source, std::uint64_t hash,
                                       Time now) noexcept {
  const std::span<Entry> set =
      std::span(entries_).subspan(static_cast<std::size_t>(hash % kSets) * kWays, kWays);
  const auto over = [now](const Entry& entry) {
    return entry.seen.probes == 0 || now - entry.seen.first >= kWindow;
  };
  for (Entry& entry : set) {
    if (entry.seen.source == source && !over(entry)) return entry;
  }
  Entry& least = *std::ranges::min_element(set, {}, [&](const Entry& entry) {
    return over(entry) ? 0U : std::max(entry.seen.ports, 1U);
  });
  least = Entry{};
  least.seen.source = source;
  least.seen.first = now;
  return least;
}

const Scanner* ScanWatch::note(const IpAddress& source, std::uint16_t port, std::uint16_t flags,
                               Time now) noexcept {
  const std::byte* const raw = source.raw().data();
  const std::uint64_t hash = siphash13(
      key_, std::array<std::uint64_t, 2>{detail::load_le(raw, 8), detail::load_le(raw + 8, 8)});
  Entry& entry = entry_for(source, hash, now);
  Scanner& seen = entry.seen;
  ++seen.probes;
  seen.last = now;
  const auto kind = static_cast<std::size_t>(probe_kind(flags));
  if (++entry.kinds[kind] >= entry.kinds[static_cast<std::size_t>(seen.kind)]) {
    seen.kind = static_cast<ProbeKind>(kind);
  }
  // Mixed with a secret of each source: nobody can choose ports that fall into one class.
  std::uint64_t mixed = hash + port;
  const auto bit = static_cast<std::size_t>(split_mix(mixed) >> 56);
  std::uint64_t& word = entry.ports[bit / 64];
  if ((word >> (bit % 64) & 1) != 0) return nullptr;
  word |= std::uint64_t{1} << (bit % 64);
  std::uint32_t set = 0;
  for (const std::uint64_t each : entry.ports)
    set += static_cast<std::uint32_t>(std::popcount(each));
  seen.ports = distinct(set, 64 * kWords);
  if (entry.told || set < kPorts) return nullptr;
  entry.told = true;
  return &seen;
}

}  // namespace bowline::inline v0::tcp
