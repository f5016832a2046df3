#include "bowline/trace/wire_copy.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "bowline/base/byte_order.hpp"
#include "bowline/link/segment.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0::trace {
namespace {

constexpr std::uint16_t kIcmpChecksumOffset = 2;  // RFC 4443 2.1

// Where a protocol keeps its checksum, for those that have a pseudo-header in front.
std::optional<std::uint16_t> checksum_offset(const wire::IpHeader& ip) {
  switch (ip.protocol) {
    case wire::kProtocolTcp:
      return wire::kTcpChecksumOffset;
    case wire::kProtocolUdp:
      return wire::kUdpChecksumOffset;
    case wire::kProtocolIcmpV6:
      return kIcmpChecksumOffset;
    default:
      return std::nullopt;
  }
}

// Makes the transport checksum of a whole packet right.
void fill_transport_checksum(std::span<std::byte> packet) {
  const auto ip = wire::parse_ip(packet, static_cast<std::uint32_t>(packet.size()),
                                 wire::HeaderChecksum::trust);
  if (!ip || ip->is_fragment()) return;
  const auto offset = checksum_offset(*ip);
  if (!offset || *offset + sizeof(std::uint16_t) > ip->payload_size) return;
  const std::span<std::byte> transport = packet.subspan(ip->header_size, ip->payload_size);
  std::byte* field = transport.data() + *offset;
  const bool udp = ip->protocol == wire::kProtocolUdp;
  if (udp && ip->family() == Family::ipv4 && load_be<std::uint16_t>(field) == 0) {
    return;  // the sender made none (RFC 768)
  }
  store_be<std::uint16_t>(field, 0);
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(ip->source, ip->destination, ip->protocol, ip->payload_size);
  sum.add(transport);
  store_be<std::uint16_t>(field, udp ? wire::udp_checksum_field(sum.finish()) : sum.finish());
}

std::vector<std::byte> gather(const Frame& frame) {
  std::vector<std::byte> bytes(frame.size);
  (void)frame.copy_to(0, bytes);
  return bytes;
}

}  // namespace

std::vector<std::byte> wire_copy(const Frame& frame, LinkKind link) {
  std::vector<std::byte> bytes = gather(frame);
  if (frame.checksum == Checksum::partial || frame.checksum == Checksum::verified) {
    fill_transport_checksum(
        std::span(bytes).subspan(std::min<std::size_t>(link_header_size(link), bytes.size())));
  }
  return bytes;
}

std::vector<std::vector<std::byte>> wire_cut(const Frame& frame, LinkKind link,
                                             std::uint32_t packets, BufferPool& pool) {
  std::vector<std::vector<std::byte>> cut;
  const Segmenter segmenter(frame, pool, CutChecksum::complete, link);
  if (frame.gso_size == 0 || !segmenter.valid()) {
    cut.push_back(wire_copy(frame, link));
    return cut;
  }
  for (std::uint32_t i = 0; i < std::min(packets, segmenter.packets()); ++i) {
    Frame packet;
    if (segmenter.cut(i, packet)) cut.push_back(gather(packet));
  }
  return cut;
}

}  // namespace bowline::inline v0::trace
