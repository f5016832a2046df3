// ARP (RFC 826), with the detection and defence of address conflicts (RFC 5227).

#include "bowline/stack/core.hpp"

namespace bowline::inline v0 {

void Stack::Core::receive_arp(const Frame& frame, InterfaceId interface) noexcept {
  const auto arp = wire::parse_arp(frame.head());
  if (!arp) return decisions.make(Reason::arp_malformed);
  const wire::MacAddress& own = interface_of(interface).link.mac;
  const IpAddress& sender = arp->sender_ip;
  const bool is_probe = sender.is_unspecified();
  if (wire::is_group(arp->sender_mac) || arp->sender_mac == wire::MacAddress{} ||
      arp->sender_mac == own || sender.is_multicast() || sender.is_loopback() ||
      ip::is_broadcast(sender, local_addresses())) {
    return decisions.make(Reason::arp_bad_sender);
  }
  const bool request = arp->operation == wire::ArpOperation::request;

  // RFC 5227 sections 2.1.1 and 2.4: whoever sends from an address of ours, or probes for one that
  // we are probing for, has it or wants it too.
  std::uint32_t disputed = address_index(interface, sender);
  const std::uint32_t wanted = address_index(interface, arp->target_ip);
  if (is_probe && wanted != kNone && addresses[wanted].state == AddressState::tentative) {
    disputed = request ? wanted : kNone;
  }
  if (disputed != kNone) return conflict_about(disputed);

  // RFC 826, "Packet Reception": who is known is brought up to date by whatever he sends; who is
  // not is noted when he speaks to us.
  const bool to_us = wanted != kNone && addresses[wanted].usable();
  if (!is_probe) {
    ip::Announcement said;
    said.mac = arp->sender_mac;
    said.create = to_us && next_hop(interface, sender) == sender;
    said.solicited = to_us && !request && arp->target_mac == own;
    const bool known = said.create || neighbours.find(interface, sender) != kNone;
    hear(interface, sender, said);
    if (!to_us || !request) {
      return decisions.make(known ? Reason::arp_learnt : Reason::arp_not_ours);
    }
  }
  if (!to_us || !request) return decisions.make(Reason::arp_not_ours);
  send_arp(interface, {wire::ArpOperation::reply, own, arp->target_ip, arp->sender_mac, sender},
           arp->sender_mac, Reason::send_arp_reply);
}

void Stack::Core::send_arp(InterfaceId interface, const wire::ArpPacket& packet,
                           const wire::MacAddress& to, Reason why) noexcept {
  constexpr std::uint32_t kSize = wire::kEthernetHeaderSize + wire::kArpSize;
  const Buffer buffer = pool->allocate(kSize);
  if (!buffer) return decisions.make(Reason::no_memory);
  wire::emit_arp(buffer.data() + wire::kEthernetHeaderSize, packet);
  Frame frame;
  frame.id = new_frame_id();
  frame.checksum = Checksum::complete;
  frame.append(buffer.slice(0, kSize));
  static_cast<void>(
      send_framed(interface_of(interface), std::move(frame), to, wire::kEtherTypeArp, why, 0));
}

// The question comes from the address by which the neighbour would answer us.
void Stack::Core::ask_by_arp(const ip::Neighbour& neighbour, bool unicast) noexcept {
  const auto source = source_by(neighbour.interface, neighbour.address);
  if (!source || !is_local(*source)) return decisions.make(Reason::address_not_ready);
  wire::ArpPacket packet;
  packet.sender_mac = interface_of(neighbour.interface).link.mac;
  packet.sender_ip = *source;
  packet.target_ip = neighbour.address;
  send_arp(neighbour.interface, packet, unicast ? neighbour.mac : wire::kMacBroadcast,
           unicast ? Reason::send_arp_poll : Reason::send_arp_request);
}

// A probe has no sender yet (RFC 5227 section 2.1.1); an announcement has itself as target
// (section 2.3), and a defence is one more announcement (section 2.4).
void Stack::Core::announce_by_arp(const ip::LocalAddress& address, Reason why) noexcept {
  wire::ArpPacket packet;
  packet.sender_mac = interface_of(address.interface).link.mac;
  if (why != Reason::send_arp_probe) packet.sender_ip = address.cidr.address;
  packet.target_ip = address.cidr.address;
  send_arp(address.interface, packet, wire::kMacBroadcast, why);
}

}  // namespace bowline::inline v0
