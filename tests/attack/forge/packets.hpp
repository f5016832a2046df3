#pragma once

// Packets as an attacker writes them: every field is the caller's, right or wrong; lengths and
// checksums are filled in so that the packet is not dropped for those alone.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bowline/wire/icmp.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::attack {

/// A packet from its IP header on.
using Bytes = std::vector<std::byte>;

/// A TCP segment.
struct Tcp {
  Endpoint from{};
  Endpoint to{};
  SeqNumber seq{};
  SeqNumber ack{};
  std::uint16_t flags = 0;
  std::uint16_t window = 65'535;
  std::uint16_t urgent = 0;
  wire::TcpOptions options{};
  /// Instead of `options`: these bytes as they are, a multiple of four.
  Bytes raw_options{};
  Bytes payload{};
};

/// The packet around a segment.
[[nodiscard]] Bytes packet(const Tcp& segment);
/// A UDP datagram.
[[nodiscard]] Bytes udp(const Endpoint& from, const Endpoint& to, std::size_t size);
/// An ICMP or ICMPv6 echo request with `size` bytes of data.
[[nodiscard]] Bytes echo_request(const IpAddress& from, const IpAddress& to, std::size_t size);
/// What `router` says of `offending` to `to`. `word`: the MTU, where it says one.
[[nodiscard]] Bytes icmp_error(const IpAddress& router, const IpAddress& to, wire::IcmpKind kind,
                               std::uint32_t word, std::span<const std::byte> offending);
/// A packet around `transport`, in which the checksum at `checksum_offset` is filled in.
[[nodiscard]] Bytes around(const IpAddress& from, const IpAddress& to, std::uint8_t protocol,
                           Bytes transport, std::size_t checksum_offset);
/// The same with IPv4 options, a multiple of four bytes, whatever they say.
[[nodiscard]] Bytes with_ipv4_options(const Bytes& packet, std::span<const std::byte> options);
/// The same with IPv6 extension headers between the header and the transport: `first` is the type
/// of the first, `headers` are their bytes, of which the last names the transport.
[[nodiscard]] Bytes with_ipv6_extensions(const Bytes& packet, std::uint8_t first,
                                         std::span<const std::byte> headers);

/// A fragment: `payload` at `offset` of a datagram.
struct Fragment {
  IpAddress from{};
  IpAddress to{};
  std::uint8_t protocol = wire::kProtocolUdp;
  std::uint32_t id = 1;
  std::uint32_t offset = 0;
  bool more = true;
  Bytes payload{};
};
[[nodiscard]] Bytes packet(const Fragment& fragment);
/// `whole` cut into fragments of `each` bytes of payload, a multiple of eight.
[[nodiscard]] std::vector<Bytes> cut(const Bytes& whole, std::uint32_t each, std::uint32_t id);

/// A packet taken apart.
struct Seen {
  wire::IpHeader ip{};
  /// Of TCP.
  std::optional<wire::TcpView> tcp{};
  /// Of ICMP.
  std::optional<wire::IcmpMessage> icmp{};

  [[nodiscard]] bool has(std::uint16_t flags) const { return tcp && tcp->header.flags == flags; }
};
/// Nothing where the stack has sent what cannot be read.
[[nodiscard]] std::optional<Seen> read(std::span<const std::byte> packet);
/// A line for a packet, as tcpdump prints it.
[[nodiscard]] std::string line(std::span<const std::byte> packet);

}  // namespace bowline::attack
