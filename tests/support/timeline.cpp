#include "tests/support/timeline.hpp"

#include <fmt/format.h>

#include "bowline/tcp/state.hpp"

namespace bowline::test {
namespace {

std::string print(const Decision& decision) {
  const ReasonInfo& about = info(decision.reason);
  std::string line = fmt::format("      {}: {}", about.name, about.sentence);
  if (!about.reference.empty()) line += fmt::format(" ({})", about.reference);
  if (about.kind == ReasonKind::state) {
    line += fmt::format("  {} -> {}", tcp::name(static_cast<tcp::State>(decision.from)),
                        tcp::name(static_cast<tcp::State>(decision.to)));
  } else if (decision.from != 0 || decision.to != 0) {
    line += fmt::format("  {} -> {}", decision.from, decision.to);
  }
  return line;
}

}  // namespace

void Timeline::decided(const Decision& decision) noexcept {
  lines_.push_back({decision.now, {}, decision});
}

std::string Timeline::tail(std::size_t most) const {
  std::string text;
  const std::size_t first = lines_.size() > most ? lines_.size() - most : 0;
  if (first > 0) text += fmt::format("  ... {} lines before\n", first);
  for (std::size_t i = first; i < lines_.size(); ++i) {
    const Line& line = lines_[i];
    const double seconds = static_cast<double>((line.at - start_).count()) * 1e-9;
    text += fmt::format("  {:+13.6f} {}\n", seconds,
                        line.what.empty() ? print(line.decision) : line.what);
  }
  return text;
}

}  // namespace bowline::test
