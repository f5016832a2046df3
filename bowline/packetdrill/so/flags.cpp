#include "bowline/packetdrill/so/flags.hpp"

#include <charconv>
#include <initializer_list>
#include <optional>

namespace bowline::inline v0::packetdrill {
namespace {

using Complaint = std::unexpected<std::string>;

std::string text_of(std::initializer_list<std::string_view> pieces) {
  std::string text;
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

std::optional<IpMode> mode_named(std::string_view name) {
  if (name == "ipv4") return IpMode::ipv4;
  if (name == "ipv4-mapped-ipv6") return IpMode::mapped;
  if (name == "ipv6") return IpMode::ipv6;
  return std::nullopt;
}

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t least,
                                    std::uint32_t most) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < least || value > most) return std::nullopt;
  return value;
}

// What was said, before it is known which mode gives the rest.
struct Said {
  IpMode mode = IpMode::ipv4;
  std::optional<IpAddress> local, remote;
  std::optional<std::uint32_t> prefix, mtu;
};

std::expected<void, std::string> read_pair(std::string_view key, std::string_view value,
                                           Said& said) {
  const auto wrong = [&](std::string_view expected) {
    return Complaint(text_of({"so_flags: ", key, "=", value, ": expected ", expected}));
  };
  if (key == "local" || key == "remote") {
    const auto address = IpAddress::parse(value);
    if (!address) return wrong("an IP address");
    (key == "local" ? said.local : said.remote) = address;
  } else if (key == "prefix") {
    said.prefix = number(value, 0, 128);
    if (!said.prefix) return wrong("a prefix length of 0 to 128");
  } else if (key == "mtu") {
    said.mtu = number(value, 68, 65'535);
    if (!said.mtu) return wrong("68 to 65535 bytes");
  } else if (key == "ip") {
    const auto mode = mode_named(value);
    if (!mode) return wrong("ipv4, ipv4-mapped-ipv6 or ipv6");
    said.mode = *mode;
  } else {
    return Complaint(text_of({"so_flags: ", key, ": expected local, prefix, remote, mtu or ip"}));
  }
  return {};
}

}  // namespace

std::expected<NetworkFlags, std::string> parse_flags(std::string_view text) {
  Said said;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view pair = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return Complaint(text_of({"so_flags: ", pair, ": expected KEY=VALUE"}));
    }
    if (auto read = read_pair(pair.substr(0, equals), pair.substr(equals + 1), said); !read) {
      return Complaint(read.error());
    }
  }

  const bool v6 = said.mode == IpMode::ipv6;
  NetworkFlags flags;
  flags.mode = said.mode;
  flags.local = said.local.value_or(*IpAddress::parse(v6 ? "fd3d:a0b:17d6::1" : "192.168.0.1"));
  flags.remote = said.remote.value_or(*IpAddress::parse(v6 ? "fd3d:fa7b:d17d::1" : "192.0.2.1"));
  flags.prefix = static_cast<std::uint8_t>(said.prefix.value_or(v6 ? 48 : 16));
  flags.mtu = said.mtu.value_or(v6 ? 1'520 : 1'500);
  const Family family = v6 ? Family::ipv6 : Family::ipv4;
  if (flags.local.family() != family || flags.remote.family() != family) {
    return Complaint(text_of(
        {"so_flags: local and remote must be IPv", v6 ? "6" : "4", " addresses with this ip="}));
  }
  if (flags.prefix > (v6 ? 128 : 32)) {
    return Complaint(text_of({"so_flags: prefix: expected at most ", v6 ? "128" : "32"}));
  }
  return flags;
}

}  // namespace bowline::inline v0::packetdrill
