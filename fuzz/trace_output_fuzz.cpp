// What observers make of hostile frames: the input is a list of frames with decisions about them,
// given to every output at once.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bowline/trace/json.hpp"
#include "bowline/trace/ladder_collector.hpp"
#include "bowline/trace/line.hpp"
#include "bowline/trace/pcapng.hpp"
#include "bowline/wire/cursor.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

std::uint32_t little_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return value;
}

// A chain of blocks, each with its length in front and behind.
void check_capture(const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    require(bytes.size() - at >= 12);
    const std::uint32_t length = little_endian(bytes, at + 4);
    require(length >= 12 && length % 4 == 0 && length <= bytes.size() - at);
    require(little_endian(bytes, at + length - 4) == length);
    at += length;
  }
}

void check_lines(const std::string& text) {
  require(text.empty() || text.back() == '\n');
  require(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
}

Decision decision(wire::Cursor& input, FrameId frame, Time now) {
  Decision made{};
  made.reason = static_cast<Reason>(input.u8() % kReasonCount);
  made.connection = input.u8() % 4;
  made.frame = frame;
  made.now = now;
  made.from = input.u8() % 13;  // two of these are no state
  made.to = input.u8() % 13;
  return made;
}

void check(std::span<const std::byte> bytes) {
  trace::MemorySink capture;
  trace::MemorySink today;
  trace::MemorySink classic;
  trace::MemorySink json;
  trace::MemorySink ladders;
  trace::PcapngOutput pcapng(capture, {.snap_length = 64, .epoch = {}});
  trace::LineOutput line(today, {.stamp = trace::Stamp::since_first, .reasons = true});
  trace::LineOutput classic_line(classic, {.notation = trace::Notation::classic});
  trace::JsonOutput ndjson(json);
  trace::LadderOutput ladder(ladders, {.ascii = true}, {.most_connections = 3, .most_first = 4});
  const std::vector<trace::Output*> outputs{&pcapng, &line, &classic_line, &ndjson, &ladder};

  for (trace::Output* output : outputs) output->interface({InterfaceId{0}, "fuzz0", {}});
  wire::Cursor input(bytes);
  for (std::uint64_t number = 1; input.remaining() > 0; ++number) {
    const std::uint8_t control = input.u8();
    const Time now{std::chrono::milliseconds(number)};
    const LinkKind link = (control & 1U) != 0 ? LinkKind::ethernet : LinkKind::ip;
    const trace::Way way = (control & 2U) != 0 ? trace::Way::out : trace::Way::in;
    std::vector<Decision> decisions;
    for (unsigned i = control >> 2U & 3U; i > 0; --i) {
      decisions.push_back(decision(input, FrameId{number}, now));
    }
    if ((control & 16U) != 0) {
      const Decision loose = decision(input, FrameId::none, now);
      for (trace::Output* output : outputs) output->decision(loose);
    }
    if ((control & 32U) != 0) ladder.flush();
    const std::size_t size = std::min<std::size_t>(input.u8(), input.remaining());
    const std::span<const std::byte> frame = input.bytes(size);
    const trace::Packet packet = trace::take_apart(frame, link);
    for (trace::Output* output : outputs) {
      output->frame({FrameId{number}, InterfaceId{0}, way, now, link, frame, packet, decisions});
    }
  }
  ladder.finish();
  check_capture(capture.bytes());
  for (const trace::MemorySink* sink : {&today, &classic, &json, &ladders}) {
    check_lines(sink->bytes());
  }
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
