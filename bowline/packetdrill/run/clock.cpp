#include "bowline/packetdrill/run/clock.hpp"

#include <algorithm>

namespace bowline::inline v0::packetdrill {

std::string seconds_text(Duration time) {
  const bool negative = time < Duration::zero();
  const auto micro = std::chrono::duration_cast<std::chrono::microseconds>(negative ? -time : time);
  const std::string part = std::to_string(micro.count() % 1'000'000);
  return (negative ? "-" : "") + std::to_string(micro.count() / 1'000'000) + '.' +
         std::string(6 - part.size(), '0') + part;
}

std::optional<std::string> check_time(const RunConfig& config, const Due& due, Duration happened,
                                      std::optional<Duration> before, const char* what) {
  if (due.kind == TimeKind::any) return std::nullopt;
  Duration tolerance = config.tolerance;
  if (before) {
    const double share = config.tolerance_percent / 100.0;
    const Duration gap(
        static_cast<std::int64_t>(share * static_cast<double>((due.at - *before).count())));
    tolerance = std::max(tolerance, gap);
  }
  const bool range = due.kind == TimeKind::absolute_range || due.kind == TimeKind::relative_range;
  const Duration end = range ? due.end : due.at;
  if (happened >= due.at - tolerance && happened <= end + tolerance) return std::nullopt;
  return std::string(what) + " at " + seconds_text(happened) + " s, expected at " +
         seconds_text(due.at) + (range ? " to " + seconds_text(due.end) : "") + " s (tolerance " +
         seconds_text(tolerance) + " s)";
}

}  // namespace bowline::inline v0::packetdrill
