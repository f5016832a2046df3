#include "bowline/explain/capture/link_type.hpp"

#include <fmt/format.h>

namespace bowline::inline v0::explain {

bool is_known(LinkType link) noexcept {
  switch (link) {
    case LinkType::null:
    case LinkType::ethernet:
    case LinkType::raw_12:
    case LinkType::raw_14:
    case LinkType::raw:
    case LinkType::loop:
    case LinkType::linux_sll:
    case LinkType::ipv4:
    case LinkType::ipv6:
    case LinkType::linux_sll2:
      return true;
  }
  return false;
}

std::string to_text(LinkType link) {
  switch (link) {
    case LinkType::null:
    case LinkType::loop:
      return "BSD loopback";
    case LinkType::ethernet:
      return "Ethernet";
    case LinkType::raw_12:
    case LinkType::raw_14:
    case LinkType::raw:
    case LinkType::ipv4:
    case LinkType::ipv6:
      return "raw IP";
    case LinkType::linux_sll:
      return "Linux cooked (SLL)";
    case LinkType::linux_sll2:
      return "Linux cooked (SLL2)";
  }
  return fmt::format("link type {}", static_cast<std::uint32_t>(link));
}

}  // namespace bowline::inline v0::explain
