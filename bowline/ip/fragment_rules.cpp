#include "bowline/ip/fragment_rules.hpp"

#include <algorithm>

#include "bowline/wire/tcp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0::ip {
namespace {

constexpr std::uint32_t kMaxPayload = 0xffff;

// Where ICMPv6 points to: the payload length in the fixed header, the offset in the fragment
// header, which is the last of the headers in front of a fragment's payload.
constexpr std::uint32_t kPayloadLengthAt = 4;
constexpr std::uint32_t kOffsetInFragmentHeader = 2;
constexpr std::uint32_t kFragmentHeaderSize = 8;

// Extension headers that may stand behind a fragment header (RFC 8200 section 4.1).
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kDestinationOptions = 60;

}  // namespace

bool holds_all_headers(Family family, std::uint8_t protocol,
                       std::span<const std::byte> payload) noexcept {
  while (family == Family::ipv6 && (protocol == kHopByHop || protocol == kRouting ||
                                    protocol == kFragment || protocol == kDestinationOptions)) {
    if (payload.size() < 8) return false;
    const std::size_t size =
        protocol == kFragment ? 8 : 8 + 8 * std::to_integer<std::size_t>(payload[1]);
    if (payload.size() < size) return false;
    protocol = std::to_integer<std::uint8_t>(payload[0]);
    payload = payload.subspan(size);
  }
  switch (protocol) {
    case wire::kProtocolTcp: {
      if (payload.size() < wire::kTcpHeaderSize) return false;
      const std::size_t with_options = (std::to_integer<std::size_t>(payload[12]) >> 4) * 4;
      return payload.size() >= with_options;
    }
    case wire::kProtocolUdp:
      return payload.size() >= wire::kUdpHeaderSize;
    case wire::kProtocolIcmp:
    case wire::kProtocolIcmpV6:
      return payload.size() >= wire::kIcmpHeaderSize;
    default:
      return true;  // not known here: refused when it is whole
  }
}

std::optional<FragmentRefusal> judge_fragment(const Frame& frame, const Packet& packet) noexcept {
  const bool v6 = packet.family() == Family::ipv6;
  const auto problem = v6 ? wire::IcmpKind::parameter_problem : wire::IcmpKind::other;
  if (packet.payload_size == 0 || (packet.more_fragments && packet.payload_size % 8 != 0)) {
    return FragmentRefusal{Reason::fragment_bad_size, problem, kPayloadLengthAt};
  }
  if (packet.fragment_offset + packet.payload_size > kMaxPayload) {
    const std::uint32_t at = packet.header_size - kFragmentHeaderSize + kOffsetInFragmentHeader;
    return FragmentRefusal{Reason::fragment_too_long, problem, at};
  }
  if (packet.fragment_offset == 0) {
    std::span<const std::byte> payload = frame.head();
    payload = payload.subspan(std::min<std::size_t>(payload.size(), packet.header_size));
    payload = payload.first(std::min<std::size_t>(payload.size(), packet.payload_size));
    if (!holds_all_headers(packet.family(), packet.protocol, payload)) {
      if (!v6) return FragmentRefusal{Reason::fragment_tiny};
      return FragmentRefusal{Reason::fragment_tiny, wire::IcmpKind::incomplete_headers};
    }
  } else if (packet.protocol == wire::kProtocolTcp && !v6 &&
             packet.fragment_offset < wire::kTcpHeaderSize) {
    // RFC 3128 section 2: nothing of a TCP header comes in a fragment of its own.
    return FragmentRefusal{Reason::fragment_tiny};
  }
  return std::nullopt;
}

}  // namespace bowline::inline v0::ip
