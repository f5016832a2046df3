#pragma once

// For the tests of explain/: a conversation written down as tcpdump prints it, explained.
//
// The lines become packets with real headers, so a test says exactly what was sent: an option that
// is not in a line is not in its segment.

#include <stdexcept>
#include <string_view>
#include <vector>

#include "bowline/explain/analyzer.hpp"
#include "bowline/trace/trace_reader.hpp"

namespace bowline::inline v0::explain::testing {

/// Feeds an analyzer with packets made of lines.
class Scene {
 public:
  explicit Scene(const AnalyzerSettings& settings = {}) : analyzer_(settings) {}

  /// Adds the segments of `text`; numbers are relative where a SYN has shown their beginning.
  Scene& lines(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const auto line = trace::read_line(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (!line) throw std::invalid_argument(line.error());
      if (!line->has_value()) continue;
      const auto traced = reader_.resolve(**line);
      if (!traced) throw std::invalid_argument(traced.error());
      packet(trace::to_packet(traced->segment), traced->time);
    }
    return *this;
  }
  /// Adds the IP packet `bytes`.
  Scene& packet(const std::vector<std::byte>& bytes, std::optional<Duration> time = {}) {
    CapturedPacket captured;
    captured.number = ++count_;
    if (time) captured.time = Time{*time};
    captured.link = LinkType::raw;
    captured.bytes = bytes;
    captured.size = static_cast<std::uint32_t>(bytes.size());
    analyzer_.add(captured, decode(captured));
    return *this;
  }
  /// Everything that was found. Once.
  [[nodiscard]] Explanation finish() { return std::move(analyzer_).finish(); }

 private:
  Analyzer analyzer_;
  trace::TraceReader reader_{{.numbers = trace::NumberForm::either}};
  std::uint64_t count_ = 0;
};

/// The explanation of `first`, then `second`.
inline Explanation explained(std::string_view first, std::string_view second = {}) {
  return Scene().lines(first).lines(second).finish();
}

/// The finding of `rule` in the only connection of `explanation`; fails the test if there are more.
inline const Finding* found(const Explanation& explanation, Rule rule) {
  return explanation.connections.size() == 1
             ? explanation.connections.front()->findings().find(rule)
             : nullptr;
}

/// A handshake of 10.0.0.1:1000 and 10.0.0.2:80, ISNs 1000000 and 5000000, 20 ms, without options.
inline constexpr std::string_view kHandshake =
    "1.000 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000000, win 65535, length 0\n"
    "1.010 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 5000000, ack 1000001, win 65535, length "
    "0\n"
    "1.020 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1, ack 1, win 65535, length 0\n";

/// The same with MSS, SACK, timestamps and window scale 7 on both sides.
inline constexpr std::string_view kHandshakeWithOptions =
    "1.000 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000000, win 65535, options [mss "
    "1460,sackOK,TS "
    "val 100 ecr 0,nop,wscale 7], length 0\n"
    "1.010 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 5000000, ack 1000001, win 65535, "
    "options [mss "
    "1460,sackOK,TS val 900 ecr 100,nop,wscale 7], length 0\n"
    "1.020 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1, ack 1, win 512, options [nop,nop,TS "
    "val 101 "
    "ecr 900], length 0\n";

}  // namespace bowline::inline v0::explain::testing
