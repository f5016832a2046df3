#include "bowline/sim/packet.hpp"

#include <cstring>
#include <new>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0::sim {
namespace {

constexpr std::size_t kIpv4Checksum = 10;  // RFC 791 section 3.1

Buffer must_allocate(BufferPool& pool, std::uint32_t size) {
  Buffer buffer = pool.allocate(size);
  if (!buffer) throw std::bad_alloc();
  return buffer;
}

std::byte* writable_bytes(const Slice& slice) noexcept {
  return const_cast<std::byte*>(slice.data());  // of a block that nobody else holds
}

}  // namespace

Packet Packet::copy_of(std::span<const std::byte> bytes, BufferPool& pool) {
  Packet packet;
  const auto size = static_cast<std::uint32_t>(bytes.size());
  if (size == 0) return packet;
  const Buffer buffer = must_allocate(pool, size);
  std::memcpy(buffer.data(), bytes.data(), size);
  packet.head_ = buffer.slice(0, size);
  return packet;
}

Packet Packet::of(const Frame& frame, BufferPool& pool) {
  Packet packet;
  packet.partial_ = frame.checksum == Checksum::partial;
  packet.checksum_start_ = frame.checksum_start;
  packet.checksum_offset_ = frame.checksum_offset;
  if (frame.piece_count == 2) {
    // Headers cut for this packet alone, and a part of the sender's buffer: the common case.
    packet.head_ = frame.pieces[0];
    packet.rest_ = frame.pieces[1];
    return packet;
  }
  const Buffer buffer = must_allocate(pool, frame.size);
  (void)frame.copy_to(0, {buffer.data(), frame.size});
  packet.head_ = buffer.slice(0, frame.size);
  return packet;
}

std::span<std::byte> Packet::writable_head(BufferPool& pool) {
  const std::uint32_t size = head_.size();
  if (head_.references() != 1) {
    const Buffer buffer = must_allocate(pool, size);
    std::memcpy(buffer.data(), head_.data(), size);
    head_ = buffer.slice(0, size);
  }
  return {writable_bytes(head_), size};
}

std::span<std::byte> Packet::writable(BufferPool& pool) {
  if (rest_.empty() && !partial_) return writable_head(pool);
  const std::uint32_t whole = size();
  const Buffer buffer = must_allocate(pool, whole);
  const std::span<std::byte> to(buffer.data(), whole);
  gather(to);
  fill_in_checksum(to);
  head_ = buffer.slice(0, whole);
  rest_.reset();
  partial_ = false;
  return to;
}

bool Packet::mark_congestion(BufferPool& pool) {
  if (size() < wire::kIpv4HeaderSize) return false;
  const auto version = std::to_integer<unsigned>(head()[0]) >> 4U;
  // The lower two bits of the traffic class: in IPv6 that starts in the middle of the first byte.
  const unsigned shift = version == 6 ? 4 : 0;
  const auto ecn = std::to_integer<unsigned>(head()[1]) >> shift & wire::kEcnMask;
  if ((version != 4 && version != 6) || ecn == wire::kEcnNotCapable) return false;
  if (ecn == wire::kEcnCongested) return true;
  std::byte* const ip = writable_head(pool).data();
  const auto before = load_be<std::uint16_t>(ip);
  const auto after = static_cast<std::uint16_t>(before | wire::kEcnCongested << shift);
  store_be<std::uint16_t>(ip, after);
  if (version == 4) {
    const auto checksum = load_be<std::uint16_t>(ip + kIpv4Checksum);
    store_be<std::uint16_t>(ip + kIpv4Checksum, wire::update_checksum(checksum, before, after));
  }
  return true;
}

std::span<const std::byte> Packet::bytes(std::vector<std::byte>& scratch) const {
  if (rest_.empty() && !partial_) return head_.bytes();
  scratch.resize(size());
  gather(scratch);
  fill_in_checksum(scratch);
  return scratch;
}

Frame Packet::frame(BufferPool& pool) const noexcept {
  Frame result;
  const std::uint32_t whole = size();
  const Buffer buffer = pool.allocate(whole);
  if (!buffer) return result;
  gather({buffer.data(), whole});
  result.append(buffer.slice(0, whole));
  // Nothing has touched it since its sender promised the checksum (see writable()).
  if (partial_) result.checksum = Checksum::partial;
  return result;
}

Packet Packet::clone(BufferPool& pool) const {
  Packet copy(*this);
  const std::uint32_t whole = size();
  if (whole == 0) return copy;
  const Buffer buffer = must_allocate(pool, whole);
  gather({buffer.data(), whole});
  copy.head_ = buffer.slice(0, whole);
  copy.rest_.reset();
  return copy;
}

void Packet::gather(std::span<std::byte> to) const noexcept {
  std::memcpy(to.data(), head_.data(), head_.size());
  if (!rest_.empty()) std::memcpy(to.data() + head_.size(), rest_.data(), rest_.size());
}

void Packet::fill_in_checksum(std::span<std::byte> whole) const noexcept {
  if (!partial_) return;
  // The field holds the pseudo-header's part of the sum.
  std::uint16_t checksum = wire::sum_of(whole.subspan(checksum_start_)).finish();
  // A computed 0 would say "none" in UDP (RFC 768); nothing else has its field there.
  if (checksum_offset_ == wire::kUdpChecksumOffset) checksum = wire::udp_checksum_field(checksum);
  store_be<std::uint16_t>(whole.data() + checksum_start_ + checksum_offset_, checksum);
}

}  // namespace bowline::inline v0::sim
