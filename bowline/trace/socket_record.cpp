#include "bowline/trace/socket_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "bowline/trace/names.hpp"

namespace bowline::inline v0::trace {
namespace {

std::uint64_t in_us(Duration time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::max(time, Duration::zero()))
          .count());
}

std::uint64_t in_ms(Duration time) { return in_us(time) / 1'000; }

// The timer that runs out first. Linux's words where it has one for it (ss(8), option -o).
void set_timer(SocketRecord& record, const ConnectionView& view, Time now) {
  const std::array<std::pair<std::string_view, Time>, 6> timers{{{"on", view.retransmit_at},
                                                                 {"persist", view.probe_at},
                                                                 {"delack", view.delayed_ack_at},
                                                                 {"keepalive", view.keepalive_at},
                                                                 {"timewait", view.time_wait_at},
                                                                 {"user", view.user_timeout_at}}};
  const auto* const first =
      std::ranges::min_element(timers, {}, &std::pair<std::string_view, Time>::second);
  if (first->second == kNever) return;
  record.timer = first->first;
  record.timer_ms = in_ms(first->second - now);
}

void add_path(SocketRecord& record, const ConnectionView& view) {
  const auto add = [&](const char* name, std::uint64_t value) {
    record.numbers.emplace_back(name, value);
  };
  add("rto_us", in_us(view.rto));
  if (view.srtt > Duration::zero()) {
    add("rtt_us", in_us(view.srtt));
    add("rttvar_us", in_us(view.rttvar));
  }
  add("mss", view.snd_mss);
  add("pmtu", view.path_mtu);
  add("rcvmss", view.seen_mss);
  add("advmss", view.rcv_mss);
  add("peer_mss", view.peer_mss);
  add("cwnd", view.cwnd);
  add("ssthresh", view.ssthresh);
  if (view.min_rtt > Duration::zero()) add("min_rtt_us", in_us(view.min_rtt));
  if (view.pacing_rate > 0) add("pacing_rate", view.pacing_rate);
  if (view.bbr) {
    add("bbr_bw", view.bbr->bw);
    add("bbr_min_rtt_us", in_us(view.bbr->min_rtt));
  }
  add("in_flight", view.in_flight);
  add("unsent", view.unsent);
  add("lost", view.lost);
  add("sacked", view.sacked);
  add("out_of_order", view.out_of_order);
  add("dup_acks", view.dup_acks);
  add("snd_wnd", view.snd_wnd);
  add("rcv_wnd", view.rcv_wnd);
}

void add_counts(SocketRecord& record, const ConnectionView& view, Time now) {
  const auto add = [&](const char* name, std::uint64_t value) {
    record.numbers.emplace_back(name, value);
  };
  add("bytes_sent", view.bytes_sent);
  add("bytes_retransmitted", view.bytes_retransmitted);
  add("bytes_acked", view.bytes_acked);
  add("bytes_received", view.bytes_received);
  add("segs_out", view.segments_sent);
  add("segs_in", view.segments_received);
  add("retransmissions", view.retransmissions);
  add("backoff", view.backoff);
  add("keepalive_probes", view.keepalive_probes);
  if (view.last_sent_at != Time{}) add("lastsnd_ms", in_ms(now - view.last_sent_at));
  if (view.last_received_at != Time{}) add("lastrcv_ms", in_ms(now - view.last_received_at));
  add("receive_limit", view.receive_limit);
  add("send_limit", view.send_limit);
}

std::string quoted_list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += fmt::format("{}\"{}\"", text.empty() ? "" : ",", word);
  return text;
}

}  // namespace

std::uint64_t SocketRecord::number(std::string_view name, std::uint64_t otherwise) const {
  const auto found = std::ranges::find(numbers, name, [](const auto& each) { return each.first; });
  return found == numbers.end() ? otherwise : found->second;
}

bool SocketRecord::has(std::string_view name) const {
  return std::ranges::any_of(numbers, [&](const auto& each) { return each.first == name; });
}

bool SocketRecord::has_option(std::string_view name) const {
  return std::ranges::find(options, name) != options.end();
}

SocketRecord socket_record(const ConnectionView& view, Time now) {
  SocketRecord record;
  record.kind = "tcp";
  record.state = tcp::name(view.state);
  record.receive_queue = view.receive_queue;
  record.send_queue = view.send_queue;
  record.local = to_text(view.local);
  record.peer = to_text(view.remote);
  set_timer(record, view, now);
  if (view.timestamps) record.options.emplace_back("ts");
  if (view.sack) record.options.emplace_back("sack");
  if (view.window_scaling) record.options.emplace_back("wscale");
  if (view.orphan) record.options.emplace_back("orphan");
  record.numbers.emplace_back("number", view.number);
  record.numbers.emplace_back("interface", static_cast<std::uint64_t>(view.interface));
  if (view.window_scaling) {
    record.numbers.emplace_back("snd_wscale", view.snd_wind_shift);
    record.numbers.emplace_back("rcv_wscale", view.rcv_wind_shift);
  }
  // A half-open entry and a TIME-WAIT record are too small to know the rest (A5, A15).
  const bool full = view.snd_mss != 0;
  if (full) {
    record.options.emplace_back(tcp::name(view.congestion));
    add_path(record, view);
    add_counts(record, view, now);
  } else {
    record.numbers.emplace_back("retransmissions", view.retransmissions);
  }
  return record;
}

SocketRecord socket_record(const ListenerView& view) {
  SocketRecord record;
  record.kind = "tcp";
  record.state = tcp::name(tcp::State::listen);
  record.receive_queue = view.accept_queue;
  record.send_queue = view.accept_limit;
  record.local = to_text(view.local);
  record.peer = to_text(Endpoint{IpAddress::any(view.local.address.family()), 0});
  record.numbers = {{"syn_queue", view.half_open},        {"syn_queue_limit", view.half_open_limit},
                    {"accepted", view.accepted},          {"overflows", view.overflows},
                    {"cookies_sent", view.cookies_sent},  {"cookies_taken", view.cookies_taken},
                    {"cookies_wrong", view.cookies_wrong}};
  return record;
}

SocketRecord socket_record(const UdpView& view) {
  SocketRecord record;
  record.kind = "udp";
  record.state = view.remote ? tcp::name(tcp::State::established) : "UNCONNECTED";
  record.receive_queue = view.receive_queue;
  record.local = to_text(view.local);
  record.peer = to_text(view.remote ? *view.remote
                                    : Endpoint{IpAddress::any(view.local.address.family()), 0});
  record.numbers = {{"receive_datagrams", view.receive_datagrams},
                    {"receive_cost", view.receive_cost},
                    {"receive_limit", view.receive_limit},
                    {"dropped", view.dropped},
                    {"datagrams_sent", view.datagrams_sent},
                    {"datagrams_received", view.datagrams_received},
                    {"bytes_sent", view.bytes_sent},
                    {"bytes_received", view.bytes_received},
                    {"pmtu", view.path_mtu}};
  return record;
}

std::string to_json(const SocketRecord& record) {
  // Nothing in it can need an escape: words of ours, addresses, numbers.
  std::string text = fmt::format(
      R"({{"kind":"{}","state":"{}","recv_q":{},"send_q":{},"local":"{}","peer":"{}","options":[{}])",
      record.kind, record.state, record.receive_queue, record.send_queue, record.local, record.peer,
      quoted_list(record.options));
  if (!record.timer.empty()) {
    text += fmt::format(R"(,"timer":"{}","timer_ms":{})", record.timer, record.timer_ms);
  }
  for (const auto& [name, value] : record.numbers) text += fmt::format(R"(,"{}":{})", name, value);
  return text + "}";
}

}  // namespace bowline::inline v0::trace
