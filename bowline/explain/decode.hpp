#pragma once

// A captured packet taken apart, from the frame to the application's bytes.
//
// Unlike trace::take_apart(), which sees the frames of our own stack, this one expects captures
// from anywhere: any link header, frames cut by the capture's snap length, checksums that the
// capturing machine had not filled in yet. What is not there is not made up.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "bowline/explain/capture/capture.hpp"
#include "bowline/wire/arp.hpp"
#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0::explain {

/// What a checksum field holds.
enum class ChecksumState : std::uint8_t {
  unknown,  ///< not all that it covers was captured
  right,
  wrong,
  none,       ///< UDP over IPv4 without one
  to_device,  ///< the sum of the pseudo-header alone: the network device fills in the rest
};

/// A VLAN tag (IEEE 802.1Q).
struct VlanTag {
  std::uint16_t type = 0;     ///< 0x8100, or that of a service provider's (802.1ad)
  std::uint16_t control = 0;  ///< priority and number
  [[nodiscard]] constexpr std::uint16_t id() const noexcept { return control & 0xfffU; }
};

/// The layers of a packet. Views are on the captured bytes.
struct Decoded {
  /// Bytes in front of the network layer's header, tags included.
  std::uint32_t link_size = 0;
  std::optional<wire::EthernetHeader> ethernet;
  std::array<VlanTag, 4> vlans{};
  std::uint8_t vlan_count = 0;
  /// What the link layer says that follows, in Ethernet's numbers.
  std::uint16_t ether_type = 0;
  std::optional<wire::ArpPacket> arp;

  /// From the IP header on, as captured.
  std::span<const std::byte> ip_bytes;
  std::optional<wire::IpHeader> ip;
  ChecksumState ip_checksum = ChecksumState::unknown;

  /// From the transport header on, as captured.
  std::span<const std::byte> transport;
  std::optional<wire::TcpView> tcp;
  /// The TCP options as they stand, padding included.
  std::span<const std::byte> tcp_options;
  bool options_cut = false;  ///< there are options, and the capture ends before them
  std::optional<wire::UdpHeader> udp;
  std::optional<wire::IcmpMessage> icmp;
  ChecksumState checksum = ChecksumState::unknown;

  /// What the transport carries, as captured; `payload_size` bytes in truth.
  std::span<const std::byte> payload;
  std::uint32_t payload_size = 0;

  /// Which way it went, by the capture's marks or the link header's.
  std::optional<trace::Way> way;
  /// Why it could not be taken apart any further, although enough of it was captured.
  std::optional<Reason> broken;
  /// The capture ends within the headers.
  bool headers_cut = false;

  [[nodiscard]] bool payload_cut() const noexcept { return payload.size() < payload_size; }
};

/// Takes `packet` apart.
[[nodiscard]] Decoded decode(const CapturedPacket& packet) noexcept;

}  // namespace bowline::inline v0::explain
