#include "bowline/tcp/recovery.hpp"

namespace bowline::inline v0::tcp {

void Recovery::acked(std::uint32_t delivered, std::uint32_t pipe, std::uint32_t mss, bool progress,
                     bool whole) noexcept {
  delivered_ += delivered;
  std::uint32_t limit = 0;
  if (pipe > ssthresh_) {
    // Proportional: as much out as comes in, scaled to the new window.
    const auto due = (static_cast<std::uint64_t>(delivered_) * ssthresh_ + flight_ - 1) / flight_;
    limit = due > sent_ ? static_cast<std::uint32_t>(due - sent_) : 0;
  } else {
    // Below the target already: grow back, slow-start like while things go well (RFC 9937's
    // PRR-SSRB).
    const std::uint32_t owed = delivered_ > sent_ ? delivered_ - sent_ : 0;
    limit = std::max(owed, delivered);
    if (progress) limit += mss;
    limit = std::min(limit, ssthresh_ - pipe);
  }
  allowed_ = whole ? (limit + mss - 1) / mss * mss : limit;
  // "Force a fast retransmit upon entering": the first repair is not held back (RFC 9937 6.2).
  window_ = pipe + (sent_ == 0 ? std::max(allowed_, mss) : allowed_);
  // A partial ACK has shown the next hole: its repair does not wait (RFC 6582 section 3.2 step 5).
  if (progress) repair_due_ = true;
}

}  // namespace bowline::inline v0::tcp
