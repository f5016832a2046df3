#include "bowline/explain/report/text_report.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "bowline/explain/check/checks.hpp"
#include "bowline/explain/report/suspect_sentences.hpp"
#include "bowline/explain/report/table.hpp"
#include "bowline/trace/names.hpp"

namespace bowline::inline v0::explain {
namespace {

using check::duration_text;
using trace::Side;
using Align = TextTable::Align;

std::string count_text(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

// "12 345 678 bytes" is easier read than eight digits in a row.
std::string size_text(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{}", bytes);
  const auto number = static_cast<double>(bytes);
  if (bytes < 10'000'000) return fmt::format("{:.1f}k", number / 1e3);
  if (bytes < 10'000'000'000) return fmt::format("{:.1f}M", number / 1e6);
  return fmt::format("{:.1f}G", number / 1e9);
}

// `text` in lines of at most `width`, all but the first indented.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string result;
  width = std::max<std::size_t>(width, indent + 40);
  bool first = true;
  while (!text.empty()) {
    std::size_t count = text.size();
    const std::size_t room = width - indent;
    if (count > room) {
      const std::size_t blank = text.rfind(' ', room);
      count = blank == std::string_view::npos || blank == 0 ? room : blank;
    }
    result += fmt::format("{:{}}{}\n", "", first ? indent - 2 : indent, text.substr(0, count));
    text.remove_prefix(count);
    while (text.starts_with(' ')) text.remove_prefix(1);
    first = false;
  }
  return result;
}

std::string state_text(const End& end) {
  const auto state = end.state.state();
  return state ? std::string(tcp::name(*state)) : "?";
}

class Report {
 public:
  Report(trace::ByteSink& sink, std::string_view name, const CaptureInfo& capture,
         const Explanation& explanation, const ReportOptions& options)
      : sink_(sink),
        name_(name),
        capture_(capture),
        explanation_(explanation),
        options_(options),
        width_(std::max<std::size_t>(options.drawing.width, 72)),
        timed_(explanation.totals.first && explanation.totals.first != explanation.totals.last) {
    for (const auto& each : explanation.connections) {
      if (!options.selects(*each)) continue;
      // A scan's probes are told once, as the scan; who asks for one by number gets it.
      const bool together = options.connection == 0 && options.filter.accepts_all() &&
                            explanation.belongs_to_suspect(*each);
      if (together) {
        ++together_;
      } else if (selected_.size() < options.most_connections) {
        selected_.push_back(each.get());
      } else {
        ++more_;
      }
    }
  }

  void write() {
    head();
    table();
    left_out();
    suspects();
    conversations();
    general();
    if (options_.summary_only) return;
    for (const Connection* each : selected_) connection(*each);
  }

 private:
  void line(const std::string& text) { sink_.append(text + '\n'); }

  void head() {
    const Totals& totals = explanation_.totals;
    std::string links;
    for (const CaptureInterface& each : capture_.interfaces) {
      const std::string text = each.name.empty()
                                   ? to_text(each.link)
                                   : fmt::format("{} {}", to_text(each.link), each.name);
      if (links.find(text) == std::string::npos && links.size() < 100) {
        links += (links.empty() ? "" : ", ") + text;
      }
    }
    std::string text =
        fmt::format("{}: {}{}, {}, {} bytes", name_, capture_.format,
                    links.empty() || capture_.from_text ? "" : " (" + links + ")",
                    count_text(totals.packets, "packet", "packets"), size_text(totals.bytes));
    if (timed_) {
      text += fmt::format(" in {}", duration_text(*totals.last - *totals.first));
      if (!capture_.from_text) text += fmt::format(", from {}", date_text(*totals.first));
    }
    line(text);
    text = fmt::format("{} TCP in {}", totals.tcp,
                       count_text(explanation_.connection_count, "connection", "connections"));
    const auto add = [&](std::uint64_t count, std::string_view what) {
      if (count > 0) text += fmt::format(", {} {}", count, what);
    };
    add(totals.udp, "UDP");
    add(totals.icmp, "ICMP");
    add(totals.arp, "ARP");
    add(totals.other, "other");
    add(totals.malformed, "malformed");
    line(text);
    if (totals.payload_cut > 0) {
      line(fmt::format(
          "{} captured with their first bytes only (snap length): numbers and lengths are "
          "whole, the data is not looked at",
          count_text(totals.payload_cut, "packet was", "packets were")));
    }
    if (totals.headers_cut > 0) {
      line(fmt::format(
          "{} so short that the headers are not whole: passed over",
          count_text(totals.headers_cut, "packet was captured", "packets were captured")));
    }
    if (totals.fragments > 0) {
      line(fmt::format("{} of IP: counted, not put together",
                       count_text(totals.fragments, "fragment", "fragments")));
    }
    if (totals.checksums_to_device > 0) {
      line(fmt::format(
          "{} only the pseudo-header's sum: captured on the sending machine, before its "
          "device filled in the rest; no error",
          count_text(totals.checksums_to_device, "checksum holds", "checksums hold")));
    }
    if (totals.unknown_link > 0) {
      line(fmt::format("{} of {}, which is not read here: passed over",
                       count_text(totals.unknown_link, "packet is", "packets are"),
                       to_text(*totals.unknown_link_type)));
    }
  }

  void table() {
    if (selected_.empty()) {
      if (options_.connection != 0) {
        line(fmt::format("\nThere is no connection {}: they are numbered 1 to {}.",
                         options_.connection, explanation_.connection_count));
      } else if (!options_.filter.accepts_all()) {
        line("\nNo connection is as the filter says.");
      }
      return;
    }
    TextTable table({{"#", Align::right},
                     {"opened by", Align::left},
                     {"peer", Align::left},
                     {"states at the end", Align::left},
                     {"bytes >", Align::right},
                     {"< bytes", Align::right},
                     {"again", Align::right},
                     {"duration", Align::right},
                     {"how it ended", Align::left}});
    for (const Connection* each : selected_) {
      const End& left = each->end(Side::left);
      const End& right = each->end(Side::right);
      table.add({fmt::format("{}", each->number()), trace::to_text(left.endpoint),
                 trace::to_text(right.endpoint),
                 fmt::format("{} / {}", state_text(left), state_text(right)),
                 size_text(left.counters.new_bytes), size_text(right.counters.new_bytes),
                 fmt::format("{}", left.counters.again_segments + right.counters.again_segments),
                 timed_ ? duration_text(each->last_time() - each->first_time()) : "-",
                 each->ending_text()});
    }
    line("");
    sink_.append(table.text());
  }

  void left_out() {
    if (more_ > 0) {
      line(fmt::format("... and {} more: choose by --filter or --connection, or take --json",
                       more_));
    }
    if (together_ > 0) {
      line(fmt::format("{} not listed: they belong to what is named below",
                       count_text(together_, "probe is", "probes are")));
    }
    if (!explanation_.not_described.empty()) {
      std::string text;
      for (const auto& [ending, count] : explanation_.not_described) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_text(ending));
      }
      line(fmt::format("Beyond what is kept, only counted: {}", text));
    }
    if (explanation_.finished_early > 0) {
      line(fmt::format(
          "{} judged before their end: more were open at a time than there is room for, "
          "and those that were quiet longest had to go. What came of them later counts as "
          "another connection",
          count_text(explanation_.finished_early, "connection was", "connections were")));
    }
  }

  void suspects() {
    if (options_.connection != 0) return;
    std::string text;
    for (const std::string& each : suspect_sentences(explanation_))
      text += wrapped(each, 4, width_);
    if (!text.empty()) sink_.append("\nScans and attacks\n" + text);
  }

  void conversations() {
    if (options_.connection != 0 || !options_.filter.accepts_all()) return;
    if (explanation_.conversations.empty()) return;
    TextTable table({{"", Align::left},
                     {"from", Align::left},
                     {"to", Align::left},
                     {"packets >", Align::right},
                     {"< packets", Align::right},
                     {"bytes >", Align::right},
                     {"< bytes", Align::right},
                     {"errors", Align::right}});
    std::size_t shown = 0;
    for (const Conversation& each : explanation_.conversations) {
      if (shown++ == options_.most_connections) break;
      const auto end = [](const Endpoint& endpoint) {
        return endpoint.port == 0 ? trace::to_text(endpoint.address) : trace::to_text(endpoint);
      };
      table.add({protocol_name(each.protocol), end(each.left), end(each.right),
                 fmt::format("{}", each.packets_right), fmt::format("{}", each.packets_left),
                 size_text(each.bytes_right), size_text(each.bytes_left),
                 each.errors == 0 ? "" : fmt::format("{}", each.errors)});
    }
    sink_.append("\nOther conversations\n" + table.text());
    if (shown > options_.most_connections) {
      line(fmt::format("... {} in all", explanation_.conversations.size()));
    }
    if (explanation_.uncounted_conversations > 0) {
      line(fmt::format("and {} of others",
                       count_text(explanation_.uncounted_conversations, "packet", "packets")));
    }
  }

  void general() {
    if (options_.connection != 0 || explanation_.findings.empty()) return;
    std::string text;
    for (const Finding& each : explanation_.findings) text += wrapped(to_text(each), 4, width_);
    sink_.append("\nAbout no connection\n" + text);
  }

  void connection(const Connection& one) {
    const End& left = one.end(Side::left);
    const End& right = one.end(Side::right);
    line(fmt::format("\n\nConnection {}: {} and {}, packets {} to {}", one.number(),
                     trace::to_text(left.endpoint), trace::to_text(right.endpoint),
                     one.first_packet(), one.last_packet()));
    facts(one);
    line("");
    for (const std::string& each : trace::draw(one.ladder(), options_.drawing)) line(each);
    findings(one, "What happened", [](RuleKind kind) { return kind != RuleKind::violation; });
    findings(one, "Rules broken", [](RuleKind kind) { return kind == RuleKind::violation; });
  }

  void facts(const Connection& one) {
    const End& left = one.end(Side::left);
    const End& right = one.end(Side::right);
    if (const auto time = one.handshake_time(); time && timed_) {
      line(fmt::format("  handshake  {} from SYN to the ACK that completes it",
                       duration_text(*time)));
    }
    if (left.offer.known && right.offer.known)
      line("  agreed on  " + agreed(left.offer, right.offer));
    for (const Side side : {Side::left, Side::right}) {
      const End& end = one.end(side);
      const EndCounters& counters = end.counters;
      if (counters.packets == 0) continue;
      std::string text =
          fmt::format("  {:9}  {} bytes in {}", side == Side::left ? "sent >" : "sent <",
                      counters.new_bytes, count_text(counters.packets, "segment", "segments"));
      if (counters.again_segments > 0) {
        text += fmt::format(", {} again ({} bytes)", counters.again_segments, counters.again_bytes);
      }
      if (counters.out_of_order > 0)
        text += fmt::format(", {} out of order", counters.out_of_order);
      const RoundTrips& trips = end.round_trips;
      if (trips.count > 0 && timed_) {
        text += fmt::format("; acknowledged after {} to {}, {} on average",
                            duration_text(trips.least), duration_text(trips.most),
                            duration_text(trips.sum / static_cast<std::int64_t>(trips.count)));
      }
      line(text);
    }
    line("  ended      " + one.ending_text());
  }

  static std::string agreed(const Offer& left, const Offer& right) {
    const auto mss = [](const Offer& offer) {
      return offer.mss ? fmt::format("{}", *offer.mss) : std::string("none");
    };
    std::string text = fmt::format("MSS {} and {}", mss(left), mss(right));
    if (left.window_scale && right.window_scale) {
      text += fmt::format(", window scale {} and {}", *left.window_scale, *right.window_scale);
    }
    if (left.sack && right.sack) text += ", SACK";
    if (left.timestamps && right.timestamps) text += ", timestamps";
    if (left.ecn && right.ecn) text += ", ECN";
    if (left.acc_ecn && right.acc_ecn) text += ", AccECN";
    return text;
  }

  template <class Is>
  void findings(const Connection& one, std::string_view title, Is is) {
    std::string text;
    for (const Finding& each : one.findings().list()) {
      if (!is(info(each.rule).kind)) continue;
      Finding named = each;
      if (each.side)
        named.text = fmt::format("{}: {}", trace::to_text(one.end(*each.side).endpoint), each.text);
      text += wrapped(to_text(named), 6, width_);
    }
    if (!text.empty()) sink_.append(fmt::format("\n  {}\n{}", title, text));
  }

  trace::ByteSink& sink_;
  std::string_view name_;
  const CaptureInfo& capture_;
  const Explanation& explanation_;
  const ReportOptions& options_;
  std::size_t width_;
  bool timed_;  // the capture knows times
  std::vector<const Connection*> selected_;
  std::uint64_t together_ = 0;
  std::uint64_t more_ = 0;
};

}  // namespace

std::string date_text(Time time) {
  const std::int64_t nanoseconds = time.time_since_epoch().count();
  constexpr std::int64_t kSecond = 1'000'000'000;
  constexpr std::int64_t kYear = 365 * 86'400LL * kSecond;
  if (nanoseconds < kYear) return fmt::format("{:.6f} s", static_cast<double>(nanoseconds) / 1e9);
  const auto seconds = static_cast<std::time_t>(nanoseconds / kSecond);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:06} UTC", fmt::gmtime(seconds),
                     nanoseconds % kSecond / 1'000);
}

void write_text(trace::ByteSink& sink, std::string_view name, const CaptureInfo& capture,
                const Explanation& explanation, const ReportOptions& options) {
  Report(sink, name, capture, explanation, options).write();
}

}  // namespace bowline::inline v0::explain
