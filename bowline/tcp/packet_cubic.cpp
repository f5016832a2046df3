#include "bowline/tcp/packet_cubic.hpp"

#include <algorithm>

#include "bowline/tcp/cubic.hpp"

namespace bowline::inline v0::tcp {
namespace {

// Linux's fractions: beta = 717/1024, C = 410/1024 packets per cubic second.
constexpr std::uint64_t kBeta = 717, kBetaOf = 1'024;
constexpr std::uint64_t kC = 410;
constexpr unsigned kCubeShift = 40;  // C in 1024ths, and the cube of 1024ths of a second
// 8 (1 + beta) / (3 (1 - beta)) in integers: Reno's window grows by a packet for 15/8 of it.
constexpr std::uint32_t kRenoEighths = 15;
constexpr std::uint32_t kLeastStep = 2;      // one packet for two: 1.5 windows in a round trip
constexpr std::uint32_t kFirstStep = 20;     // while no loss has said how much fits: 5 %
constexpr std::uint32_t kMostStep = 0xffff;  // as slow as makes no difference
constexpr std::uint32_t kKept = 31;          // ms that a step stands while the window does
// 256 s from the plateau, in 1024ths: the cube beyond is any window's end.
constexpr std::uint64_t kFurthest = 1U << 18U;
constexpr std::uint32_t kMostPackets = 0x00ffffff;
constexpr std::uint64_t kMostBytes = 0x3fffffff;

std::uint32_t ticks(Time at) noexcept {
  return static_cast<std::uint32_t>(at.time_since_epoch() / 1ms);
}

// Milliseconds in 1024ths of a second.
std::uint64_t in_1024ths(std::uint64_t ms) noexcept { return (ms << 10U) / 1'000; }

}  // namespace

// W_cubic(t) = C (t - K)^3 + W_max.
std::uint32_t PacketCubic::window_at(std::uint64_t ticks) const noexcept {
  const std::uint32_t plateau = std::max(w_max_, began_with_);
  const std::uint64_t k = cube_root(((std::uint64_t{1} << kCubeShift) / kC) *
                                    std::min(plateau - began_with_, kMostPackets));
  const std::uint64_t t = in_1024ths(ticks);
  const std::uint64_t from_plateau = std::min(t < k ? k - t : t - k, kFurthest);
  const std::uint64_t cube = kC * from_plateau * from_plateau * from_plateau >> kCubeShift;
  const auto packets = static_cast<std::uint32_t>(std::min<std::uint64_t>(cube, kMostPackets));
  if (t < k) return plateau - std::min(plateau, packets);
  return std::min(plateau, kMostPackets) + packets;
}

void PacketCubic::begin_epoch(std::uint32_t now, std::uint32_t packets,
                              std::uint32_t cwnd) noexcept {
  epoch_ = std::max(now, kNoEpoch + 1);
  began_with_ = reno_ = cwnd;
  acked_ = packets;
}

// Where Reno would be ahead, the window follows it (section 4.3).
void PacketCubic::follow_reno(std::uint32_t cwnd, std::uint32_t& step) noexcept {
  const std::uint32_t for_one = std::max(cwnd * kRenoEighths / 8, 1U);
  if (acked_ > for_one) {
    const std::uint32_t windows = (acked_ - 1) / for_one;
    acked_ -= windows * for_one;
    reno_ += windows;
  }
  if (reno_ > cwnd) step = std::min(step, cwnd / (reno_ - cwnd));
}

void PacketCubic::look(std::uint32_t now, std::uint32_t packets, Duration min_rtt,
                       std::uint32_t cwnd) noexcept {
  acked_ += packets;
  const auto since = static_cast<std::uint16_t>(now - looked_at_);
  const bool same_window = looked_at_cwnd_ == static_cast<std::uint16_t>(cwnd);
  if (same_window && since <= kKept) return;
  std::uint32_t step = step_;
  if (epoch_ == kNoEpoch || since != 0) {
    looked_at_ = static_cast<std::uint16_t>(now);
    looked_at_cwnd_ = static_cast<std::uint16_t>(cwnd);
    if (epoch_ == kNoEpoch) begin_epoch(now, packets, cwnd);
    const auto delay = static_cast<std::uint64_t>(std::max(min_rtt, Duration::zero()) / 1ms);
    const std::uint32_t target = window_at(now - epoch_ + delay);
    step = target > cwnd ? cwnd / (target - cwnd) : 100 * cwnd;
    if (w_max_ == 0) step = std::min(step, kFirstStep);
  }
  follow_reno(cwnd, step);
  step_ = static_cast<std::uint16_t>(std::clamp(step, kLeastStep, kMostStep));
}

void PacketCubic::acked(Time now, std::uint32_t acked, Duration min_rtt, std::uint32_t mss,
                        std::uint32_t& cwnd) noexcept {
  const std::uint32_t packets = (acked + mss - 1) / mss;
  std::uint32_t window = std::max(cwnd / mss, 1U);
  look(ticks(now), packets, min_rtt, window);
  const std::uint32_t step = std::max<std::uint32_t>(step_, kLeastStep);
  std::uint32_t counted = counted_;
  if (counted >= step) {  // the step has become smaller meanwhile (tcp_cong_avoid_ai())
    counted = 0;
    ++window;
  }
  counted += packets;
  window += counted / step;
  counted_ = static_cast<std::uint16_t>(counted % step);
  cwnd =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(std::uint64_t{window} * mss, kMostBytes));
}

std::uint32_t PacketCubic::lost(std::uint32_t cwnd, std::uint32_t /*in_flight*/,
                                std::uint32_t mss) noexcept {
  const std::uint32_t window = cwnd / mss;
  epoch_ = kNoEpoch;
  counted_ = 0;
  const auto reduced = static_cast<std::uint32_t>(window * (kBetaOf + kBeta) / (2 * kBetaOf));
  w_max_ = window < w_max_ ? reduced : window;
  return std::max(static_cast<std::uint32_t>(window * kBeta / kBetaOf), 2U) * mss;
}

void PacketCubic::resumed(Time now, Duration idle) noexcept {
  const auto shift = static_cast<std::uint32_t>(std::clamp<Duration>(idle, 0ms, 24h) / 1ms);
  if (epoch_ == kNoEpoch || shift == 0) return;
  const std::uint32_t at = std::max(ticks(now), kNoEpoch + 1);
  epoch_ += shift;
  if (static_cast<std::int32_t>(epoch_ - at) > 0 || epoch_ == kNoEpoch) epoch_ = at;
}

}  // namespace bowline::inline v0::tcp
