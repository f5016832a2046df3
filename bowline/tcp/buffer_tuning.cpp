#include "bowline/tcp/buffer_tuning.hpp"

namespace bowline::inline v0::tcp {

void ReceiveTuning::start(std::uint32_t buffer, std::uint32_t limit, SeqNumber rcv_nxt,
                          std::uint32_t window, std::uint32_t mss, Time now) noexcept {
  *this = ReceiveTuning();
  buffer_ = buffer;
  limit_ = limit;
  window_begun_ = since_ = now;
  window_end_ = rcv_nxt + window;
  // A sender begins with ten segments; that much says nothing.
  least_taken_ = std::max(std::min(buffer, 10 * mss), 1u);
}

void ReceiveTuning::echoed(Duration rtt) noexcept {
  const Duration sample = std::max(rtt, Duration(1));
  if (!by_timestamps_) {
    by_timestamps_ = true;  // better than what a window's worth has said
    rtt_ = sample;
    return;
  }
  // Smoothed as RFC 6298 does, with 1/8.
  rtt_ = std::max(rtt_ + (sample - rtt_) / 8, Duration(1));
}

void ReceiveTuning::arrived(SeqNumber rcv_nxt, std::uint32_t window, Time now) noexcept {
  if (before(rcv_nxt, window_end_)) return;
  // A window's worth has come: that takes a round trip, or longer when the sender had less to send.
  // So the least is the best.
  if (!by_timestamps_) {
    const Duration sample = std::max(now - window_begun_, Duration(1));
    rtt_ = rtt_ == Duration::zero() ? sample : std::min(rtt_, sample);
  }
  window_begun_ = now;
  window_end_ = rcv_nxt + window;
}

bool ReceiveTuning::read(std::uint32_t bytes, std::uint32_t mss, Time now) noexcept {
  taken_ += std::min(bytes, ~std::uint32_t{} - taken_);
  if (rtt_ == Duration::zero() || now - since_ < rtt_) return false;
  const std::uint32_t taken = taken_;
  taken_ = 0;
  since_ = now;
  if (!started() || taken <= least_taken_) return false;
  // Twice what was taken, and 16 segments for a small beginning. Where it grows, the sender is in
  // slow start: what was taken is a round trip old, and has doubled since (Linux's
  // tcp_rcvbuf_grow).
  const std::uint64_t base = 2 * std::uint64_t{taken} + 16 * std::uint64_t{mss};
  const std::uint64_t growth = base * (taken - least_taken_) / least_taken_;
  least_taken_ = taken;
  const std::uint64_t wanted = std::min<std::uint64_t>(base + 2 * growth, limit_);
  if (wanted <= buffer_) return false;
  buffer_ = static_cast<std::uint32_t>(wanted);
  return true;
}

}  // namespace bowline::inline v0::tcp
