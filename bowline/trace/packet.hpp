#pragma once

// A packet taken apart once, for all outputs.
//
// Whoever prints needs the same few views: the IP header, the transport's, where options and
// payload stand. What cannot be taken apart stays visible as far as it goes, with the reason.

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "bowline/base/decision.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/link/link.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0::trace {

/// Views on the bytes of one frame, which must outlive it.
struct Packet {
  /// From the IP header on; empty for a frame that carries no IP.
  std::span<const std::byte> ip_packet;
  /// What stands behind the Ethernet header of an ARP packet; empty for all others.
  std::span<const std::byte> arp;
  std::optional<wire::IpHeader> ip;  ///< if it is IP
  /// At most one of these, and none for a fragment.
  std::optional<wire::TcpView> tcp;
  std::optional<wire::UdpHeader> udp;  ///< if it is UDP
  /// The TCP options as they stand, padding included.
  std::span<const std::byte> tcp_options;
  /// Behind the transport header.
  std::span<const std::byte> payload;
  /// Why it could not be taken apart any further.
  std::optional<Reason> broken;

  [[nodiscard]] Endpoint source() const noexcept;       ///< Address and port of the sender.
  [[nodiscard]] Endpoint destination() const noexcept;  ///< Of the receiver.
};

/// Takes `frame` apart, all of whose bytes must be there. Checksums are not looked at.
[[nodiscard]] Packet take_apart(std::span<const std::byte> frame, LinkKind link) noexcept;

/// A TCP segment as values: what ladders and text traces are about.
struct Segment {
  Endpoint source;           ///< sender
  Endpoint destination;      ///< receiver
  SeqNumber seq;             ///< SEG.SEQ
  SeqNumber ack;             ///< SEG.ACK
  std::uint16_t flags = 0;   ///< wire::kSyn, …
  std::uint16_t window = 0;  ///< as in the header: not scaled
  std::uint16_t urgent = 0;  ///< SEG.UP
  std::uint32_t length = 0;  ///< bytes of data
  wire::TcpOptions options;  ///< of its header

  /// Are all of `bits` set?
  [[nodiscard]] constexpr bool has(std::uint16_t bits) const noexcept {
    return (flags & bits) == bits;
  }
  /// SEG.LEN: data, SYN and FIN (RFC 9293 section 3.4).
  [[nodiscard]] constexpr std::uint32_t numbers() const noexcept {
    return length + (has(wire::kSyn) ? 1U : 0U) + (has(wire::kFin) ? 1U : 0U);
  }
  /// The number after its last one.
  [[nodiscard]] constexpr SeqNumber end() const noexcept { return seq + numbers(); }
};

/// Both ends of a conversation, the lower one first: the same whichever way a segment goes.
using Ends = std::pair<Endpoint, Endpoint>;

/// The ends of the conversation that `segment` belongs to.
[[nodiscard]] inline Ends ends_of(const Segment& segment) {
  return segment.source < segment.destination ? Ends{segment.source, segment.destination}
                                              : Ends{segment.destination, segment.source};
}

/// The segment in `packet`; nothing when it holds no whole TCP header.
[[nodiscard]] std::optional<Segment> segment_of(const Packet& packet) noexcept;

/// An IP packet (TTL 64, no identification) that carries `segment`, checksums filled in, with
/// `segment.length` bytes of payload: those of `payload` as far as they go, then zeros. Empty when
/// the options do not fit in a header or the whole does not fit in an IP packet.
[[nodiscard]] std::vector<std::byte> to_packet(const Segment& segment,
                                               std::span<const std::byte> payload = {});

}  // namespace bowline::inline v0::trace
