#include "bowline/wire/ip.hpp"

#include "bowline/wire/ipv4.hpp"
#include "bowline/wire/ipv6.hpp"

namespace bowline::inline v0::wire {
namespace {

unsigned version_of(std::span<const std::byte> head) noexcept {
  return head.empty() ? 0 : std::to_integer<unsigned>(head[0] >> 4U);
}

}  // namespace

std::expected<IpHeader, Reason> parse_ip(std::span<const std::byte> head, std::uint32_t frame_size,
                                         HeaderChecksum checksum) noexcept {
  if (head.empty()) return std::unexpected(Reason::ip_truncated);
  switch (version_of(head)) {
    case 4:
      return parse_ipv4(head, frame_size, checksum);
    case 6:
      return parse_ipv6(head, frame_size);
    default:
      return std::unexpected(Reason::ip_bad_version);
  }
}

std::expected<IpHeader, Reason> parse_quoted_ip(std::span<const std::byte> head) noexcept {
  if (head.empty()) return std::unexpected(Reason::ip_truncated);
  switch (version_of(head)) {
    case 4:
      return parse_quoted_ipv4(head);
    case 6:
      return parse_quoted_ipv6(head);
    default:
      return std::unexpected(Reason::ip_bad_version);
  }
}

std::uint32_t emit_ip(std::byte* to, const IpHeader& header) noexcept {
  return header.family() == Family::ipv4 ? emit_ipv4(to, header) : emit_ipv6(to, header);
}

std::uint32_t emit_ip_fragment(std::byte* to, const IpHeader& header) noexcept {
  return header.family() == Family::ipv4 ? emit_ipv4(to, header) : emit_ipv6_fragment(to, header);
}

}  // namespace bowline::inline v0::wire
