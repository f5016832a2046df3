#include "bowline/trace/socket_listing.hpp"

#include <fmt/format.h>

namespace bowline::inline v0::trace {
namespace {

std::string columns(std::string_view kind, std::string_view state, std::string_view receive,
                    std::string_view send, std::string_view local, std::string_view peer) {
  return fmt::format("{:<5} {:<12} {:>7} {:>7}  {:<24} {:<24}", kind, state, receive, send, local,
                     peer);
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

// "40ms", "1.500sec", "2min", "2h": as ss rounds.
std::string span(std::uint64_t ms) {
  constexpr std::uint64_t kSecond = 1'000;
  if (ms < kSecond) return fmt::format("{}ms", ms);
  if (ms < 60 * kSecond) return fmt::format("{}.{:03}sec", ms / kSecond, ms % kSecond);
  if (ms < 3'600 * kSecond) return fmt::format("{}min", ms / (60 * kSecond));
  return fmt::format("{}h", ms / (3'600 * kSecond));
}

double in_ms(std::uint64_t us) { return static_cast<double>(us) / 1'000; }

bool is_listener(const SocketRecord& record) { return record.has("syn_queue"); }

std::string extended(const SocketRecord& record) {
  if (is_listener(record)) {
    std::string text = fmt::format(" syn-queue:{}/{} accepted:{} overflows:{}",
                                   record.number("syn_queue"), record.number("syn_queue_limit"),
                                   record.number("accepted"), record.number("overflows"));
    if (record.number("cookies_sent") > 0) {
      text += fmt::format(" cookies:{} sent, {} taken, {} wrong", record.number("cookies_sent"),
                          record.number("cookies_taken"), record.number("cookies_wrong"));
    }
    return text;
  }
  std::string text;
  if (record.has("number")) {
    text = fmt::format(" #{} if:{}", record.number("number"), record.number("interface"));
  }
  if (record.has_option("orphan")) text += " orphan";
  return text;
}

std::string memory(const SocketRecord& record) {
  if (!record.has("receive_limit")) return {};
  const bool udp = record.kind == "udp";
  std::string text = fmt::format(" skmem:(r{},rb{},t{},tb{},o{}",
                                 udp ? record.number("receive_cost") : record.receive_queue,
                                 record.number("receive_limit"), record.send_queue,
                                 record.number("send_limit"), record.number("out_of_order"));
  if (udp) text += fmt::format(",d{}", record.number("dropped"));
  return text + ")";
}

// The words of ss where it has them. It counts cwnd and ssthresh in segments and includes what was
// sent again in bytes_sent; the record has bytes, and first transmissions.
std::string tcp_internals(const SocketRecord& r) {
  std::string text;
  for (const auto* option : {"ts", "sack", "reno", "cubic", "bbr"}) {
    if (r.has_option(option)) text += fmt::format(" {}", option);
  }
  if (r.has("snd_wscale")) {
    text += fmt::format(" wscale:{},{}", r.number("snd_wscale"), r.number("rcv_wscale"));
  }
  if (!r.has("mss")) {
    return text + fmt::format(" retrans:{}", r.number("retransmissions"));
  }
  text += fmt::format(" rto:{:g}", in_ms(r.number("rto_us")));
  if (r.number("backoff") > 0) text += fmt::format(" backoff:{}", r.number("backoff"));
  if (r.has("rtt_us")) {
    text += fmt::format(" rtt:{:g}/{:g}", in_ms(r.number("rtt_us")), in_ms(r.number("rttvar_us")));
  }
  const std::uint64_t mss = r.number("mss") == 0 ? 1 : r.number("mss");
  text += fmt::format(" mss:{}", r.number("mss"));
  if (r.number("pmtu") > 0) text += fmt::format(" pmtu:{}", r.number("pmtu"));
  text += fmt::format(" rcvmss:{} advmss:{} cwnd:{}", r.number("rcvmss"), r.number("advmss"),
                      r.number("cwnd") / mss);
  constexpr std::uint64_t kNone = 0x7fff'ffff;  // RFC 5681: as high as can be, before any loss
  if (r.number("ssthresh") < kNone) text += fmt::format(" ssthresh:{}", r.number("ssthresh") / mss);
  if (r.has("min_rtt_us")) text += fmt::format(" minrtt:{:g}", in_ms(r.number("min_rtt_us")));
  if (r.has("pacing_rate")) text += fmt::format(" pacing_rate {}bps", 8 * r.number("pacing_rate"));
  if (r.has("bbr_bw")) {
    text += fmt::format(" bbr:(bw:{}bps,mrtt:{:g})", 8 * r.number("bbr_bw"),
                        in_ms(r.number("bbr_min_rtt_us")));
  }
  text += fmt::format(" bytes_sent:{}", r.number("bytes_sent") + r.number("bytes_retransmitted"));
  for (const auto* name : {"bytes_retransmitted", "bytes_acked", "bytes_received"}) {
    if (r.number(name) == 0) continue;
    const std::string_view word =
        name == std::string_view("bytes_retransmitted") ? "bytes_retrans" : name;
    text += fmt::format(" {}:{}", word, r.number(name));
  }
  text += fmt::format(" segs_out:{} segs_in:{}", r.number("segs_out"), r.number("segs_in"));
  if (r.has("lastsnd_ms")) text += fmt::format(" lastsnd:{}", r.number("lastsnd_ms"));
  if (r.has("lastrcv_ms")) text += fmt::format(" lastrcv:{}", r.number("lastrcv_ms"));
  if (r.number("in_flight") > 0) {
    text += fmt::format(" unacked:{} in_flight:{}", (r.number("in_flight") + mss - 1) / mss,
                        r.number("in_flight"));
  }
  if (r.number("retransmissions") > 0)
    text += fmt::format(" retrans:{}", r.number("retransmissions"));
  for (const auto* name : {"lost", "sacked", "dup_acks", "unsent", "out_of_order"}) {
    if (r.number(name) > 0) text += fmt::format(" {}:{}", name, r.number(name));
  }
  return text + fmt::format(" snd_wnd:{} rcv_wnd:{}", r.number("snd_wnd"), r.number("rcv_wnd"));
}

std::string udp_internals(const SocketRecord& r) {
  std::string text;
  for (const auto* name : {"receive_datagrams", "datagrams_sent", "datagrams_received",
                           "bytes_sent", "bytes_received", "dropped", "pmtu"}) {
    if (r.number(name) > 0) text += fmt::format(" {}:{}", name, r.number(name));
  }
  return text;
}

}  // namespace

std::string listing_header() {
  return trimmed(
      columns("Netid", "State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port"));
}

std::string listing_line(const SocketRecord& record, const ListingOptions& options) {
  std::string line = columns(record.kind, record.state, fmt::format("{}", record.receive_queue),
                             fmt::format("{}", record.send_queue), record.local, record.peer);
  if (options.timers && !record.timer.empty()) {
    line += fmt::format(" timer:({},{},{})", record.timer, span(record.timer_ms),
                        record.number("backoff"));
  }
  if (options.extended) line += extended(record);
  if (options.memory) line += memory(record);
  line = trimmed(std::move(line));
  if (options.internals && !is_listener(record)) {
    const std::string more = record.kind == "udp" ? udp_internals(record) : tcp_internals(record);
    if (!more.empty()) line += "\n\t" + more;
  }
  return line;
}

}  // namespace bowline::inline v0::trace
