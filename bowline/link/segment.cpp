#include "bowline/link/segment.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0 {
namespace {

// Offsets of the fields that differ from packet to packet (RFC 791 3.1, RFC 8200 3, RFC 9293 3.1).
constexpr std::uint32_t kIpv4TotalLength = 2;
constexpr std::uint32_t kIpv4Identification = 4;
constexpr std::uint32_t kIpv4Checksum = 10;
constexpr std::uint32_t kIpv6PayloadLength = 4;
constexpr std::uint32_t kTcpSeq = 4;
constexpr std::uint32_t kTcpDataOffset = 12;
constexpr std::uint32_t kTcpFlags = 13;
constexpr std::uint32_t kTcpUrgent = 18;

// More than link, IP and TCP headers together come to; the smallest block of a pool.
constexpr std::uint32_t kHeaderRoom = 256;

std::span<std::byte> writable(const Buffer& buffer, std::uint32_t size) noexcept {
  return {buffer.data(), size};
}

void add_part(wire::ChecksumSum& sum, const Frame& frame, std::uint32_t offset) noexcept {
  for (std::size_t i = 0; i < frame.piece_count; ++i) {
    const std::span<const std::byte> piece = frame.pieces[i].bytes();
    if (offset >= piece.size()) {
      offset -= static_cast<std::uint32_t>(piece.size());
      continue;
    }
    sum.add(piece.subspan(offset));
    offset = 0;
  }
}

// A copy of the whole frame in one piece, for when its pieces are too many to have another in
// front.
bool flatten(Frame& frame, BufferPool& pool) noexcept {
  const Buffer buffer = pool.allocate(frame.size);
  if (!buffer || !frame.copy_to(0, writable(buffer, frame.size))) return false;
  const std::uint32_t size = frame.size;
  for (Slice& piece : frame.pieces) piece.reset();
  frame.piece_count = 0;
  frame.size = 0;
  return frame.append(buffer.slice(0, size));
}

void copy_judgement(Frame& to, const Frame& from) noexcept {
  to.checksum = from.checksum;
  to.checksum_start = from.checksum_start;
  to.checksum_offset = from.checksum_offset;
  to.id = from.id;
  to.arrival = from.arrival;
}

}  // namespace

bool append_part(Frame& to, const Frame& from, std::uint32_t offset,
                 std::uint32_t length) noexcept {
  if (offset > from.size || length > from.size - offset) return false;
  for (std::size_t i = 0; i < from.piece_count && length > 0; ++i) {
    const Slice& piece = from.pieces[i];
    if (offset >= piece.size()) {
      offset -= piece.size();
      continue;
    }
    Slice part = piece.part(offset, length);
    length -= part.size();
    offset = 0;
    if (!to.append(std::move(part))) return false;
  }
  return true;
}

bool complete_checksum(Frame& frame, BufferPool& pool) noexcept {
  if (frame.checksum != Checksum::partial || frame.gso_size != 0) return true;
  const std::uint32_t start = frame.checksum_start;
  const std::uint32_t field = start + frame.checksum_offset;
  if (field + sizeof(std::uint16_t) > frame.size) return false;
  // The first piece must go on holding every header, so not just the part up to the field is
  // copied.
  const std::uint32_t head = std::max<std::uint32_t>(field + sizeof(std::uint16_t),
                                                     std::min(frame.pieces[0].size(), kHeaderRoom));

  wire::ChecksumSum sum;  // the field itself holds the pseudo-header's part of it
  add_part(sum, frame, start);
  std::uint16_t checksum = sum.finish();
  // A computed 0 would say "none" in UDP (RFC 768); nothing else has its field there.
  if (frame.checksum_offset == wire::kUdpChecksumOffset) {
    checksum = wire::udp_checksum_field(checksum);
  }

  const Buffer buffer = pool.allocate(head);
  if (!buffer || !frame.copy_to(0, writable(buffer, head))) return false;
  store_be<std::uint16_t>(buffer.data() + field, checksum);

  Frame result;
  result.append(buffer.slice(0, head));
  if (!append_part(result, frame, head, frame.size - head)) {
    Frame flat = frame;
    if (!flatten(flat, pool)) return false;
    result = Frame{};
    result.append(buffer.slice(0, head));
    if (!append_part(result, flat, head, flat.size - head)) return false;
  }
  copy_judgement(result, frame);
  result.checksum = Checksum::complete;
  frame = std::move(result);
  return true;
}

Segmenter::Segmenter(const Frame& frame, BufferPool& pool, CutChecksum checksum,
                     LinkKind kind) noexcept
    : frame_(frame), pool_(pool), checksum_(checksum), ip_offset_(link_header_size(kind)) {
  if (frame.gso_size != 0) valid_ = prepare();
}

bool Segmenter::prepare() noexcept {
  const std::span<const std::byte> head = frame_.head();
  if (head.size() < frame_.header_size || frame_.header_size <= ip_offset_) return false;
  const auto ip = wire::parse_ip(head.subspan(ip_offset_), frame_.size - ip_offset_,
                                 wire::HeaderChecksum::trust);
  if (!ip || ip->protocol != wire::kProtocolTcp || ip->is_fragment()) return false;
  // A frame may be longer than its packet (Ethernet pads); one that is to be cut may not.
  if (ip->total_size() != frame_.size - ip_offset_) return false;
  ip_ = *ip;
  tcp_offset_ = static_cast<std::uint16_t>(ip_offset_ + ip_.header_size);
  if (frame_.header_size < tcp_offset_ + wire::kTcpHeaderSize) return false;
  const auto data_offset = std::to_integer<std::uint32_t>(head[tcp_offset_ + kTcpDataOffset]) >> 4U;
  if (tcp_offset_ + 4 * data_offset != frame_.header_size) return false;
  packets_ = wire_packets(frame_);
  return true;
}

std::uint32_t Segmenter::largest_packet() const noexcept {
  const std::uint32_t whole = frame_.size - ip_offset_;
  if (frame_.gso_size == 0) return whole;
  return std::min(whole,
                  static_cast<std::uint32_t>(frame_.header_size - ip_offset_) + frame_.gso_size);
}

bool Segmenter::cut(std::uint32_t index, Frame& packet) const noexcept {
  packet = Frame{};
  if (frame_.gso_size != 0) return cut_segment(index, packet);
  packet = frame_;
  if (checksum_ == CutChecksum::complete && !complete_checksum(packet, pool_)) {
    packet = Frame{};
    return false;
  }
  return true;
}

bool Segmenter::cut_segment(std::uint32_t index, Frame& packet) const noexcept {
  const std::uint32_t offset = index * frame_.gso_size;
  const std::uint32_t all = frame_.size - frame_.header_size;
  const std::uint32_t payload = std::min<std::uint32_t>(frame_.gso_size, all - offset);

  const Buffer headers = pool_.allocate(frame_.header_size);
  if (!headers) return false;
  std::memcpy(headers.data(), frame_.head().data(), frame_.header_size);
  fix_ip(headers.data() + ip_offset_, index, payload);
  std::byte* const tcp = headers.data() + tcp_offset_;
  fix_tcp(tcp, index);

  packet.append(headers.slice(0, frame_.header_size));
  if (!append_part(packet, frame_, frame_.header_size + offset, payload)) {
    // Payload in all pieces, the first among them: no place is left for the headers' own.
    const Buffer copy = pool_.allocate(payload);
    if (!copy || !frame_.copy_to(frame_.header_size + offset, writable(copy, payload))) {
      packet = Frame{};
      return false;
    }
    packet = Frame{};
    packet.append(headers.slice(0, frame_.header_size));
    packet.append(copy.slice(0, payload));
  }

  const auto tcp_header = static_cast<std::uint32_t>(frame_.header_size - tcp_offset_);
  wire::ChecksumSum sum = wire::pseudo_header_sum(ip_.source, ip_.destination, wire::kProtocolTcp,
                                                  tcp_header + payload);
  if (checksum_ == CutChecksum::partial) {
    store_be<std::uint16_t>(tcp + wire::kTcpChecksumOffset, sum.partial());
    packet.checksum = Checksum::partial;
    packet.checksum_start = tcp_offset_;
    packet.checksum_offset = wire::kTcpChecksumOffset;
  } else {
    store_be<std::uint16_t>(tcp + wire::kTcpChecksumOffset, std::uint16_t{0});
    add_part(sum, packet, tcp_offset_);
    store_be<std::uint16_t>(tcp + wire::kTcpChecksumOffset, sum.finish());
    packet.checksum = Checksum::complete;
  }
  packet.id = frame_.id;
  packet.arrival = frame_.arrival;
  return true;
}

void Segmenter::fix_ip(std::byte* ip, std::uint32_t index, std::uint32_t payload) const noexcept {
  const std::uint32_t size = frame_.header_size - ip_offset_ + payload;
  if (ip_.family() == Family::ipv6) {
    store_be<std::uint16_t>(ip + kIpv6PayloadLength,
                            static_cast<std::uint16_t>(size - wire::kIpv6HeaderSize));
    return;
  }
  store_be<std::uint16_t>(ip + kIpv4TotalLength, static_cast<std::uint16_t>(size));
  // Consecutive, as the kernel and the cards do it; RFC 6864 4.1 allows anything where DF is set.
  const auto identification = load_be<std::uint16_t>(ip + kIpv4Identification);
  store_be<std::uint16_t>(ip + kIpv4Identification,
                          static_cast<std::uint16_t>(identification + index));
  store_be<std::uint16_t>(ip + kIpv4Checksum, std::uint16_t{0});
  store_be<std::uint16_t>(ip + kIpv4Checksum, wire::sum_of({ip, ip_.header_size}).finish());
}

void Segmenter::fix_tcp(std::byte* tcp, std::uint32_t index) const noexcept {
  const bool first = index == 0;
  const bool last = index + 1 == packets_;
  const std::uint32_t offset = index * frame_.gso_size;
  store_be<std::uint32_t>(tcp + kTcpSeq, load_be<std::uint32_t>(tcp + kTcpSeq) + offset);

  auto flags = std::to_integer<std::uint16_t>(tcp[kTcpFlags]);
  // The end is the last one's alone; so is the push, whose data ends there.
  if (!last) flags &= static_cast<std::uint16_t>(~(wire::kFin | wire::kPsh));
  // One CWR answers one ECE (RFC 3168 6.1.2).
  if (!first) flags &= static_cast<std::uint16_t>(~wire::kCwr);
  // The urgent pointer counts from the segment's own number; behind its end nothing is urgent.
  if ((flags & wire::kUrg) != 0 && !first) {
    const std::uint32_t urgent = load_be<std::uint16_t>(tcp + kTcpUrgent);
    if (urgent <= offset) flags &= static_cast<std::uint16_t>(~wire::kUrg);
    store_be<std::uint16_t>(tcp + kTcpUrgent,
                            static_cast<std::uint16_t>(urgent <= offset ? 0 : urgent - offset));
  }
  tcp[kTcpFlags] = static_cast<std::byte>(flags);
}

std::size_t CuttingSink::take(std::span<Frame> frames) noexcept {
  std::size_t taken = 0;
  for (Frame& frame : frames) {
    const std::uint32_t wanted = wire_packets(frame);
    const std::uint32_t passed = pass(frame);
    taken += passed;
    if (passed < wanted) break;
  }
  return taken;
}

std::uint32_t CuttingSink::pass(Frame& frame) noexcept {
  const std::uint32_t wanted = wire_packets(frame);
  const Segmenter segmenter(frame, pool_, CutChecksum::complete, kind_);
  if (!segmenter.valid()) {
    ++counters_.malformed;
    return wanted;
  }
  if (segmenter.largest_packet() > mtu_) {
    counters_.too_big += wanted;
    return wanted;
  }

  constexpr std::size_t kBatch = 16;
  std::array<Frame, kBatch> batch;
  std::uint32_t done = 0;
  while (done < wanted) {
    std::size_t count = 0;
    std::uint32_t lost = 0;
    while (count < batch.size() && done + count < wanted) {
      if (!segmenter.cut(done + static_cast<std::uint32_t>(count), batch[count])) {
        lost = 1;
        break;
      }
      ++count;
    }
    const std::size_t passed = next_.take(std::span(batch).first(count));
    done += static_cast<std::uint32_t>(passed);
    if (passed < count) return done;
    counters_.no_memory += lost;
    done += lost;
  }
  return done;
}

}  // namespace bowline::inline v0
