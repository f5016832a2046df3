// ICMP of both families, with the packets that errors quote, and errors about arbitrary packets.
//
// The lowest bit of an input's first byte chooses the family; the rest is the message.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bowline/wire/icmp.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

// An error that quotes `offending`, into a buffer of `room` bytes, is intact and parses to its
// kind, unless the quote itself does not parse.
void check_error_about(std::span<const std::byte> offending, Family family, std::size_t room) {
  std::array<std::byte, wire::kIpv6MinMtu> buffer{};
  const auto address = IpAddress::any(family);
  const std::uint32_t size =
      wire::emit_icmp_error(std::span(buffer).first(room), wire::IcmpKind::packet_too_big, 1400,
                            address, address, offending);
  require(size <= room);
  if (size == 0) return;
  const auto message = std::span<const std::byte>(buffer).first(size);
  wire::ChecksumSum sum;
  if (family == Family::ipv6) {
    sum = wire::pseudo_header_sum(address, address, wire::kProtocolIcmpV6, size);
  }
  sum.add(message);
  require(sum.verifies());
  const auto parsed = wire::parse_icmp(family, message, size);
  require(!parsed || (parsed->kind == wire::IcmpKind::packet_too_big && parsed->mtu == 1400));
}

void check(std::span<const std::byte> input) {
  if (input.empty()) return;
  const auto first = std::to_integer<unsigned>(input[0]);
  const Family family = (first & 1U) != 0 ? Family::ipv6 : Family::ipv4;
  const auto bytes = input.subspan(1);

  const auto message = wire::parse_icmp(family, bytes, static_cast<std::uint32_t>(bytes.size()));
  if (message) {
    require(message->family == family);
    require(message->quote.has_value() == wire::is_error(message->kind));
    require(!message->quote || message->quote->ip.family() == family);
    require(message->kind == wire::IcmpKind::packet_too_big || message->mtu == 0);
  }
  check_error_about(bytes, family, 8 * (first >> 1U));
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
