#include "bowline/dns/order.hpp"

#include <array>
#include <utility>

namespace bowline::inline v0::dns {
namespace {

struct Row {
  std::uint32_t first32;
  std::uint8_t prefix;  // bits of first32 that count
  std::uint8_t precedence;
};

// The rows that can be told by their first 32 bits; ::1, ::/96 and ::/0 are below. First match.
constexpr std::array kRows{
    Row{0x2002'0000, 16, 30},  // 6to4
    Row{0x2001'0000, 32, 5},   // Teredo
    Row{0xfc00'0000, 7, 3},    // unique local
    Row{0xfec0'0000, 10, 1},   // site local, of old
    Row{0x3ffe'0000, 16, 1},   // 6bone, of old
};

}  // namespace

std::uint8_t precedence(const IpAddress& address) noexcept {
  if (address.is_v4()) return 35;
  if (address.is_loopback()) return 50;
  std::uint32_t first = 0;
  for (const std::byte byte : address.bytes().first(4)) {
    first = first << 8U | std::to_integer<std::uint32_t>(byte);
  }
  for (const Row& row : kRows) {
    if ((first ^ row.first32) >> (32U - row.prefix) == 0) return row.precedence;
  }
  if (address.same_prefix(IpAddress::any(Family::ipv6), 96)) return 1;  // IPv4-compatible, of old
  return 40;
}

namespace detail {

void sort_by_rank(std::span<IpAddress> addresses, std::span<std::uint8_t> ranks) noexcept {
  // By insertion: there are few, and std::stable_sort allocates.
  for (std::size_t i = 1; i < addresses.size(); ++i) {
    for (std::size_t j = i; j > 0 && ranks[j - 1] < ranks[j]; --j) {
      std::swap(ranks[j - 1], ranks[j]);
      std::swap(addresses[j - 1], addresses[j]);
    }
  }
}

}  // namespace detail
}  // namespace bowline::inline v0::dns
