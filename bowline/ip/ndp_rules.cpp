#include "bowline/ip/ndp_rules.hpp"

namespace bowline::inline v0::ip {
namespace {

// Section 7.1.1: one that is only looking for duplicates asks the group, and has no address to say.
bool is_valid_check(const wire::IpHeader& header, const wire::NdpMessage& message) noexcept {
  return header.destination == wire::solicited_node(message.target) && !message.source_mac;
}

}  // namespace

std::optional<Reason> judge(const wire::IpHeader& header,
                            const wire::NdpMessage& message) noexcept {
  // What has crossed a router has less: this is what keeps strangers out.
  if (header.ttl != 255) return Reason::neighbour_discovery_hop_limit;
  const bool unspecified = header.source.is_unspecified();
  if (header.source.is_multicast()) return Reason::neighbour_discovery_bad_source;
  // Nobody's own address may be a group's (RFC 4291 section 2.7).
  const auto says_group = [](const std::optional<wire::MacAddress>& mac) {
    return mac && wire::is_group(*mac);
  };
  if (says_group(message.source_mac) || says_group(message.target_mac)) {
    return Reason::neighbour_discovery_malformed;
  }
  switch (message.type) {
    case wire::NdpType::router_solicitation:  // 6.1.1
      if (unspecified && message.source_mac) return Reason::neighbour_discovery_malformed;
      break;
    case wire::NdpType::router_advertisement:  // 6.1.2
      if (!header.source.is_link_local()) return Reason::neighbour_discovery_bad_source;
      break;
    case wire::NdpType::neighbour_solicitation:  // 7.1.1
      if (unspecified && !is_valid_check(header, message)) {
        return Reason::neighbour_discovery_malformed;
      }
      break;
    case wire::NdpType::neighbour_advertisement:  // 7.1.2
      if (unspecified) return Reason::neighbour_discovery_bad_source;
      if (header.destination.is_multicast() && message.solicited) {
        return Reason::neighbour_discovery_malformed;
      }
      break;
    case wire::NdpType::redirect:  // 8.1
      if (!header.source.is_link_local()) return Reason::neighbour_discovery_bad_source;
      break;
  }
  return std::nullopt;
}

}  // namespace bowline::inline v0::ip
