#pragma once

// ICMP (RFC 792) and ICMPv6 (RFC 4443): echo, and errors with the start of the packet that caused
// them.
//
// The two protocols number the same few meanings differently; here they get one name each. The
// quoted packet is what an attacker controls most freely, so it is read leniently (it may be cut
// anywhere after the eighth byte of its payload) but strictly within bounds; whether it is believed
// is for tcp/ and udp/ to say (RFC 5927).

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "bowline/base/decision.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::wire {

/// What a message means, whatever its protocol.
enum class IcmpKind : std::uint8_t {
  echo_request,
  echo_reply,
  network_unreachable,   ///< no route, or something below it: soft (RFC 1122 4.2.3.9)
  host_unreachable,      ///< soft
  protocol_unreachable,  ///< hard; IPv6 says it by a parameter problem, code 1
  port_unreachable,      ///< hard
  prohibited,            ///< by an administrator or a policy: soft
  packet_too_big,        ///< fragmentation needed; `mtu` says what fits, 0: not said
  time_exceeded,         ///< hop limit: soft
  reassembly_timeout,    ///< not all fragments came in time: soft
  parameter_problem,     ///< soft; hard in RFC 1122 only where it is our own fault
  incomplete_headers,    ///< IPv6: the first fragment does not hold all headers (RFC 7112): soft
  other,                 ///< anything else: needs no action
};

/// Is it an error message, that is, does it quote a packet?
[[nodiscard]] constexpr bool is_error(IcmpKind kind) noexcept {
  return kind != IcmpKind::echo_request && kind != IcmpKind::echo_reply && kind != IcmpKind::other;
}

/// The start of the packet that an error is about. It is one that we sent, if the error is honest:
/// its source is here and its destination there.
struct IcmpQuote {
  IpHeader ip;  ///< of the packet quoted
  /// Of TCP or UDP; 0 for another protocol or a later fragment.
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;  ///< of the packet quoted
  /// Of TCP.
  SeqNumber seq;
};

/// A parsed message.
struct IcmpMessage {
  Family family = Family::ipv4;     ///< whose ICMP it is
  IcmpKind kind = IcmpKind::other;  ///< what it means
  std::uint8_t type = 0;            ///< as on the wire
  std::uint8_t code = 0;            ///< as on the wire
  std::uint16_t checksum = 0;       ///< as on the wire
  /// Echo only.
  std::uint16_t identifier = 0;
  std::uint16_t sequence = 0;  ///< of an echo
  /// packet_too_big only: the next hop's MTU in bytes, as it says (RFC 1191 4, RFC 4443 3.2).
  std::uint32_t mtu = 0;
  /// Errors only.
  std::optional<IcmpQuote> quote;
};

/// Bytes of the header: of an echo before its data, of an error before its quote.
inline constexpr std::uint32_t kIcmpHeaderSize = 8;

/// Parses the message at the start of `head`, `size` bytes long as IP counts. `head` may be shorter
/// than that (an echo's data may stand in other pieces). The checksum is not verified: sum all its
/// pieces, with pseudo_header_sum() in front for IPv6 alone.
///
/// Errors: icmp_malformed (shorter than 8 bytes, or an error without a readable quote).
[[nodiscard]] std::expected<IcmpMessage, Reason> parse_icmp(Family family,
                                                            std::span<const std::byte> head,
                                                            std::uint32_t size) noexcept;

/// Type and code of a kind in a family: what emit_icmp_error() and emit_icmp_echo() write. `other`
/// has none and gives 0, 0.
struct IcmpTypeCode {
  std::uint8_t type = 0;  ///< as on the wire
  std::uint8_t code = 0;  ///< as on the wire
};
[[nodiscard]] IcmpTypeCode icmp_type_code(Family family, IcmpKind kind) noexcept;

/// Writes the 8 bytes in front of an echo's data at `to` and returns their number. `kind` is
/// echo_request or echo_reply, `rest` the sum over the data, and for IPv6 of the pseudo-header as
/// well.
std::uint32_t emit_icmp_echo(std::byte* to, Family family, IcmpKind kind, std::uint16_t identifier,
                             std::uint16_t sequence, ChecksumSum rest) noexcept;

/// Writes a whole error message (header, quote, checksum) into `to` and returns its size.
/// `offending` is the packet that it is about, from its IP header on; as much is quoted as a
/// message with its IP header may hold: 576 bytes for IPv4 (RFC 1812 4.3.2.3), 1280 for IPv6 (RFC
/// 4443 2.4c). `word` is the MTU or the pointer, for the kinds that have one. The
/// addresses are those of the message itself and give the family. 0 when `to` has no room even for
/// the header.
///
/// When not to send one is for the caller to know (RFC 1122 3.2.2, RFC 4443 2.4e).
[[nodiscard]] std::uint32_t emit_icmp_error(std::span<std::byte> to, IcmpKind kind,
                                            std::uint32_t word, const IpAddress& source,
                                            const IpAddress& destination,
                                            std::span<const std::byte> offending) noexcept;

}  // namespace bowline::inline v0::wire
