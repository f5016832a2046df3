#include "bowline/scenario/report/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "bowline/scenario/report/page_frame.hpp"
#include "bowline/scenario/report/text.hpp"
#include "bowline/trace/json.hpp"

namespace bowline::inline v0::scenario {
namespace {

// Numbers that grow slowly, as differences: a third of the size.
class Differences {
 public:
  void add(std::int64_t value) {
    fmt::format_to(std::back_inserter(text_), "{}{}", text_.empty() ? "" : ",", value - last_);
    last_ = value;
  }
  void add(Time at) {
    add(std::chrono::duration_cast<std::chrono::microseconds>(at - Time{}).count());
  }
  [[nodiscard]] std::string json() const { return '[' + text_ + ']'; }

 private:
  std::string text_;
  std::int64_t last_ = 0;
};

// One array for each of `fields` of the entries.
template <class T, class... Field>
std::string series(const std::vector<T>& entries, std::size_t stride, const Field&... fields) {
  std::string text = fmt::format("{{\"stride\":{}", stride);
  const auto one = [&](const auto& field) {
    Differences values;
    for (const T& entry : entries) values.add(field.second(entry));
    text += fmt::format(",\"{}\":{}", field.first, values.json());
  };
  (one(fields), ...);
  return text + '}';
}

template <class Of>
std::pair<const char*, Of> field(const char* name, Of of) {
  return {name, of};
}

template <class T>
std::int64_t number(T value) {
  return static_cast<std::int64_t>(value);
}

// Text in a script element: "</script>" must not end it.
std::string safe(std::string_view text) {
  std::string json = trace::json_string(text);
  for (std::size_t at = 0; (at = json.find('<', at)) != std::string::npos;) {
    json.replace(at, 1, "\\u003c");
  }
  return json;
}

const auto kAt = field("t", [](const auto& entry) { return entry.at; });

// The direction of a wire, counted as the page does, in which the traced bytes meet the lowest
// rate.
std::size_t narrowest(const Scenario& scenario, const FlowPlan& plan) {
  std::size_t found = 0;
  std::uint64_t lowest = UINT64_MAX;
  for (const Hop& hop : plan.path) {
    const bool back = hop.back == plan.forward();
    const WirePlan& wire = scenario.wires[hop.wire];
    const std::uint64_t rate = (back ? wire.back : wire.there).rate.bits_per_second;
    const std::uint64_t rank = rate == 0 ? UINT64_MAX - 1 : rate;
    if (rank >= lowest) continue;
    lowest = rank;
    found = 2 * hop.wire + (back ? 1 : 0);
  }
  return found;
}

std::string flow_json(const Run& run, const FlowResult& result) {
  const FlowPlan& plan = *result.plan;
  const FlowTrace& trace = *result.trace;
  const auto& hosts = run.scenario().hosts;
  const auto begin = field("begin", [](const auto& bar) { return number(bar.begin); });
  const auto end = field("end", [](const auto& bar) { return number(bar.end); });
  const std::string summary = fmt::format(
      "{} in {}, {}; {} of {} segments again; round trip {} to {}, {} on average; {}{}{}",
      bytes_text(result.bytes), duration_text(result.time), rate_text(result.goodput),
      trace.retransmissions(), trace.segments(), duration_text(trace.rtt_min()),
      duration_text(trace.rtt_max()), duration_text(trace.rtt_mean()), name(result.state),
      result.failure.empty() ? "" : ": ", result.failure);
  trace::JsonObject object;
  object.raw("name", safe(plan.name));
  object.raw("from", safe(hosts[plan.forward() ? plan.from : plan.to].name));
  object.raw("to", safe(hosts[plan.forward() ? plan.to : plan.from].name));
  object.number("wire", narrowest(run.scenario(), plan));
  object.raw("summary", safe(summary));
  object.raw("bars", series(trace.bars().entries(), trace.bars().stride(), kAt, begin, end));
  object.raw("again", series(trace.repeats(), 1, kAt, begin, end));
  object.number("again_count", trace.retransmissions());
  object.raw("acks",
             series(trace.acks().entries(), trace.acks().stride(), kAt,
                    field("ack", [](const AckPoint& ack) { return number(ack.ack); }),
                    field("window", [](const AckPoint& ack) { return number(ack.window); })));
  object.raw("sacks", series(trace.sacks().entries(), trace.sacks().stride(), kAt, begin, end));
  object.raw("cwnd",
             series(trace.cwnd().entries(), trace.cwnd().stride(), kAt,
                    field("cwnd", [](const CwndPoint& p) { return number(p.cwnd); }),
                    field("flight", [](const CwndPoint& p) { return number(p.in_flight); })));
  object.raw("rtt",
             series(trace.rtts().entries(), trace.rtts().stride(), kAt,
                    field("rtt", [](const RttPoint& p) { return number(p.rtt.count() / 1'000); })));
  return std::move(object).finish();
}

std::string wire_json(const Run& run, std::size_t index, bool back) {
  const WirePlan& plan = run.scenario().wires[index];
  const WireWatch& wire = run.wire(index, back);
  trace::JsonObject object;
  object.raw("name", safe(fmt::format("{}: {} > {}", plan.name,
                                      run.scenario().node_name(back ? plan.b : plan.a),
                                      run.scenario().node_name(back ? plan.a : plan.b))));
  object.number("limit", (back ? plan.back : plan.there).queue);
  object.raw("queue", series(wire.queue().entries(), wire.queue().stride(), kAt,
                             field("bytes", [](const QueuePoint& p) { return number(p.bytes); })));
  return std::move(object).finish();
}

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    if (c == '<')
      html += "&lt;";
    else if (c == '&')
      html += "&amp;";
    else
      html += c;
  }
  return html;
}

}  // namespace

std::size_t page_points(const Scenario& scenario) noexcept {
  // A flow has six series of some 12 bytes an entry, a wire two.
  const std::size_t shares = 6 * scenario.flows.size() + 2 * scenario.wires.size();
  return std::clamp<std::size_t>(600'000 / shares, 100, 40'000);
}

std::string page_text(const Run& run) {
  const Scenario& scenario = run.scenario();
  std::string flows;
  for (const FlowResult& result : run.results()) {
    flows += (flows.empty() ? "" : ",\n") + flow_json(run, result);
  }
  std::string wires;
  for (std::size_t i = 0; i < scenario.wires.size(); ++i) {
    wires +=
        (wires.empty() ? "" : ",\n") + wire_json(run, i, false) + ",\n" + wire_json(run, i, true);
  }
  const std::string title = scenario.title.empty() ? scenario.name : scenario.title;
  const auto end =
      std::chrono::duration_cast<std::chrono::microseconds>(run.now() - Time{}).count();
  std::string page(kPageHead);
  page += fmt::format("<title>{}</title>\n", escaped(title));
  page += kPageBody;
  page += fmt::format(
      "<script type=\"application/json\" id=\"run\">\n{{\"title\":{},\"seed\":{},"
      "\"digest\":\"{:016x}\",\"end\":{},\n\"flows\":[{}],\n\"wires\":[{}]}}\n</script>\n",
      safe(title), scenario.seed, run.digest(), end, flows, wires);
  page += kPageScript;
  return page;
}

}  // namespace bowline::inline v0::scenario
