#include "bowline/asio/resolve.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <charconv>
#include <cstdint>
#include <utility>

namespace bowline::inline v0::net {
namespace {

using boost::asio::ip::resolver_base;

/// IANA's names, those that TCP programs of today are given by hand.
constexpr std::array<std::pair<std::string_view, std::uint16_t>, 10> kServices{{
    {"echo", 7},
    {"discard", 9},
    {"daytime", 13},
    {"ftp", 21},
    {"ssh", 22},
    {"telnet", 23},
    {"smtp", 25},
    {"domain", 53},
    {"http", 80},
    {"https", 443},
}};

std::optional<std::uint16_t> port_of(std::string_view service, bool numeric) {
  if (service.empty()) return 0;
  std::uint16_t port = 0;
  const char* const end = service.data() + service.size();
  const auto [rest, failure] = std::from_chars(service.data(), end, port);
  if (failure == std::errc() && rest == end) return port;
  if (numeric) return std::nullopt;
  const auto* const row = std::find_if(kServices.begin(), kServices.end(),
                                       [&](const auto& known) { return known.first == service; });
  return row == kServices.end() ? std::nullopt : std::optional(row->second);
}

std::vector<boost::asio::ip::address> addresses_of(std::string_view host,
                                                   resolver_base::flags flags) {
  using boost::asio::ip::address_v4;
  using boost::asio::ip::address_v6;
  if (host.empty() && (flags & resolver_base::passive) != resolver_base::flags()) {
    return {address_v4::any(), address_v6::any()};
  }
  // RFC 6761 section 6.3: localhost is the loopback addresses, whatever a server would say.
  const bool numeric = (flags & resolver_base::numeric_host) != resolver_base::flags();
  if (host.empty() || (host == "localhost" && !numeric)) {
    return {address_v4::loopback(), address_v6::loopback()};
  }
  boost::system::error_code failure;
  const boost::asio::ip::address address = boost::asio::ip::make_address(host, failure);
  if (failure) return {};
  return {address};
}

}  // namespace

std::vector<TcpEndpoint> resolve(std::string_view host, std::string_view service,
                                 std::optional<Family> family, resolver_base::flags flags,
                                 boost::system::error_code& error) {
  error.clear();
  const bool numeric = (flags & resolver_base::numeric_service) != resolver_base::flags();
  const std::optional<std::uint16_t> port = port_of(service, numeric);
  if (!port) {
    error = boost::asio::error::service_not_found;
    return {};
  }
  std::vector<TcpEndpoint> endpoints;
  for (const boost::asio::ip::address& address : addresses_of(host, flags)) {
    const Family its = address.is_v4() ? Family::ipv4 : Family::ipv6;
    if (!family || *family == its) endpoints.emplace_back(address, *port);
  }
  if (endpoints.empty()) error = boost::asio::error::host_not_found;
  return endpoints;
}

}  // namespace bowline::inline v0::net
