#pragma once

// The virtio-net header: how the kernel says of a frame what bowline::Frame says of it.
//
// With IFF_VNET_HDR (TUN, TAP) or PACKET_VNET_HDR (packet sockets) each packet that is read or
// written has these ten bytes in front: whether its checksum is made, and into what it is to be
// cut, or from what it was merged. Its offsets count from the frame's first byte, as a Frame's do.
// So a segment of 64 KiB crosses in one system call and nobody touches its bytes to sum them. The
// struct is ours because <linux/virtio_net.h> is not C++. (Virtual I/O Device specification 1.2,
// section 5.1.6)

#include <cstddef>
#include <cstdint>

#include "bowline/base/frame.hpp"
#include "bowline/link/link.hpp"

namespace bowline::inline v0::os {

/// struct virtio_net_hdr in this machine's byte order, which is the kernel's unless it is told
/// otherwise.
struct VirtioHeader {
  std::uint8_t flags = 0;             ///< VIRTIO_NET_HDR_F_…
  std::uint8_t gso_type = 0;          ///< VIRTIO_NET_HDR_GSO_…
  std::uint16_t header_size = 0;      ///< bytes of headers, a hint
  std::uint16_t gso_size = 0;         ///< payload bytes of each packet to be cut
  std::uint16_t checksum_start = 0;   ///< where summing begins
  std::uint16_t checksum_offset = 0;  ///< from there: where the sum goes
};
static_assert(sizeof(VirtioHeader) == 10 && offsetof(VirtioHeader, checksum_offset) == 8);

/// VirtioHeader::flags.
inline constexpr std::uint8_t kVirtioNeedsChecksum = 1;
inline constexpr std::uint8_t kVirtioDataValid = 2;

/// VirtioHeader::gso_type; kVirtioGsoEcn is a bit beside the type.
inline constexpr std::uint8_t kVirtioGsoNone = 0;
inline constexpr std::uint8_t kVirtioGsoTcp4 = 1;
inline constexpr std::uint8_t kVirtioGsoUdp = 3;
inline constexpr std::uint8_t kVirtioGsoTcp6 = 4;
inline constexpr std::uint8_t kVirtioGsoUdpL4 = 5;
inline constexpr std::uint8_t kVirtioGsoEcn = 0x80;

/// Puts what `header` says of a received `frame` (bytes and size are there) into it: checksum,
/// gso_size, header_size. A packet whose checksum the kernel left undone has never been on a wire:
/// it counts as verified, and start and offset say where the pseudo-header's sum stands in it.
///
/// `kind` says what the frame begins with. False for a header that contradicts its frame, or that
/// tells of merged UDP (see udp_segments.hpp).
[[nodiscard]] bool read_virtio(const VirtioHeader& header, Frame& frame,
                               LinkKind kind = LinkKind::ip) noexcept;

/// What to tell the kernel about `frame`, to be transmitted on a link of `kind`.
[[nodiscard]] VirtioHeader write_virtio(const Frame& frame, LinkKind kind = LinkKind::ip) noexcept;

}  // namespace bowline::inline v0::os
