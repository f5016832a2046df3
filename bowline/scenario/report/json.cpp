#include "bowline/scenario/report/json.hpp"

#include <fmt/format.h>

#include "bowline/trace/json.hpp"

namespace bowline::inline v0::scenario {
namespace {

using trace::JsonObject;

std::string run_line(const Run& run) {
  const Scenario& scenario = run.scenario();
  JsonObject object;
  object.text("event", "run").text("scenario", scenario.name).text("title", scenario.title);
  object.number("seed", scenario.seed)
      .signed_number("ended_ns", run.now().time_since_epoch().count());
  object.number("packets", run.packets()).text("digest", fmt::format("{:016x}", run.digest()));
  return std::move(object).finish() + '\n';
}

std::string flow_line(const Run& run, const FlowResult& result) {
  const FlowPlan& plan = *result.plan;
  const FlowTrace& trace = *result.trace;
  const auto& hosts = run.scenario().hosts;
  JsonObject object;
  object.text("event", "flow").text("flow", plan.name);
  object.text("kind", plan.kind == FlowKind::bulk ? "bulk" : "request");
  object.text("from", hosts[plan.from].name).text("to", hosts[plan.to].name);
  object.text("traced", plan.forward() ? "forward" : "back");
  object.text("state", name(result.state)).boolean("as_expected", result.as_expected());
  object.text("failure", result.failure);
  object.number("bytes", result.bytes).number("bytes_back", result.bytes_back);
  object.signed_number("time_ns", result.time.count());
  object.number("goodput", static_cast<std::uint64_t>(result.goodput));
  object.number("segments", trace.segments()).number("retransmissions", trace.retransmissions());
  object.number("retransmitted_bytes", trace.retransmitted_bytes());
  object.number("rtt_samples", trace.rtts().count());
  object.signed_number("rtt_min_ns", trace.rtt_min().count());
  object.signed_number("rtt_avg_ns", trace.rtt_mean().count());
  object.signed_number("rtt_max_ns", trace.rtt_max().count());
  object.number("cwnd_max", trace.cwnd_max());
  if (plan.kind == FlowKind::request) {
    object.number("exchanges", result.exchanges);
    object.signed_number("exchange_min_ns", result.exchange_min.count());
    object.signed_number("exchange_avg_ns", result.exchange_mean.count());
    object.signed_number("exchange_max_ns", result.exchange_max.count());
  }
  return std::move(object).finish() + '\n';
}

std::string wire_line(const Run& run, std::size_t index, bool back) {
  const WirePlan& plan = run.scenario().wires[index];
  const WireWatch& wire = run.wire(index, back);
  JsonObject object;
  object.text("event", "wire").text("wire", plan.name);
  object.text("from", run.scenario().node_name(back ? plan.b : plan.a));
  object.text("to", run.scenario().node_name(back ? plan.a : plan.b));
  object.number("packets", wire.packets()).number("bytes", wire.bytes());
  object.number("lost", wire.count(sim::Fate::lost));
  object.number("queue_full", wire.count(sim::Fate::queue_full));
  object.number("cut", wire.count(sim::Fate::cut));
  object.number("codel_dropped", wire.count(sim::Fate::dropped));
  object.number("marked", wire.count(sim::Fate::marked));
  object.number("too_big", wire.count(sim::Fate::too_big));
  object.number("reordered", wire.count(sim::Fate::reordered));
  object.number("duplicated", wire.count(sim::Fate::duplicated));
  object.number("corrupted", wire.count(sim::Fate::corrupted));
  object.number("queue_max", wire.queue_max());
  return std::move(object).finish() + '\n';
}

}  // namespace

std::string json_text(const Run& run) {
  std::string text = run_line(run);
  for (const FlowResult& result : run.results()) text += flow_line(run, result);
  for (std::size_t i = 0; i < run.scenario().wires.size(); ++i) {
    text += wire_line(run, i, false) + wire_line(run, i, true);
  }
  return text;
}

}  // namespace bowline::inline v0::scenario
