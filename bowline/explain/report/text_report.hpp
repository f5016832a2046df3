#pragma once

// An explanation for a person: a table of the connections, then each with its ladder and what was
// found, by packet numbers that tcpdump and Wireshark show too.

#include <cstdint>
#include <optional>
#include <string>

#include "bowline/explain/analyzer.hpp"
#include "bowline/explain/filter.hpp"
#include "bowline/trace/byte_sink.hpp"
#include "bowline/trace/ladder_text.hpp"

namespace bowline::inline v0::explain {

/// What is printed, and how.
struct ReportOptions {
  trace::LadderOptions drawing;
  bool summary_only = false;
  std::uint64_t connection = 0;  ///< this one alone; 0: all
  Filter filter;
  /// Rows of the table and connections below it that are printed. Who wants more asks by filter.
  std::size_t most_connections = 200;

  [[nodiscard]] bool selects(const Connection& each) const {
    return (connection == 0 || each.number() == connection) && filter.accepts(each);
  }
};

/// Writes the explanation of the capture `name` to `sink`.
void write_text(trace::ByteSink& sink, std::string_view name, const CaptureInfo& capture,
                const Explanation& explanation, const ReportOptions& options);

/// "2026-11-21 03:04:05.123456 UTC"; seconds alone for a time that is no date.
[[nodiscard]] std::string date_text(Time time);

}  // namespace bowline::inline v0::explain
