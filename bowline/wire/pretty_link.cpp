// The lines for what lives on one link alone: ARP, and the messages of neighbour discovery, in
// tcpdump's words.

#include <array>

#include "bowline/wire/arp.hpp"
#include "bowline/wire/ndp.hpp"
#include "bowline/wire/pretty.hpp"
#include "bowline/wire/text.hpp"

namespace bowline::inline v0::wire {
namespace {

void append(Text& text, const IpAddress& address) noexcept {
  std::array<char, IpAddress::kMaxText> buffer;
  text.add(std::string_view(buffer.data(), address.format(buffer)));
}

void append(Text& text, const MacAddress& mac) noexcept {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < mac.size(); ++i) {
    if (i > 0) text.add(':');
    const auto value = std::to_integer<unsigned>(mac[i]);
    text.add(kDigits[value >> 4U]);
    text.add(kDigits[value & 0xfU]);
  }
}

}  // namespace

std::string_view pretty_arp(std::span<char> to, std::span<const std::byte> packet) noexcept {
  Text text(to);
  const auto arp = parse_arp(packet);
  if (!arp) {
    text.add("ARP, malformed");
  } else if (arp->operation == ArpOperation::request) {
    text.add("ARP, Request who-has ");
    append(text, arp->target_ip);
    text.add(" tell ");
    append(text, arp->sender_ip);
  } else {
    text.add("ARP, Reply ");
    append(text, arp->sender_ip);
    text.add(" is-at ");
    append(text, arp->sender_mac);
  }
  text.add(", length ");
  text.decimal(kArpSize);
  return text.view();
}

std::string_view pretty_ndp(std::span<char> to, std::span<const std::byte> message) noexcept {
  Text text(to);
  const auto ndp = parse_ndp(message);
  if (!ndp) return "neighbor discovery, malformed";
  switch (ndp->type) {
    case NdpType::router_solicitation:
      return "router solicitation";
    case NdpType::router_advertisement:
      text.add("router advertisement, lifetime ");
      text.decimal(ndp->router_lifetime);
      for (std::size_t i = 0; i < ndp->prefix_count; ++i) {
        text.add(", prefix ");
        append(text, ndp->prefixes[i].prefix.address);
        text.add('/');
        text.decimal(ndp->prefixes[i].prefix.prefix);
      }
      break;
    case NdpType::neighbour_solicitation:
      text.add("neighbor solicitation, who has ");
      append(text, ndp->target);
      break;
    case NdpType::neighbour_advertisement:
      text.add("neighbor advertisement, tgt is ");
      append(text, ndp->target);
      if (ndp->target_mac) {
        text.add(" at ");
        append(text, *ndp->target_mac);
      }
      break;
    case NdpType::redirect:
      text.add("redirect, ");
      append(text, ndp->target);
      break;
  }
  return text.view();
}

}  // namespace bowline::inline v0::wire
