#include "bowline/wire/udp.hpp"

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/cursor.hpp"

namespace bowline::inline v0::wire {

std::expected<UdpHeader, Reason> parse_udp(std::span<const std::byte> head,
                                           std::uint32_t segment_size) noexcept {
  if (head.size() < kUdpHeaderSize) return std::unexpected(Reason::udp_malformed);
  const auto bytes = head.first<kUdpHeaderSize>();
  const std::uint32_t length = field<std::uint16_t, 4>(bytes);
  if (length < kUdpHeaderSize || length > segment_size) {
    return std::unexpected(Reason::udp_malformed);
  }
  return UdpHeader{
      .source_port = field<std::uint16_t, 0>(bytes),
      .destination_port = field<std::uint16_t, 2>(bytes),
      .payload_size = static_cast<std::uint16_t>(length - kUdpHeaderSize),
      .checksum = field<std::uint16_t, 6>(bytes),
  };
}

std::uint32_t emit_udp(std::byte* to, const UdpHeader& header) noexcept {
  store_be(to, header.source_port);
  store_be(to + 2, header.destination_port);
  store_be(to + 4, static_cast<std::uint16_t>(kUdpHeaderSize + header.payload_size));
  store_be(to + 6, header.checksum);
  return kUdpHeaderSize;
}

}  // namespace bowline::inline v0::wire
