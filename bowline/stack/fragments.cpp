// Fragments in and out: what is larger than a path takes (RFC 791 section 3.2, RFC 8200
// section 4.5).

#include <algorithm>
#include <cstring>

#include "bowline/stack/core.hpp"

namespace bowline::inline v0 {
namespace {

// The bytes of payload in each fragment but the last: a multiple of 8.
std::uint32_t fragment_payload(Family family, std::uint32_t mtu) noexcept {
  const std::uint32_t headers = wire::ip_fragment_header_size(family);
  return mtu < headers + 8 ? 8 : (mtu - headers) / 8 * 8;
}

// Copies `size` bytes from `offset` on of what `front` and `back` are in a row.
void copy_part(std::byte* to, std::uint32_t offset, std::uint32_t size,
               std::span<const std::byte> front, std::span<const std::byte> back) noexcept {
  const auto from_front = offset < front.size()
                              ? std::min(size, static_cast<std::uint32_t>(front.size()) - offset)
                              : 0U;
  if (from_front > 0) std::memcpy(to, front.data() + offset, from_front);
  if (from_front == size) return;
  std::memcpy(to + from_front, back.data() + (offset + from_front - front.size()),
              size - from_front);
}

}  // namespace

bool Stack::Core::reassemble(Frame& frame, const ip::Packet& packet,
                             InterfaceId interface) noexcept {
  const auto verdict = reassembly.add(frame, packet, interface, *pool, decisions, now);
  if (verdict.answer != wire::IcmpKind::other && packet.cast == ip::Cast::unicast) {
    send_icmp_error(frame, packet, verdict.answer, verdict.pointer, interface,
                    Reason::send_icmp_fragment_problem);
  }
  return verdict.fate == ip::FragmentFate::complete;
}

void Stack::Core::expire_fragments() noexcept {
  while (auto expired = reassembly.expire(decisions, now)) {
    if (expired->first.empty()) continue;
    Frame first;
    first.append(std::move(expired->first));
    const auto header = wire::parse_ip(first.head(), first.size, wire::HeaderChecksum::trust);
    if (!header) continue;
    send_icmp_error(first, *header, wire::IcmpKind::reassembly_timeout, 0, expired->interface,
                    Reason::send_icmp_time_exceeded);
  }
}

bool Stack::Core::has_room(InterfaceId interface, std::uint32_t count) const noexcept {
  return interfaces[static_cast<std::uint32_t>(interface)].pending.size() + count <=
         config.limits.replies;
}

std::uint32_t Stack::Core::packets_of(Family family, std::uint32_t payload,
                                      std::uint32_t mtu) noexcept {
  if (wire::ip_header_size(family) + payload <= mtu) return 1;
  const std::uint32_t each = fragment_payload(family, mtu);
  return (payload + each - 1) / each;
}

// Sends a packet with this transport header and data: whole, or in fragments where the path takes
// no more. All of them or none: a datagram of which one is missing is lost.
Status Stack::Core::send_datagram(wire::IpHeader ip, std::span<const std::byte> header,
                                  std::span<const std::byte> data, InterfaceId interface,
                                  Reason why) noexcept {
  const auto payload = static_cast<std::uint32_t>(header.size() + data.size());
  const std::uint32_t mtu = datagram_mtu(interface, ip.destination);
  if (!has_room(interface, packets_of(ip.family(), payload, mtu))) {
    return fail(std::errc::operation_would_block);
  }
  const std::uint32_t ip_size = wire::ip_header_size(ip.family());
  if (ip_size + payload > mtu) return send_fragments(ip, header, data, mtu, interface);
  const Buffer buffer = pool->allocate(kHeadroom + ip_size + payload);
  if (!buffer) return fail(std::errc::no_buffer_space);
  std::byte* const packet = buffer.data() + kHeadroom;
  ip.payload_size = payload;
  wire::emit_ip(packet, ip);
  copy_part(packet + ip_size, 0, payload, header, data);
  Frame frame;
  frame.append(buffer.slice(kHeadroom, ip_size + payload));
  frame.headroom = kHeadroom;
  frame.checksum = Checksum::complete;
  if (!queue(interface, std::move(frame), why, 0)) return fail(std::errc::no_buffer_space);
  return {};
}

Status Stack::Core::send_fragments(wire::IpHeader ip, std::span<const std::byte> header,
                                   std::span<const std::byte> data, std::uint32_t mtu,
                                   InterfaceId interface) noexcept {
  const auto payload = static_cast<std::uint32_t>(header.size() + data.size());
  const std::uint32_t each = fragment_payload(ip.family(), mtu);
  const std::uint32_t ip_size = wire::ip_fragment_header_size(ip.family());
  ip.dont_fragment = false;
  ip.identification = identifications.next(ip.source, ip.destination, ip.protocol);
  Ring<Frame> frames(memory);
  if (!frames.reserve_more(packets_of(ip.family(), payload, mtu))) {
    return fail(std::errc::no_buffer_space);
  }
  for (std::uint32_t offset = 0; offset < payload; offset += each) {
    const std::uint32_t size = std::min(each, payload - offset);
    const Buffer buffer = pool->allocate(kHeadroom + ip_size + size);
    if (!buffer) return fail(std::errc::no_buffer_space);
    std::byte* const packet = buffer.data() + kHeadroom;
    ip.payload_size = size;
    ip.fragment_offset = static_cast<std::uint16_t>(offset);
    ip.more_fragments = offset + size < payload;
    wire::emit_ip_fragment(packet, ip);
    copy_part(packet + ip_size, offset, size, header, data);
    Frame frame;
    frame.append(buffer.slice(kHeadroom, ip_size + size));
    frame.headroom = kHeadroom;
    frame.checksum = Checksum::complete;
    static_cast<void>(frames.push_back(std::move(frame)));
  }
  while (!frames.empty()) {
    if (!queue(interface, std::move(frames.front()), Reason::send_fragment, 0)) {
      return fail(std::errc::no_buffer_space);
    }
    frames.pop_front();
  }
  return {};
}

}  // namespace bowline::inline v0
