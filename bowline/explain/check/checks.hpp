#pragma once

// The rules, in the order in which RFC 9293 section 3.10.7.4 goes through a segment.
//
// Each is a function over a step: the connection, its two ends and the segment. They change what is
// known of the ends and add what they find. A rule that says that the segment is to be passed over
// ends the step, and the segment then changes nothing.

#include <string>

#include "bowline/explain/connection.hpp"
#include "bowline/explain/observed.hpp"

namespace bowline::inline v0::explain::check {

/// A segment on its way through the rules.
struct Step {
  Connection& connection;
  End& from;
  End& to;
  trace::Side side;  ///< of `from`
  const Observed& seen;

  [[nodiscard]] const trace::Segment& segment() const noexcept { return seen.segment; }
  [[nodiscard]] trace::Side other() const noexcept { return trace::opposite(side); }
  /// Adds a finding about the sender of this segment and marks its rung.
  template <class Text>
  void found(Rule rule, Text text) {
    connection.findings().add(rule, side, seen.number, text);
    if (!connection.rung().rule || info(rule).kind == RuleKind::violation) {
      connection.rung().rule = rule;
    }
  }
  /// A number of the sender's stream as it is printed; of the receiver's.
  [[nodiscard]] std::uint32_t own(SeqNumber number) const noexcept {
    return connection.shown(side, number);
  }
  [[nodiscard]] std::uint32_t others(SeqNumber number) const noexcept {
    return connection.shown(other(), number);
  }
};

/// Whether a segment goes on.
enum class Verdict : std::uint8_t {
  go_on,
  pass_over,  ///< the receiver must not act on it: it changes nothing
};

/// Combinations of flags that no stack sends (3.10.7).
[[nodiscard]] Verdict flags(Step& step);
/// SYN and SYN-ACK: numbers, options, repeats (3.10.7.2, 3.10.7.3, 3.10.7.4 fourth).
[[nodiscard]] Verdict opening(Step& step);
/// Options behind the handshake, timestamps (RFC 7323).
void options(Step& step);
/// Is it a reset, and why? (3.10.7.4 second)
[[nodiscard]] Verdict reset(Step& step);
/// Data and FIN: new, again, out of order, beyond the window (3.10.7.4 first, seventh, eighth).
[[nodiscard]] Verdict sequence(Step& step);
/// The acknowledgment, SACK blocks, round trips (3.10.7.4 fifth).
void acknowledgment(Step& step);
/// The window that it offers (3.8.6).
void window(Step& step);
/// ECN and urgent data.
void marks(Step& step);

/// "1.5 s", "0.25 ms".
[[nodiscard]] std::string duration_text(Duration duration);
/// "bytes 1 to 1448", "SYN", "FIN".
[[nodiscard]] std::string range_text(const Step& step);

}  // namespace bowline::inline v0::explain::check
