#include "bowline/sim/middlebox.hpp"

#include <array>
#include <iterator>
#include <utility>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0::sim {
namespace {

// Where fields stand (RFC 791 3.1, 8200 3, 9293 3.1, 768, 792).
constexpr std::size_t kTcpFlags = 12;
constexpr std::size_t kIpv4Checksum = 10;
constexpr std::size_t kIcmpChecksum = 2;
constexpr std::size_t kIcmpIdentifier = 4;

/// Where the two addresses stand in an IP header.
struct AddressPlace {
  std::size_t source;
  std::size_t destination;
  std::size_t size;
};
AddressPlace places(Family family) noexcept {
  return family == Family::ipv4 ? AddressPlace{12, 16, 4} : AddressPlace{8, 24, 16};
}

bool is_icmp(std::uint8_t protocol) noexcept {
  return protocol == wire::kProtocolIcmp || protocol == wire::kProtocolIcmpV6;
}

/// Writes `to` over the bytes at `field` and keeps `checksum` right (RFC 1624).
void replace(std::span<std::byte> field, std::span<const std::byte> to, std::uint16_t& checksum) {
  for (std::size_t i = 0; i + 1 < to.size(); i += 2) {
    const auto before = load_be<std::uint16_t>(field.data() + i);
    const auto after = load_be<std::uint16_t>(to.data() + i);
    checksum = wire::update_checksum(checksum, before, after);
    store_be<std::uint16_t>(field.data() + i, after);
  }
}

std::array<std::byte, 2> as_bytes(std::uint16_t port) noexcept {
  std::array<std::byte, 2> bytes;
  store_be<std::uint16_t>(bytes.data(), port);
  return bytes;
}

/// Puts `address` and `port` in place of the source's or the destination's in the packet at the
/// start of `whole`, which may be one that an ICMP error quotes (cut after eight bytes of its
/// payload).
void rewrite(std::span<std::byte> whole, const wire::IpHeader& ip, bool source,
             const Endpoint& to) {
  const AddressPlace place = places(ip.family());
  const auto address = whole.subspan(source ? place.source : place.destination, place.size);
  const auto transport = whole.subspan(ip.header_size);
  const std::array<std::byte, 2> port = as_bytes(to.port);

  // The transport's checksum covers addresses (by the pseudo-header) and ports.
  std::size_t field = 0;
  std::size_t port_at = source ? 0 : 2;
  bool covers_addresses = true;
  if (ip.protocol == wire::kProtocolTcp) {
    field = wire::kTcpChecksumOffset;
  } else if (ip.protocol == wire::kProtocolUdp) {
    field = wire::kUdpChecksumOffset;
  } else {
    field = kIcmpChecksum;
    port_at = kIcmpIdentifier;
    covers_addresses = ip.protocol == wire::kProtocolIcmpV6;
  }
  std::uint16_t checksum = 0;
  const bool there = field + 2 <= transport.size();
  const bool none = there && ip.protocol == wire::kProtocolUdp &&
                    load_be<std::uint16_t>(transport.data() + field) == 0;  // RFC 768
  if (there) checksum = load_be<std::uint16_t>(transport.data() + field);

  std::uint16_t of_header = ip.family() == Family::ipv4
                                ? load_be<std::uint16_t>(whole.data() + kIpv4Checksum)
                                : std::uint16_t{0};
  std::array<std::byte, 16> before{};
  std::copy(address.begin(), address.end(), before.begin());
  replace(address, to.address.bytes(), of_header);
  if (ip.family() == Family::ipv4) store_be<std::uint16_t>(whole.data() + kIpv4Checksum, of_header);
  if (covers_addresses) {
    replace(std::span(before).first(place.size), to.address.bytes(), checksum);
  }
  replace(transport.subspan(port_at, 2), port, checksum);
  if (!there || none) return;
  if (ip.protocol == wire::kProtocolUdp) checksum = wire::udp_checksum_field(checksum);
  store_be<std::uint16_t>(transport.data() + field, checksum);
}

/// Puts `to` into an ICMP error: in place of its source (else: destination), and of the other end
/// in the packet that it quotes at `quoted`, which went the other way. (RFC 5508 section 4.2)
void rewrite_error(std::span<std::byte> whole, const wire::IpHeader& ip, std::uint32_t quoted,
                   bool source, const Endpoint& to) {
  const std::span<std::byte> quote = whole.subspan(quoted);
  rewrite(quote, *wire::parse_quoted_ip(quote), !source, to);

  const AddressPlace place = places(ip.family());
  const bool has_checksum = ip.family() == Family::ipv4;
  std::byte* const field = whole.data() + kIpv4Checksum;
  std::uint16_t checksum = has_checksum ? load_be<std::uint16_t>(field) : std::uint16_t{0};
  replace(whole.subspan(source ? place.source : place.destination, place.size), to.address.bytes(),
          checksum);
  if (has_checksum) store_be<std::uint16_t>(field, checksum);

  const auto message = whole.subspan(ip.header_size, ip.payload_size);
  store_be<std::uint16_t>(message.data() + kIcmpChecksum, std::uint16_t{0});
  wire::ChecksumSum sum;
  if (ip.family() == Family::ipv6) {
    sum =
        wire::pseudo_header_sum(source ? to.address : ip.source,
                                source ? ip.destination : to.address, ip.protocol, ip.payload_size);
  }
  sum.add(message);
  store_be<std::uint16_t>(message.data() + kIcmpChecksum, sum.finish());
}

}  // namespace

// ---- what a packet says -------------------------------------------------------------------------

std::optional<Middlebox::Ends> Middlebox::read(const Packet& packet, const wire::IpHeader& ip) {
  Ends ends;
  ends.protocol = ip.protocol;
  const auto transport = packet.head().subspan(ip.header_size);
  if (ip.is_fragment()) return std::nullopt;  // those behind the first have no ports
  if (ip.protocol == wire::kProtocolTcp || ip.protocol == wire::kProtocolUdp) {
    const std::size_t least =
        ip.protocol == wire::kProtocolTcp ? wire::kTcpHeaderSize : wire::kUdpHeaderSize;
    if (transport.size() < least) return std::nullopt;
    ends.source = load_be<std::uint16_t>(transport.data());
    ends.destination = load_be<std::uint16_t>(transport.data() + 2);
    ends.begins = true;
    if (ip.protocol == wire::kProtocolTcp) {
      ends.tcp_flags = load_be<std::uint16_t>(transport.data() + kTcpFlags) & 0x1ffU;
      ends.begins = (ends.tcp_flags & (wire::kSyn | wire::kAck | wire::kRst)) == wire::kSyn;
    }
    return ends;
  }
  if (!is_icmp(ip.protocol)) return std::nullopt;
  const auto icmp = wire::parse_icmp(ip.family(), transport, ip.payload_size);
  if (!icmp) return std::nullopt;
  if (icmp->kind == wire::IcmpKind::echo_request || icmp->kind == wire::IcmpKind::echo_reply) {
    ends.source = ends.destination = icmp->identifier;
    ends.begins = icmp->kind == wire::IcmpKind::echo_request;
    return ends;
  }
  if (!wire::is_error(icmp->kind) || !icmp->quote) return std::nullopt;
  // It speaks of a packet that went the other way: its ends are that one's, exchanged.
  ends.protocol = icmp->quote->ip.protocol;
  ends.source = icmp->quote->destination_port;
  ends.destination = icmp->quote->source_port;
  ends.quoted = ip.header_size + wire::kIcmpHeaderSize;
  ends.quoted_destination = icmp->quote->ip.destination;
  return ends;
}

// ---- flows --------------------------------------------------------------------------------------

Duration Middlebox::limit(const Key& key, const Flow& flow) const noexcept {
  if (key.inside.protocol != wire::kProtocolTcp) return options_.datagram_limit;
  const bool open = flow.established && !flow.reset && !(flow.fin_inside && flow.fin_outside);
  return open ? options_.idle_limit : options_.transitory_limit;
}

void Middlebox::forget(std::map<Key, Flow>::iterator flow) {
  const Inside inside = flow->first.inside;
  flows_.erase(flow);
  const auto mapping = mappings_.find(inside);
  if (mapping == mappings_.end() || --mapping->second.flows > 0) return;
  ports_.erase({inside.protocol, mapping->second.port});
  mappings_.erase(mapping);
}

Middlebox::Flow* Middlebox::find(const Key& key, Time now) {
  const auto flow = flows_.find(key);
  if (flow == flows_.end()) return nullptr;
  if (now - flow->second.last < limit(flow->first, flow->second)) return &flow->second;
  ++counters_.forgotten;
  forget(flow);
  return nullptr;
}

Middlebox::Flow* Middlebox::open(const Key& key, Time now) {
  if (flows_.size() >= options_.most_flows) {
    for (auto flow = flows_.begin(); flow != flows_.end();) {
      const auto next = std::next(flow);
      if (now - flow->second.last >= limit(flow->first, flow->second)) {
        ++counters_.forgotten;
        forget(flow);
      }
      flow = next;
    }
  }
  std::optional<std::uint16_t> port;
  const auto known = mappings_.find(key.inside);
  if (options_.translate && known == mappings_.end()) port = pick_port(key.inside);
  const bool no_port = options_.translate && known == mappings_.end() && !port;
  if (flows_.size() >= options_.most_flows || no_port) {
    ++counters_.full;
    return nullptr;
  }
  if (options_.translate) {
    // One port for all that an inside endpoint does, whomever it talks to (RFC 4787 REQ-1).
    Mapping& mapping = mappings_[key.inside];
    if (port) mapping.port = *port;
    ++mapping.flows;
    ports_[{key.inside.protocol, mapping.port}] = key.inside.endpoint;
  }
  ++counters_.opened;
  Flow& flow = flows_[key];
  flow.last = now;
  return &flow;
}

std::optional<std::uint16_t> Middlebox::pick_port(const Inside& inside) const {
  const auto is_free = [&](std::uint16_t port) {
    return !ports_.contains({inside.protocol, port});
  };
  if (is_free(inside.endpoint.port)) return inside.endpoint.port;
  for (std::uint32_t port = options_.first_port; port <= 0xffff; ++port) {
    if (is_free(static_cast<std::uint16_t>(port))) return static_cast<std::uint16_t>(port);
  }
  return std::nullopt;
}

void Middlebox::note(Flow& flow, const Ends& ends, bool from_inside, Time now) noexcept {
  if (ends.quoted != 0) return;  // an error is no sign of life (RFC 5508 REQ-3 b)
  flow.last = now;
  if (!from_inside) flow.established = true;
  if ((ends.tcp_flags & wire::kRst) != 0) flow.reset = true;
  if ((ends.tcp_flags & wire::kFin) != 0) (from_inside ? flow.fin_inside : flow.fin_outside) = true;
}

// ---- packets ------------------------------------------------------------------------------------

Middlebox::Verdict Middlebox::refuse(const Ends& ends) {
  ++counters_.no_flow;
  const bool answers = options_.refusal == Refusal::reset && ends.quoted == 0 &&
                       ends.protocol == wire::kProtocolTcp && (ends.tcp_flags & wire::kRst) == 0;
  return answers ? Verdict::reset : Verdict::drop;
}

Middlebox::Verdict Middlebox::outbound(Packet& packet, const wire::IpHeader& ip,
                                       const IpAddress& outside, Time now, BufferPool& pool) {
  const auto ends = read(packet, ip);
  if (!ends) {
    ++counters_.unsupported;
    return Verdict::drop;
  }
  // An error from inside is about a packet that had come in: its flow is of whom that was for.
  const IpAddress inside = ends->quoted != 0 ? ends->quoted_destination : ip.source;
  const Key key{{ends->protocol, {inside, ends->source}}, {ip.destination, ends->destination}};
  Flow* flow = find(key, now);
  const bool again = flow != nullptr && flow->reset && ends->begins;
  if (again) flow->established = flow->reset = flow->fin_inside = flow->fin_outside = false;
  if (flow == nullptr && ends->begins) flow = open(key, now);
  if (flow == nullptr) return ends->begins ? Verdict::drop : refuse(*ends);
  note(*flow, *ends, true, now);
  if (!options_.translate) return Verdict::pass;

  const Endpoint seen{outside, mappings_.at(key.inside).port};
  const std::span<std::byte> whole = packet.writable(pool);
  if (ends->quoted == 0) {
    rewrite(whole, ip, true, seen);
  } else {
    rewrite_error(whole, ip, ends->quoted, true, seen);
  }
  return Verdict::pass;
}

Middlebox::Verdict Middlebox::inbound(Packet& packet, const wire::IpHeader& ip,
                                      const IpAddress& outside, Time now, BufferPool& pool) {
  const auto ends = read(packet, ip);
  if (!ends) {
    ++counters_.unsupported;
    return Verdict::drop;
  }
  // Any router may send an error about a packet that had gone out.
  const IpAddress remote = ends->quoted != 0 ? ends->quoted_destination : ip.source;
  Endpoint inside{ip.destination, ends->destination};
  if (options_.translate) {
    const auto mapped = ports_.find({ends->protocol, ends->destination});
    if (ip.destination != outside || mapped == ports_.end()) return refuse(*ends);
    inside = mapped->second;
  }
  // An echo's identifier is the port of both its ends, and the NAT may have changed the inside one.
  const std::uint16_t remote_port = is_icmp(ends->protocol) ? inside.port : ends->source;
  Flow* const flow = find({{ends->protocol, inside}, {remote, remote_port}}, now);
  if (flow == nullptr) return refuse(*ends);
  note(*flow, *ends, false, now);
  if (!options_.translate) return Verdict::pass;

  const std::span<std::byte> whole = packet.writable(pool);
  if (ends->quoted == 0) {
    rewrite(whole, ip, false, inside);
  } else {
    rewrite_error(whole, ip, ends->quoted, false, inside);
  }
  return Verdict::pass;
}

}  // namespace bowline::inline v0::sim
