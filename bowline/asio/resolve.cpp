#include "bowline/asio/resolve.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <charconv>
#include <cstdint>
#include <string_view>
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

bool has(resolver_base::flags flags, resolver_base::flags flag) {
  return (flags & flag) != resolver_base::flags();
}

// The addresses that the host's text stands for by itself; none: it is a name.
std::vector<boost::asio::ip::address> addresses_of(const ResolveQuery& query) {
  using boost::asio::ip::address_v4;
  using boost::asio::ip::address_v6;
  if (query.host.empty()) {
    if (has(query.flags, resolver_base::passive)) return {address_v4::any(), address_v6::any()};
    return {address_v4::loopback(), address_v6::loopback()};
  }
  boost::system::error_code failure;
  const boost::asio::ip::address address = boost::asio::ip::make_address(query.host, failure);
  if (failure) return {};
  return {address};
}

Resolved refused(boost::system::error_code error, std::string problem) {
  Resolved resolved;
  resolved.error = error;
  resolved.problem = std::move(problem);
  return resolved;
}

}  // namespace

Resolved resolve_here(const ResolveQuery& query) {
  const auto port = port_of(query.service, has(query.flags, resolver_base::numeric_service));
  if (!port) {
    return refused(boost::asio::error::service_not_found,
                   "service " + query.service + ": is neither a number up to 65535 nor known");
  }
  Resolved resolved;
  resolved.port = *port;
  const auto addresses = addresses_of(query);
  for (const boost::asio::ip::address& address : addresses) {
    const Family its = address.is_v4() ? Family::ipv4 : Family::ipv6;
    if (!query.family || *query.family == its) resolved.endpoints.emplace_back(address, *port);
  }
  if (!resolved.endpoints.empty()) return resolved;
  if (!addresses.empty()) {
    return refused(boost::asio::error::host_not_found,
                   query.host + " is an address of the other family");
  }
  if (has(query.flags, resolver_base::numeric_host)) {
    return refused(boost::asio::error::host_not_found, query.host + " is no address");
  }
  const auto name = dns::Name::parse(query.host);
  if (!name) {
    return refused(boost::asio::error::host_not_found,
                   query.host + " " + std::string(dns::sentence(name.error())));
  }
  resolved.name = *name;
  resolved.absolute = query.host.ends_with('.');
  return resolved;
}

boost::system::error_code to_asio(dns::Outcome outcome) noexcept {
  switch (outcome) {
    case dns::Outcome::found:
      return {};
    case dns::Outcome::no_data:
      return boost::asio::error::no_data;
    case dns::Outcome::no_such_name:
    case dns::Outcome::no_name_servers:
      return boost::asio::error::host_not_found;
    case dns::Outcome::refused:
      return boost::asio::error::no_recovery;
    case dns::Outcome::server_failure:
    case dns::Outcome::timed_out:
    case dns::Outcome::unreachable:
      return boost::asio::error::host_not_found_try_again;
    case dns::Outcome::no_memory:
      return boost::asio::error::no_memory;
  }
  return boost::asio::error::no_recovery;
}

}  // namespace bowline::inline v0::net
