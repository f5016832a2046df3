#include "bowline/trace/sentence.hpp"

#include <fmt/format.h>

#include "bowline/tcp/flood_watch.hpp"
#include "bowline/tcp/scan_watch.hpp"
#include "bowline/trace/names.hpp"

namespace bowline::inline v0::trace {
namespace {

// What `from` and `to` say, in the unit of the kind (see Decision); empty where they say nothing.
std::string change(const Decision& decision) {
  if (info(decision.reason).kind == ReasonKind::state) {
    return fmt::format(" {} -> {}", state_name(decision.from), state_name(decision.to));
  }
  if (decision.from == 0 && decision.to == 0) return {};
  if (decision.reason == Reason::alarm_port_scan) {
    return fmt::format(" {} ports ({})", decision.from,
                       tcp::name(static_cast<tcp::ProbeKind>(decision.to)));
  }
  if (decision.reason == Reason::alarm_syn_flood) {
    return fmt::format(" {} SYNs from {}{} sources", decision.from, decision.to,
                       decision.to >= tcp::FloodWatch::kMostSources ? " or more" : "");
  }
  switch (info(decision.reason).kind) {
    case ReasonKind::timer:
      return fmt::format(" {:g} ms -> {:g} ms", decision.from / 1000.0, decision.to / 1000.0);
    case ReasonKind::congestion:
    case ReasonKind::window:
    case ReasonKind::path:
      return fmt::format(" {} -> {} bytes", decision.from, decision.to);
    default:
      return {};
  }
}

}  // namespace

std::string why(Reason reason) {
  const ReasonInfo& known = info(reason);
  if (known.reference.empty()) return std::string(known.sentence);
  return fmt::format("{} [{}]", known.sentence, known.reference);
}

std::string sentence(const Decision& decision) {
  return fmt::format("{}{}: {}", name(info(decision.reason).kind), change(decision),
                     why(decision.reason));
}

std::string sentences(std::span<const Decision> decisions) {
  std::string text;
  for (const Decision& decision : decisions) {
    if (!text.empty()) text += "; ";
    text += sentence(decision);
  }
  return text;
}

}  // namespace bowline::inline v0::trace
