#include "bowline/tcp/allowance.hpp"

#include <algorithm>

#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::tcp {

std::uint32_t most_payload(const Connection& c, const LinkAbility& link) noexcept {
  constexpr std::uint32_t kHeaders = wire::kIpv6HeaderSize + wire::kTcpMaxHeaderSize;
  if (link.max_gso <= c.path_mtu + kHeaders) return c.snd_mss;  // not worth a cut
  const std::uint32_t most = std::min(link.max_gso, 65'535U) - kHeaders;
  return std::max<std::uint32_t>(c.snd_mss, most - most % c.snd_mss);
}

bool window_is_used(const Connection& c) noexcept {
  return c.window_filled ||
         (c.congestion.in_slow_start() && c.congestion.cwnd() < 2 * c.most_in_flight);
}

std::uint32_t congestion_allowance(const Connection& c, const Settings& settings) noexcept {
  if (settings.ablation.without(Mechanism::congestion_window)) return kNoBound;
  const Transfer& transfer = *c.transfer;
  if (transfer.recovery.active() && !c.bbr) return transfer.recovery.allowance(c.snd_mss);
  if (transfer.reduction.active() && !c.bbr) return transfer.reduction.allowance(0);
  // Limited transmit (RFC 3042): the first two duplicate ACKs let out a segment each. With SACK,
  // what they report has left the network and makes room by itself; so it does in BBR's recovery,
  // which knows no PRR that would count them.
  constexpr std::uint32_t kLimited = 2;
  const std::uint32_t most = transfer.recovery.active() ? c.dup_acks : kLimited;
  const std::uint32_t extra = c.sack ? 0 : std::min<std::uint32_t>(c.dup_acks, most) * c.snd_mss;
  // (The SYN-ACK behind which Fast Open sends is no data.)
  const std::uint32_t syn = c.syn_outstanding() ? 1 : 0;
  const std::uint32_t in_network = std::max(transfer.sent.in_network(), syn) - syn;
  const std::uint32_t cwnd = c.congestion.cwnd() + extra;
  return cwnd > in_network ? cwnd - in_network : 0;
}

std::uint32_t window_allowance(const Connection& c) noexcept {
  // What the SYN offered begins behind our own, which has no place in a window.
  const SeqNumber edge = c.snd_una + c.snd_wnd + (c.syn_outstanding() ? 1U : 0U);
  return after(edge, c.snd_nxt) ? distance(c.snd_nxt, edge) : 0;
}

std::uint32_t packets_by_rate(const Connection& c, const Settings& settings) noexcept {
  constexpr std::uint64_t kMost = 1U << 16U;
  const std::uint32_t cwnd = c.congestion.cwnd();
  std::uint64_t bytes = kMost;
  if (c.rtt.has_sample()) {
    const bool slow_start = cwnd < c.congestion.ssthresh() / 2;
    const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(c.rtt.srtt() / 1us, 1));
    const std::uint64_t rate = std::uint64_t{cwnd} * (slow_start ? 2'000'000 : 1'200'000) / micros;
    bytes = std::min(rate / 1'024, kMost);
    // Where packets come back at once, large frames do no harm: 64 KiB more, halved for each half
    // of a millisecond that the path is long.
    const auto halves = static_cast<std::uint64_t>(c.rtt.min_rtt() / 512us);
    if (halves < 32) bytes = std::min(bytes + (kMost >> halves), kMost);
  }
  return static_cast<std::uint32_t>(
      std::max<std::uint64_t>(bytes / c.snd_mss, settings.least_burst));
}

std::uint32_t packets_by_window(const Connection& c) noexcept {
  return std::max<std::uint32_t>(c.congestion.cwnd() / 2 / c.snd_mss, 1);
}

}  // namespace bowline::inline v0::tcp
