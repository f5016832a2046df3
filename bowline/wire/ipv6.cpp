#include "bowline/wire/ipv6.hpp"

#include <algorithm>
#include <cstring>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/cursor.hpp"

namespace bowline::inline v0::wire {
namespace {

// Next header values that are extension headers (RFC 8200 4). Anything else is the transport, or
// not known here, which is for the layer above to say.
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kDestinationOptions = 60;

constexpr std::uint8_t kOptionPad1 = 0;

// More than these in one packet is nobody's honest wish (RFC 8504 5.3 lets a host set such limits).
constexpr int kMaxExtensions = 8;

// Walks the options of a hop-by-hop or destination options header. An option that is not known says
// in its two upper bits what to do with the packet: 00 go on, all else discard it (RFC 8200 4.2).
// No option is known here; a jumbogram's (0xc2, RFC 2675) is one of those that say discard.
bool options_acceptable(Cursor cursor) noexcept {
  while (cursor.remaining() > 0) {
    const std::uint8_t type = cursor.u8();
    if (type == kOptionPad1) continue;
    cursor.skip(cursor.u8());
    if ((type & 0xc0U) != 0) return false;
  }
  return cursor.ok();
}

// Takes the extension header of type `header.protocol` from `cursor` and replaces that by the next
// one.
bool take_extension(Cursor& cursor, IpHeader& header) noexcept {
  const std::uint8_t type = header.protocol;
  header.protocol = cursor.u8();
  const std::uint8_t length = cursor.u8();
  if (type == kFragment) {
    const std::uint16_t offset = cursor.u16();
    header.fragment_offset = offset & 0xfff8U;
    header.more_fragments = (offset & 1U) != 0;
    header.identification = cursor.u32();
    header.has_fragment_header = true;
    return cursor.ok();
  }
  Cursor body = cursor.part(6U + length * 8U);
  if (type == kRouting) {
    body.u8();  // which kind of routing
    // With no segments left the header has done its work, of whatever kind it is; else the packet
    // is to travel on, and a host does not forward (RFC 8200 4.4, RFC 5095).
    return body.u8() == 0 && body.ok();
  }
  return body.ok() && options_acceptable(body);
}

// Walks over the extension headers from the end of the fixed header on.
std::optional<Reason> walk_extensions(std::span<const std::byte> head, IpHeader& header) noexcept {
  Cursor cursor(head.subspan(kIpv6HeaderSize));
  for (int count = 0;; ++count) {
    const std::uint8_t type = header.protocol;
    const bool extension =
        type == kHopByHop || type == kRouting || type == kFragment || type == kDestinationOptions;
    // Behind a fragment header stands the start of the payload only in the first fragment, and even
    // there it is for reassembly to go on.
    if (!extension || header.is_fragment()) break;
    if (count == kMaxExtensions) return Reason::ip_bad_extension;
    // Hop-by-hop options stand in front or nowhere (RFC 8200 4.1).
    if (type == kHopByHop && count > 0) return Reason::ip_bad_extension;
    if (!take_extension(cursor, header)) return Reason::ip_bad_extension;
  }
  header.header_size = static_cast<std::uint16_t>(kIpv6HeaderSize + cursor.offset());
  return std::nullopt;
}

// Fills `header` with the fixed header at the start of `head`. payload_size stays 0: what the
// header claims of it is in `payload_length`.
std::optional<Reason> parse_fixed(std::span<const std::byte> head, IpHeader& header,
                                  std::uint32_t& payload_length) noexcept {
  if (head.size() < kIpv6HeaderSize) return Reason::ip_truncated;
  const auto bytes = head.first<kIpv6HeaderSize>();
  const auto first = field<std::uint32_t, 0>(bytes);
  header.tos = static_cast<std::uint8_t>(first >> 20U);
  header.flow_label = first & 0xf'ffffU;
  payload_length = field<std::uint16_t, 4>(bytes);
  header.protocol = field<std::uint8_t, 6>(bytes);
  header.ttl = field<std::uint8_t, 7>(bytes);
  header.source = IpAddress::v6(bytes.subspan<8, 16>());
  header.destination = IpAddress::v6(bytes.subspan<24, 16>());
  return std::nullopt;
}

std::optional<Reason> parse_packet(std::span<const std::byte> head, std::uint32_t frame_size,
                                   IpHeader& header) noexcept {
  std::uint32_t payload_length = 0;
  if (const auto refused = parse_fixed(head, header, payload_length)) return refused;
  const std::uint32_t total = kIpv6HeaderSize + payload_length;
  if (total > frame_size) return Reason::ip_truncated;
  // Extension headers may not reach into the padding of the frame.
  const auto packet = head.first(std::min<std::size_t>(head.size(), total));
  if (const auto refused = walk_extensions(packet, header)) return refused;
  header.payload_size = total - header.header_size;
  return std::nullopt;
}

}  // namespace

std::expected<IpHeader, Reason> parse_ipv6(std::span<const std::byte> head,
                                           std::uint32_t frame_size) noexcept {
  return parsed<IpHeader>(
      [&](IpHeader& header) noexcept { return parse_packet(head, frame_size, header); });
}

std::expected<IpHeader, Reason> parse_quoted_ipv6(std::span<const std::byte> head) noexcept {
  return parsed<IpHeader>([&](IpHeader& header) noexcept -> std::optional<Reason> {
    std::uint32_t payload_length = 0;
    if (const auto refused = parse_fixed(head, header, payload_length)) return refused;
    if (const auto refused = walk_extensions(head, header)) return refused;
    const std::uint32_t extensions = header.header_size - kIpv6HeaderSize;
    if (payload_length > extensions) header.payload_size = payload_length - extensions;
    return std::nullopt;
  });
}

std::uint32_t emit_ipv6(std::byte* to, const IpHeader& header) noexcept {
  store_be(to, 0x6000'0000U | static_cast<std::uint32_t>(header.tos) << 20U |
                   (header.flow_label & 0xf'ffffU));
  store_be(to + 4, (header.payload_size & 0xffffU) << 16U |
                       static_cast<std::uint32_t>(header.protocol) << 8U | header.ttl);
  std::memcpy(to + 8, header.source.raw().data(), 16);
  std::memcpy(to + 24, header.destination.raw().data(), 16);
  return kIpv6HeaderSize;
}

std::uint32_t emit_ipv6_fragment(std::byte* to, const IpHeader& header) noexcept {
  IpHeader fixed = header;
  fixed.protocol = kFragment;
  fixed.payload_size += kIpv6FragmentHeaderSize;
  emit_ipv6(to, fixed);
  std::byte* fragment = to + kIpv6HeaderSize;
  store_be(fragment, static_cast<std::uint16_t>(header.protocol << 8U));
  store_be(fragment + 2,
           static_cast<std::uint16_t>(header.fragment_offset | (header.more_fragments ? 1U : 0U)));
  store_be(fragment + 4, header.identification);
  return kIpv6HeaderSize + kIpv6FragmentHeaderSize;
}

}  // namespace bowline::inline v0::wire
