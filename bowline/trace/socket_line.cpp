#include "bowline/trace/socket_line.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

#include "bowline/trace/names.hpp"

namespace bowline::inline v0::trace {
namespace {

std::string row(std::string_view state, std::string_view receive, std::string_view send,
                std::string_view local, std::string_view remote, std::string_view timer) {
  std::string line = fmt::format("{:<12}  {:>8}  {:>8}  {:<24}  {:<24}  {}", state, receive, send,
                                 local, remote, timer);
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

// "40ms", "1.500sec", "2min", "2h": as ss rounds.
std::string span(Duration time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  constexpr std::int64_t kSecond = 1'000;
  if (ms < kSecond) return fmt::format("{}ms", ms);
  if (ms < 60 * kSecond) return fmt::format("{}.{:03}sec", ms / kSecond, ms % kSecond);
  if (ms < 3'600 * kSecond) return fmt::format("{}min", ms / (60 * kSecond));
  return fmt::format("{}h", ms / (3'600 * kSecond));
}

std::string first_timer(const ConnectionView& connection, Time now) {
  const std::array<std::pair<std::string_view, Time>, 6> timers{
      {{"on", connection.retransmit_at},
       {"persist", connection.probe_at},
       {"delack", connection.delayed_ack_at},
       {"keepalive", connection.keepalive_at},
       {"timewait", connection.time_wait_at},
       {"user", connection.user_timeout_at}}};
  std::string_view name;
  Time first = kNever;
  for (const auto& [timer, at] : timers) {
    if (at < first) {
      name = timer;
      first = at;
    }
  }
  if (first == kNever) return {};
  const Duration left = first > now ? first - now : Duration::zero();
  return fmt::format("{},{},{}", name, span(left), connection.backoff);
}

}  // namespace

std::string socket_header() { return row("State", "Recv-Q", "Send-Q", "Local", "Peer", "Timer"); }

std::string socket_line(const ConnectionView& connection, Time now) {
  return row(tcp::name(connection.state), fmt::format("{}", connection.receive_queue),
             fmt::format("{}", connection.send_queue), to_text(connection.local),
             to_text(connection.remote), first_timer(connection, now));
}

std::string socket_line(const ListenerView& listener) {
  const Endpoint anywhere{IpAddress::any(listener.local.address.family()), 0};
  return row("LISTEN", fmt::format("{}", listener.accept_queue),
             fmt::format("{}", listener.accept_limit), to_text(listener.local), to_text(anywhere),
             fmt::format("half-open {}/{}", listener.half_open, listener.half_open_limit));
}

std::string socket_details(const ConnectionView& connection) {
  const auto ms = [](Duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
  };
  std::string text = fmt::format(
      "\t#{} rto:{:g} mss:{} rcvmss:{} cwnd:{} ssthresh:{} in_flight:{} snd_wnd:{} rcv_wnd:{} "
      "bytes_sent:{} bytes_received:{} segs_out:{} segs_in:{} retrans:{}",
      connection.number, ms(connection.rto), connection.snd_mss, connection.rcv_mss,
      connection.cwnd, connection.ssthresh, connection.in_flight, connection.snd_wnd,
      connection.rcv_wnd, connection.bytes_sent, connection.bytes_received,
      connection.segments_sent, connection.segments_received, connection.retransmissions);
  if (connection.srtt > Duration::zero()) {
    text += fmt::format(" rtt:{:g}/{:g}", ms(connection.srtt), ms(connection.rttvar));
  }
  if (connection.window_scaling) {
    text += fmt::format(" wscale:{},{}", connection.snd_wind_shift, connection.rcv_wind_shift);
  }
  if (connection.timestamps) text += " ts";
  if (connection.sack) text += " sack";
  if (connection.out_of_order > 0) text += fmt::format(" out_of_order:{}", connection.out_of_order);
  if (connection.orphan) text += " orphan";
  return text;
}

}  // namespace bowline::inline v0::trace
