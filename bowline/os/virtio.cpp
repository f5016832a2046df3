#include "bowline/os/virtio.hpp"

#include "bowline/link/segment.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::os {
namespace {

constexpr std::size_t kTcpDataOffset = 12;
constexpr std::size_t kTcpFlags = 13;

// The first piece from the IP header on; empty for a frame that ends before it.
std::span<const std::byte> ip_part(const Frame& frame, LinkKind kind) noexcept {
  const std::span<const std::byte> head = frame.head();
  const std::size_t offset = link_header_size(kind);
  return head.size() < offset ? std::span<const std::byte>{} : head.subspan(offset);
}

// Bytes of link, IP and TCP header, if the frame is a TCP segment of `family` with all of them in
// its first piece; else 0. (The kernel's own header_size is a hint about its memory, not about the
// packet.)
std::uint16_t tcp_headers(const Frame& frame, Family family, LinkKind kind) noexcept {
  const auto head = ip_part(frame, kind);
  if (head.empty()) return 0;
  const auto ip =
      wire::parse_ip(head, frame.size - link_header_size(kind), wire::HeaderChecksum::trust);
  if (!ip || ip->family() != family || ip->protocol != wire::kProtocolTcp || ip->is_fragment() ||
      head.size() < ip->header_size + wire::kTcpHeaderSize) {
    return 0;
  }
  const auto words = std::to_integer<std::uint32_t>(head[ip->header_size + kTcpDataOffset]) >> 4U;
  const std::uint32_t size = ip->header_size + 4 * words;
  if (4 * words < wire::kTcpHeaderSize || size > head.size()) return 0;
  return static_cast<std::uint16_t>(link_header_size(kind) + size);
}

bool read_merged(const VirtioHeader& header, Frame& frame, LinkKind kind) noexcept {
  const auto type = static_cast<std::uint8_t>(header.gso_type & ~kVirtioGsoEcn);
  if (type == kVirtioGsoNone) return true;
  if (type != kVirtioGsoTcp4 && type != kVirtioGsoTcp6) return false;
  const std::uint16_t headers =
      tcp_headers(frame, type == kVirtioGsoTcp4 ? Family::ipv4 : Family::ipv6, kind);
  if (headers == 0 || header.gso_size == 0) return false;
  if (frame.size <= std::uint32_t{headers} + header.gso_size) return true;  // one packet after all
  frame.gso_size = header.gso_size;
  frame.header_size = headers;
  return true;
}

}  // namespace

bool read_virtio(const VirtioHeader& header, Frame& frame, LinkKind kind) noexcept {
  frame.checksum = Checksum::unknown;
  if ((header.flags & kVirtioNeedsChecksum) != 0) {
    const std::uint32_t end =
        std::uint32_t{header.checksum_start} + header.checksum_offset + sizeof(std::uint16_t);
    if (end > frame.size) return false;
    frame.checksum = Checksum::verified;
    frame.checksum_start = header.checksum_start;
    frame.checksum_offset = header.checksum_offset;
  } else if ((header.flags & kVirtioDataValid) != 0) {
    frame.checksum = Checksum::verified;
  }
  return read_merged(header, frame, kind);
}

VirtioHeader write_virtio(const Frame& frame, LinkKind kind) noexcept {
  VirtioHeader header;
  if (frame.checksum == Checksum::partial) {
    header.flags = kVirtioNeedsChecksum;
    header.checksum_start = frame.checksum_start;
    header.checksum_offset = frame.checksum_offset;
  }
  if (wire_packets(frame) == 1) return header;
  const auto head = frame.head();
  const auto ip = ip_part(frame, kind);
  const bool v6 = !ip.empty() && std::to_integer<unsigned>(ip[0]) >> 4U == 6;
  header.gso_type = v6 ? kVirtioGsoTcp6 : kVirtioGsoTcp4;
  header.header_size = frame.header_size;
  header.gso_size = frame.gso_size;
  const std::size_t flags = frame.checksum_start + kTcpFlags;
  if (flags < head.size() && (std::to_integer<std::uint16_t>(head[flags]) & wire::kCwr) != 0) {
    header.gso_type |= kVirtioGsoEcn;  // CWR is for the first packet alone (RFC 3168 6.1.2)
  }
  return header;
}

}  // namespace bowline::inline v0::os
