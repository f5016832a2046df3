#include "tests/attack/forge/forger.hpp"

#include <array>

namespace bowline::attack {

std::uint16_t flags_of(Probe probe) {
  switch (probe) {
    case Probe::syn:
      return wire::kSyn;
    case Probe::fin:
      return wire::kFin;
    case Probe::null:
      return 0;
    case Probe::xmas:
      return wire::kFin | wire::kPsh | wire::kUrg;
    case Probe::ack:
      return wire::kAck;
    case Probe::maimon:
      return wire::kFin | wire::kAck;
    case Probe::syn_fin:
      return wire::kSyn | wire::kFin;
    case Probe::rst:
      break;
  }
  return wire::kRst;
}

Endpoint Forger::stranger() {
  Endpoint who;
  who.port = static_cast<std::uint16_t>(1'024 + random_.below(64'512));
  if (family_ == Family::ipv4) {
    std::uint32_t address = 0;
    // Unicast, and none of 0/8, 10/8 and 127/8.
    while (address >> 24U == 0 || address >> 24U == 10 || address >> 24U == 127 ||
           address >= 0xe000'0000) {
      address = static_cast<std::uint32_t>(random_.next());
    }
    who.address = IpAddress::v4(address);
    return who;
  }
  std::array<std::byte, 16> bytes{};
  random_.bytes(bytes);
  bytes[0] = std::byte{0x20};  // 2000::/3, what is routed
  who.address = IpAddress::v6(bytes);
  return who;
}

Bytes Forger::syn(const Endpoint& from, const Endpoint& to) {
  Tcp syn{.from = from, .to = to, .seq = number(), .flags = wire::kSyn, .window = 64'240};
  syn.options.mss = family_ == Family::ipv4 ? 1'460 : 1'440;
  syn.options.sack_permitted = true;
  syn.options.timestamps = {.value = static_cast<std::uint32_t>(random_.next()), .echo = 0};
  syn.options.window_scale = 7;
  return packet(syn);
}

Bytes Forger::bare_syn(const Endpoint& from, const Endpoint& to) {
  return packet(Tcp{.from = from, .to = to, .seq = number(), .flags = wire::kSyn});
}

Bytes Forger::segment(const Endpoint& from, const Endpoint& to, std::uint16_t flags,
                      std::size_t payload) {
  return packet(Tcp{.from = from,
                    .to = to,
                    .seq = number(),
                    .ack = (flags & wire::kAck) != 0 ? number() : SeqNumber{},
                    .flags = flags,
                    .window = 1'024,
                    .payload = noise(payload)});
}

Bytes Forger::noise(std::size_t size) {
  Bytes bytes(size);
  random_.bytes(bytes);
  return bytes;
}

}  // namespace bowline::attack
