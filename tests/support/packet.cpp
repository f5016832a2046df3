#include "tests/support/packet.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline::test {
namespace {

std::string_view name_of(Reason reason) { return info(reason).name; }

void parse_transport(SentPacket& packet) {
  const std::span<const std::byte> all(packet.bytes);
  const auto segment = all.subspan(packet.ip.header_size, packet.ip.payload_size);
  wire::ChecksumSum sum;
  if (packet.ip.protocol != wire::kProtocolIcmp) {
    sum = wire::pseudo_header_sum(packet.ip.source, packet.ip.destination, packet.ip.protocol,
                                  packet.ip.payload_size);
  }
  sum.add(segment);
  if (!sum.verifies()) packet.defect = "wrong transport checksum";

  if (packet.ip.protocol == wire::kProtocolTcp) {
    const auto view = wire::parse_tcp(segment, packet.ip.payload_size);
    if (!view) {
      packet.defect = fmt::format("bad TCP header: {}", name_of(view.error()));
    } else {
      packet.tcp = *view;
      if ((std::to_integer<unsigned>(segment[12]) & 0x0eU) != 0) {
        packet.defect = "reserved bits are set (RFC 9293 3.1)";
      }
    }
  } else if (packet.ip.protocol == wire::kProtocolIcmp ||
             packet.ip.protocol == wire::kProtocolIcmpV6) {
    const auto message = wire::parse_icmp(packet.ip.family(), segment, packet.ip.payload_size);
    if (!message) {
      packet.defect = fmt::format("bad ICMP message: {}", name_of(message.error()));
    } else {
      packet.icmp = *message;
    }
  }
}

}  // namespace

std::span<const std::byte> SentPacket::payload() const {
  if (!tcp) return {};
  return std::span<const std::byte>(bytes).subspan(ip.header_size + tcp->header_size,
                                                   tcp->payload_size);
}

std::uint32_t SentPacket::sequence_length() const {
  if (!tcp) return 0;
  return tcp->payload_size + (tcp->header.has(wire::kSyn) ? 1U : 0U) +
         (tcp->header.has(wire::kFin) ? 1U : 0U);
}

SentPacket parse_packet(Bytes bytes) {
  SentPacket packet;
  packet.bytes = std::move(bytes);
  const auto ip = wire::parse_ip(packet.bytes, static_cast<std::uint32_t>(packet.bytes.size()));
  if (!ip) {
    packet.defect = fmt::format("bad IP header: {}", name_of(ip.error()));
    return packet;
  }
  packet.ip = *ip;
  if (ip->total_size() != packet.bytes.size()) {
    packet.defect =
        fmt::format("{} bytes, {} says the IP header", packet.bytes.size(), ip->total_size());
    return packet;
  }
  parse_transport(packet);
  return packet;
}

Bytes build_packet(const wire::IpHeader& ip, std::span<const std::byte> tcp_header,
                   std::span<const std::byte> payload) {
  const auto segment_size = static_cast<std::uint32_t>(tcp_header.size() + payload.size());
  wire::IpHeader header = ip;
  header.protocol = wire::kProtocolTcp;
  header.payload_size = segment_size;
  Bytes bytes(wire::ip_header_size(ip.family()));
  wire::emit_ip(bytes.data(), header);
  const std::size_t tcp_at = bytes.size();
  bytes.insert(bytes.end(), tcp_header.begin(), tcp_header.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());

  std::byte* field = bytes.data() + tcp_at + wire::kTcpChecksumOffset;
  store_be<std::uint16_t>(field, 0);
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(ip.source, ip.destination, wire::kProtocolTcp, segment_size);
  sum.add(std::span<const std::byte>(bytes).subspan(tcp_at));
  store_be<std::uint16_t>(field, sum.finish());
  return bytes;
}

Bytes build_icmp_error(const IpAddress& source, const IpAddress& destination, wire::IcmpKind kind,
                       std::uint32_t word, std::span<const std::byte> offending) {
  std::array<std::byte, 2048> message{};
  const std::uint32_t size =
      wire::emit_icmp_error(message, kind, word, source, destination, offending);
  wire::IpHeader header;
  header.source = source;
  header.destination = destination;
  header.protocol = source.is_v4() ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
  header.payload_size = size;
  Bytes bytes(wire::ip_header_size(source.family()));
  wire::emit_ip(bytes.data(), header);
  bytes.insert(bytes.end(), message.begin(), message.begin() + size);
  return bytes;
}

Bytes pattern(std::uint32_t key, std::uint64_t offset, std::size_t count) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = pattern_byte(key, offset + i);
  return bytes;
}

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace bowline::test
