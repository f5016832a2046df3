#pragma once

// A line for each packet, as tcpdump prints it.
//
// Two notations: today's, `Flags [S.], seq 1, ack 2, win 65535, options [...], length 0`, and the
// classic one that books and tutorials show, `S first:last(bytes) ack n win w <options>`. In the
// classic one `last` is first + bytes (SYN and FIN do not count there), the flags are S F P R, a
// dot for none of them, and a segment without data, SYN, FIN or RST shows no sequence number.

#include <cstdint>
#include <optional>
#include <string>

#include "bowline/trace/byte_sink.hpp"
#include "bowline/trace/output.hpp"
#include "bowline/trace/relative_numbers.hpp"

namespace bowline::inline v0::trace {

/// How a packet is written.
enum class Notation : std::uint8_t { today, classic };

/// What stands in front of a line.
enum class Stamp : std::uint8_t {
  none,         ///< nothing (tcpdump -t)
  since_first,  ///< 00:00:00.000123 since the first line (-ttttt)
  time_of_day,  ///< 14:03:59.123456, UTC
  epoch,        ///< 1700000000.123456 (-tt)
};

/// How lines are written. The defaults are tcpdump's with -n -t.
struct LineOptions {
  Notation notation = Notation::today;  ///< whose manner
  Stamp stamp = Stamp::none;            ///< which time stands in front
  bool absolute = false;                ///< sequence numbers as they are (-S)
  bool reasons =
      false;  ///< "  # sentence" behind packets, and lines for decisions without a packet
  /// From 1970-01-01 00:00 UTC to the origin of the Stack's time line.
  Duration epoch{};
};

/// Writes lines. It remembers conversations, so one printer belongs to one trace.
class LinePrinter {
 public:
  explicit LinePrinter(LineOptions options = {}) : options_(options) {}  ///< Prints so.

  /// The line for a packet, without stamp and reasons and without a line break.
  [[nodiscard]] std::string packet(const Packet& packet);
  /// The same with all that the options ask for.
  [[nodiscard]] std::string line(const FrameEvent& event);
  /// The line for a decision without a packet: "# connection 3: state TIME-WAIT -> CLOSED: ...".
  [[nodiscard]] std::string line(const Decision& decision);

 private:
  std::string stamp(Time time);
  std::string segment(const Segment& segment, std::span<const std::byte> options);

  LineOptions options_;
  RelativeNumbers numbers_;
  std::optional<Time> first_;
};

/// Writes a line for each event to `sink`, which must outlive it.
class LineOutput : public Output {
 public:
  /// To `sink`, which must outlive it.
  explicit LineOutput(ByteSink& sink, LineOptions options = {})
      : sink_(sink), printer_(options), reasons_(options.reasons) {}

  void frame(const FrameEvent& event) override { sink_.append(printer_.line(event) + '\n'); }
  void decision(const Decision& decision) override {
    if (reasons_) sink_.append(printer_.line(decision) + '\n');
  }
  void flush() override { sink_.flush(); }

 private:
  ByteSink& sink_;
  LinePrinter printer_;
  bool reasons_;
};

/// The letters of today's notation: "S.", "F.", "P.", "none".
[[nodiscard]] std::string flag_letters(std::uint16_t flags);
/// The letters of the classic notation: "S", "F", "P", "." for none of them.
[[nodiscard]] std::string classic_flag_letters(std::uint16_t flags);

}  // namespace bowline::inline v0::trace
