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

std::uint64_t microseconds64(Duration duration) noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

// enum tcp_ca_state
enum class Congestion : std::uint8_t { open, disorder, reduced, recovery, loss };

Congestion congestion_state(const ConnectionView& view) noexcept {
  if (view.timeouts > 0 || view.after_timeout) return Congestion::loss;
  if (view.recovering) return Congestion::recovery;
  if (view.recovery_window > 0) return Congestion::reduced;
  return view.sacked > 0 || view.dup_acks > 0 ? Congestion::disorder : Congestion::open;
}

}  // namespace

TcpInfo tcp_info(const ConnectionView& view, const FlightView& flight, int state,
                 Time now) noexcept {
  constexpr std::uint8_t kSynData = 32;  // TCPI_OPT_SYN_DATA
  TcpInfo info;
  const std::uint32_t mss = std::max<std::uint32_t>(view.snd_mss, 1);
  const tcp::Tally& tally = view.tally;
  info.state = static_cast<std::uint8_t>(state);
  info.ca_state = static_cast<std::uint8_t>(congestion_state(view));
  info.retransmits = view.timeouts;
  info.backoff = view.backoff;
  info.probes = view.keepalive_probes;
  info.options = static_cast<std::uint8_t>(
      (view.timestamps ? TCPI_OPT_TIMESTAMPS : 0) | (view.sack ? TCPI_OPT_SACK : 0) |
      (view.window_scaling ? TCPI_OPT_WSCALE : 0) | (view.ecn ? TCPI_OPT_ECN : 0) |
      (view.syn_data ? kSynData : 0));
  info.scales =
      static_cast<std::uint8_t>((view.snd_wind_shift & 15U) | (view.rcv_wind_shift & 15U) << 4U);
  info.rto = microseconds(view.rto);
  info.ato = microseconds(view.ack_timeout);
  info.snd_mss = view.snd_mss;
  info.rcv_mss = view.seen_mss != 0 ? view.seen_mss : std::min<std::uint32_t>(view.rcv_mss, 536);
  info.unacked = flight.outstanding;
  info.sacked = flight.sacked;
  info.lost = flight.lost + flight.repaired;  // until they are acknowledged
  info.retrans = flight.retransmitted;

  info.last_data_sent = milliseconds_since(tally.data_sent_at, now);
  info.last_data_recv = milliseconds_since(tally.data_received_at, now);
  info.last_ack_recv = milliseconds_since(tally.ack_received_at, now);

  info.pmtu = view.path_mtu;
  info.rcv_ssthresh = view.rcv_wnd;
  info.rtt = microseconds(view.srtt);
  info.rttvar = microseconds(view.rttvar);
  info.snd_ssthresh = std::min(view.ssthresh / mss, 0x7fffffffU);
  if (view.ssthresh >= 0x7fffffffU) info.snd_ssthresh = 0x7fffffffU;
  info.snd_cwnd = (view.recovery_window > 0 && !view.bbr ? view.recovery_window : view.cwnd) / mss;
  info.advmss = view.rcv_mss;
  info.reordering = std::max<std::uint32_t>(view.reordering, 3);
  info.rcv_rtt = microseconds(view.receive_rtt);
  info.rcv_space = view.receive_limit;
  info.total_retrans = view.retransmissions;

  info.pacing_rate = view.pacing_rate != 0 ? view.pacing_rate : ~std::uint64_t{0};
  info.max_pacing_rate = ~std::uint64_t{0};
  info.bytes_acked = view.bytes_acked_in_order;
  if (view.passive && info.bytes_acked > 0) --info.bytes_acked;  // a SYN counts for its opener only
  info.bytes_received = view.bytes_received;
  info.segs_out = clamp32(static_cast<std::int64_t>(view.segments_sent));
  info.segs_in = clamp32(static_cast<std::int64_t>(view.segments_received));
  info.notsent_bytes = view.unsent;
  info.min_rtt = view.min_rtt == Duration::zero() ? ~0U : microseconds(view.min_rtt);
  info.data_segs_in = tally.data_segments_received;
  info.data_segs_out = tally.data_segments_sent;
  if (view.bbr) info.delivery_rate = view.bbr->bw;
  info.busy_time = microseconds64(tally.busy);
  info.rwnd_limited = microseconds64(tally.by_peer_window);
  info.sndbuf_limited = microseconds64(tally.by_send_buffer);
  info.delivered = tally.delivered;
  info.bytes_sent = view.bytes_sent + view.bytes_retransmitted;
  info.bytes_retrans = view.bytes_retransmitted;
  info.dsack_dups = tally.duplicate_sacks;
  info.reord_seen = tally.reorderings;
  info.rcv_ooopack = tally.out_of_order;
  info.snd_wnd = view.snd_wnd;
  info.rcv_wnd = view.rcv_wnd;
  info.total_rto = tally.timeouts;
  info.total_rto_recoveries = tally.timeout_recoveries;
  info.total_rto_time =
      clamp32(std::chrono::duration_cast<std::chrono::milliseconds>(tally.timeout_time).count());
  return info;
}

}  // namespace bowline::inline v0::sockets
