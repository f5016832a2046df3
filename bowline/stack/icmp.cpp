// ICMP: echo, and errors in both directions (RFC 792, RFC 4443, RFC 1122 section 3.2.2). An error
// about a connection is believed only when it quotes a number that is in flight (RFC 5927
// section 4.1), and even then it ends nothing that is synchronized.

#include <algorithm>

#include "bowline/stack/core.hpp"
#include "bowline/tcp/path_mtu.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/transport_checksum.hpp"

namespace bowline::inline v0 {
namespace {

std::errc errc_of(wire::IcmpKind kind) noexcept {
  switch (kind) {
    case wire::IcmpKind::network_unreachable:
      return std::errc::network_unreachable;
    case wire::IcmpKind::port_unreachable:
    case wire::IcmpKind::protocol_unreachable:
      return std::errc::connection_refused;
    case wire::IcmpKind::prohibited:
      return std::errc::permission_denied;
    case wire::IcmpKind::packet_too_big:
      return std::errc::message_size;
    case wire::IcmpKind::parameter_problem:
    case wire::IcmpKind::incomplete_headers:
      return std::errc::protocol_error;
    default:
      return std::errc::host_unreachable;
  }
}

// RFC 1122 section 4.2.3.9: hard errors end a connection that is opening; all others are soft.
bool is_hard(wire::IcmpKind kind) noexcept {
  return kind == wire::IcmpKind::port_unreachable || kind == wire::IcmpKind::protocol_unreachable;
}

// Linux tells of what an administrator of IPv4 forbids as if it could not be reached, and of a
// protocol that is not there by a name of its own (icmp_err_convert[]).
std::errc linux_errc_of(wire::IcmpKind kind, Family family) noexcept {
  if (family == Family::ipv4 && kind == wire::IcmpKind::prohibited) {
    return std::errc::host_unreachable;
  }
  if (kind == wire::IcmpKind::protocol_unreachable) {
    return family == Family::ipv4 ? std::errc::no_protocol_option : std::errc::protocol_error;
  }
  return errc_of(kind);
}

// What ends a half-open entry in Linux: tcp_v4_err(); icmpv6_err_convert(), where it says "fatal".
bool ends_half_open(wire::IcmpKind kind, Family family) noexcept {
  switch (kind) {
    case wire::IcmpKind::network_unreachable:
    case wire::IcmpKind::host_unreachable:
    case wire::IcmpKind::time_exceeded:
    case wire::IcmpKind::reassembly_timeout:
      return family == Family::ipv4;
    case wire::IcmpKind::port_unreachable:
    case wire::IcmpKind::prohibited:
      return family == Family::ipv6;
    case wire::IcmpKind::parameter_problem:
      return true;
    case wire::IcmpKind::protocol_unreachable:  // a parameter problem of IPv6
    case wire::IcmpKind::incomplete_headers:
      return family == Family::ipv6;
    default:
      return false;
  }
}

// Is the connection still opening, in Linux's eyes? One that Fast Open has made is until it is
// accepted: whoever has it is told as of any other.
bool is_opening(const tcp::Connection& c) noexcept {
  if (c.state == tcp::State::syn_sent) return true;
  if (c.state != tcp::State::syn_received) return false;
  return c.fast_open != tcp::FastOpenRole::accepted || c.listener != ListLink::kNone;
}

// A datagram is not sent again, so more is hard for UDP: all that will be the same the next time
// (as Linux has it).
bool is_hard_for_udp(wire::IcmpKind kind) noexcept {
  return is_hard(kind) || kind == wire::IcmpKind::prohibited ||
         kind == wire::IcmpKind::packet_too_big || kind == wire::IcmpKind::parameter_problem ||
         kind == wire::IcmpKind::incomplete_headers;
}

}  // namespace

void Stack::Core::receive_icmp(const Frame& frame, const wire::IpHeader& header,
                               InterfaceId interface) noexcept {
  const auto message = wire::parse_icmp(header.family(), frame.head().subspan(header.header_size),
                                        header.payload_size);
  if (!message) return decisions.make(message.error());
  if (!wire::transport_checksum_is_right(frame, header, header.payload_size)) {
    return decisions.make(Reason::icmp_bad_checksum);
  }
  if (message->kind == wire::IcmpKind::echo_request) {
    return answer_echo(frame, header, *message, interface);
  }
  if (!wire::is_error(message->kind) || !message->quote)
    return decisions.make(Reason::icmp_ignored);
  switch (message->quote->ip.protocol) {
    case wire::kProtocolTcp:
      return icmp_error_for_tcp(*message);
    case wire::kProtocolUdp:
      return icmp_error_for_udp(*message, interface);
    default:
      return decisions.make(Reason::icmp_ignored);
  }
}

// RFC 1122 section 3.2.2.6: the data of the request comes back unchanged, in fragments where it
// came in fragments.
void Stack::Core::answer_echo(const Frame& frame, const wire::IpHeader& header,
                              const wire::IcmpMessage& message, InterfaceId interface) noexcept {
  if (!config.answer_echo) return decisions.make(Reason::icmp_ignored);
  if (!reply_limit.allow(header.source, now)) return decisions.make(Reason::icmp_rate_limited);
  const std::uint32_t size = header.payload_size - wire::kIcmpHeaderSize;
  const std::uint32_t offset = header.header_size + wire::kIcmpHeaderSize;
  Slice data = frame.pieces[0].part(offset, size);
  if (data.size() < size) {  // in several pieces
    const Buffer copy = pool->allocate(size);
    if (!copy) return decisions.make(Reason::no_memory);
    if (!frame.copy_to(offset, {copy.data(), size})) return decisions.make(Reason::icmp_malformed);
    data = copy.slice(0, size);
  }
  wire::IpHeader ip;
  ip.source = header.destination;
  ip.destination = header.source;
  ip.protocol = header.protocol;
  ip.tos = header.tos;
  ip.dont_fragment = false;
  wire::ChecksumSum sum = wire::sum_of(data.bytes());
  if (ip.family() == Family::ipv6) {
    sum.add_sum(
        wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, header.payload_size));
  }
  std::array<std::byte, wire::kIcmpHeaderSize> head;
  wire::emit_icmp_echo(head.data(), ip.family(), wire::IcmpKind::echo_reply, message.identifier,
                       message.sequence, sum);
  if (!send_datagram(ip, head, data.bytes(), interface, Reason::send_icmp_echo_reply)) {
    decisions.make(Reason::reply_ring_full);
  }
}

void Stack::Core::icmp_error_for_tcp(const wire::IcmpMessage& message) noexcept {
  const wire::IcmpQuote& quote = *message.quote;
  const Endpoint local{quote.ip.source, quote.source_port};
  const Endpoint remote{quote.ip.destination, quote.destination_port};
  const std::uint32_t found = find_tuple(hash(local, remote), local, remote);
  if (found != kNone && kind_of(found) == Kind::syn_entry && config.tcp.icmp_ends_opening) {
    return icmp_error_for_syn_entry(index_of(found), message);
  }
  if (found == kNone || kind_of(found) != Kind::connection) {
    return decisions.make(Reason::icmp_no_connection);
  }
  const std::uint32_t index = index_of(found);
  tcp::Connection& c = connections[index];
  tcp::Context ctx = context();
  // SND.UNA =< SEG.SEQ < SND.NXT, or it speaks of nothing that we have sent lately.
  if (!in_window(quote.seq, c.snd_una, distance(c.snd_una, c.snd_nxt))) {
    return tcp::decide(c, Reason::icmp_not_in_flight, ctx);
  }
  if (message.kind == wire::IcmpKind::packet_too_big) {
    const std::uint32_t mtu =
        ip::believable_mtu(local.address.family(), message.mtu, tcp::largest_packet(c));
    if (mtu == 0) return tcp::decide(c, Reason::path_mtu_ignored, ctx, c.path_mtu, message.mtu);
    tcp::decide(c, Reason::path_mtu, ctx, c.path_mtu, mtu);
    path_mtus.learn(remote.address, mtu, now);
    if (tcp::limit_path_mtu(c, mtu, now) && c.transfer) {
      // What was too big is lost for certain, and says nothing about congestion (RFC 1191
      // section 6.5).
      c.transfer->sent.mark_all_lost();
      c.loss_reason = Reason::retransmit_path_mtu;
    }
    return settle(index);
  }
  if (config.tcp.icmp_ends_opening && is_opening(c)) {
    c.soft_error = linux_errc_of(message.kind, local.address.family());
    const bool refused = c.soft_error == std::errc::connection_refused;
    tcp::end(c, refused ? tcp::EndReason::refused : tcp::EndReason::unreachable,
             Reason::state_icmp_unreachable, ctx);
    return settle(index);
  }
  if (is_hard(message.kind) && c.state == tcp::State::syn_sent) {
    const auto how = message.kind == wire::IcmpKind::port_unreachable ? tcp::EndReason::refused
                                                                      : tcp::EndReason::unreachable;
    tcp::end(c, how, Reason::state_icmp_unreachable, ctx);
    return settle(index);
  }
  tcp::decide(c, Reason::soft_error, ctx);
  c.has_soft_error = true;
  c.soft_error = config.tcp.icmp_ends_opening ? linux_errc_of(message.kind, local.address.family())
                                              : errc_of(message.kind);
}

// tcp_req_err()
void Stack::Core::icmp_error_for_syn_entry(std::uint32_t index,
                                           const wire::IcmpMessage& message) noexcept {
  const tcp::SynEntry& entry = half_open[index];
  if (message.quote->seq != entry.iss) {
    return decisions.make(Reason::icmp_not_in_flight, decisions.frame(), entry.number, {});
  }
  if (!ends_half_open(message.kind, entry.remote().address.family())) {
    return decisions.make(Reason::soft_error, decisions.frame(), entry.number, {});
  }
  drop_syn_entry(index, Reason::state_icmp_unreachable);
}

// RFC 1122 section 4.1.3.3: what the network says of a datagram is told to whoever sent it, if that
// can be said for certain: of a connected socket. It must quote what such a socket could have sent.
void Stack::Core::icmp_error_for_udp(const wire::IcmpMessage& message,
                                     InterfaceId interface) noexcept {
  const wire::IcmpQuote& quote = *message.quote;
  udp::Label label;
  label.from = {quote.ip.destination, quote.destination_port};
  label.to = {quote.ip.source, quote.source_port};
  label.interface = interface;
  const std::uint32_t index = is_local(quote.ip.source) ? find_udp(label) : kNone;
  if (index == kNone) return decisions.make(Reason::icmp_no_connection);
  udp::Socket& socket = udp_sockets[index];
  if (quote.ip.payload_size > wire::kUdpHeaderSize + socket.largest_sent) {
    return decisions.make(Reason::icmp_no_connection);
  }
  if (message.kind == wire::IcmpKind::packet_too_big && !learn_udp_path_mtu(message, interface)) {
    return;
  }
  if (!socket.remote) return decisions.make(Reason::soft_error);
  const bool hard = is_hard_for_udp(message.kind);
  decisions.make(hard ? Reason::hard_error : Reason::soft_error, decisions.frame(), 0,
                 socket.handle);
  (hard ? socket.error : socket.soft_error) = errc_of(message.kind);
  note_ready(tagged(Kind::udp, index), readiness(socket), socket.ready_mask, hard);
}

// RFC 1191, RFC 8201: the path takes less than we thought. The quoted packet must have been larger
// than what it will be taken to take, one that nobody on its way may cut, and as large as one that
// has gone there. What it teaches is for datagrams alone (ip/path_mtu.hpp).
bool Stack::Core::learn_udp_path_mtu(const wire::IcmpMessage& message,
                                     InterfaceId interface) noexcept {
  const wire::IpHeader& sent = message.quote->ip;
  const std::uint32_t current = datagram_mtu(interface, sent.destination);
  const std::uint32_t mtu = ip::believable_mtu(sent.family(), message.mtu, current);
  const bool uncut = sent.dont_fragment || sent.family() == Family::ipv6;
  const bool too_big = mtu != 0 && sent.total_size() > mtu;
  if (!uncut || !too_big || !udp_sizes.reach(sent.destination, sent.total_size(), now)) {
    decisions.make(Reason::path_mtu_ignored, decisions.frame(), 0, {}, current, message.mtu);
    return false;
  }
  decisions.make(Reason::path_mtu, decisions.frame(), 0, {}, current, mtu);
  udp_path_mtus.learn(sent.destination, mtu, now);
  return true;
}

void Stack::Core::send_unreachable(const Frame& frame, const wire::IpHeader& header,
                                   wire::IcmpKind kind, InterfaceId interface) noexcept {
  send_icmp_error(frame, header, kind, 0, interface, Reason::send_icmp_unreachable);
}

// RFC 1122 section 3.2.2: never about a group, a later fragment or another error; at most at the
// limited rate.
void Stack::Core::send_icmp_error(const Frame& frame, const wire::IpHeader& header,
                                  wire::IcmpKind kind, std::uint32_t word, InterfaceId interface,
                                  Reason why) noexcept {
  if (!reply_limit.allow(header.source, now)) return decisions.make(Reason::icmp_rate_limited);
  const std::uint32_t ip_size = wire::ip_header_size(header.family());
  const Buffer buffer = pool->allocate(kHeadroom + wire::kIpv6MinMtu);
  if (!buffer) return decisions.make(Reason::no_memory);
  std::byte* const packet = buffer.data() + kHeadroom;
  const std::span<const std::byte> head = frame.head();
  const std::span<const std::byte> offending =
      head.first(std::min<std::size_t>(head.size(), header.total_size()));
  const std::uint32_t size =
      wire::emit_icmp_error({packet + ip_size, wire::kIpv6MinMtu - ip_size}, kind, word,
                            header.destination, header.source, offending);
  if (size == 0) return;
  wire::IpHeader ip;
  ip.source = header.destination;
  ip.destination = header.source;
  ip.protocol = ip.family() == Family::ipv4 ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
  ip.payload_size = size;
  wire::emit_ip(packet, ip);
  Frame answer;
  answer.append(buffer.slice(kHeadroom, ip_size + size));
  answer.headroom = kHeadroom;
  answer.checksum = Checksum::complete;
  static_cast<void>(queue(interface, std::move(answer), why, 0));
}

}  // namespace bowline::inline v0
