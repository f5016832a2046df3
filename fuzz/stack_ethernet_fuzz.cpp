// Stack::receive on an Ethernet interface: ARP, neighbour discovery, routers, listeners, and IP.
//
// An input is a row of steps. Each begins with a byte that chooses what the frame looks like (bytes
// as they come; or a right Ethernet header; or ICMPv6 with hop limit and checksum made right, so
// that mutations get past them) and how much time passes.

#include <algorithm>

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ndp.hpp"
#include "fuzz/stack_world.hpp"

namespace bowline::fuzz {
namespace {

constexpr InterfaceId kInterface{0};
constexpr wire::MacAddress kOwn{std::byte{2}, {}, {}, {}, {}, std::byte{1}};
constexpr wire::MacAddress kPeer{std::byte{2}, {}, {}, {}, {}, std::byte{2}};

// Takes `bytes` as type, code and rest of an ICMPv6 message from a neighbour.
std::vector<std::byte> icmp6(std::span<const std::byte> bytes, bool to_group) {
  std::vector<std::byte> message(bytes.begin(), bytes.end());
  message.resize(std::max<std::size_t>(message.size(), 8));
  wire::IpHeader ip;
  ip.source = *IpAddress::parse("fe80::2");
  ip.destination = to_group ? wire::all_nodes() : *IpAddress::parse("fd00::1");
  ip.protocol = wire::kProtocolIcmpV6;
  ip.ttl = 255;
  ip.payload_size = static_cast<std::uint32_t>(message.size());
  store_be<std::uint16_t>(message.data() + 2, std::uint16_t{0});
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size);
  sum.add(message);
  store_be<std::uint16_t>(message.data() + 2, sum.finish());
  std::vector<std::byte> packet(wire::kIpv6HeaderSize);
  wire::emit_ip(packet.data(), ip);
  packet.insert(packet.end(), message.begin(), message.end());
  return packet;
}

std::vector<std::byte> frame_of(std::span<const std::byte> bytes, unsigned form) {
  if (form == 0) return {bytes.begin(), bytes.end()};
  constexpr std::array<std::uint16_t, 4> kTypes{0, wire::kEtherTypeArp, wire::kEtherTypeIpv6,
                                                wire::kEtherTypeIpv4};
  const bool group = form == 4;
  const std::uint16_t type = group ? wire::kEtherTypeIpv6 : kTypes[form & 3U];
  wire::MacAddress to = kOwn;
  if (group) to = wire::ipv6_multicast_mac(std::span<const std::byte, 16>(wire::all_nodes().raw()));
  std::vector<std::byte> frame(wire::kEthernetHeaderSize);
  wire::emit_ethernet(frame.data(), {to, kPeer, type});
  const bool made = type == wire::kEtherTypeIpv6;
  const std::vector<std::byte> payload =
      made ? icmp6(bytes, group) : std::vector<std::byte>(bytes.begin(), bytes.end());
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

void run(std::span<const std::byte> bytes) {
  Input input(bytes);
  StackConfig config = small_config();
  config.limits.neighbours = 8;
  auto created = Stack::create(config);
  require(created.has_value());
  Stack stack = std::move(*created);
  InterfaceConfig interface;
  interface.link.kind = LinkKind::ethernet;
  interface.link.mac = kOwn;
  require(stack.add_interface(interface).has_value());
  require(stack.add_address(kInterface, *Cidr::parse("10.0.0.1/24")).has_value());
  require(stack.add_address(kInterface, *Cidr::parse("fd00::1/64")).has_value());
  Time now(1h);
  for (int i = 0; i < 64 && !input.empty(); ++i) {
    const std::uint8_t choices = input.byte();
    const auto frame = frame_of(input.take(input.byte()), (choices & 7U) % 5U);
    Frame arrived = make_frame(stack.pool(), frame);
    stack.receive(kInterface, {&arrived, 1}, now);
    if ((choices & 8U) != 0) {
      const char* to = (choices & 16U) != 0 ? "fd00::9" : "10.0.0.9";
      static_cast<void>(stack.connect({.remote = {*IpAddress::parse(to), 80}}, now));
    }
    now += 100ms * (choices >> 5U) * (choices >> 5U);
    stack.advance(now);
    CollectingSink sink(choices);
    static_cast<void>(stack.transmit(kInterface, sink, now));
    while (stack.poll_ready()) {
    }
    require(stack.usage().neighbours <= config.limits.neighbours);
    require(stack.addresses(kInterface).size() <= 3 + config.limits.advertised_addresses);
  }
  const auto clone = stack.clone();
  if (clone) require(clone->canonical_hash(now) == stack.canonical_hash(now));
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::run(std::as_bytes(std::span(data, size)));
  return 0;
}
