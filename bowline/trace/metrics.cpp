#include "bowline/trace/metrics.hpp"

#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "bowline/base/version.hpp"
#include "bowline/trace/names.hpp"

namespace bowline::inline v0::trace {
namespace {

class Page {
 public:
  // The two lines before the samples of a metric.
  void metric(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP bowline_{} {}\n# TYPE bowline_{} {}\n", name,
                   help, name, type);
  }
  // Labels hold nothing that would need an escape: names of ours, addresses.
  void sample(std::string_view labels, std::uint64_t value) {
    fmt::format_to(std::back_inserter(text_), "bowline_{}{} {}\n", name_, labels, value);
  }
  void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    metric(name, "gauge", help);
    sample("", value);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string_view name_;
};

void add_decisions(Page& page, const ReasonCounters& counters) {
  page.metric("decisions_total", "counter",
              "Decisions of the stack by reason: packets sent, dropped and sent again, changes of "
              "state, timers.");
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    page.sample(
        fmt::format("{{reason=\"{}\",kind=\"{}\"}}", info(reason).name, name(info(reason).kind)),
        counters[reason]);
  }
}

void add_usage(Page& page, const StackUsage& usage, const Limits& limits) {
  page.gauge("connections", "TCP connections, orphans included.", usage.connections);
  page.gauge("connections_limit", "The most there may be.", limits.connections);
  page.gauge("half_open", "Handshakes that are not complete, in the SYN queues.", usage.half_open);
  page.gauge("half_open_limit", "The most there may be.", limits.half_open);
  page.gauge("orphans", "Connections whose application has closed.", usage.orphans);
  page.gauge("orphans_limit", "The most there may be.", limits.orphans);
  page.gauge("time_wait", "TIME-WAIT records.", usage.time_wait);
  page.gauge("time_wait_limit", "The most there may be.", limits.time_wait);
  page.gauge("listeners", "Listening sockets.", usage.listeners);
  page.gauge("udp_sockets", "UDP sockets.", usage.udp_sockets);
  page.gauge("buffer_bytes", "Memory of buffers that hold packets.", usage.buffer_bytes);
  page.gauge("buffer_bytes_limit", "The most it may be.", limits.buffer_bytes);
  page.gauge("buffers_scarce", "1 while memory is so short that windows do not open.",
             usage.buffers_scarce ? 1 : 0);
  page.metric("buffers_refused_total", "counter", "Requests for a buffer that got none.");
  page.sample("", usage.buffers_refused);
  page.gauge("sources", "Addresses and networks that have connections with our listeners.",
             usage.sources);
  page.gauge("out_of_order_holders", "Connections that hold data out of order.",
             usage.out_of_order_holders);
  page.gauge("stalled_connections", "Connections whose peer takes nothing.",
             usage.stalled_connections);
  page.gauge("sent_ranges", "Places for ranges in flight, of all connections.", usage.sent_ranges);
  page.gauge("sent_ranges_limit", "The most there may be, but for a few of each.",
             limits.all_sent_ranges);
  page.gauge("fragmented_datagrams", "Datagrams of which fragments are missing.",
             usage.fragmented_datagrams);
  page.gauge("fragmented_datagrams_limit", "The most there may be.", limits.fragment_datagrams);
  page.gauge("fragment_bytes", "Memory of fragments that wait.", usage.fragment_bytes);
  page.gauge("fragment_bytes_limit", "The most it may be.", limits.fragment_bytes);
}

void add_listeners(Page& page, const Stack& stack) {
  std::vector<ListenerView> views;
  stack.for_each_listener(
      [](void* context, const ListenerView& view) {
        static_cast<std::vector<ListenerView>*>(context)->push_back(view);
      },
      &views);
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help,
                        auto value) {
    page.metric(name, type, help);
    for (const ListenerView& view : views) {
      page.sample(fmt::format("{{local=\"{}\"}}", to_text(view.local)), value(view));
    }
  };
  using View = const ListenerView&;
  each("listener_syn_queue", "gauge", "Half-open connections of a listener.",
       [](View view) { return std::uint64_t{view.half_open}; });
  each("listener_syn_queue_limit", "gauge", "The most there may be.",
       [](View view) { return std::uint64_t{view.half_open_limit}; });
  each("listener_accept_queue", "gauge", "Connections that wait to be accepted.",
       [](View view) { return std::uint64_t{view.accept_queue}; });
  each("listener_accept_queue_limit", "gauge", "The most there may be.",
       [](View view) { return std::uint64_t{view.accept_limit}; });
  each("listener_accepted_total", "counter", "Connections accepted.",
       [](View view) { return view.accepted; });
  each("listener_flooded", "gauge", "1 while a flood of SYNs is recognised.",
       [](View view) { return std::uint64_t{view.flooded ? 1U : 0U}; });
  each("listener_overflows_total", "counter", "Turned away because a queue was full.",
       [](View view) { return view.overflows; });
  each("listener_syn_cookies_sent_total", "counter", "SYNs that were answered by a cookie.",
       [](View view) { return view.cookies_sent; });
  each("listener_syn_cookies_taken_total", "counter", "Cookies that came back.",
       [](View view) { return view.cookies_taken; });
  each("listener_syn_cookies_wrong_total", "counter", "ACKs meanwhile of what was no cookie.",
       [](View view) { return view.cookies_wrong; });
}

void add_scanners(Page& page, const Stack& stack) {
  std::uint64_t scanners = 0;
  stack.for_each_scanner(
      [](void* context, const ScannerView&) { ++*static_cast<std::uint64_t*>(context); },
      &scanners);
  page.gauge("scanners", "Sources that have scanned our ports of late.", scanners);
}

void add_udp(Page& page, const Stack& stack) {
  std::vector<UdpView> views;
  stack.for_each_udp(
      [](void* context, const UdpView& view) {
        static_cast<std::vector<UdpView>*>(context)->push_back(view);
      },
      &views);
  std::uint64_t waiting = 0;
  std::uint64_t dropped = 0;
  for (const UdpView& view : views) {
    waiting += view.receive_datagrams;
    dropped += view.dropped;
  }
  page.gauge("udp_datagrams_waiting", "Datagrams that wait to be read, over all sockets.", waiting);
  page.gauge("udp_datagrams_dropped", "Datagrams without room, of the sockets open now.", dropped);
}

}  // namespace

std::string metrics_text(const Stack& stack) {
  Page page;
  page.metric("build_info", "gauge", "1, with the version as a label.");
  page.sample(fmt::format("{{version=\"{}\"}}", kVersion), 1);
  add_usage(page, stack.usage(), stack.config().limits);
  add_listeners(page, stack);
  add_scanners(page, stack);
  add_udp(page, stack);
  add_decisions(page, stack.counters());
  return page.take();
}

}  // namespace bowline::inline v0::trace
