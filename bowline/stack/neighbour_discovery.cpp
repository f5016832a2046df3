// Neighbour discovery (RFC 4861 section 7, RFC 4862 section 5.4) and the other ICMPv6 of the link
// alone: what comes in is judged here, before IP, since it may be for a group or from nobody.

#include "bowline/ip/ndp_rules.hpp"
#include "bowline/stack/core.hpp"
#include "bowline/wire/transport_checksum.hpp"

namespace bowline::inline v0 {
namespace {

// Where next header values of IPv6 stand, and what leads to ICMPv6 here.
constexpr std::size_t kNextHeader = 6;
constexpr std::byte kHopByHop{0};

bool may_be_icmp(std::span<const std::byte> head) noexcept {
  return head.size() > wire::kIpv6HeaderSize &&
         (head[kNextHeader] == std::byte{wire::kProtocolIcmpV6} || head[kNextHeader] == kHopByHop);
}

}  // namespace

bool Stack::Core::receive_link_icmp(const Frame& frame, InterfaceId interface) noexcept {
  const std::span<const std::byte> head = frame.head();
  if (!may_be_icmp(head)) return false;
  const auto ip = wire::parse_ip(head, frame.size);
  if (!ip || ip->family() != Family::ipv6 || ip->protocol != wire::kProtocolIcmpV6 ||
      ip->is_fragment() || ip->payload_size == 0 || head.size() <= ip->header_size) {
    return false;
  }
  const auto type = std::to_integer<std::uint8_t>(head[ip->header_size]);
  const bool query = type == wire::kMldQuery;
  if (!wire::is_ndp(type) && !query) return false;
  const auto done = [this](Reason why) {
    decisions.make(why);
    return true;
  };
  if (head.size() < ip->total_size()) return done(Reason::neighbour_discovery_malformed);
  if (!wire::transport_checksum_is_right(frame, *ip, ip->payload_size)) {
    return done(Reason::icmp_bad_checksum);
  }
  const auto bytes = head.subspan(ip->header_size, ip->payload_size);
  Interface& in = interface_of(interface);
  if (query) {
    const auto asked = wire::parse_mld_query(bytes);
    // RFC 3810 section 6.2: from a link-local address, one hop away.
    if (!asked || ip->ttl != 1 || !ip->source.is_link_local() ||
        (!asked->group.is_unspecified() &&
         !is_group_of_ours(
             wire::ipv6_multicast_mac(std::span<const std::byte, 16>(asked->group.raw())),
             interface))) {
      return done(Reason::multicast_ignored);
    }
    const auto range =
        static_cast<std::uint64_t>(std::max<Duration>(asked->max_response, 1ms).count());
    in.report_at =
        std::min(in.report_at, now + Duration(static_cast<std::int64_t>(random.below(range))));
    plan_upkeep();
    return done(Reason::multicast_query_taken);
  }
  const auto message = wire::parse_ndp(bytes);
  if (!message) return done(message.error());
  if (const auto refused = ip::judge(*ip, *message)) return done(*refused);
  switch (message->type) {
    case wire::NdpType::neighbour_solicitation:
      receive_solicitation(*ip, *message, interface);
      break;
    case wire::NdpType::neighbour_advertisement:
      receive_advertisement(*message, interface);
      break;
    case wire::NdpType::router_advertisement:
      receive_router_advertisement(*ip, *message, interface);
      break;
    case wire::NdpType::router_solicitation:
      decisions.make(Reason::router_solicitation_ignored);
      break;
    case wire::NdpType::redirect:
      decisions.make(Reason::redirect_ignored);
      break;
  }
  return true;
}

// Section 7.2.3.
void Stack::Core::receive_solicitation(const wire::IpHeader& ip, const wire::NdpMessage& message,
                                       InterfaceId interface) noexcept {
  const std::uint32_t place = address_index(interface, message.target);
  if (place == kNone) return decisions.make(Reason::neighbour_discovery_not_ours);
  const bool checks = ip.source.is_unspecified();
  if (addresses[place].state == AddressState::tentative) {
    // RFC 4862 section 5.4.3: another one that checks the same address; all else must wait.
    if (checks) return address_is_taken(place, Reason::address_duplicate);
    return decisions.make(Reason::neighbour_discovery_not_ours);
  }
  if (!addresses[place].usable()) return decisions.make(Reason::neighbour_discovery_not_ours);
  if (is_local(ip.source)) return decisions.make(Reason::neighbour_discovery_bad_source);
  if (!checks && message.source_mac) {
    ip::Announcement said;
    said.mac = message.source_mac;
    said.create = true;
    hear(interface, ip.source, said);
  }
  wire::NdpMessage answer;
  answer.type = wire::NdpType::neighbour_advertisement;
  answer.target = message.target;
  answer.solicited = !checks;
  answer.override_flag = true;
  answer.target_mac = interface_of(interface).link.mac;
  send_ndp(interface, message.target, checks ? wire::all_nodes() : ip.source, answer, nullptr,
           Reason::send_neighbour_advertisement);
}

// Section 7.2.5.
void Stack::Core::receive_advertisement(const wire::NdpMessage& message,
                                        InterfaceId interface) noexcept {
  if (const std::uint32_t place = address_index(interface, message.target); place != kNone) {
    return conflict_about(place);  // RFC 4862 section 5.4.4
  }
  if (neighbours.find(interface, message.target) == kNone) {
    return decisions.make(Reason::neighbour_discovery_unknown);
  }
  ip::Announcement said;
  said.mac = message.target_mac;
  said.solicited = message.solicited;
  said.override_mac = message.override_flag;
  said.router = message.router;
  decisions.make(Reason::neighbour_discovery_learnt);
  hear(interface, message.target, said);
}

void Stack::Core::send_ndp(InterfaceId interface, const IpAddress& source,
                           const IpAddress& destination, const wire::NdpMessage& message,
                           const wire::MacAddress* to, Reason why) noexcept {
  const Buffer buffer = pool->allocate(kHeadroom + wire::kIpv6HeaderSize + wire::kNdpMaxEmitted);
  if (!buffer) return decisions.make(Reason::no_memory);
  std::byte* const packet = buffer.data() + kHeadroom;
  wire::IpHeader ip;
  ip.source = source;
  ip.destination = destination;
  ip.protocol = wire::kProtocolIcmpV6;
  ip.ttl = 255;
  ip.payload_size = wire::emit_ndp(packet + wire::kIpv6HeaderSize, source, destination, message);
  wire::emit_ip(packet, ip);
  Frame frame;
  frame.checksum = Checksum::complete;
  frame.append(buffer.slice(kHeadroom, wire::kIpv6HeaderSize + ip.payload_size));
  frame.headroom = kHeadroom;
  if (to == nullptr) {
    static_cast<void>(queue(interface, std::move(frame), why, 0));
    return;
  }
  frame.id = new_frame_id();
  if (frame.prepend(wire::kEthernetHeaderSize) == nullptr) return;
  static_cast<void>(
      send_framed(interface_of(interface), std::move(frame), *to, wire::kEtherTypeIpv6, why, 0));
}

// Section 7.2.2: to the group of those whose address ends like it, or (7.3.3) to itself.
void Stack::Core::ask_by_solicitation(const ip::Neighbour& neighbour, bool unicast) noexcept {
  const auto source = source_by(neighbour.interface, neighbour.address);
  if (!source || !is_local(*source)) return decisions.make(Reason::address_not_ready);
  wire::NdpMessage message;
  message.target = neighbour.address;
  message.source_mac = interface_of(neighbour.interface).link.mac;
  send_ndp(neighbour.interface, *source,
           unicast ? neighbour.address : wire::solicited_node(neighbour.address), message,
           unicast ? &neighbour.mac : nullptr,
           unicast ? Reason::send_neighbour_probe : Reason::send_neighbour_solicitation);
}

}  // namespace bowline::inline v0
