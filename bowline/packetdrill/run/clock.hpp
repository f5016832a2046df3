#pragma once

// When an event is due, and whether something came when it should.

#include <optional>
#include <string>

#include "bowline/packetdrill/language/script.hpp"
#include "bowline/packetdrill/run/config.hpp"

namespace bowline::inline v0::packetdrill {

/// An event's time since the script's start, whatever its form was.
struct Due {
  TimeKind kind = TimeKind::absolute;  ///< how it was given
  Duration at{};                       ///< when; of a range: its beginning
  Duration end{};                      ///< of a range: its end; otherwise `at`
};

/// Nothing where `happened` is as `due` says; otherwise what is wrong, in one line. The tolerance
/// is the larger of the one configured and a share of the gap since the event before, which was due
/// at `before` (nothing: there was none). `what` names what happened.
[[nodiscard]] std::optional<std::string> check_time(const RunConfig& config, const Due& due,
                                                    Duration happened,
                                                    std::optional<Duration> before,
                                                    const char* what);

/// "0.250000": seconds.
[[nodiscard]] std::string seconds_text(Duration time);

}  // namespace bowline::inline v0::packetdrill
