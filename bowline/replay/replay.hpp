#pragma once

// Does the calls of a record again, and compares.
//
// A new Stack is made from the record's configuration and called as the old one was, in the same
// order, at the same times, with the same bytes; its link takes as much as the old one's did. It is
// heard as the old one was, so what it does can be compared byte by byte: each result, each frame
// that it offers.

#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "bowline/base/time.hpp"
#include "bowline/trace/recorder.hpp"

namespace bowline::inline v0::replay {

/// What a replay came to.
struct ReplayOutcome {
  std::uint64_t calls = 0;     ///< done again, all the same
  std::uint64_t received = 0;  ///< frames that came in
  std::uint64_t sent = 0;      ///< wire packets that went out
  std::uint64_t digest = 0;    ///< of the calls; the record ends with it
  Time begin{};                ///< of the first call with a time
  Time end{};                  ///< the latest of any
  /// The first thing that was not the same, where the replay ended: "call 17, write at 0.123456 s:
  /// ..."; empty: nothing.
  std::string difference;
  /// Why the record is not as it was written: cut short (then `calls` is how far it went), or
  /// changed (then `difference` is no wonder); empty: it is whole.
  std::string damage;
};

/// Replays the record in `bytes`, as far as it is one. `watch` (null: nobody) sees frames and
/// decisions as it would have seen the recorded run. The error says why nothing can be replayed:
/// this is no record, or none for this build; one line, without a file's name.
[[nodiscard]] std::expected<ReplayOutcome, std::string> replay(std::span<const std::byte> bytes,
                                                               trace::Recorder* watch = nullptr);

}  // namespace bowline::inline v0::replay
