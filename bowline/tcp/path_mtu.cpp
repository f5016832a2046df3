#include "bowline/tcp/path_mtu.hpp"

#include <algorithm>

#include "bowline/tcp/loss_recovery.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::tcp {
namespace {

// Of IP and TCP, without options.
std::uint32_t fixed_headers(const Connection& c) noexcept {
  return wire::ip_header_size(c.remote.address.family()) + wire::kTcpHeaderSize;
}

// What of a packet is not payload.
std::uint32_t headers(const Connection& c) noexcept {
  return fixed_headers(c) + (c.timestamps ? wire::kTcpTimestampsSize : 0);
}

// What the search has come to is what is used.
void adopt_search(Connection& c, Reason why, Context& context) noexcept {
  const std::uint32_t before = c.path_mtu;
  set_path_mtu(c, c.path_search.eff_pmtu());
  decide(c, why, context, before, c.path_mtu);
}

}  // namespace

void set_path_mtu(Connection& c, std::uint32_t mtu) noexcept {
  c.path_mtu = static_cast<std::uint16_t>(std::min(mtu, 65'535U));
  const std::uint32_t fixed = fixed_headers(c);
  const std::uint32_t options = c.timestamps ? wire::kTcpTimestampsSize : 0;
  std::uint32_t mss = c.path_mtu > fixed ? c.path_mtu - fixed : 1;  // MMS_S
  if (c.peer_mss != 0) mss = std::min<std::uint32_t>(mss, c.peer_mss);
  if (c.options.mss != 0) mss = std::min<std::uint32_t>(mss, c.options.mss);
  c.snd_mss = static_cast<std::uint16_t>(mss > options ? mss - options : 1);
  c.congestion.set_mss(c.snd_mss);
  if (c.bbr) c.bbr->bbr.set_mss(c.snd_mss);
}

void start_path_search(Connection& c, Context& context) noexcept {
  MtuBounds bounds;
  // Less than that nobody need carry: RFC 791 says 68, but every host takes 576; RFC 8200
  // section 5.
  bounds.least =
      c.remote.address.is_v4() ? std::uint16_t{576} : static_cast<std::uint16_t>(wire::kIpv6MinMtu);
  std::uint32_t most = std::min<std::uint32_t>(c.path_mtu, c.peer_mss + fixed_headers(c));
  if (c.options.mss != 0) most = std::min(most, c.options.mss + fixed_headers(c));
  bounds.most = static_cast<std::uint16_t>(most);
  c.path_search.start(context.settings.mtu_probing, bounds, bounds.most, context.now);
  if (c.path_search.eff_pmtu() < most) set_path_mtu(c, c.path_search.eff_pmtu());
}

bool limit_path_mtu(Connection& c, std::uint32_t mtu, Time now) noexcept {
  const bool probe_too_big = c.path_search.probing() && c.path_search.probe_size() > mtu;
  const SeqNumber probe = c.path_search.probe_start();
  c.path_search.limit(static_cast<std::uint16_t>(std::min(mtu, 65'535U)), now);
  if (mtu < c.path_mtu) {
    set_path_mtu(c, mtu);
    return true;
  }
  if (probe_too_big && c.transfer) {
    // Lost for certain, and by its size.
    const std::uint32_t id = c.transfer->sent.starting_at(probe);
    if (id != SentRanges::kNone) c.transfer->sent.mark_lost(id);
    c.loss_reason = Reason::retransmit_path_mtu;
  }
  return false;
}

std::uint32_t largest_packet(const Connection& c) noexcept {
  const std::uint32_t probe = c.path_search.probing() ? c.path_search.probe_size() : 0U;
  return std::max<std::uint32_t>(c.path_mtu, probe);
}

std::optional<Plan> plan_path_probe(const Connection& c, std::uint32_t unsent, std::uint32_t window,
                                    Time now) noexcept {
  if (!c.path_search.may_probe(now)) return std::nullopt;
  const Transfer& transfer = *c.transfer;
  // Without SACK nobody says whether the probe alone was lost. What we have to report would take
  // its room.
  if (!c.sack || transfer.received.waiting() > 0 || c.dsack_left != c.dsack_right ||
      c.ecn.answer_due() || c.urgent_send) {
    return std::nullopt;
  }
  ProbeConditions with;
  with.now = now;
  with.queued = unsent;
  with.window = window;
  with.cwnd = c.congestion.cwnd();
  with.in_flight = transfer.sent.in_network();
  with.in_recovery = transfer.recovery.active() || in_timeout_recovery(c) ||
                     transfer.sent.lost() > 0 || transfer.sent.sacked() > 0;
  const std::uint16_t size = c.path_search.due(with, headers(c));
  if (size == 0) return std::nullopt;
  Plan plan;
  plan.seq = c.snd_nxt;
  plan.data = size - headers(c);
  plan.fresh = true;
  plan.flags = wire::kAck;
  plan.path_probe = true;
  plan.why = Reason::send_path_probe;
  return plan;
}

void path_probe_sent(Connection& c, const Plan& plan) noexcept {
  c.path_search.probe_sent(static_cast<std::uint16_t>(plan.data + headers(c)), plan.seq,
                           plan.seq + plan.data);
}

void path_delivered(Connection& c, SeqNumber from, SeqNumber to, Context& context) noexcept {
  if (!c.path_search.probing()) return;
  if (c.path_search.delivered(from, to, context.now)) {
    adopt_search(c, Reason::path_mtu_raised, context);
  }
}

void path_progress(Connection& c, Context& context) noexcept {
  // It has arrived in pieces: sent again, or cut by somebody. That says nothing.
  if (c.path_search.probing() && at_or_after(c.snd_una, c.path_search.probe_end())) {
    static_cast<void>(c.path_search.lost(false, context.now));
  }
  c.path_search.progress(context.now);
}

bool only_the_probe_is_lost(Connection& c, Context& context) noexcept {
  if (!c.path_search.probing()) return false;
  const SentRanges& sent = c.transfer->sent;
  const std::uint32_t id = sent.starting_at(c.path_search.probe_start());
  if (id == SentRanges::kNone || !sent[id].value.lost) return false;
  if (!c.path_search.lost(sent.lost() == sent[id].length, context.now)) return false;
  decide(c, Reason::path_probe_lost, context, c.path_mtu, sent[id].length + headers(c));
  c.loss_reason = Reason::retransmit_path_mtu;
  return true;
}

void suspect_black_hole(Connection& c, Context& context) noexcept {
  const SentRanges& sent = c.transfer->sent;
  const std::uint32_t first = sent.first();
  if (first == SentRanges::kNone) return;
  // What the timer has sent again and again is the first segment.
  const std::uint32_t size = std::min<std::uint32_t>(sent[first].length, c.snd_mss) + headers(c);
  if (c.path_search.timed_out(c.retransmits, static_cast<std::uint16_t>(size), context.now)) {
    adopt_search(c, Reason::path_mtu_black_hole, context);
  }
}

}  // namespace bowline::inline v0::tcp
