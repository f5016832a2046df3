#pragma once

// Packets as the tests see them: bytes, taken apart once, with every checksum looked at.
//
// What the stack under test emits is judged by wire/'s parser, whose own tests judge it by bytes
// written down by hand; what the tests send is built here.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bowline/base/frame.hpp"
#include "bowline/base/time.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::test {

using Bytes = std::vector<std::byte>;

/// A packet that the stack under test sent.
struct SentPacket {
  Time at{};
  FrameId frame = FrameId::none;
  Bytes bytes;
  wire::IpHeader ip;
  std::optional<wire::TcpView> tcp;
  std::optional<wire::IcmpMessage> icmp;
  /// What is wrong with it in itself: unparsable, a wrong checksum; empty when nothing is.
  std::string defect;

  [[nodiscard]] std::span<const std::byte> payload() const;
  /// Length in sequence space: payload, SYN, FIN.
  [[nodiscard]] std::uint32_t sequence_length() const;
};

/// Takes `bytes` apart.
[[nodiscard]] SentPacket parse_packet(Bytes bytes);

/// An IP packet around a TCP header (its checksum is filled in) and its data.
[[nodiscard]] Bytes build_packet(const wire::IpHeader& ip, std::span<const std::byte> tcp_header,
                                 std::span<const std::byte> payload);

/// An IP packet around an ICMP error of `kind` that quotes `offending`. `word` is the MTU where
/// there is one.
[[nodiscard]] Bytes build_icmp_error(const IpAddress& source, const IpAddress& destination,
                                     wire::IcmpKind kind, std::uint32_t word,
                                     std::span<const std::byte> offending);

/// Whose stream: the key of its pattern.
inline constexpr std::uint32_t kOurStream = 1;
inline constexpr std::uint32_t kPeerStream = 2;

/// The byte at `offset` of a stream with this key: any misplaced, lost or repeated byte shows.
[[nodiscard]] constexpr std::byte pattern_byte(std::uint32_t key, std::uint64_t offset) {
  std::uint64_t x = offset + (std::uint64_t{key} << 40);
  x = (x ^ x >> 31) * 0x9e3779b97f4a7c15;
  return static_cast<std::byte>(x >> 56);
}
/// `count` bytes of the stream from `offset` on.
[[nodiscard]] Bytes pattern(std::uint32_t key, std::uint64_t offset, std::size_t count);

/// The bytes of a text.
[[nodiscard]] Bytes bytes_of(std::string_view text);

}  // namespace bowline::test
