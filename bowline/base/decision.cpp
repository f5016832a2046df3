#include "bowline/base/decision.hpp"

namespace bowline::inline v0 {
namespace {

constexpr std::array<ReasonInfo, kReasonCount> kReasons{{
#define BOWLINE_REASON(name, kind, reference, sentence) \
  ReasonInfo{#name, ReasonKind::kind, reference, sentence},
#include "bowline/base/reasons.inc"
#undef BOWLINE_REASON
}};

}  // namespace

const ReasonInfo& info(Reason reason) noexcept {
  return kReasons[static_cast<std::size_t>(reason)];
}

std::string_view name(ReasonKind kind) noexcept {
  switch (kind) {
    case ReasonKind::drop:
      return "drop";
    case ReasonKind::send:
      return "send";
    case ReasonKind::retransmit:
      return "retransmit";
    case ReasonKind::state:
      return "state";
    case ReasonKind::window:
      return "window";
    case ReasonKind::timer:
      return "timer";
    case ReasonKind::congestion:
      return "congestion";
    case ReasonKind::path:
      return "path";
    case ReasonKind::alarm:
      return "alarm";
  }
  return "";
}

}  // namespace bowline::inline v0
