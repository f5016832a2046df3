#include "bowline/tcp/congestion_control.hpp"

namespace bowline::inline v0::tcp {

void Reno::acked(const AckEvent& event, std::uint32_t mss, std::uint32_t& cwnd,
                 std::uint32_t ssthresh) noexcept {
  if (cwnd < ssthresh) {
    // One ACK may stand for a whole merged burst, so that more than RFC 3465's two segments are
    // counted for it; RFC 9406 section 4.2 allows eight without pacing.
    constexpr std::uint32_t kLimit = 8;
    cwnd += std::min(event.acked, kLimit * mss);
    return;
  }
  counted_ += event.acked;
  if (counted_ >= cwnd) {  // a window's worth: one segment more (RFC 5681 section 3.1)
    counted_ -= cwnd;
    cwnd += mss;
  }
}

void CongestionControl::acked(const AckEvent& event) noexcept {
  // A window that was not the limit says nothing about the path (RFC 7661 in short).
  constexpr std::uint32_t kLargest = 0x3fffffff;
  if (!event.cwnd_limited || cwnd_ >= kLargest) return;
  std::visit([&](auto& algorithm) { algorithm.acked(event, mss_, cwnd_, ssthresh_); }, algorithm_);
}

void CongestionControl::lost(std::uint32_t in_flight) noexcept {
  ssthresh_ = std::visit(
      [&](auto& algorithm) { return algorithm.ssthresh_after_loss(in_flight, mss_); }, algorithm_);
}

void CongestionControl::timed_out(std::uint32_t in_flight, bool first) noexcept {
  if (first) lost(in_flight);
  cwnd_ = mss_;
}

}  // namespace bowline::inline v0::tcp
