#include "bowline/gateway/segment.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline::inline v0::gateway {
namespace {

constexpr std::size_t kIpv4Ttl = 8;  // RFC 791 section 3.1
constexpr std::size_t kIpv4Checksum = 10;
constexpr std::size_t kIpv6HopLimit = 7;  // RFC 8200 section 3

}  // namespace

Frame make_segment(BufferPool& pool, const IpAddress& source, const IpAddress& destination,
                   const wire::TcpHeader& header, const wire::TcpOptions& options) noexcept {
  Frame frame;
  const std::uint32_t at = wire::ip_header_size(source.family());
  const std::uint32_t size = at + wire::kTcpHeaderSize + wire::options_size(options);
  if (size > at + wire::kTcpMaxHeaderSize) return frame;
  const Buffer buffer = pool.allocate(size);
  if (!buffer) return frame;
  const std::span<std::byte> whole(buffer.data(), size);

  wire::IpHeader ip;
  ip.source = source;
  ip.destination = destination;
  ip.protocol = wire::kProtocolTcp;
  ip.payload_size = size - at;
  (void)wire::emit_ip(whole.data(), ip);
  wire::TcpHeader blank = header;
  blank.checksum = 0;
  if (wire::emit_tcp(whole.subspan(at), blank, options) != size - at) return frame;
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(source, destination, wire::kProtocolTcp, ip.payload_size);
  sum.add(whole.subspan(at));
  store_be<std::uint16_t>(whole.data() + at + wire::kTcpChecksumOffset, sum.finish());
  frame.append(buffer.slice(0, size));
  frame.checksum = Checksum::complete;
  return frame;
}

std::span<std::byte> writable_head(Frame& frame, std::uint32_t size, BufferPool& pool) noexcept {
  Slice& first = frame.pieces[0];
  if (first.references() != 1) {
    // The headers alone, if the frame has a place for one piece more.
    const bool split = size < first.size();
    const bool room = frame.piece_count < Frame::kMaxPieces;
    const std::uint32_t copied = split && room ? size : first.size();
    const Buffer buffer = pool.allocate(copied);
    if (!buffer) return {};
    std::memcpy(buffer.data(), first.data(), copied);
    if (copied < first.size()) {
      for (std::size_t i = frame.piece_count; i > 1; --i) {
        frame.pieces[i] = std::move(frame.pieces[i - 1]);
      }
      frame.pieces[1] = first.part(copied, first.size());
      ++frame.piece_count;
    }
    frame.pieces[0] = buffer.slice(0, copied);
    frame.headroom = 0;
  }
  // Of a block that nobody else holds.
  return {const_cast<std::byte*>(frame.pieces[0].data()), size};
}

void trim(Frame& frame, std::uint32_t size) noexcept {
  while (frame.size > size) {
    Slice& last = frame.pieces[frame.piece_count - 1];
    const std::uint32_t cut = std::min(frame.size - size, last.size());
    last.truncate(last.size() - cut);
    frame.size -= cut;
    if (!last.empty()) return;
    last.reset();
    --frame.piece_count;
  }
}

void HeaderEditor::put(std::size_t offset, std::span<const std::byte> bytes) noexcept {
  if (bytes.empty()) return;
  // The words that the bytes touch: an odd offset begins in the middle of one.
  const std::size_t begin = offset & ~std::size_t{1};
  const std::size_t end = (offset + bytes.size() + 1) & ~std::size_t{1};
  std::uint16_t checksum = load_be<std::uint16_t>(header_.data() + field_);
  std::array<std::uint16_t, 24> before;
  std::size_t words = 0;
  for (std::size_t at = begin; at < end; at += 2) {
    before[words++] = load_be<std::uint16_t>(header_.data() + at);
  }
  std::memcpy(header_.data() + offset, bytes.data(), bytes.size());
  if (!covered_) return;
  for (std::size_t word = 0; word < words; ++word) {
    const auto after = load_be<std::uint16_t>(header_.data() + begin + 2 * word);
    checksum = wire::update_checksum(checksum, before[word], after);
  }
  store_be<std::uint16_t>(header_.data() + field_, checksum);
}

void HeaderEditor::put16(std::size_t offset, std::uint16_t value) noexcept {
  std::array<std::byte, 2> bytes;
  store_be<std::uint16_t>(bytes.data(), value);
  put(offset, bytes);
}

void HeaderEditor::put32(std::size_t offset, std::uint32_t value) noexcept {
  std::array<std::byte, 4> bytes;
  store_be<std::uint32_t>(bytes.data(), value);
  put(offset, bytes);
}

void count_down(std::span<std::byte> head, const wire::IpHeader& ip) noexcept {
  const auto fewer = static_cast<std::uint8_t>(ip.ttl - 1);
  if (ip.family() == Family::ipv6) {
    head[kIpv6HopLimit] = static_cast<std::byte>(fewer);
    return;
  }
  const std::array<std::byte, 1> byte{static_cast<std::byte>(fewer)};
  HeaderEditor(head.first(ip.header_size), kIpv4Checksum, true).put(kIpv4Ttl, byte);
}

}  // namespace bowline::inline v0::gateway
