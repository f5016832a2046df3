// Ethernet's header: judged and taken off on the way in, put in front on the way out (RFC 894, RFC
// 2464).

#include "bowline/wire/ethernet.hpp"
#include "bowline/stack/core.hpp"

namespace bowline::inline v0 {
namespace {

void take_header_off(Frame& frame) noexcept {
  constexpr auto kSize = static_cast<std::uint16_t>(wire::kEthernetHeaderSize);
  frame.pieces[0].drop_front(kSize);
  frame.size -= kSize;
  if (frame.checksum == Checksum::partial && frame.checksum_start >= kSize) {
    frame.checksum_start = static_cast<std::uint16_t>(frame.checksum_start - kSize);
  }
  if (frame.header_size >= kSize) {
    frame.header_size = static_cast<std::uint16_t>(frame.header_size - kSize);
  }
}

}  // namespace

// All nodes, and the solicited-node group of each of our addresses (RFC 4861 section 7.2.1), whose
// frames carry the last four bytes of the group (RFC 2464 section 7).
bool Stack::Core::is_group_of_ours(const wire::MacAddress& mac,
                                   InterfaceId interface) const noexcept {
  const auto is_of = [&](const IpAddress& group) {
    return wire::ipv6_multicast_mac(std::span<const std::byte, 16>(group.raw())) == mac;
  };
  if (is_of(wire::all_nodes())) return true;
  for (const ip::LocalAddress& ours : local_addresses()) {
    if (ours.interface == interface && !ours.cidr.address.is_v4() && ours.hoped_for() &&
        is_of(wire::solicited_node(ours.cidr.address))) {
      return true;
    }
  }
  return false;
}

Stack::Core::Framing Stack::Core::receive_ethernet(Frame& frame, InterfaceId interface) noexcept {
  const auto dropped = [this](Reason why) {
    decisions.make(why);
    return Framing::handled;
  };
  const auto header = wire::parse_ethernet(frame.head());
  if (!header) return dropped(Reason::ethernet_truncated);
  const wire::MacAddress& own = interface_of(interface).link.mac;
  // A hub or a bridge that loops gives us back what we sent; nobody else has our address.
  if (wire::is_group(header->source) || header->source == own) {
    return dropped(Reason::ethernet_bad_source);
  }
  const bool group = header->destination != own;
  if (group && header->destination != wire::kMacBroadcast &&
      !is_group_of_ours(header->destination, interface)) {
    return dropped(Reason::ethernet_not_ours);
  }
  switch (header->type) {
    case wire::kEtherTypeArp:
      take_header_off(frame);
      receive_arp(frame, interface);
      return Framing::handled;
    case wire::kEtherTypeIpv4:
      take_header_off(frame);
      break;
    case wire::kEtherTypeIpv6:
      take_header_off(frame);
      if (receive_link_icmp(frame, interface)) return Framing::handled;
      break;
    case wire::kEtherTypeVlan:
    case wire::kEtherTypeServiceVlan:
      return dropped(Reason::ethernet_vlan);
    default:
      return dropped(Reason::ethernet_unknown_type);
  }
  return group ? Framing::for_group : Framing::for_us;
}

bool Stack::Core::push_pending(Interface& out, Frame&& frame, Reason why,
                               std::uint64_t connection) noexcept {
  const bool room = out.pending.size() < config.limits.replies && out.pending.reserve_more(1) &&
                    out.pending_why.push_back({why, connection});
  if (!room) {
    decisions.make(Reason::reply_ring_full);
    return false;
  }
  return out.pending.push_back(std::move(frame));
}

bool Stack::Core::send_framed(Interface& out, Frame frame, const wire::MacAddress& to,
                              std::uint16_t type, Reason why, std::uint64_t connection) noexcept {
  auto* header = const_cast<std::byte*>(frame.pieces[0].data());
  wire::emit_ethernet(header, {to, out.link.mac, type});
  return push_pending(out, std::move(frame), why, connection);
}

}  // namespace bowline::inline v0
