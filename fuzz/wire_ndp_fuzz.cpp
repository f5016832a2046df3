// Neighbour discovery and MLD messages: parsed within bounds, and what is written back is read the
// same.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bowline/wire/mld.hpp"
#include "bowline/wire/ndp.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

void check(std::span<const std::byte> bytes) {
  static_cast<void>(wire::parse_mld_query(bytes));
  const auto message = wire::parse_ndp(bytes);
  if (!message) return;
  require(!message->target.is_multicast());
  require(message->prefix_count <= message->prefixes.size());
  for (std::size_t i = 0; i < message->prefix_count; ++i) {
    require(message->prefixes[i].prefix.prefix <= 128);
  }
  std::array<std::byte, wire::kNdpMaxEmitted> again{};
  const IpAddress from = IpAddress::any(Family::ipv6);
  const std::uint32_t size = wire::emit_ndp(again.data(), from, from, *message);
  if (size == 0) return;  // a kind that only routers send
  const auto back = wire::parse_ndp(std::span(again).first(size));
  require(back && back->type == message->type && back->target == message->target);
  require(back->router == message->router && back->solicited == message->solicited);
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
