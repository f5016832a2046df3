#include "bowline/sockets/tcp_info.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <limits>

namespace bowline::inline v0::sockets {
namespace {

std::uint32_t clamp32(std::int64_t value) noexcept {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value, 0, kMost));
}

std::uint32_t microseconds(Duration duration) noexcept {
  return clamp32(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

std::uint32_t milliseconds_since(Time then, Time now) noexcept {
  return clamp32(std::chrono::duration_cast<std::chrono::milliseconds>(now - then).count());
}

// Linux counts packets where the Stack counts bytes.
std::uint32_t segments(std::uint64_t bytes, std::uint32_t mss) noexcept {
  return mss == 0 ? 0 : clamp32(static_cast<std::int64_t>((bytes + mss - 1) / mss));
}

}  // namespace

TcpInfo tcp_info(const ConnectionView& view, int state, Time now) noexcept {
  TcpInfo info;
  const std::uint32_t mss = view.snd_mss;
  info.state = static_cast<std::uint8_t>(state);
  info.backoff = view.backoff;
  info.probes = view.keepalive_probes;
  info.options = static_cast<std::uint8_t>((view.timestamps ? TCPI_OPT_TIMESTAMPS : 0) |
                                           (view.sack ? TCPI_OPT_SACK : 0) |
                                           (view.window_scaling ? TCPI_OPT_WSCALE : 0));
  info.scales =
      static_cast<std::uint8_t>((view.snd_wind_shift & 15U) | (view.rcv_wind_shift & 15U) << 4U);
  info.rto = microseconds(view.rto);
  info.snd_mss = mss;
  info.rcv_mss = view.seen_mss;
  info.unacked = segments(view.in_flight, mss);
  info.sacked = segments(view.sacked, mss);
  info.lost = segments(view.lost, mss);
  info.last_data_sent = milliseconds_since(view.last_sent_at, now);
  info.last_data_recv = milliseconds_since(view.last_received_at, now);
  info.last_ack_recv = info.last_data_recv;
  info.pmtu = view.path_mtu;
  info.rcv_ssthresh = view.rcv_wnd;
  info.rtt = microseconds(view.srtt);
  info.rttvar = microseconds(view.rttvar);
  info.snd_ssthresh =
      view.ssthresh >= 0x7fffffffU ? 0x7fffffffU : std::max(view.ssthresh / std::max(mss, 1U), 2U);
  info.snd_cwnd = std::max(view.cwnd / std::max(mss, 1U), 1U);
  info.advmss = view.rcv_mss;
  info.reordering = 3;
  info.rcv_space = view.receive_limit;
  info.total_retrans = view.retransmissions;
  info.pacing_rate = view.pacing_rate != 0 ? view.pacing_rate : ~std::uint64_t{0};
  info.max_pacing_rate = ~std::uint64_t{0};
  info.bytes_acked = view.bytes_acked;
  info.bytes_received = view.bytes_received;
  info.segs_out = clamp32(static_cast<std::int64_t>(view.segments_sent));
  info.segs_in = clamp32(static_cast<std::int64_t>(view.segments_received));
  info.notsent_bytes = view.unsent;
  info.min_rtt = view.min_rtt == Duration::zero() ? ~0U : microseconds(view.min_rtt);
  info.bytes_sent = view.bytes_sent + view.bytes_retransmitted;
  info.bytes_retrans = view.bytes_retransmitted;
  info.snd_wnd = view.snd_wnd;
  info.rcv_wnd = view.rcv_wnd;
  return info;
}

}  // namespace bowline::inline v0::sockets
