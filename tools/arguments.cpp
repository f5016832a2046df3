#include "tools/arguments.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "bowline/os/netlink.hpp"
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
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const std::string_view name = text.substr(colon + 1);
    if (kind == "tun") {
      if (auto good = os::check_interface_name(name); !good) {
        wrong(argument, text, good.error().message);
      }
      return {std::string(name)};
    }
    if (kind == "tap" || kind == "packet" || kind == "xdp") {
      wrong(argument, text,
            fmt::format("{} links come with a later version; use tun:NAME, such as tun:bowline0",
                        kind));
    }
  }
  wrong(argument, text, "must be tun:NAME, such as tun:bowline0");
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
