#include "tools/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "bowline/os/netlink.hpp"
#include "bowline/os/tun.hpp"
#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

[[noreturn]] void wrong(std::string_view argument, std::string_view text, std::string_view remedy) {
  throw WrongUsage(fmt::format("{} {}: {}", argument, text.empty() ? "\"\"" : text, remedy));
}

}  // namespace

std::uint64_t read_number(std::string_view argument, std::string_view text, std::uint64_t least,
                          std::uint64_t most) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end || value < least || value > most) {
    wrong(argument, text, fmt::format("must be a whole number from {} to {}", least, most));
  }
  return value;
}

std::uint16_t read_port(std::string_view argument, std::string_view text) {
  return static_cast<std::uint16_t>(read_number(argument, text, 1, 65'535));
}

Cidr read_cidr(std::string_view argument, std::string_view text) {
  const auto cidr = Cidr::parse(text);
  if (!cidr) {
    wrong(argument, text, "must be an address with its prefix, such as 10.77.0.2/24 or fd77::2/64");
  }
  if (!text.contains('/')) {
    wrong(argument, text,
          fmt::format("lacks the length of its prefix, such as {}{}", text,
                      cidr->address.is_v4() ? "/24" : "/64"));
  }
  if (cidr->address.is_unspecified() || cidr->address.is_multicast() ||
      cidr->address.is_loopback() || cidr->address.is_limited_broadcast()) {
    wrong(argument, text, "must be the address of one host, such as 10.77.0.2/24 or fd77::2/64");
  }
  return *cidr;
}

IpAddress read_address(std::string_view argument, std::string_view text) {
  const auto address = IpAddress::parse(text);
  if (!address) wrong(argument, text, "must be an address, such as 10.77.0.1 or fd77::1");
  return *address;
}

LinkSpec read_link(std::string_view argument, std::string_view text) {
  using Kind = LinkSpec::Kind;
  constexpr auto kKinds = std::to_array<std::pair<std::string_view, Kind>>(
      {{"tun", Kind::tun}, {"tap", Kind::tap}, {"packet", Kind::packet}});
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const std::string_view name = text.substr(colon + 1);
    if (kind == "xdp") wrong(argument, text, "AF_XDP is not built yet; use packet:INTERFACE");
    const auto known = std::ranges::find(kKinds, kind, &decltype(kKinds)::value_type::first);
    if (known != kKinds.end()) {
      if (auto good = os::check_interface_name(name); !good) {
        wrong(argument, text, good.error().message);
      }
      return {.kind = known->second, .name = std::string(name)};
    }
  }
  wrong(argument, text,
        "must be tun:NAME, tap:NAME or packet:INTERFACE, such as tun:bowline0 or packet:eth0");
}

wire::MacAddress read_mac(std::string_view argument, std::string_view text) {
  const auto mac = wire::parse_mac(text);
  if (!mac) wrong(argument, text, "must be a MAC address, such as 02:00:00:00:00:02");
  if (auto good = os::check_mac(*mac); !good) wrong(argument, text, good.error().message);
  return *mac;
}

std::string to_string(const IpAddress& address) {
  std::array<char, IpAddress::kMaxText> text;
  return {text.data(), address.format(text)};
}

std::string to_string(const Cidr& cidr) {
  return fmt::format("{}/{}", to_string(cidr.address), cidr.prefix);
}

std::string url_host(const IpAddress& address, std::uint16_t port) {
  std::string host = to_string(address);
  if (!address.is_v4()) host = "[" + host + "]";
  return port == 80 ? host : fmt::format("{}:{}", host, port);
}

}  // namespace bowline::tools
