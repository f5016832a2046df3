#include "bowline/tcp/bbr_flow.hpp"

#include <algorithm>

#include "bowline/tcp/connection.hpp"
#include "bowline/tcp/input/ack_news.hpp"
#include "bowline/tcp/loss_recovery.hpp"

namespace bowline::inline v0::tcp {
namespace {

bool start_bbr(Connection& c, Context& context) noexcept {
  if (!c.bbr.ensure(context.memory)) return false;
  *c.bbr = BbrFlow();
  c.bbr->sampler.start(context.now);
  c.bbr->bbr.start({.now = context.now,
                    .mss = c.snd_mss,
                    .initial_cwnd = c.congestion.cwnd(),
                    .srtt = c.rtt.srtt(),
                    .selective_acks = c.sack,
                    .seed = context.random.next()});
  return true;
}

bool repairs_are_under_way(const Connection& c) noexcept {
  return c.transfer && (c.transfer->recovery.active() || in_timeout_recovery(c));
}

// Lets BBR change the window.
template <class Change>
void with_window(Connection& c, Change&& change) noexcept {
  std::uint32_t cwnd = c.congestion.cwnd();
  change(cwnd);
  c.congestion.set_cwnd(cwnd);
}

}  // namespace

CongestionAlgorithm congestion_of(const Connection& c, const Settings& settings) noexcept {
  return c.options.congestion.value_or(settings.congestion);
}

void start_congestion(Connection& c, Context& context) noexcept {
  const auto start = [&](CongestionAlgorithm algorithm) {
    c.congestion.count_packets(context.settings.count_packets);
    c.congestion.start(c.snd_mss, context.settings.initial_window_segments, algorithm,
                       context.settings.hystart, c.snd_nxt);
  };
  start(congestion_of(c, context.settings));
  if (c.congestion.is_bbr() && !start_bbr(c, context)) start(CongestionAlgorithm::cubic);
  start_pacing(c, context.now);
}

bool change_congestion(Connection& c, Context& context) noexcept {
  const CongestionAlgorithm wanted = congestion_of(c, context.settings);
  // Before the handshake there is no window yet: start_congestion() will look at the options.
  if (c.congestion.cwnd() == 0 || wanted == c.congestion.algorithm()) return true;
  if (wanted == CongestionAlgorithm::bbr && !start_bbr(c, context)) return false;
  c.congestion.change(wanted);
  if (wanted != CongestionAlgorithm::bbr) c.bbr.reset();
  if (!c.transfer) return true;
  Transfer& transfer = *c.transfer;
  transfer.sent.forget_stamps();
  transfer.undo.end();  // what it would give back was another's
  if (transfer.recovery.active()) {
    transfer.recovery.enter(c.snd_nxt, transfer.sent.in_network(), c.congestion.cwnd());
  }
  if (c.bbr) c.bbr->recovering = repairs_are_under_way(c);
  const bool paces = c.bbr || context.settings.pacing;
  transfer.pacer.set_rate(paces ? pacing_rate(c, transfer.sent.in_network()) : 0, context.now);
  return true;
}

std::uint64_t pacing_rate(const Connection& c, std::uint32_t in_flight) noexcept {
  if (c.bbr) return c.bbr->bbr.pacing_rate();
  return window_pacing_rate(c.congestion.cwnd(), c.congestion.ssthresh(), in_flight, c.rtt.srtt());
}

void start_pacing(Connection& c, Time now) noexcept {
  if (!c.transfer) return;
  // BBR paces the initial window as well (section 5.6.2): it takes a millisecond for its round
  // trip as long as it knows no better.
  c.transfer->pacer.start(c.bbr ? 0 : c.congestion.cwnd());
  if (c.bbr) c.transfer->pacer.set_rate(c.bbr->bbr.pacing_rate(), now);
}

void bbr_before_event(Connection& c) noexcept {
  if (!c.bbr || !c.transfer) return;
  // Less than a segment may wait for Nagle's sake. What waits in a queue of this host below the
  // stack is not known: pacing keeps that empty.
  c.bbr->sampler.check_app_limited({.unsent_data = c.unsent() >= c.snd_mss,
                                    .pending_below = false,
                                    .in_flight = c.transfer->sent.in_network(),
                                    .cwnd = c.congestion.cwnd(),
                                    .lost_out = c.transfer->sent.lost(),
                                    .retrans_out = 0});
}

RateStamp bbr_sending(Connection& c, std::uint32_t length, Time now) noexcept {
  BbrFlow& flow = *c.bbr;
  const std::uint32_t in_flight = c.transfer->sent.in_network();
  if (in_flight == 0 && flow.sampler.app_limited()) {
    with_window(c,
                [&](std::uint32_t& cwnd) { flow.bbr.sending(now, in_flight, flow.sampler, cwnd); });
    c.transfer->pacer.set_rate(flow.bbr.pacing_rate(), now);
  }
  return flow.sampler.sent(now, length, in_flight);
}

void bbr_sent(Connection& c) noexcept {
  if (!c.bbr || c.transfer->sent.in_network() + c.snd_mss <= c.congestion.cwnd()) return;
  c.bbr->window_was_full = true;
  c.bbr->limited_to = c.snd_nxt;
}

void bbr_begin_ack(Connection& c) noexcept {
  if (c.bbr) c.bbr->sample = RateSample();
}

void bbr_delivered(Connection& c, const Delivered& part, Time arrival) noexcept {
  if (!c.bbr || part.stamp == nullptr) return;
  c.bbr->sampler.delivered(c.bbr->sample, *part.stamp, part.how.sent_at, part.end, part.length,
                           arrival);
}

void bbr_lost(Connection& c, std::uint32_t id, Time now) noexcept {
  if (!c.bbr) return;
  BbrFlow& flow = *c.bbr;
  const auto& node = c.transfer->sent[id];
  const RateStamp* const stamp = c.transfer->sent.stamp(id);
  if (stamp == nullptr) return;  // sent before BBR governed
  flow.sampler.lost(node.length);
  flow.bbr.lost({.now = now,
                 .stamp = *stamp,
                 .start = node.start,
                 .bytes = node.length,
                 .in_recovery = flow.recovering},
                flow.sampler, c.congestion.cwnd());
}

void bbr_recovery_begins(Connection& c) noexcept {
  if (!c.bbr) return;
  c.bbr->bbr.recovery_begins(c.congestion.cwnd());
  c.bbr->recovering = true;
}

void bbr_timed_out(Connection& c) noexcept {
  if (!c.bbr) return;
  BbrFlow& flow = *c.bbr;
  with_window(c, [&](std::uint32_t& cwnd) {
    flow.bbr.timed_out(c.transfer->sent.in_network(), flow.recovering, cwnd);
  });
  flow.recovering = true;
}

void bbr_spurious(Connection& c) noexcept {
  if (!c.bbr) return;
  with_window(c, [&](std::uint32_t& cwnd) { c.bbr->bbr.spurious(c.bbr->sampler, cwnd); });
  c.bbr->recovering = false;
}

void bbr_acknowledged(Connection& c, const AckNews& news, bool marked, Context& context) noexcept {
  if (!c.bbr) return;
  BbrFlow& flow = *c.bbr;
  const bool recovering = repairs_are_under_way(c);
  const bool was_probing_rtt = flow.bbr.state() == Bbr::State::probe_rtt;
  const std::uint32_t before = c.congestion.cwnd();
  if (news.rtt > Duration::zero()) flow.sample.rtt = news.rtt;
  flow.sampler.finish(flow.sample, c.rtt.min_rtt());
  with_window(c, [&](std::uint32_t& cwnd) {
    if (flow.recovering && !recovering) flow.bbr.recovered(cwnd);
    flow.bbr.acked({.now = context.now,
                    .in_flight = c.transfer->sent.in_network(),
                    .cwnd_limited = flow.window_was_full,
                    .in_recovery = recovering,
                    .ce_marked = marked},
                   flow.sample, flow.sampler, cwnd);
  });
  flow.recovering = recovering;
  if (flow.window_was_full && at_or_after(c.snd_una, flow.limited_to)) flow.window_was_full = false;
  c.transfer->pacer.set_rate(flow.bbr.pacing_rate(), context.now);
  if (marked) decide(c, Reason::cwnd_ecn, context, before, c.congestion.cwnd());
  if (!was_probing_rtt && flow.bbr.state() == Bbr::State::probe_rtt) {
    decide(c, Reason::cwnd_bbr_probe_rtt, context, before, c.congestion.cwnd());
  }
}

}  // namespace bowline::inline v0::tcp
