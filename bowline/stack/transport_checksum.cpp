// The checksum of TCP, UDP and ICMP over a frame's pieces, in one place.

#include "bowline/stack/core.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline::inline v0 {

bool transport_checksum_is_right(const Frame& frame, const wire::IpHeader& ip,
                                 std::uint32_t size) noexcept {
  const bool icmp_v4 = ip.protocol == wire::kProtocolIcmp;
  // A link that vouches has looked at TCP and UDP alone.
  const bool vouched = frame.checksum == Checksum::verified || frame.checksum == Checksum::partial;
  if (vouched && (ip.protocol == wire::kProtocolTcp || ip.protocol == wire::kProtocolUdp)) {
    return true;
  }
  wire::ChecksumSum sum;
  if (!icmp_v4) sum = wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, size);
  std::uint32_t skip = ip.header_size;
  std::uint32_t left = size;
  for (std::size_t i = 0; i < frame.piece_count && left > 0; ++i) {
    std::span<const std::byte> bytes = frame.pieces[i].bytes();
    if (skip >= bytes.size()) {
      skip -= static_cast<std::uint32_t>(bytes.size());
      continue;
    }
    bytes = bytes.subspan(skip);
    skip = 0;
    if (bytes.size() > left) bytes = bytes.first(left);
    sum.add(bytes);
    left -= static_cast<std::uint32_t>(bytes.size());
  }
  return left == 0 && sum.verifies();
}

}  // namespace bowline::inline v0
