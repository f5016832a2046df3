#pragma once

// For tests: what a router says of a packet.

#include <vector>

#include "bowline/stack/stack.hpp"
#include "bowline/wire/icmp.hpp"

namespace bowline::inline v0::testing {

/// An ICMP error of `kind` about the packet `offending`, from `router` to whoever sent that.
[[nodiscard]] inline Frame icmp_error(Stack& stack, const IpAddress& router, wire::IcmpKind kind,
                                      std::uint32_t word, std::span<const std::byte> offending) {
  const auto sent = wire::parse_quoted_ip(offending);
  if (!sent) return {};
  std::vector<std::byte> bytes(2'048);
  wire::IpHeader ip;
  ip.source = router;
  ip.destination = sent->source;
  const std::uint32_t ip_size = wire::ip_header_size(ip.family());
  ip.protocol = ip.family() == Family::ipv4 ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
  ip.payload_size = wire::emit_icmp_error(std::span(bytes).subspan(ip_size), kind, word, ip.source,
                                          ip.destination, offending);
  wire::emit_ip(bytes.data(), ip);
  bytes.resize(ip_size + ip.payload_size);
  return make_frame(stack.pool(), bytes);
}

}  // namespace bowline::inline v0::testing
