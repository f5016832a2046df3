// Text traces: any text is read without harm, and what was understood survives being printed and
// read again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bowline/trace/ladder_text.hpp"
#include "bowline/trace/ladders_of.hpp"
#include "bowline/trace/line.hpp"
#include "bowline/trace/trace_reader.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

std::string print(const std::vector<std::byte>& packet, trace::Notation notation) {
  trace::LinePrinter printer({.notation = notation, .absolute = true});
  return printer.packet(trace::take_apart(packet, LinkKind::ip));
}

// Printed, read and printed again it is the same line.
void check_round_trip(const trace::Segment& segment, trace::Notation notation) {
  const std::vector<std::byte> packet = trace::to_packet(segment);
  if (packet.empty()) return;  // more than a packet holds
  const std::string line = print(packet, notation);
  const auto back = trace::read_trace(line, {.numbers = trace::NumberForm::absolute});
  require(back.has_value() && back->size() == 1);
  require(print(trace::to_packet(back->front().segment), notation) == line);
}

void check(std::string_view text) {
  const auto segments = trace::read_trace(text);
  if (!segments) {
    require(segments.error().find('\n') == std::string::npos);
    return;
  }
  for (const trace::TracedSegment& one : *segments) {
    check_round_trip(one.segment, trace::Notation::today);
    check_round_trip(one.segment, trace::Notation::classic);
  }
  for (const trace::Ladder& ladder : trace::ladders_of(*segments)) {
    for (const std::string& line : trace::draw(ladder)) require(trace::columns(line) <= 100);
  }
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
