#include <fmt/format.h>

#include <cmath>

#include "bowline/explain/check/checks.hpp"

namespace bowline::inline v0::explain::check {

std::string duration_text(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  if (std::abs(seconds) >= 100) return fmt::format("{:.0f} s", seconds);
  if (std::abs(seconds) >= 1) return fmt::format("{:.3g} s", seconds);
  if (std::abs(seconds) >= 1e-3) return fmt::format("{:.3g} ms", seconds * 1e3);
  return fmt::format("{:.3g} us", seconds * 1e6);
}

std::string range_text(const Step& step) {
  const trace::Segment& segment = step.segment();
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " and ") + part; };
  if (segment.has(wire::kSyn)) add(segment.has(wire::kAck) ? "its SYN-ACK" : "its SYN");
  if (segment.length == 1) {
    add(fmt::format("byte {}", step.own(segment.seq)));
  } else if (segment.length > 0) {
    add(fmt::format("bytes {} to {}", step.own(segment.seq),
                    step.own(segment.seq + (segment.length - 1))));
  }
  if (segment.has(wire::kFin)) add("its FIN");
  return text;
}

}  // namespace bowline::inline v0::explain::check
