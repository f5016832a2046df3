// Ethernet frames and the ARP packets in them.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bowline/wire/arp.hpp"
#include "bowline/wire/ethernet.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

void check(std::span<const std::byte> frame) {
  const auto ethernet = wire::parse_ethernet(frame);
  require(ethernet.has_value() == (frame.size() >= wire::kEthernetHeaderSize));
  if (!ethernet) return;
  std::array<std::byte, wire::kEthernetHeaderSize> header{};
  wire::emit_ethernet(header.data(), *ethernet);
  require(std::ranges::equal(header, frame.first(header.size())));

  const auto payload = frame.subspan(wire::kEthernetHeaderSize);
  const auto arp = wire::parse_arp(payload);
  if (!arp) return;
  std::array<std::byte, wire::kArpSize> packet{};
  wire::emit_arp(packet.data(), *arp);
  require(payload.size() >= packet.size());
  require(std::ranges::equal(packet, payload.first(packet.size())));
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
