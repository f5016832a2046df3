#include "bowline/tcp/rate_sampler.hpp"

#include <algorithm>

#include "bowline/base/mul_div.hpp"

namespace bowline::inline v0::tcp {

RateStamp RateSampler::sent(Time at, std::uint32_t bytes, std::uint32_t in_flight) noexcept {
  // Nothing in flight: all of the interval from here on is the network's.
  if (in_flight == 0) first_sent_time_ = delivered_time_ = at;
  return {.delivered = delivered_,
          .delivered_time = delivered_time_,
          .first_sent_time = first_sent_time_,
          .in_flight = in_flight + bytes,
          .lost = lost_,
          .app_limited = app_limited_ != 0};
}

void RateSampler::delivered(RateSample& rs, const RateStamp& stamp, Time sent_at, SeqNumber end,
                            std::uint32_t bytes, Time now) noexcept {
  delivered_ += bytes;
  delivered_time_ = now;
  rs.newly_acked += bytes;
  const bool newest =
      sent_at > first_sent_time_ || (sent_at == first_sent_time_ && after(end, rs.last_end));
  if (rs.has_data && !newest) return;
  rs.has_data = true;
  rs.prior_delivered = stamp.delivered;
  rs.app_limited = stamp.app_limited;
  rs.send_elapsed = sent_at - stamp.first_sent_time;
  rs.ack_elapsed = now - stamp.delivered_time;
  rs.last_end = end;
  rs.tx_in_flight = stamp.in_flight;
  rs.prior_lost = stamp.lost;
  first_sent_time_ = sent_at;
}

void RateSampler::finish(RateSample& rs, Duration min_rtt) noexcept {
  // The bubble has been delivered and is gone.
  if (app_limited_ != 0 && delivered_ > app_limited_) app_limited_ = 0;
  if (!rs.has_data) return;
  rs.interval = std::max(rs.send_elapsed, rs.ack_elapsed);
  rs.delivered = delivered_ - rs.prior_delivered;
  rs.lost = lost_ - rs.prior_lost;
  if (rs.interval < min_rtt || rs.interval <= Duration::zero()) return;
  rs.delivery_rate = mul_div(rs.delivered, static_cast<std::uint64_t>(Duration(1s).count()),
                             static_cast<std::uint64_t>(rs.interval.count()));
}

void RateSampler::check_app_limited(const SendState& state) noexcept {
  if (state.unsent_data || state.pending_below) return;
  if (state.in_flight >= state.cwnd || state.lost_out > state.retrans_out) return;
  mark_app_limited(state.in_flight);
}

void RateSampler::mark_app_limited(std::uint32_t in_flight) noexcept {
  app_limited_ = std::max<std::uint64_t>(delivered_ + in_flight, 1);
}

}  // namespace bowline::inline v0::tcp
