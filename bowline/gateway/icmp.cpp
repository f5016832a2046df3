// ICMP: errors about what passes, and the one that the gateway has to tell itself.

#include <algorithm>
#include <utility>

#include "bowline/base/byte_order.hpp"
#include "bowline/gateway/syn_proxy.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/transport_checksum.hpp"

namespace bowline::inline v0::gateway {
namespace {

// Where they stand: in ICMP (RFC 792), and in the TCP header that is quoted behind it.
constexpr std::size_t kChecksum = 2;
constexpr std::uint32_t kSeq = 4;
constexpr std::uint32_t kAckNumber = 8;

}  // namespace

/// An error about TCP crosses if it quotes what is in flight on a flow (RFC 5927 section 4.1), with
/// the number that the sender of that knows; everything else as config says.
void SynProxy::receive_icmp(Side from, Frame frame, const wire::IpHeader& ip) noexcept {
  const auto pass_unchanged = [&] {
    if (config_.tcp_only) return drop(Reason::gateway_not_forwarded);
    pass(across(from), std::move(frame), ip, Reason::gateway_passed);
  };
  if (ip.fragment_offset != 0) return pass_unchanged();  // no use without the first
  const auto icmp =
      wire::parse_icmp(ip.family(), frame.head().subspan(ip.header_size), ip.payload_size);
  if (!icmp) return drop(icmp.error());
  if (ip.is_fragment()) {
    // An error fits into one packet (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 c): what comes
    // in parts hides its quote.
    return wire::is_error(icmp->kind) ? drop(Reason::icmp_malformed) : pass_unchanged();
  }
  const bool about_tcp =
      wire::is_error(icmp->kind) && icmp->quote && icmp->quote->ip.protocol == wire::kProtocolTcp;
  if (!about_tcp) return pass_unchanged();
  if (!wire::transport_checksum_is_right(frame, ip, ip.payload_size))
    return drop(Reason::icmp_bad_checksum);

  // It is about a packet that had crossed to where the error comes from.
  const wire::IcmpQuote& quote = *icmp->quote;
  const Endpoint sender{quote.ip.source, quote.source_port};
  const Endpoint receiver{quote.ip.destination, quote.destination_port};
  const bool from_outside = from == Side::outside;
  const std::uint32_t index = quote.ip.source != ip.destination ? kNone
                              : from_outside                    ? flows_.find(receiver, sender)
                                                                : flows_.find(sender, receiver);
  if (index == kNone) return drop(Reason::icmp_no_connection);
  Flow& flow = flows_[index];
  // The client has no part in it yet; what the server does not answer is repeated and given up.
  if (flow.state == FlowState::opening) return drop(Reason::gateway_not_open);
  const SeqNumber seq = from_outside ? quote.seq - flow.seq_shift : quote.seq;
  const bool in_flight =
      at_or_after(seq, flow.end(from).acked) && before(seq, flow.end(across(from)).next);
  if (!in_flight) return drop(Reason::icmp_not_in_flight);

  const std::uint32_t tcp =
      wire::kIcmpHeaderSize + quote.ip.header_size;  // from the ICMP header on
  const std::uint32_t there = std::min(frame.pieces[0].size() - ip.header_size, ip.payload_size);
  const bool has_ack = there >= tcp + kAckNumber + 4;
  const std::uint32_t needed = tcp + (has_ack ? kAckNumber : kSeq) + 4;
  if (there < needed) return drop(Reason::icmp_malformed);
  const std::span<std::byte> head = writable_head(frame, ip.header_size + needed, pool_);
  if (head.empty()) return drop(Reason::no_memory);
  const std::span<std::byte> message = head.subspan(ip.header_size);
  HeaderEditor editor(message, kChecksum, frame.checksum != Checksum::partial);
  if (from_outside) {
    editor.put32(tcp + kSeq, seq.raw());
  } else if (has_ack) {
    const auto as_sent = load_be<std::uint32_t>(message.data() + tcp + kAckNumber) + flow.seq_shift;
    editor.put32(tcp + kAckNumber, as_sent);
  }
  pass(across(from), std::move(frame), ip, Reason::gateway_passed, &flow);
}

/// Without it path MTU discovery would not work across links of different size. The gateway has no
/// address, so the error comes from where the packet was going to: hosts believe it from anywhere.
/// The packet was larger than what is quoted, so the answer is shorter than it.
void SynProxy::tell_too_big(Side to, const Frame& frame, const wire::IpHeader& ip,
                            std::uint32_t mtu) noexcept {
  if (ip.fragment_offset != 0) return;
  if (ip.protocol == wire::kProtocolIcmp || ip.protocol == wire::kProtocolIcmpV6) {
    const auto icmp =
        wire::parse_icmp(ip.family(), frame.head().subspan(ip.header_size), ip.payload_size);
    if (!icmp || wire::is_error(icmp->kind)) return;  // RFC 1812 section 4.3.2.7
  }
  if (!replies_.allow(ip.source, now_)) return drop(Reason::gateway_reply_withheld);
  const std::uint16_t at = wire::ip_header_size(ip.family());
  // A quote of the headers and a little more is enough for whoever reads it.
  constexpr std::uint32_t kMost = 256;
  const Buffer buffer = pool_.allocate(kMost);
  if (!buffer) return drop(Reason::no_memory);
  const std::span<std::byte> whole(buffer.data(), kMost);
  wire::IpHeader header;
  header.source = ip.destination;
  header.destination = ip.source;
  header.protocol = ip.family() == Family::ipv4 ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
  header.payload_size = wire::emit_icmp_error(whole.subspan(at), wire::IcmpKind::packet_too_big,
                                              mtu, header.source, header.destination, frame.head());
  if (header.payload_size == 0) return;
  (void)wire::emit_ip(whole.data(), header);
  Frame error;
  error.append(buffer.slice(0, at + header.payload_size));
  error.checksum = Checksum::complete;
  send(to, std::move(error), Reason::gateway_packet_too_big);
}

}  // namespace bowline::inline v0::gateway
