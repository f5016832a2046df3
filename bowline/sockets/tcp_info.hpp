#pragma once

// struct tcp_info and union tcp_cc_info in the layout of Linux 6.18, filled with what a connection
// really did. A copy of our own: the C library's header knows half of it, and a program gets as
// much as it has room for, from the front.

#include <cstddef>
#include <cstdint>

#include "bowline/base/time.hpp"
#include "bowline/stack/inspect.hpp"

namespace bowline::inline v0::sockets {

/// struct tcp_info. Names without their prefix (tcpi_). Times are in microseconds unless said
/// otherwise.
struct TcpInfo {
  std::uint8_t state = 0;        ///< TCP_ESTABLISHED and so on
  std::uint8_t ca_state = 0;     ///< 0 open, 1 disorder, 2 cwr, 3 recovery, 4 loss
  std::uint8_t retransmits = 0;  ///< timeouts in a row
  std::uint8_t probes = 0;       ///< unanswered probes of window or keepalive
  std::uint8_t backoff = 0;      ///< doublings of the RTO
  std::uint8_t options = 0;      ///< 1 timestamps, 2 SACK, 4 window scale, 8 ECN, 16 ECN seen
  std::uint8_t scales = 0;       ///< snd_wscale in the low, rcv_wscale in the high four bits
  std::uint8_t flags = 0;        ///< bit 0: the delivery rate is limited by the application

  std::uint32_t rto = 0;
  std::uint32_t ato = 0;
  std::uint32_t snd_mss = 0;
  std::uint32_t rcv_mss = 0;
  std::uint32_t unacked = 0;  ///< segments; of a listener: connections that wait
  std::uint32_t sacked = 0;   ///< segments; of a listener: the backlog
  std::uint32_t lost = 0;
  std::uint32_t retrans = 0;
  std::uint32_t fackets = 0;

  std::uint32_t last_data_sent = 0;  ///< milliseconds ago
  std::uint32_t last_ack_sent = 0;   ///< always 0, in Linux too
  std::uint32_t last_data_recv = 0;  ///< milliseconds ago
  std::uint32_t last_ack_recv = 0;   ///< milliseconds ago

  std::uint32_t pmtu = 0;
  std::uint32_t rcv_ssthresh = 0;
  std::uint32_t rtt = 0;
  std::uint32_t rttvar = 0;
  std::uint32_t snd_ssthresh = 0;  ///< segments
  std::uint32_t snd_cwnd = 0;      ///< segments
  std::uint32_t advmss = 0;
  std::uint32_t reordering = 0;

  std::uint32_t rcv_rtt = 0;
  std::uint32_t rcv_space = 0;

  std::uint32_t total_retrans = 0;

  std::uint64_t pacing_rate = 0;  ///< bytes a second; all ones: not paced
  std::uint64_t max_pacing_rate = 0;
  std::uint64_t bytes_acked = 0;
  std::uint64_t bytes_received = 0;
  std::uint32_t segs_out = 0;
  std::uint32_t segs_in = 0;

  std::uint32_t notsent_bytes = 0;
  std::uint32_t min_rtt = 0;
  std::uint32_t data_segs_in = 0;
  std::uint32_t data_segs_out = 0;

  std::uint64_t delivery_rate = 0;  ///< bytes a second

  std::uint64_t busy_time = 0;
  std::uint64_t rwnd_limited = 0;
  std::uint64_t sndbuf_limited = 0;

  std::uint32_t delivered = 0;
  std::uint32_t delivered_ce = 0;

  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_retrans = 0;
  std::uint32_t dsack_dups = 0;
  std::uint32_t reord_seen = 0;

  std::uint32_t rcv_ooopack = 0;

  std::uint32_t snd_wnd = 0;
  std::uint32_t rcv_wnd = 0;

  std::uint32_t rehash = 0;

  std::uint16_t total_rto = 0;
  std::uint16_t total_rto_recoveries = 0;
  std::uint32_t total_rto_time = 0;  ///< milliseconds
  std::uint32_t received_ce = 0;
  std::uint32_t delivered_e1_bytes = 0;
  std::uint32_t delivered_e0_bytes = 0;
  std::uint32_t delivered_ce_bytes = 0;
  std::uint32_t received_e1_bytes = 0;
  std::uint32_t received_e0_bytes = 0;
  std::uint32_t received_ce_bytes = 0;
  std::uint16_t accecn_fail_mode = 0;
  std::uint16_t accecn_opt_seen = 0;
};
static_assert(sizeof(TcpInfo) == 280 && offsetof(TcpInfo, rto) == 8 &&
              offsetof(TcpInfo, pacing_rate) == 104 && offsetof(TcpInfo, delivery_rate) == 160 &&
              offsetof(TcpInfo, snd_wnd) == 228 && offsetof(TcpInfo, total_rto) == 240);

/// struct tcp_bbr_info.
struct TcpBbrInfo {
  std::uint32_t bw_lo = 0;  ///< bytes a second, the low half
  std::uint32_t bw_hi = 0;
  std::uint32_t min_rtt = 0;      ///< microseconds
  std::uint32_t pacing_gain = 0;  ///< shifted left by 8
  std::uint32_t cwnd_gain = 0;    ///< shifted left by 8
};
static_assert(sizeof(TcpBbrInfo) == 20);

/// What a connection looks like at `now`; `state` is Linux's name of its state. Where Linux counts
/// what the Stack does not, the field is 0 (docs/sockets.md lists them).
[[nodiscard]] TcpInfo tcp_info(const ConnectionView& view, const FlightView& flight, int state,
                               Time now) noexcept;

}  // namespace bowline::inline v0::sockets
