#include "bowline/dns/hosts_file.hpp"

#include "bowline/dns/lines.hpp"

namespace bowline::inline v0::dns {
namespace {

bool names(std::string_view line, const Name& name) noexcept {
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    const auto host = Name::parse(word);
    if (host && *host == name) return true;
  }
  return false;
}

}  // namespace

Addresses find_in_hosts(std::string_view text, const Name& name, Type type) noexcept {
  const Family family = type == Type::a ? Family::ipv4 : Family::ipv6;
  Addresses found;
  while (const auto whole = next_line(text)) {
    std::string_view line = whole->substr(0, whole->find('#'));
    const auto address = IpAddress::parse(next_word(line));
    if (!address || address->family() != family || !names(line, name)) continue;
    if (!found.contains(*address) && !found.push_back(*address)) break;
  }
  return found;
}

}  // namespace bowline::inline v0::dns
