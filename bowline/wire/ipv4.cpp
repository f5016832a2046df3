#include "bowline/wire/ipv4.hpp"

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/cursor.hpp"

namespace bowline::inline v0::wire {
namespace {

constexpr std::uint32_t kDontFragment = 0x4000;
constexpr std::uint32_t kMoreFragments = 0x2000;
constexpr std::uint32_t kOffsetMask = 0x1fff;  // in units of 8 bytes
constexpr std::uint32_t kMaxPacket = 0xffff;

constexpr std::uint8_t kOptionEnd = 0;
constexpr std::uint8_t kOptionNop = 1;
constexpr std::uint8_t kOptionLooseRoute = 131;
constexpr std::uint8_t kOptionStrictRoute = 137;

// Walks the options (RFC 791 3.1); false when one of them does not fit. None is acted upon.
bool scan_options(std::span<const std::byte> options, IpHeader& header) noexcept {
  Cursor cursor(options);
  while (cursor.remaining() > 0) {
    const std::uint8_t kind = cursor.u8();
    if (kind == kOptionEnd) break;
    if (kind == kOptionNop) continue;
    const std::uint8_t length = cursor.u8();  // counts kind and itself
    if (length < 2) cursor.fail();
    cursor.skip(length - 2U);
    if (kind == kOptionLooseRoute || kind == kOptionStrictRoute) header.source_routed = true;
  }
  return cursor.ok();
}

// Fills `header` with what stands at the start of `head`, options included. payload_size stays 0:
// what the header claims of it is in `total_length`.
std::optional<Reason> parse_header(std::span<const std::byte> head, IpHeader& header,
                                   std::uint32_t& total_length) noexcept {
  if (head.size() < kIpv4HeaderSize) return Reason::ip_truncated;
  const auto bytes = head.first<kIpv4HeaderSize>();
  header.header_size = static_cast<std::uint16_t>((field<std::uint8_t, 0>(bytes) & 0x0fU) * 4);
  if (header.header_size < kIpv4HeaderSize) return Reason::ip_bad_header;
  if (header.header_size > head.size()) return Reason::ip_truncated;

  const auto fragment = field<std::uint16_t, 6>(bytes);
  total_length = field<std::uint16_t, 2>(bytes);
  header.tos = field<std::uint8_t, 1>(bytes);
  header.identification = field<std::uint16_t, 4>(bytes);
  header.dont_fragment = (fragment & kDontFragment) != 0;
  header.more_fragments = (fragment & kMoreFragments) != 0;
  header.fragment_offset = static_cast<std::uint16_t>((fragment & kOffsetMask) * 8);
  header.ttl = field<std::uint8_t, 8>(bytes);
  header.protocol = field<std::uint8_t, 9>(bytes);
  header.source = IpAddress::v4(field<std::uint32_t, 12>(bytes));
  header.destination = IpAddress::v4(field<std::uint32_t, 16>(bytes));
  if (header.header_size == kIpv4HeaderSize) return std::nullopt;
  const auto options = head.subspan(kIpv4HeaderSize, header.header_size - kIpv4HeaderSize);
  if (!scan_options(options, header)) return Reason::ip_bad_header;
  return std::nullopt;
}

std::optional<Reason> parse_packet(std::span<const std::byte> head, std::uint32_t frame_size,
                                   HeaderChecksum checksum, IpHeader& header) noexcept {
  std::uint32_t total_length = 0;
  if (const auto refused = parse_header(head, header, total_length)) return refused;
  if (total_length < header.header_size) return Reason::ip_bad_header;
  if (total_length > frame_size) return Reason::ip_truncated;
  if (checksum == HeaderChecksum::verify && !sum_of(head.first(header.header_size)).verifies()) {
    return Reason::ip_bad_checksum;
  }
  header.payload_size = total_length - header.header_size;
  // A fragment that ends beyond the largest packet belongs to none ("ping of death").
  if (header.fragment_offset + header.total_size() > kMaxPacket) return Reason::ip_bad_header;
  return std::nullopt;
}

}  // namespace

std::expected<IpHeader, Reason> parse_ipv4(std::span<const std::byte> head,
                                           std::uint32_t frame_size,
                                           HeaderChecksum checksum) noexcept {
  return parsed<IpHeader>(
      [&](IpHeader& header) noexcept { return parse_packet(head, frame_size, checksum, header); });
}

std::expected<IpHeader, Reason> parse_quoted_ipv4(std::span<const std::byte> head) noexcept {
  return parsed<IpHeader>([&](IpHeader& header) noexcept {
    std::uint32_t total_length = 0;
    const auto refused = parse_header(head, header, total_length);
    if (total_length > header.header_size) header.payload_size = total_length - header.header_size;
    return refused;
  });
}

std::uint32_t emit_ipv4(std::byte* to, const IpHeader& header) noexcept {
  // The five words of the header, summed while they are in registers.
  const std::uint32_t total = kIpv4HeaderSize + header.payload_size;
  const std::uint32_t size_and_tos =
      0x4500'0000U | static_cast<std::uint32_t>(header.tos) << 16U | (total & 0xffffU);
  const std::uint32_t fragment = (header.dont_fragment ? kDontFragment : 0U) |
                                 (header.more_fragments ? kMoreFragments : 0U) |
                                 header.fragment_offset / 8U;
  const std::uint32_t identification = header.identification << 16U | fragment;
  const std::uint32_t ttl_and_protocol = static_cast<std::uint32_t>(header.ttl) << 24U |
                                         static_cast<std::uint32_t>(header.protocol) << 16U;
  const std::uint32_t source = header.source.v4_value();
  const std::uint32_t destination = header.destination.v4_value();

  ChecksumSum sum;
  sum.add_word32(size_and_tos);
  sum.add_word32(identification);
  sum.add_word32(ttl_and_protocol);
  sum.add_word32(source);
  sum.add_word32(destination);

  store_be(to, size_and_tos);
  store_be(to + 4, identification);
  store_be(to + 8, ttl_and_protocol | sum.finish());
  store_be(to + 12, source);
  store_be(to + 16, destination);
  return kIpv4HeaderSize;
}

}  // namespace bowline::inline v0::wire
