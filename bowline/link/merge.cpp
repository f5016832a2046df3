#include "bowline/link/merge.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

#include "bowline/base/byte_order.hpp"
#include "bowline/link/segment.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/transport_checksum.hpp"

namespace bowline::inline v0 {
namespace {

// Offsets of the fields that differ from packet to packet (RFC 791 3.1, RFC 8200 3, RFC 9293 3.1).
constexpr std::uint32_t kIpv4TotalLength = 2;
constexpr std::uint32_t kIpv4Fragment = 6;
constexpr std::uint32_t kIpv4Checksum = 10;
constexpr std::uint32_t kIpv4Source = 12;
constexpr std::uint32_t kIpv6PayloadLength = 4;
constexpr std::uint32_t kIpv6NextHeader = 6;
constexpr std::uint32_t kTcpSeq = 4;
constexpr std::uint32_t kTcpAck = 8;
constexpr std::uint32_t kTcpFlags = 13;
constexpr std::uint32_t kTcpWindow = 14;
constexpr std::uint32_t kTcpUrgent = 18;

constexpr std::uint32_t kLargestPacket = 65'535;

// A packet that may be joined: where its parts are.
struct Segment {
  wire::IpHeader ip;
  std::uint32_t header_size = 0;  // IP and TCP
  std::uint32_t payload = 0;
  const std::byte* bytes = nullptr;  // the headers

  [[nodiscard]] const std::byte* tcp() const noexcept { return bytes + ip.header_size; }
  [[nodiscard]] std::uint8_t flags() const noexcept {
    return std::to_integer<std::uint8_t>(tcp()[kTcpFlags]);
  }
  [[nodiscard]] std::uint32_t seq() const noexcept {
    return load_be<std::uint32_t>(tcp() + kTcpSeq);
  }
};

// Data of an established connection with nothing unusual in its headers; nothing for all else.
std::optional<Segment> segment_of(const Frame& frame) noexcept {
  if (frame.gso_size != 0 || frame.checksum != Checksum::complete) return std::nullopt;
  const std::span<const std::byte> head = frame.head();
  const auto ip = wire::parse_ip(head, frame.size);
  // Options and extension headers are rare, and what they say may concern the single packet.
  if (!ip || ip->protocol != wire::kProtocolTcp || ip->is_fragment() ||
      ip->header_size != wire::ip_header_size(ip->family()) || ip->total_size() != frame.size ||
      head.size() < ip->header_size + wire::kTcpHeaderSize) {
    return std::nullopt;
  }
  Segment segment{.ip = *ip, .bytes = head.data()};
  const auto words = std::to_integer<std::uint32_t>(segment.tcp()[12]) >> 4U;
  segment.header_size = ip->header_size + 4 * words;
  if (4 * words < wire::kTcpHeaderSize || segment.header_size > head.size() ||
      segment.header_size >= frame.size) {
    return std::nullopt;
  }
  segment.payload = frame.size - segment.header_size;
  constexpr unsigned kUsual = wire::kAck | wire::kPsh | wire::kFin | wire::kEce;
  if ((segment.flags() & wire::kAck) == 0 || (segment.flags() & ~kUsual) != 0 ||
      !wire::transport_checksum_is_right(frame, *ip, ip->payload_size)) {
    return std::nullopt;
  }
  return segment;
}

bool same(const std::byte* a, const std::byte* b, std::uint32_t from, std::uint32_t to) noexcept {
  return std::memcmp(a + from, b + from, to - from) == 0;
}

// Do the IP headers differ in nothing but what cutting changes? `count` packets lie between them.
bool ip_continues(const Segment& first, const Segment& next, std::size_t count) noexcept {
  if (first.ip.family() != next.ip.family()) return false;
  if (first.ip.family() == Family::ipv6) {
    return same(first.bytes, next.bytes, 0, kIpv6PayloadLength) &&
           same(first.bytes, next.bytes, kIpv6NextHeader, wire::kIpv6HeaderSize);
  }
  const auto expected = static_cast<std::uint16_t>(first.ip.identification + count);
  return same(first.bytes, next.bytes, 0, kIpv4TotalLength) && next.ip.identification == expected &&
         same(first.bytes, next.bytes, kIpv4Fragment, kIpv4Checksum) &&
         same(first.bytes, next.bytes, kIpv4Source, wire::kIpv4HeaderSize);
}

// The same of the TCP headers, when `count` full packets precede `next`.
bool tcp_continues(const Segment& first, const Segment& next, std::size_t count) noexcept {
  const std::byte* const a = first.tcp();
  const std::byte* const b = next.tcp();
  constexpr unsigned kLastOnly = wire::kPsh | wire::kFin;
  return first.header_size == next.header_size && same(a, b, 0, kTcpSeq) &&
         next.seq() == static_cast<std::uint32_t>(first.seq() + count * first.payload) &&
         same(a, b, kTcpAck, kTcpFlags) && ((first.flags() ^ next.flags()) & ~kLastOnly) == 0 &&
         same(a, b, kTcpWindow, kTcpWindow + 2) &&
         same(a, b, kTcpUrgent, first.header_size - first.ip.header_size);
}

// How many of the frames from the first on may become one; `last` is the last one of them.
std::size_t run_of(std::span<const Frame> frames, const Segment& first, Segment& last) noexcept {
  last = first;
  std::size_t count = 1;
  std::size_t pieces = 1 + frames[0].piece_count;
  std::uint32_t size = frames[0].size;
  while (count < frames.size()) {
    if (last.payload != first.payload || (last.flags() & (wire::kPsh | wire::kFin)) != 0) break;
    const auto next = segment_of(frames[count]);
    if (!next || next->payload > first.payload || !ip_continues(first, *next, count) ||
        !tcp_continues(first, *next, count)) {
      break;
    }
    pieces += frames[count].piece_count;
    size += next->payload;
    if (pieces > Frame::kMaxPieces || size > kLargestPacket) break;
    last = *next;
    ++count;
  }
  return count;
}

// One segment of all of `frames`; empty without memory.
Frame join(std::span<const Frame> frames, const Segment& first, const Segment& last,
           BufferPool& pool) noexcept {
  const Buffer headers = pool.allocate(first.header_size);
  if (!headers) return {};
  Frame joined;
  std::memcpy(headers.data(), first.bytes, first.header_size);
  joined.append(headers.slice(0, first.header_size));
  for (const Frame& frame : frames) {
    if (!append_part(joined, frame, first.header_size, frame.size - first.header_size)) return {};
  }

  std::byte* const ip = headers.data();
  std::byte* const tcp = ip + first.ip.header_size;
  if (first.ip.family() == Family::ipv6) {
    store_be<std::uint16_t>(ip + kIpv6PayloadLength,
                            static_cast<std::uint16_t>(joined.size - wire::kIpv6HeaderSize));
  } else {
    store_be<std::uint16_t>(ip + kIpv4TotalLength, static_cast<std::uint16_t>(joined.size));
    store_be<std::uint16_t>(ip + kIpv4Checksum, std::uint16_t{0});
    store_be<std::uint16_t>(ip + kIpv4Checksum, wire::sum_of({ip, first.ip.header_size}).finish());
  }
  tcp[kTcpFlags] = static_cast<std::byte>(last.flags());
  store_be<std::uint16_t>(
      tcp + wire::kTcpChecksumOffset,
      wire::pseudo_header_sum(first.ip.source, first.ip.destination, wire::kProtocolTcp,
                              joined.size - first.ip.header_size)
          .partial());
  joined.checksum = Checksum::partial;
  joined.checksum_start = first.ip.header_size;
  joined.checksum_offset = wire::kTcpChecksumOffset;
  joined.gso_size = static_cast<std::uint16_t>(first.payload);
  joined.header_size = static_cast<std::uint16_t>(first.header_size);
  joined.id = frames[0].id;
  joined.arrival = frames.back().arrival;
  return joined;
}

}  // namespace

std::size_t merge_neighbours(std::span<Frame> frames, BufferPool& pool) noexcept {
  std::size_t results = 0;
  for (std::size_t at = 0; at < frames.size();) {
    std::size_t count = 1;
    Frame result;
    if (at + 1 < frames.size()) {
      if (const auto first = segment_of(frames[at])) {
        Segment last;
        count = run_of(frames.subspan(at), *first, last);
        if (count > 1) result = join(frames.subspan(at, count), *first, last, pool);
        if (count > 1 && result.size == 0) count = 1;
      }
    }
    if (count == 1) result = std::move(frames[at]);
    for (std::size_t i = 0; i < count; ++i) frames[at + i] = Frame{};
    frames[results++] = std::move(result);
    at += count;
  }
  return results;
}

}  // namespace bowline::inline v0
