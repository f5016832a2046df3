#include "bowline/explain/conversations.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bowline::inline v0::explain {

std::string protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case wire::kProtocolIcmp:
      return "ICMP";
    case wire::kProtocolTcp:
      return "TCP";
    case wire::kProtocolUdp:
      return "UDP";
    case wire::kProtocolIcmpV6:
      return "ICMPv6";
    case 2:
      return "IGMP";
    case 47:
      return "GRE";
    case 50:
      return "ESP";
    case 132:
      return "SCTP";
    default:
      return fmt::format("protocol {}", protocol);
  }
}

Conversation* Conversations::find(std::uint8_t protocol, const Endpoint& source,
                                  const Endpoint& destination, bool make) {
  const Key key{protocol, std::min(source, destination), std::max(source, destination)};
  const auto known = table_.find(key);
  if (known != table_.end()) return &known->second;
  if (!make || table_.size() == most_) return nullptr;
  Conversation& made = table_[key];
  made.protocol = protocol;
  made.left = source;
  made.right = destination;
  return &made;
}

void Conversations::add(std::uint64_t number, Time time, const Decoded& packet) {
  if (!packet.ip) return;
  const wire::IpHeader& ip = *packet.ip;
  // An error counts where it belongs, too: to the datagram that it is about.
  if (packet.icmp && packet.icmp->quote && packet.icmp->quote->ip.protocol == wire::kProtocolUdp) {
    const wire::IcmpQuote& quote = *packet.icmp->quote;
    Conversation* const about = find(wire::kProtocolUdp, {quote.ip.source, quote.source_port},
                                     {quote.ip.destination, quote.destination_port}, false);
    if (about != nullptr) ++about->errors;
  }
  const Endpoint source{ip.source, packet.udp ? packet.udp->source_port : std::uint16_t{0}};
  const Endpoint destination{ip.destination,
                             packet.udp ? packet.udp->destination_port : std::uint16_t{0}};
  Conversation* const one = find(ip.protocol, source, destination, true);
  if (one == nullptr) {
    ++uncounted_;
    return;
  }
  if (one->first_packet == 0) {
    one->first_packet = number;
    one->first = time;
  }
  one->last = time;
  const bool right = source == one->left;
  ++(right ? one->packets_right : one->packets_left);
  (right ? one->bytes_right : one->bytes_left) += packet.payload_size;
  if (packet.icmp && wire::is_error(packet.icmp->kind)) ++one->errors;
}

std::vector<Conversation> Conversations::list() const {
  std::vector<Conversation> all;
  for (const auto& [key, one] : table_) all.push_back(one);
  std::ranges::sort(all, {}, &Conversation::first_packet);
  return all;
}

}  // namespace bowline::inline v0::explain
