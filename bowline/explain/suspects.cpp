#include "bowline/explain/suspects.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "bowline/base/byte_order.hpp"

namespace bowline::inline v0::explain {
namespace {

using trace::Side;
using wire::kAck;
using wire::kFin;
using wire::kPsh;
using wire::kSyn;
using wire::kUrg;

struct Probe {
  ProbeKind kind{};
  PortAnswer answer{};
};

// What the connection was, seen as a probe; nothing when it was none.
std::optional<Probe> probe_of(const Connection& connection) {
  const End& right = connection.end(Side::right);
  const std::uint16_t flags = connection.first_flags() & (kFin | kSyn | kPsh | kAck | kUrg);
  const bool answered = right.counters.packets > 0;
  switch (connection.ending()) {
    case Ending::refused:
      return Probe{ProbeKind::syn, PortAnswer::closed};
    case Ending::unanswered:
    case Ending::unreachable:
      return Probe{ProbeKind::syn, PortAnswer::silent};
    case Ending::half_open:
    case Ending::broken_off:
      return Probe{ProbeKind::syn, PortAnswer::open};
    case Ending::half_closed:
    case Ending::closed:
    case Ending::closing:
    case Ending::reset:
      if (!connection.is_probe_like()) return std::nullopt;
      return Probe{ProbeKind::connect, PortAnswer::open};
    case Ending::probe:
      if (flags == 0)
        return Probe{ProbeKind::null, answered ? PortAnswer::closed : PortAnswer::silent};
      if (flags == kFin)
        return Probe{ProbeKind::fin, answered ? PortAnswer::closed : PortAnswer::silent};
      if (flags == (kFin | kPsh | kUrg)) {
        return Probe{ProbeKind::xmas, answered ? PortAnswer::closed : PortAnswer::silent};
      }
      if (flags == kAck) return Probe{ProbeKind::ack, PortAnswer::unfiltered};
      return Probe{ProbeKind::other, answered ? PortAnswer::closed : PortAnswer::silent};
    case Ending::open: {
      // An ACK alone that nobody answered: filtered.
      const End& left = connection.end(Side::left);
      const bool alone = !answered && left.counters.packets == 1 && left.counters.bytes == 0;
      if (!alone || flags != kAck) return std::nullopt;
      return Probe{ProbeKind::ack, PortAnswer::silent};
    }
    case Ending::backscatter:
      return std::nullopt;
  }
  return std::nullopt;
}

// SplitMix64 over the address: sources of a flood are spread by whoever forges them.
std::uint64_t hash_of(const IpAddress& address) noexcept {
  std::uint64_t hash = load_be<std::uint64_t>(address.raw().data()) * 0x9e37'79b9'7f4a'7c15 ^
                       load_be<std::uint64_t>(address.raw().data() + 8);
  hash = (hash ^ (hash >> 30U)) * 0xbf58'476d'1ce4'e5b9;
  hash = (hash ^ (hash >> 27U)) * 0x94d0'49bb'1331'11eb;
  return hash ^ (hash >> 31U);
}

// The entry that `is_it` accepts, else a fresh one, for which the least important may have to go.
template <class T, class Same, class Attempts>
T& entry(std::vector<T>& table, std::size_t most, Same is_it, Attempts attempts) {
  const auto known = std::ranges::find_if(table, is_it);
  if (known != table.end()) return *known;
  if (table.size() < most) return table.emplace_back();
  T& least = *std::ranges::min_element(table, {}, attempts);
  least = T{};
  return least;
}

}  // namespace

std::string_view to_text(ProbeKind kind) noexcept {
  constexpr std::array<std::string_view, 7> kNames{"SYN",  "connect", "FIN",  "NULL",
                                                   "Xmas", "ACK",     "other"};
  return kNames[static_cast<std::size_t>(kind)];
}

template <std::size_t kBits>
double DistinctCounter<kBits>::estimate() const noexcept {
  const auto size = static_cast<double>(kBits);
  const double empty = std::max(1.0, size - static_cast<double>(bits_.count()));
  return size * std::log(size / empty);
}

void Suspects::add(const Connection& connection) {
  add_probe(connection);
  add_attempt(connection);
  add_lies(connection);
  const std::uint64_t guesses = connection.findings().count(Rule::reset_blind) +
                                connection.findings().count(Rule::reset_challenged);
  if (guesses >= kGuesses && resets_.size() < most_) {
    const Finding* first = connection.findings().find(Rule::reset_blind);
    if (first == nullptr) first = connection.findings().find(Rule::reset_challenged);
    resets_.push_back({connection.number(), connection.end(Side::left).endpoint,
                       connection.end(Side::right).endpoint, guesses, first->packets.front()});
  }
}

// Savage et al. 1999: a receiver that acknowledges ahead of what came makes its peer send faster.
void Suspects::add_lies(const Connection& connection) {
  for (const Finding& finding : connection.findings().list()) {
    if (finding.rule != Rule::ack_of_unsent || finding.count < kLies || !finding.side) continue;
    if (lies_.size() >= most_) return;
    lies_.push_back({connection.number(), connection.end(*finding.side).endpoint,
                     connection.end(trace::opposite(*finding.side)).endpoint, finding.count,
                     finding.packets.front()});
  }
}

void Suspects::add_probe(const Connection& connection) {
  const auto probe = probe_of(connection);
  if (!probe) return;
  const IpAddress& source = connection.end(Side::left).endpoint.address;
  const Endpoint& target = connection.end(Side::right).endpoint;
  const ProbeKind way = probe->kind == ProbeKind::connect ? ProbeKind::syn : probe->kind;
  Prober& prober = entry(
      probers_, most_,
      [&](const Prober& each) {
        return each.scan.source == source && each.scan.target == target.address &&
               each.scan.kind == way;
      },
      [](const Prober& each) { return each.scan.attempts; });
  Scan& scan = prober.scan;
  if (scan.attempts == 0) {
    scan.kind = way;
    scan.source = source;
    scan.target = target.address;
    scan.first_packet = connection.first_packet();
    scan.first = connection.first_time();
    prober.ports = std::make_unique<std::bitset<65'536>>();
  }
  ++scan.attempts;
  scan.first = std::min(scan.first, connection.first_time());
  scan.first_packet = std::min(scan.first_packet, connection.first_packet());
  scan.last = std::max(scan.last, connection.last_time());
  if (probe->kind == ProbeKind::connect) ++prober.completed;
  if (connection.ending() == Ending::broken_off) ++prober.broken_off;
  if (prober.ports->test(target.port)) return;
  prober.ports->set(target.port);
  ++scan.ports;
  switch (probe->answer) {
    case PortAnswer::open:
      ++scan.open;
      if (scan.open_ports.size() < Scan::kMostOpenPorts) scan.open_ports.push_back(target.port);
      break;
    case PortAnswer::closed:
    case PortAnswer::unfiltered:
      ++scan.closed;
      break;
    case PortAnswer::silent:
      ++scan.silent;
      break;
  }
}

void Suspects::add_attempt(const Connection& connection) {
  const Ending how = connection.ending();
  if (how != Ending::half_open && how != Ending::unanswered && how != Ending::broken_off) return;
  const Endpoint& at = connection.end(Side::right).endpoint;
  Target& target = entry(
      targets_, most_, [&](const Target& each) { return each.flood.target == at; },
      [](const Target& each) { return each.flood.attempts; });
  Flood& flood = target.flood;
  if (flood.attempts == 0) {
    flood.target = at;
    flood.first = connection.first_time();
    flood.first_packet = connection.first_packet();
    target.sources = std::make_unique<DistinctCounter<4'096>>();
  }
  ++flood.attempts;
  flood.first = std::min(flood.first, connection.first_time());
  flood.first_packet = std::min(flood.first_packet, connection.first_packet());
  flood.last = std::max(flood.last, connection.first_time());
  target.sources->add(hash_of(connection.end(Side::left).endpoint.address));
}

std::vector<Scan> Suspects::scans() const {
  std::vector<Scan> found;
  for (const Prober& prober : probers_) {
    if (prober.scan.ports < kScanPorts) continue;
    Scan scan = prober.scan;
    // A SYN that was refused says nothing of what would have followed: the open ports do.
    if (prober.completed > prober.broken_off) scan.kind = ProbeKind::connect;
    std::ranges::sort(scan.open_ports);
    found.push_back(std::move(scan));
  }
  std::ranges::sort(found, std::greater{}, &Scan::ports);
  return found;
}

std::vector<Flood> Suspects::floods() const {
  constexpr double kScattered = 20;
  constexpr double kPerSecond = 10;
  std::vector<Flood> found;
  for (const Target& target : targets_) {
    if (target.flood.attempts < kFloodAttempts) continue;
    Flood flood = target.flood;
    flood.sources = target.sources->estimate();
    const double seconds = std::chrono::duration<double>(flood.last - flood.first).count();
    const bool fast = static_cast<double>(flood.attempts) >= kPerSecond * seconds;
    if (flood.sources < kScattered && !fast) continue;
    found.push_back(flood);
  }
  std::ranges::sort(found, std::greater{}, &Flood::attempts);
  return found;
}

}  // namespace bowline::inline v0::explain
