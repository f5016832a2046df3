#include "bowline/explain/finding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bowline::inline v0::explain {
namespace {

constexpr auto kRules = std::to_array<RuleInfo>({
#define BOWLINE_RULE(name, kind, paragraph, title) {#name, RuleKind::kind, paragraph, title},
#include "bowline/explain/rules.inc"
#undef BOWLINE_RULE
});

}  // namespace

const RuleInfo& info(Rule rule) noexcept { return kRules[static_cast<std::size_t>(rule)]; }

std::size_t rule_count() noexcept { return kRules.size(); }

std::string_view name(RuleKind kind) noexcept {
  switch (kind) {
    case RuleKind::note:
      return "note";
    case RuleKind::trouble:
      return "trouble";
    case RuleKind::violation:
      return "violation";
  }
  return "?";
}

std::string to_text(const Finding& finding) {
  const RuleInfo& rule = info(finding.rule);
  std::string text;
  if (!finding.packets.empty()) text = fmt::format("packet {}: ", finding.packets.front());
  text += finding.text;
  if (!rule.paragraph.empty()) text += fmt::format(" [{}]", rule.paragraph);
  if (finding.count <= 1) return text;
  text += fmt::format("; {} times in all", finding.count);
  if (finding.packets.size() > 1) {
    text += ", also packets";
    for (std::size_t i = 1; i < finding.packets.size(); ++i) {
      text += fmt::format("{} {}", i > 1 ? "," : "", finding.packets[i]);
    }
    if (finding.count > finding.packets.size()) text += " ...";
  }
  return text;
}

Finding* Findings::find(Rule rule, std::optional<trace::Side> side) noexcept {
  for (Finding& each : list_) {
    if (each.rule == rule && each.side == side) return &each;
  }
  return nullptr;
}

const Finding* Findings::find(Rule rule) const noexcept {
  const auto found = std::ranges::find(list_, rule, &Finding::rule);
  return found == list_.end() ? nullptr : &*found;
}

std::uint64_t Findings::count(Rule rule) const noexcept {
  std::uint64_t sum = 0;
  for (const Finding& each : list_) {
    if (each.rule == rule) sum += each.count;
  }
  return sum;
}

void Findings::remove(Rule rule, std::optional<trace::Side> side) {
  std::erase_if(list_, [&](const Finding& each) { return each.rule == rule && each.side == side; });
}

void Findings::count(Finding& finding, std::uint64_t packet) {
  ++finding.count;
  if (finding.packets.size() < Finding::kMostPackets && finding.packets.back() != packet) {
    finding.packets.push_back(packet);
  }
}

}  // namespace bowline::inline v0::explain
