#include "bowline/tcp/window_validation.hpp"

namespace bowline::inline v0::tcp {

void WindowValidation::acked(Time now, SeqNumber una, SeqNumber snd_nxt, std::uint32_t delivered,
                             Duration srtt, std::uint32_t cwnd) noexcept {
  if (now - period_began_ >= period_) {
    previous_ = now - period_began_ >= 2 * period_ ? 0 : current_;
    current_ = 0;
    period_began_ = now;
    period_ = std::max<Duration>(3 * srtt, 1s);
  }
  if (!in_round_) {  // what is out now, and this ACK's bytes, make a round trip's worth
    in_round_ = true;
    bytes_ = 0;
    round_end_ = snd_nxt;
  }
  bytes_ += std::min(delivered, 0x7fffffffU - bytes_);
  current_ = std::max(current_, bytes_);  // a round that is not over has shown that much already
  if (at_or_after(una, round_end_)) {
    measured_ = true;
    in_round_ = false;
  }
  if (validated(now, cwnd)) {
    unvalidated_since_ = kNever;
  } else if (unvalidated_since_ == kNever) {
    unvalidated_since_ = now;
  }
}

std::optional<std::uint32_t> WindowValidation::pipe_ack(Time now) const noexcept {
  if (!measured_) return std::nullopt;
  const Duration age = now - period_began_;
  if (age >= 3 * period_) return 0;
  if (age >= 2 * period_) return current_;
  return std::max(current_, previous_);
}

unsigned WindowValidation::take_expired(Time now, std::uint32_t cwnd) noexcept {
  if (validated(now, cwnd)) return 0;
  // An idle connection is asked when it sends again: it was validated until its samples were old.
  if (unvalidated_since_ == kNever) unvalidated_since_ = period_began_ + 3 * period_;
  const auto times = std::max<std::int64_t>((now - unvalidated_since_) / kKept, 0);
  unvalidated_since_ += times * kKept;
  return static_cast<unsigned>(std::min<std::int64_t>(times, 32));  // more halves nothing
}

std::uint32_t WindowValidation::lost(Time now, std::uint32_t cwnd, std::uint32_t in_flight,
                                     std::uint64_t sent_again) noexcept {
  lost_window_ = 0;
  // What is in flight is in use as well, though not acknowledged yet: pipeACK lags by a round trip.
  if (in_flight >= cwnd / 2 || validated(now, cwnd)) return cwnd;
  lost_window_ = std::min(cwnd, std::max(pipe_ack(now).value_or(0), in_flight));
  sent_again_ = sent_again;
  return lost_window_;
}

std::optional<std::uint32_t> WindowValidation::recovered(std::uint64_t sent_again) noexcept {
  measured_ = in_round_ = false;
  current_ = previous_ = bytes_ = 0;
  unvalidated_since_ = kNever;
  if (lost_window_ == 0) return std::nullopt;
  const auto repaired = std::min<std::uint64_t>(sent_again - sent_again_, lost_window_);
  const auto window = static_cast<std::uint32_t>((lost_window_ - repaired) / 2);
  lost_window_ = 0;
  return window;
}

}  // namespace bowline::inline v0::tcp
