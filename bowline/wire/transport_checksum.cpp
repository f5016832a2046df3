#include "bowline/wire/transport_checksum.hpp"

#include <span>

#include "bowline/wire/checksum.hpp"

namespace bowline::inline v0::wire {

bool transport_checksum_is_right(const Frame& frame, const IpHeader& header,
                                 std::uint32_t size) noexcept {
  const bool icmp_v4 = header.protocol == kProtocolIcmp;
  // A link that vouches has looked at TCP and UDP alone.
  const bool vouched = frame.checksum == Checksum::verified || frame.checksum == Checksum::partial;
  if (vouched && (header.protocol == kProtocolTcp || header.protocol == kProtocolUdp)) {
    return true;
  }
  ChecksumSum sum;
  if (!icmp_v4) sum = pseudo_header_sum(header.source, header.destination, header.protocol, size);
  std::uint32_t skip = header.header_size;
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

}  // namespace bowline::inline v0::wire
