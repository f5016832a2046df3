#include "bowline/scenario/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bowline/scenario/report/text.hpp"

namespace bowline::inline v0::scenario {
namespace {

using Row = std::vector<std::string>;

// Columns as wide as their widest entry, two blanks between them; the first `left` to the left.
std::string aligned(const std::vector<Row>& rows, std::size_t left) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      line += i < left ? fmt::format("{:<{}}", row[i], widths[i])
                       : fmt::format("{:>{}}", row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string flows_text(const Run& run, const std::vector<FlowResult>& results) {
  std::vector<Row> rows{{"flow", "from > to", "bytes", "time", "goodput", "retrans", "rtt min",
                         "avg", "max", "cwnd max", ""}};
  const auto& hosts = run.scenario().hosts;
  for (const FlowResult& result : results) {
    const FlowPlan& plan = *result.plan;
    const FlowTrace& trace = *result.trace;
    // The way of the bytes that are counted.
    const std::size_t from = plan.forward() ? plan.from : plan.to;
    const std::size_t to = plan.forward() ? plan.to : plan.from;
    rows.push_back({plan.name, fmt::format("{} > {}", hosts[from].name, hosts[to].name),
                    bytes_text(result.bytes), duration_text(result.time),
                    result.goodput > 0 ? rate_text(result.goodput) : "-",
                    fmt::format("{}", trace.retransmissions()), duration_text(trace.rtt_min()),
                    duration_text(trace.rtt_mean()), duration_text(trace.rtt_max()),
                    bytes_text(trace.cwnd_max()), std::string(name(result.state))});
  }
  return aligned(rows, 2);
}

// What a table has no column for: exchanges, answers, why a flow failed.
std::string notes_text(const std::vector<FlowResult>& results) {
  std::string text;
  for (const FlowResult& result : results) {
    const FlowPlan& plan = *result.plan;
    if (plan.kind == FlowKind::request) {
      text += fmt::format("{}: {} of {} exchanges, {} to {}, {} on average\n", plan.name,
                          result.exchanges, plan.repeat, duration_text(result.exchange_min),
                          duration_text(result.exchange_max), duration_text(result.exchange_mean));
    }
    if (plan.answer > 0) {
      text += fmt::format("{}: {} of {} of the answer came back\n", plan.name,
                          bytes_text(result.bytes_back), bytes_text(plan.answer));
    }
    if (!result.failure.empty()) text += fmt::format("{}: {}\n", plan.name, result.failure);
  }
  return text;
}

std::string wires_text(const Run& run) {
  std::vector<Row> rows{{"wire", "from > to", "packets", "bytes", "lost", "dropped", "marked",
                         "reordered", "doubled", "corrupted", "queue max"}};
  const Scenario& scenario = run.scenario();
  for (std::size_t i = 0; i < scenario.wires.size(); ++i) {
    const WirePlan& plan = scenario.wires[i];
    for (const bool back : {false, true}) {
      const WireWatch& wire = run.wire(i, back);
      const auto count = [&](sim::Fate fate) { return fmt::format("{}", wire.count(fate)); };
      rows.push_back({plan.name,
                      fmt::format("{} > {}", scenario.node_name(back ? plan.b : plan.a),
                                  scenario.node_name(back ? plan.a : plan.b)),
                      fmt::format("{}", wire.packets()), bytes_text(wire.bytes()),
                      fmt::format("{}", wire.lost()), fmt::format("{}", wire.dropped()),
                      count(sim::Fate::marked), count(sim::Fate::reordered),
                      count(sim::Fate::duplicated), count(sim::Fate::corrupted),
                      bytes_text(wire.queue_max())});
    }
  }
  return aligned(rows, 2);
}

}  // namespace

std::string table_text(const Run& run) {
  const std::vector<FlowResult> results = run.results();
  const Scenario& scenario = run.scenario();
  std::string text = scenario.title.empty() ? "" : scenario.title + "\n\n";
  text += flows_text(run, results);
  if (const std::string notes = notes_text(results); !notes.empty()) text += "\n" + notes;
  text += "\n" + wires_text(run);
  text +=
      fmt::format("\n{} packets in {} of virtual time, seed {}, digest {:016x}\n", run.packets(),
                  duration_text(run.now() - Time{}), scenario.seed, run.digest());
  return text;
}

}  // namespace bowline::inline v0::scenario
