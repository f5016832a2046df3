#include "bowline/tcp/path_mtu_probe.hpp"

#include <array>

namespace bowline::inline v0::tcp {
namespace {

// RFC 4821 section 7.2: 1024 bytes of payload, in packets that all but the oldest links carry.
constexpr std::uint16_t kBase = 1064;
// Where a timeout leads from a size, one step for each: payloads of 1220 (every IPv6 link), 1024
// and 536 bytes.
constexpr std::array<std::uint16_t, 3> kSteps{1280, kBase, 576};
// Sizes that links have (RFC 4821 section 7.3: "common MTU values"): jumbo frames, FDDI, Ethernet,
// and Ethernet with PPPoE, with one tunnel, with GRE, WireGuard, IPsec, and IPv6's least.
constexpr std::array<std::uint16_t, 9> kCommon{9000, 4352, 1500, 1492, 1480,
                                               1472, 1420, 1380, 1280};

constexpr std::uint16_t kClose = 8;          // the search ends when it is this close
constexpr std::uint8_t kMaxProbes = 3;       // MAX_PROBES (RFC 8899 section 5.1.2)
constexpr Duration kRetryAfter = 1s;         // PROBE_TIMER is at least a second (section 5.1.1)
constexpr Duration kRaiseAfter = 600s;       // PMTU_RAISE_TIMER (section 5.1.1)
constexpr unsigned kFullStop = 3;            // timeouts in a row: TCP's R1 (RFC 4821 section 7.7)
constexpr unsigned kMostTimeouts = 6;        // with the least size as well: it is not the size
constexpr std::uint32_t kOtherSegments = 4;  // with the probe, so that its loss is found by ACKs

}  // namespace

void PathMtuProbe::start(MtuProbing mode, const MtuBounds& bounds, std::uint16_t path_mtu,
                         Time now) noexcept {
  *this = PathMtuProbe();
  mode_ = mode;
  least_ = std::min(bounds.least, bounds.most);
  most_ = bounds.most;
  eff_pmtu_ = search_high_ = std::clamp(path_mtu, least_, most_);
  if (mode == MtuProbing::always) {
    search_from(std::min(std::max(kBase, least_), eff_pmtu_), eff_pmtu_, eff_pmtu_, now);
  }
}

// `first` is tried before anything else: what the interface has, or what had worked.
void PathMtuProbe::search_from(std::uint16_t low, std::uint16_t high, std::uint16_t first,
                               Time at) noexcept {
  abandon_probe();
  eff_pmtu_ = low;
  search_high_ = high;
  first_try_ = first > low ? first : 0;
  failures_ = 0;
  next_at_ = at;
  phase_ = Phase::searching;
}

// The next size, or 0 when the search is done (section 7.3): the middle one of the common sizes
// that are left, then the middle of what is left.
std::uint16_t PathMtuProbe::candidate() const noexcept {
  if (first_try_ > eff_pmtu_ && first_try_ <= search_high_) return first_try_;
  std::array<std::uint16_t, kCommon.size()> left{};
  std::size_t count = 0;
  for (const std::uint16_t size : kCommon) {
    if (size > eff_pmtu_ && size <= search_high_) left[count++] = size;
  }
  if (count > 0) return left[count / 2];
  if (search_high_ - eff_pmtu_ < kClose) return 0;
  return static_cast<std::uint16_t>((eff_pmtu_ + search_high_ + 1) / 2);
}

void PathMtuProbe::settle(Time now) noexcept {
  if (candidate() != 0) return;
  phase_ = Phase::complete;
  next_at_ = now + kRaiseAfter;
}

std::uint16_t PathMtuProbe::due(const ProbeConditions& with, std::uint32_t headers) const noexcept {
  if (!may_probe(with.now) || with.in_recovery) return 0;
  if (phase_ == Phase::complete) {
    // Routes change: whatever the interface carries is worth a try again (RFC 8899 section 5.1.1).
    PathMtuProbe again = *this;
    again.search_from(eff_pmtu_, most_, most_, with.now);
    return again.due(with, headers);
  }
  if (phase_ != Phase::searching) return 0;
  const std::uint16_t size = candidate();
  if (size <= headers || eff_pmtu_ <= headers) return 0;
  // Enough follows the probe that its loss is found by ACKs, not by a timeout.
  const std::uint32_t payload = size - headers;
  const std::uint32_t needed = payload + kOtherSegments * (eff_pmtu_ - headers);
  if (with.queued < needed || with.window < needed) return 0;
  if (with.cwnd < needed || with.in_flight > with.cwnd - payload) return 0;
  return size;
}

void PathMtuProbe::probe_sent(std::uint16_t size, SeqNumber start, SeqNumber end) noexcept {
  if (phase_ == Phase::complete) search_from(eff_pmtu_, most_, most_, next_at_);
  probe_size_ = size;
  probe_start_ = start;
  probe_end_ = end;
}

bool PathMtuProbe::delivered(SeqNumber from, SeqNumber to, Time now) noexcept {
  if (!probing() || after(from, probe_start_) || before(to, probe_end_)) return false;
  // Section 7.6.1: search_low and eff_pmtu are the probe's size.
  eff_pmtu_ = probe_size_;
  search_high_ = std::max(search_high_, eff_pmtu_);
  abandon_probe();
  failures_ = 0;
  first_try_ = 0;
  next_at_ = now;
  settle(now);
  return true;
}

bool PathMtuProbe::lost(bool alone, Time now) noexcept {
  if (!probing()) return false;
  const std::uint16_t size = probe_size_;
  abandon_probe();
  next_at_ = now + kRetryAfter;
  if (!alone) return false;  // section 7.6.4: inconclusive, and congestion
  // Section 7.6.2. One loss can be chance; RFC 8899 concludes from three.
  if (++failures_ < kMaxProbes) return true;
  failures_ = 0;
  search_high_ = static_cast<std::uint16_t>(size - 1);
  first_try_ = 0;
  settle(now);
  return true;
}

bool PathMtuProbe::timed_out(unsigned count, std::uint16_t size, Time now) noexcept {
  if (probing()) {
    // Section 7.6.3: whether it was the probe cannot be said; the timeout counts as one.
    abandon_probe();
    next_at_ = now + kRetryAfter;
  }
  if (mode_ == MtuProbing::off || count < kFullStop) return false;
  if (count >= kMostTimeouts && eff_pmtu_ <= least_) phase_ = Phase::error;
  // What vanished was small: it is not the size.
  const std::uint16_t reached = std::min(size, eff_pmtu_);
  std::uint16_t next = 0;
  for (const std::uint16_t step : kSteps) {
    if (step < reached && step >= least_) {
      next = step;
      break;
    }
  }
  if (next == 0) return false;
  if (!shrunk_) {
    // Section 7.7. That size may still be good: it is tried first, when something arrives again.
    search_from(next, eff_pmtu_, eff_pmtu_, kNever);
  } else {
    eff_pmtu_ = next;
  }
  shrunk_ = true;
  return true;
}

void PathMtuProbe::progress(Time now) noexcept {
  if (!shrunk_ && phase_ != Phase::error) return;
  shrunk_ = false;
  if (phase_ == Phase::error) phase_ = Phase::searching;
  next_at_ = now + kRetryAfter;
  settle(now);
}

bool PathMtuProbe::packet_too_big(std::uint16_t mtu, Time now) noexcept {
  const std::uint16_t believed = std::clamp(mtu, least_, most_);
  if (probing() && probe_size_ > believed) {
    abandon_probe();
    failures_ = 0;
    next_at_ = now;
  }
  if (believed >= search_high_) return false;
  // Section 7.6.2: "search_high and eff_pmtu MAY be set from the MTU value indicated".
  search_high_ = believed;
  first_try_ = believed;
  const bool smaller = believed < eff_pmtu_;
  eff_pmtu_ = std::min(eff_pmtu_, believed);
  if (phase_ == Phase::searching) settle(now);
  return smaller;
}

}  // namespace bowline::inline v0::tcp
