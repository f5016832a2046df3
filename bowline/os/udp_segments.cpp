#include "bowline/os/udp_segments.hpp"

#include <algorithm>
#include <cstring>

#include "bowline/link/segment.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ethernet.hpp"

namespace bowline::inline v0::os {
namespace {

constexpr std::uint32_t kLink = wire::kEthernetHeaderSize;

}  // namespace

bool UdpSegments::is_merged(const VirtioHeader& header) noexcept {
  return (header.gso_type & ~kVirtioGsoEcn) == kVirtioGsoUdpL4;
}

std::optional<UdpSegments> UdpSegments::of(const VirtioHeader& header,
                                           const Frame& frame) noexcept {
  const std::span<const std::byte> head = frame.head();
  if (header.gso_size == 0 || (header.flags & kVirtioNeedsChecksum) == 0 || head.size() < kLink) {
    return std::nullopt;
  }
  const auto ip = wire::parse_ip(head.subspan(kLink), frame.size - kLink);
  // The kernel merges no fragments and nothing with options.
  if (!ip || ip->protocol != wire::kProtocolUdp || ip->is_fragment() ||
      ip->header_size != wire::ip_header_size(ip->family())) {
    return std::nullopt;
  }
  const auto udp = wire::parse_udp(head.subspan(kLink + ip->header_size), ip->payload_size);
  if (!udp) return std::nullopt;
  return UdpSegments(frame, *ip, *udp, header.gso_size);
}

bool UdpSegments::next(BufferPool& pool, Frame& datagram) noexcept {
  if (taken_ >= udp_.payload_size) return false;
  const std::uint32_t headers = kLink + ip_.header_size + wire::kUdpHeaderSize;
  const std::uint32_t payload = std::min<std::uint32_t>(size_, udp_.payload_size - taken_);
  const Buffer buffer = pool.allocate(headers);
  if (!buffer) return false;

  wire::IpHeader ip = ip_;
  ip.payload_size = wire::kUdpHeaderSize + payload;
  wire::UdpHeader udp = udp_;
  udp.payload_size = static_cast<std::uint16_t>(payload);
  // This kernel sent it and sums nothing for itself. What would stand in the field is the part that
  // covers the pseudo-header, and a capture completes it.
  udp.checksum =
      wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size).partial();
  std::memcpy(buffer.data(), frame_.head().data(), kLink);
  std::uint32_t at = kLink;
  at += wire::emit_ip(buffer.data() + at, ip);
  at += wire::emit_udp(buffer.data() + at, udp);

  datagram = Frame{};
  datagram.append(buffer.slice(0, headers));
  if (!append_part(datagram, frame_, headers + taken_, payload)) return false;
  datagram.checksum = Checksum::verified;
  datagram.checksum_start = static_cast<std::uint16_t>(headers - wire::kUdpHeaderSize);
  datagram.checksum_offset = wire::kUdpChecksumOffset;
  taken_ += payload;
  ++ip_.identification;
  return true;
}

}  // namespace bowline::inline v0::os
