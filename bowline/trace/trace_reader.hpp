#pragma once

// Reads a whole trace: lines become segments with absolute numbers.
//
// What one line leaves out the others tell. Relative numbers are counted from the ISN that the SYN
// showed, and a segment without data, whose sequence number is not printed, has the one that its
// side has come to.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bowline/trace/line_reader.hpp"
#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::trace {

/// How the numbers after a SYN are meant.
enum class NumberForm : std::uint8_t {
  either,    ///< in whichever form comes nearest to what is expected
  relative,  ///< to the ISN
  absolute,  ///< as in the header (tcpdump -S)
};

/// What a trace does not say.
struct TraceReaderOptions {
  NumberForm numbers = NumberForm::either;  ///< how sequence numbers are written
  /// For lines without one.
  std::uint16_t window = 65'535;
};

/// A segment of a trace, and when it was seen, if that is printed.
struct TracedSegment {
  std::optional<Duration> time;  ///< its time stamp, if it has one
  Segment segment;               ///< what the line says
};

/// Puts lines together.
class TraceReader {
 public:
  explicit TraceReader(TraceReaderOptions options = {}) : options_(options) {}  ///< Reads so.

  /// The segment that `line` means, after those before it. The error is one line.
  [[nodiscard]] std::expected<TracedSegment, std::string> resolve(const TraceLine& line);

 private:
  // One direction: where its numbers begin and how far they have come.
  struct Half {
    std::optional<SeqNumber> start;
    std::optional<SeqNumber> next;
  };

  using Direction = std::pair<Endpoint, Endpoint>;
  // Directions remembered; then the oldest is forgotten, as if its beginning had not been seen.
  static constexpr std::size_t kMost = 131'072;

  Half& half(const Endpoint& from, const Endpoint& to);
  [[nodiscard]] SeqNumber absolute(std::uint32_t number, const Half& half) const;
  std::optional<std::string> resolve_ack(const TraceLine& line, const Half& other,
                                         SeqNumber& ack) const;

  TraceReaderOptions options_;
  std::map<Direction, Half> halves_;
  std::deque<Direction> order_;
};

/// All segments in `text`, lines in either notation, others passed over. The error names the line:
/// "line 3: ...".
[[nodiscard]] std::expected<std::vector<TracedSegment>, std::string> read_trace(
    std::string_view text, TraceReaderOptions options = {});

}  // namespace bowline::inline v0::trace
