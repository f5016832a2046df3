#pragma once

// NDJSON: one object on a line for each segment and each decision.
//
// The names of fields and what they hold are in docs/trace-format.md and do not change. Nothing
// here is locale-dependent, and every line is valid JSON whatever the packets hold.

#include <string>
#include <string_view>

#include "bowline/trace/byte_sink.hpp"
#include "bowline/trace/output.hpp"

namespace bowline::inline v0::trace {

/// Builds one JSON object, fields in the order of the calls.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);       ///< A string.
  JsonObject& number(std::string_view name, std::uint64_t value);        ///< A number.
  JsonObject& signed_number(std::string_view name, std::int64_t value);  ///< A number.
  JsonObject& boolean(std::string_view name, bool value);                ///< true or false.
  /// `json` is a value already.
  JsonObject& raw(std::string_view name, std::string_view json);
  /// The object; nothing may be added afterwards.
  [[nodiscard]] std::string finish() &&;

 private:
  void begin(std::string_view name);
  std::string text_ = "{";
};

/// `text` as a JSON string, quotes included. Bytes that are not ASCII become '?'.
[[nodiscard]] std::string json_string(std::string_view text);

/// How events are written.
struct JsonOptions {
  /// From 1970-01-01 00:00 UTC to the origin of the Stack's time line.
  Duration epoch{};
};

/// Writes events to `sink`, which must outlive it.
class JsonOutput : public Output {
 public:
  /// Writes to `sink`, which must outlive it.
  explicit JsonOutput(ByteSink& sink, JsonOptions options = {}) : sink_(sink), options_(options) {}

  void interface(const InterfaceName& interface) override;
  void frame(const FrameEvent& event) override;
  void decision(const Decision& decision) override;
  void flush() override { sink_.flush(); }

 private:
  [[nodiscard]] std::int64_t time(Time time) const;

  ByteSink& sink_;
  JsonOptions options_;
};

}  // namespace bowline::inline v0::trace
