#pragma once

// An explanation for programs: NDJSON, one object on a line. docs/explain.md names the fields.

#include <string_view>

#include "bowline/explain/analyzer.hpp"
#include "bowline/explain/report/text_report.hpp"
#include "bowline/trace/byte_sink.hpp"

namespace bowline::inline v0::explain {

/// Writes the explanation of the capture `name` to `sink`: all connections that `options` selects.
void write_json(trace::ByteSink& sink, std::string_view name, const CaptureInfo& capture,
                const Explanation& explanation, const ReportOptions& options);

}  // namespace bowline::inline v0::explain
