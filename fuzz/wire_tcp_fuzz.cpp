// TCP headers and options.
//
// The first byte of an input says how the segment's size differs from that of its first piece, -128
// to 127 bytes; the rest is that piece, from the TCP header on.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bowline/wire/tcp.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

bool same(const wire::TcpHeader& a, const wire::TcpHeader& b) {
  return a.source_port == b.source_port && a.destination_port == b.destination_port &&
         a.seq == b.seq && a.ack == b.ack && a.flags == b.flags && a.window == b.window &&
         a.checksum == b.checksum && a.urgent == b.urgent;
}

bool same(const wire::TcpOptions& a, const wire::TcpOptions& b) {
  return a.timestamps == b.timestamps && a.mss == b.mss && a.window_scale == b.window_scale &&
         a.sack_permitted == b.sack_permitted &&
         std::ranges::equal(a.sack_blocks(), b.sack_blocks()) && a.user_timeout == b.user_timeout &&
         a.fast_open == b.fast_open && a.acc_ecn == b.acc_ecn;
}

// What parsed can be emitted, unless the padding between its options makes it too long, and parses
// to the same.
void check_round_trip(const wire::TcpView& view) {
  std::array<std::byte, wire::kTcpMaxHeaderSize> bytes{};
  const std::uint32_t size = wire::emit_tcp(bytes, view.header, view.options);
  require((size == 0) == (wire::options_size(view.options) > wire::kTcpMaxOptionsSize));
  if (size == 0) return;
  const auto again = wire::parse_tcp(std::span(bytes).first(size), size);
  require(again.has_value());
  require(again->header_size == size && again->payload_size == 0);
  require(same(again->header, view.header) && same(again->options, view.options));
}

void check(std::span<const std::byte> input) {
  if (input.empty()) return;
  const auto head = input.subspan(1);
  const auto difference = std::to_integer<std::int64_t>(input[0]) - 128;
  const auto segment_size = static_cast<std::uint32_t>(
      std::max<std::int64_t>(0, static_cast<std::int64_t>(head.size()) + difference));

  const auto view = wire::parse_tcp(head, segment_size);
  if (!view) return;
  require(view->header_size >= wire::kTcpHeaderSize && view->header_size <= head.size());
  require(view->header_size + view->payload_size == segment_size);
  require(!view->options.window_scale || *view->options.window_scale <= wire::kMaxWindowScale);
  require(view->options.sack_count <= wire::kMaxSackBlocks);
  check_round_trip(*view);
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
