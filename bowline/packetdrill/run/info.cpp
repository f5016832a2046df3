#include "bowline/packetdrill/run/info.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>

#include "bowline/packetdrill/language/symbols.hpp"
#include "bowline/sockets/tcp_info.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

using sockets::TcpInfo;

void set(code::Variables& variables, std::string name, std::uint64_t value) {
  // A rate without bound is all ones: as large as a number of 63 bits can be.
  constexpr auto kMost = static_cast<std::uint64_t>(INT64_MAX);
  variables.insert_or_assign(std::move(name), static_cast<std::int64_t>(std::min(value, kMost)));
}

void add_tcp_info(const TcpInfo& info, code::Variables& variables) {
  const auto add = [&](const char* name, std::uint64_t value) {
    set(variables, std::string("tcpi_") + name, value);
  };
#define BOWLINE_INFO(field) add(#field, info.field)
  BOWLINE_INFO(state);
  BOWLINE_INFO(ca_state);
  BOWLINE_INFO(retransmits);
  BOWLINE_INFO(probes);
  BOWLINE_INFO(backoff);
  BOWLINE_INFO(options);
  add("snd_wscale", info.scales & 0xfU);
  add("rcv_wscale", info.scales >> 4U);
  add("delivery_rate_app_limited", info.flags & 1U);
  BOWLINE_INFO(rto);
  BOWLINE_INFO(ato);
  BOWLINE_INFO(snd_mss);
  BOWLINE_INFO(rcv_mss);
  BOWLINE_INFO(unacked);
  BOWLINE_INFO(sacked);
  BOWLINE_INFO(lost);
  BOWLINE_INFO(retrans);
  BOWLINE_INFO(fackets);
  BOWLINE_INFO(last_data_sent);
  BOWLINE_INFO(last_ack_sent);
  BOWLINE_INFO(last_data_recv);
  BOWLINE_INFO(last_ack_recv);
  BOWLINE_INFO(pmtu);
  BOWLINE_INFO(rcv_ssthresh);
  BOWLINE_INFO(rtt);
  BOWLINE_INFO(rttvar);
  BOWLINE_INFO(snd_ssthresh);
  BOWLINE_INFO(snd_cwnd);
  BOWLINE_INFO(advmss);
  BOWLINE_INFO(reordering);
  BOWLINE_INFO(total_retrans);
  BOWLINE_INFO(pacing_rate);
  BOWLINE_INFO(max_pacing_rate);
  BOWLINE_INFO(rcv_rtt);
  BOWLINE_INFO(rcv_space);
  BOWLINE_INFO(bytes_acked);
  BOWLINE_INFO(bytes_received);
  BOWLINE_INFO(segs_out);
  BOWLINE_INFO(segs_in);
  BOWLINE_INFO(notsent_bytes);
  BOWLINE_INFO(min_rtt);
  BOWLINE_INFO(data_segs_in);
  BOWLINE_INFO(data_segs_out);
  BOWLINE_INFO(delivery_rate);
  BOWLINE_INFO(busy_time);
  BOWLINE_INFO(rwnd_limited);
  BOWLINE_INFO(sndbuf_limited);
  BOWLINE_INFO(delivered);
  BOWLINE_INFO(delivered_ce);
  BOWLINE_INFO(bytes_sent);
  BOWLINE_INFO(bytes_retrans);
  BOWLINE_INFO(dsack_dups);
  BOWLINE_INFO(reord_seen);
  BOWLINE_INFO(rcv_ooopack);
  BOWLINE_INFO(snd_wnd);
  BOWLINE_INFO(rcv_wnd);
  BOWLINE_INFO(rehash);
  BOWLINE_INFO(total_rto);
  BOWLINE_INFO(total_rto_recoveries);
  BOWLINE_INFO(total_rto_time);
  BOWLINE_INFO(received_ce);
  BOWLINE_INFO(delivered_e1_bytes);
  BOWLINE_INFO(delivered_e0_bytes);
  BOWLINE_INFO(delivered_ce_bytes);
  BOWLINE_INFO(received_e1_bytes);
  BOWLINE_INFO(received_e0_bytes);
  BOWLINE_INFO(received_ce_bytes);
  BOWLINE_INFO(accecn_fail_mode);
  BOWLINE_INFO(accecn_opt_seen);
#undef BOWLINE_INFO
}

void add_memory(const std::array<std::uint32_t, 9>& memory, code::Variables& variables) {
  constexpr std::array kNames = {"RMEM_ALLOC",  "RCVBUF", "WMEM_ALLOC", "SNDBUF", "FWD_ALLOC",
                                 "WMEM_QUEUED", "OPTMEM", "BACKLOG",    "DROPS"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    set(variables, std::string("SK_MEMINFO_") + kNames[i], memory[i]);
  }
}

}  // namespace

void add_constants(code::Variables& variables) {
  constexpr std::array kStates = {"ESTABLISHED", "SYN_SENT",  "SYN_RECV", "FIN_WAIT1",
                                  "FIN_WAIT2",   "TIME_WAIT", "CLOSE",    "CLOSE_WAIT",
                                  "LAST_ACK",    "LISTEN",    "CLOSING"};
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    set(variables, std::string("TCP_") + kStates[i], i + 1);
  }
  constexpr std::array kCongestion = {"Open", "Disorder", "CWR", "Recovery", "Loss"};
  for (std::size_t i = 0; i < kCongestion.size(); ++i) {
    set(variables, std::string("TCP_CA_") + kCongestion[i], i);
  }
  constexpr std::array kOptions = {"TIMESTAMPS", "SACK",     "WSCALE",  "ECN",
                                   "ECN_SEEN",   "SYN_DATA", "USEC_TS", "TFO_CHILD"};
  for (std::size_t i = 0; i < kOptions.size(); ++i) {
    set(variables, std::string("TCPI_OPT_") + kOptions[i], std::uint64_t{1} << i);
  }
}

std::optional<std::string> add_info(sockets::SocketTable& table, int fd, Time now,
                                    code::Variables& variables) {
  TcpInfo info{};
  socklen_t length = sizeof info;
  const sockets::Outcome got = table.getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length, now);
  if (got.value < 0) return "TCP_INFO: " + error_text(got.error);
  add_tcp_info(info, variables);
  std::array<std::uint32_t, 9> memory{};
  length = sizeof memory;
  const auto has_memory = table.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory.data(), &length, now);
  if (has_memory.value == 0) add_memory(memory, variables);
  sockets::TcpBbrInfo bbr{};
  length = sizeof bbr;
  const auto has_bbr = table.getsockopt(fd, IPPROTO_TCP, TCP_CC_INFO, &bbr, &length, now);
  if (has_bbr.value == 0 && length == sizeof bbr) {
    set(variables, "bbr_bw_lo", bbr.bw_lo);
    set(variables, "bbr_bw_hi", bbr.bw_hi);
    set(variables, "bbr_bw", static_cast<std::uint64_t>(bbr.bw_hi) << 32U | bbr.bw_lo);
    set(variables, "bbr_min_rtt", bbr.min_rtt);
    set(variables, "bbr_pacing_gain", bbr.pacing_gain);
    set(variables, "bbr_cwnd_gain", bbr.cwnd_gain);
  }
  return std::nullopt;
}

}  // namespace bowline::inline v0::packetdrill
