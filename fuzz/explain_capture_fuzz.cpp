// Captures: whatever a file holds is read without harm, explained within bounds, and printed
// without anything that a terminal would obey.

#include <cstddef>
#include <cstdint>
#include <string>

#include "bowline/explain/report/json_report.hpp"
#include "bowline/explain/report/layers_text.hpp"
#include "bowline/explain/report/text_report.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

void check_printable(const std::string& text) {
  for (const char c : text) require(c == '\n' || (c & 0x80) != 0 || (c >= ' ' && c <= '~'));
}

void check(std::span<const std::byte> bytes) {
  explain::MemorySource source(bytes);
  explain::InputBuffer input(source);
  auto reader = explain::open_capture(input);
  if (!reader) {
    require(reader.error().find('\n') == std::string::npos);
    return;
  }
  explain::AnalyzerSettings settings;
  settings.bounds.connections = 8;
  settings.bounds.reports = 8;
  settings.bounds.sent = 16;
  settings.bounds.holes = 4;
  explain::Analyzer analyzer(settings);
  explain::CapturedPacket packet;
  explain::Read read;
  std::uint64_t last = 0;
  while ((read = (*reader)->next(packet)) == explain::Read::packet) {
    require(packet.number > last);
    last = packet.number;
    require(packet.bytes.size() <= packet.size);
    const explain::Decoded decoded = explain::decode(packet);
    require(decoded.payload.size() <= decoded.payload_size);
    const bool from_text = (*reader)->info().from_text;
    const explain::Connection* const connection = analyzer.add(packet, decoded, from_text);
    check_printable(explain::layers_text(packet, decoded, connection, from_text, false));
  }
  if (read == explain::Read::broken) {
    require((*reader)->error().find('\n') == std::string::npos);
  }
  const explain::Explanation explanation = std::move(analyzer).finish();
  require(explanation.connections.size() <= settings.bounds.reports);
  trace::MemorySink text;
  explain::write_text(text, "capture", (*reader)->info(), explanation, {});
  check_printable(text.bytes());
  trace::MemorySink json;
  explain::write_json(json, "capture", (*reader)->info(), explanation, {});
  check_printable(json.bytes());
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
