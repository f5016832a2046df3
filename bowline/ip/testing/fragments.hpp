#pragma once

// For tests of fragments: datagrams whose bytes are known, cut as a test likes.

#include <cstdint>
#include <vector>

#include "bowline/base/frame.hpp"
#include "bowline/ip/fragment_rules.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::ip::testing {

using Bytes = std::vector<std::byte>;

/// A fragment from host number `host`.
struct FragmentOf {
  Family family = Family::ipv4;
  std::uint32_t host = 2;
  std::uint32_t id = 1;
  std::uint8_t protocol = wire::kProtocolUdp;
  std::uint32_t offset = 0;
  std::uint32_t size = 8;
  bool more = true;
  std::uint8_t tos = 0;
  /// Added to each byte: something else than the datagram has there.
  std::uint8_t first_byte = 0;
};

/// `count` bytes of the datagrams' payload from `offset` on.
[[nodiscard]] inline Bytes pattern(std::uint32_t offset, std::uint32_t count) {
  Bytes bytes(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>(((offset + i) * 0x9e3779b1U) >> 24U);
  }
  return bytes;
}

/// The address of a host; over IPv6 the upper half of its number is in the prefix.
[[nodiscard]] inline IpAddress host_address(Family family, std::uint32_t host) {
  if (family == Family::ipv4) return IpAddress::v4(0x0a000000 + host);
  std::array<std::byte, 16> bytes{std::byte{0xfd}};
  for (std::size_t i = 0; i < 2; ++i) {
    bytes[2 + i] = static_cast<std::byte>(host >> (24 - 8 * i));
    bytes[14 + i] = static_cast<std::byte>(host >> (8 - 8 * i));
  }
  return IpAddress::v6(bytes);
}

/// The packet as it arrives.
[[nodiscard]] inline Frame frame_of(BufferPool& pool, const FragmentOf& fragment) {
  wire::IpHeader header;
  header.source = host_address(fragment.family, fragment.host);
  header.destination = host_address(fragment.family, 1);
  header.protocol = fragment.protocol;
  header.tos = fragment.tos;
  header.dont_fragment = false;
  header.more_fragments = fragment.more;
  header.fragment_offset = static_cast<std::uint16_t>(fragment.offset);
  header.identification = fragment.id;
  header.payload_size = fragment.size;
  const std::uint32_t head = wire::ip_fragment_header_size(fragment.family);
  Bytes bytes(head + fragment.size);
  wire::emit_ip_fragment(bytes.data(), header);
  const Bytes payload = pattern(fragment.offset, fragment.size);
  for (std::uint32_t i = 0; i < fragment.size; ++i) {
    bytes[head + i] =
        static_cast<std::byte>(std::to_integer<unsigned>(payload[i]) + fragment.first_byte);
  }
  return make_frame(pool, bytes);
}

/// What a whole packet carries.
[[nodiscard]] inline Bytes payload_of(const Frame& frame) {
  const auto header = wire::parse_ip(frame.head(), frame.size);
  if (!header || header->is_fragment()) return {};
  const auto bytes = frame.head().subspan(header->header_size, header->payload_size);
  return {bytes.begin(), bytes.end()};
}

}  // namespace bowline::inline v0::ip::testing
