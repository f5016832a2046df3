#pragma once

// A ladder diagram: both ends of a connection side by side, and the segments between them.
//
// It is drawn as the RFC draws its figures: on each line the state of the sender after the segment
// left and that of the receiver after it came. Here is only what a ladder is, whoever collected
// it: a stack that sees its own end and infers the other (LadderCollector), a text trace in which
// both are inferred (ladders_of), a simulation that knows both.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bowline/base/time.hpp"
#include "bowline/tcp/state.hpp"
#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::trace {

/// The two ends.
enum class Side : std::uint8_t { left, right };

/// The end that `side` is not.
[[nodiscard]] constexpr Side opposite(Side side) noexcept {
  return side == Side::left ? Side::right : Side::left;
}

/// The state of an end, if it is known, and whether it was told or inferred from the segments.
struct EndState {
  std::optional<tcp::State> state;  ///< nothing: not known
  bool inferred = false;            ///< from the packets alone
  friend bool operator==(const EndState&, const EndState&) = default;
};

/// One rung: a segment that crosses, or something that happens at one end (a call, a timer).
struct LadderEvent {
  Time time{};                     ///< when
  Side side = Side::left;          ///< who sends; or where it happens
  std::optional<Segment> segment;  ///< nothing: no segment crosses
  bool lost = false;               ///< it never arrived
  bool repeated = false;           ///< it had been sent before
  EndState left;                   ///< after departure or arrival
  EndState right;                  ///< the right end, after it
  std::string why;                 ///< one sentence with its paragraph

  /// Of one end.
  [[nodiscard]] EndState& state(Side of) noexcept { return of == Side::left ? left : right; }
  /// Of one end.
  [[nodiscard]] const EndState& state(Side of) const noexcept {
    return of == Side::left ? left : right;
  }
};

/// A connection from its first segment to its last.
struct Ladder {
  Endpoint left;                    ///< whose column stands left
  Endpoint right;                   ///< and right
  std::string left_note;            ///< what stands behind the address: "this stack"
  std::string right_note;           ///< beside the name
  EndState left_start;              ///< before the first event
  EndState right_start;             ///< before the first event
  std::vector<LadderEvent> events;  ///< in order of time
  /// Events in the middle that were too many to keep, and before which of `events` they would
  /// stand.
  std::uint64_t left_out = 0;
  std::size_t left_out_before = 0;  ///< the event after the gap

  /// Of one end, before the first event.
  [[nodiscard]] EndState& start(Side of) noexcept {
    return of == Side::left ? left_start : right_start;
  }
};

}  // namespace bowline::inline v0::trace
