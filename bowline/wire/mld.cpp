#include "bowline/wire/mld.hpp"

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/cursor.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/ndp.hpp"

namespace bowline::inline v0::wire {
namespace {

constexpr std::uint32_t kHopByHopSize = 8;

// RFC 3810 section 5.1.3: from 32768 on a floating-point number.
std::uint32_t response_code(std::uint16_t code) noexcept {
  if (code < 32'768) return code;
  const std::uint32_t mantissa = code & 0xfffU;
  const std::uint32_t exponent = code >> 12U & 7U;
  return (mantissa | 0x1000U) << (exponent + 3);
}

}  // namespace

std::optional<MldQuery> parse_mld_query(std::span<const std::byte> message) noexcept {
  Cursor cursor(message);
  const std::uint8_t type = cursor.u8();
  cursor.skip(3);
  MldQuery query;
  query.max_response = std::chrono::milliseconds(response_code(cursor.u16()));
  cursor.skip(2);
  const std::span<const std::byte> group = cursor.bytes(16);
  if (!cursor.ok() || type != kMldQuery) return std::nullopt;
  query.group = IpAddress::v6(group.first<16>());
  return query;
}

void emit_mld_report(std::byte* to, const IpAddress& source, MldRecord record,
                     std::span<const IpAddress> groups) noexcept {
  const IpAddress destination = all_mld_routers();
  IpHeader ip;
  ip.source = source;
  ip.destination = destination;
  ip.protocol = 0;  // hop-by-hop options come first
  ip.ttl = 1;
  ip.payload_size = mld_packet_size(groups.size()) - kIpv6HeaderSize;
  emit_ip(to, ip);

  Writer options({to + kIpv6HeaderSize, kHopByHopSize});
  options.u8(kProtocolIcmpV6);
  options.u8(0);
  options.u16(0x0502);  // router alert, two bytes: MLD (RFC 2711)
  options.u16(0);
  options.u16(0x0100);  // padding

  std::byte* const report = to + kIpv6HeaderSize + kHopByHopSize;
  const std::uint32_t size = ip.payload_size - kHopByHopSize;
  Writer writer({report, size});
  writer.u8(kMldReportV2);
  writer.u8(0);
  writer.u32(0);  // checksum, reserved
  writer.u16(static_cast<std::uint16_t>(groups.size()));
  for (const IpAddress& group : groups) {
    writer.u8(static_cast<std::uint8_t>(record));
    writer.u8(0);
    writer.u16(0);  // no sources are excluded
    writer.bytes(group.bytes());
  }
  ChecksumSum sum = pseudo_header_sum(source, destination, kProtocolIcmpV6, size);
  sum.add({report, size});
  store_be(report + 2, sum.finish());
}

}  // namespace bowline::inline v0::wire
