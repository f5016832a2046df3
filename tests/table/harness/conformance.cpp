#include "tests/table/harness/conformance.hpp"

#include <algorithm>

#include "tests/table/harness/events.hpp"

namespace bowline::table {
namespace {

std::string key_of(std::size_t situation, const Preparation& preparation) {
  return std::to_string(situation) + (preparation.text_on_hand ? "t" : "") +
         (preparation.peer_window_zero ? "z" : "") + (preparation.no_text_sent ? "n" : "") +
         (preparation.keep_alive ? "k" : "") + std::to_string(preparation.user_timeout.count());
}

/// What was seen, what was demanded, and the rules it comes from.
std::string explain(const ExpandedCell& cell, const Observed& observed, const Before& before,
                    const Scene& scene) {
  std::string text;
  for (const Outcome& outcome : cell.allowed) {
    if (!chosen(outcome)) continue;
    const Expected expected(outcome, kSituations[cell.cell.situation].state, before);
    text += "  demanded: " + describe(outcome) + "\n    by";
    for (const Rule* rule : outcome.trail)
      text += " [" + std::string(rule->name) + ": " + std::string(rule->paragraph) + "]";
    text += "\n    but it";
    for (const std::string& difference : differences(observed, before, expected, scene))
      text += "\n      " + difference;
    text += '\n';
  }
  return text;
}

}  // namespace

const std::vector<Climate>& climates() {
  static const std::vector<Climate> all{
      {.name = "plain"},
      {.name = "numbers near 2^32", .irs = 0xffff'ffff - 40, .iss = 0xffff'ffff - 700},
      {.name = "IPv6", .family = Family::ipv6, .irs = 0x7fff'fff0},
  };
  return all;
}

const std::expected<Scene, std::string>& Conformance::scene_for(std::size_t situation,
                                                                const Preparation& preparation) {
  auto& slot = scenes_[key_of(situation, preparation)];
  if (slot == nullptr) {
    slot = std::make_unique<std::expected<Scene, std::string>>(
        establish(kSituations[situation], climate_, preparation));
  }
  return *slot;
}

Verdict Conformance::run(const ExpandedCell& cell) {
  const Situation& situation = kSituations[cell.cell.situation];
  const Plan plan = plan_for(cell.cell);
  if (!plan.impossible.empty()) return {Agreement::kNotGenerated, std::string(plan.impossible), {}};
  const auto& established = scene_for(cell.cell.situation, plan.preparation);
  if (!established) return {Agreement::kDisagreed, established.error(), {}};

  Scene scene = established->clone();
  Before before = Before::of(scene);
  Observed observed = perform(cell.cell, scene, before);
  bool owed = false;
  for (const Outcome& outcome : cell.allowed) {
    if (!chosen(outcome)) continue;
    const Expected expected(outcome, situation.state, before);
    if (!differences(observed, before, expected, scene).empty()) continue;
    // MUST-40: what was not acknowledged at once is acknowledged within half a second.
    if (outcome.ack_owed && observed.sent.empty() && !acknowledges_in_time(scene, expected)) {
      owed = true;
      continue;
    }
    return {Agreement::kAgreed, {}, outcome.choices};
  }
  std::string detail = explain(cell, observed, before, scene);
  if (owed) detail += "  the acknowledgment that is owed does not come within 0.5 s (MUST-40)\n";
  return {Agreement::kDisagreed, detail, {}};
}

}  // namespace bowline::table
