#include "bowline/tcp/pacer.hpp"

#include <algorithm>

#include "bowline/base/mul_div.hpp"

namespace bowline::inline v0::tcp {
namespace {

constexpr std::uint32_t kLargestQuantum = 64 * 1024;
constexpr Duration kCredit = 1ms;  // how much of a late timer is made up for
constexpr auto kSecond = static_cast<std::uint64_t>(Duration(1s).count());
// Nothing waits longer than this at the lowest rate: the sum with any time stays in range.
constexpr auto kLongest = static_cast<std::uint64_t>(Duration(24h).count());

}  // namespace

std::uint32_t send_quantum(std::uint64_t rate, std::uint32_t mss) noexcept {
  // Section 5.6.3: min(rate * 1 ms, 64 KBytes), at least 2 * SMSS.
  const auto worth =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(rate / 1'000, kLargestQuantum));
  const std::uint32_t whole = mss == 0 ? worth : worth - worth % mss;
  return std::max(whole, 2 * mss);
}

std::uint64_t window_pacing_rate(std::uint32_t cwnd, std::uint32_t ssthresh,
                                 std::uint32_t in_flight, Duration srtt) noexcept {
  if (srtt <= Duration::zero()) return 0;
  const std::uint64_t tenths = cwnd < ssthresh / 2 ? 20 : 12;
  const std::uint64_t window = std::max(cwnd, in_flight);
  // Rounded up to 1: 0 would mean no pacing.
  return std::max<std::uint64_t>(
      mul_div(window * tenths, kSecond / 10, static_cast<std::uint64_t>(srtt.count())), 1);
}

void Pacer::set_rate(std::uint64_t bytes_per_second, Time now) noexcept {
  if (rate_ != 0 && bytes_per_second != 0 && next_ > now) {
    const auto left = static_cast<std::uint64_t>((next_ - now).count());
    const std::uint64_t scaled = std::min(mul_div(left, rate_, bytes_per_second), kLongest);
    next_ = now + Duration(static_cast<std::int64_t>(scaled));
  }
  if (bytes_per_second == 0) next_ = now;
  rate_ = bytes_per_second;
}

std::uint32_t Pacer::allowance(Time now, std::uint32_t mss) const noexcept {
  if (rate_ == 0) return kUnlimited;
  if (!allowance_open(now)) return 0;
  return std::max(unpaced_, send_quantum(rate_, mss));
}

void Pacer::sent(std::uint32_t bytes, Time now, bool halve_late) noexcept {
  // The initial burst is counted without a rate, too: the handshake's sample brings one.
  const std::uint32_t burst = std::min(bytes, unpaced_);
  unpaced_ -= burst;
  const std::uint64_t paced = bytes - burst;
  if (rate_ == 0 || paced == 0) return;
  // Rounded up, so that what is sent never passes the rate.
  const std::uint64_t takes = std::min((paced * kSecond + rate_ - 1) / rate_, kLongest);
  const Duration gap(static_cast<std::int64_t>(takes));
  if (halve_late) {
    const Duration late = next_ < now ? now - next_ : Duration::zero();
    next_ = std::max(next_, now) + (gap - std::min<Duration>(gap / 2, late));
  } else {
    next_ = std::max<Time>(next_, now - kCredit) + gap;
  }
}

}  // namespace bowline::inline v0::tcp
