// IP headers of both versions, UDP in them, and the line that is printed for any packet.
//
// The first two bytes of an input say how much longer the frame is than its first piece; the rest
// is that piece.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/pretty.hpp"
#include "bowline/wire/udp.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

void check_header(std::span<const std::byte> head, const wire::IpHeader& header) {
  require(header.header_size >= wire::ip_header_size(header.family()));
  require(header.header_size <= head.size());
  require(header.source.family() == header.destination.family());
}

void check_packet(std::span<const std::byte> head, std::uint32_t frame_size) {
  const auto trusted = wire::parse_ip(head, frame_size, wire::HeaderChecksum::trust);
  const auto verified = wire::parse_ip(head, frame_size, wire::HeaderChecksum::verify);
  require(!verified || trusted);
  if (!trusted) return;
  const wire::IpHeader& header = *trusted;
  check_header(head, header);
  require(header.total_size() <= frame_size);
  require(header.family() == Family::ipv6 ||
          header.fragment_offset + header.payload_size <= 0xffff);
  if (header.family() == Family::ipv4) {
    require(verified.has_value() == wire::sum_of(head.first(header.header_size)).verifies());
  } else {
    require(verified.has_value());
  }

  const auto udp = wire::parse_udp(head.subspan(header.header_size), header.payload_size);
  require(!udp || wire::kUdpHeaderSize + udp->payload_size <= header.payload_size);

  // What is emitted for it parses to the same, but for what is not emitted: options and extensions.
  if (header.family() == Family::ipv6 && header.is_fragment()) return;
  std::array<std::byte, wire::kIpv6HeaderSize> bytes{};
  const std::uint32_t size = wire::emit_ip(bytes.data(), header);
  const auto again = wire::parse_ip(bytes, size + header.payload_size);
  // A protocol number that means an extension header says so again.
  if (!again || again->protocol != header.protocol) return;
  require(again->source == header.source && again->destination == header.destination);
  require(again->ttl == header.ttl && again->tos == header.tos);
  require(again->payload_size == header.payload_size);
  require(again->fragment_offset == header.fragment_offset);
  require(again->more_fragments == header.more_fragments);
}

void check(std::span<const std::byte> input) {
  if (input.size() < 2) return;
  const auto head = input.subspan(2);
  const auto frame_size =
      static_cast<std::uint32_t>(head.size() + load_be<std::uint16_t>(input.data()));
  check_packet(head, frame_size);
  if (const auto quoted = wire::parse_quoted_ip(head)) check_header(head, *quoted);

  std::array<char, wire::kMaxPretty> line;
  require(wire::pretty(line, head, frame_size).size() <= line.size());
  require(wire::pretty(std::span(line).first(40), head).size() <= 40);
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
