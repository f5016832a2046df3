#pragma once

// What a resolver is asked, and as much of the answer as needs no network.
//
// Addresses in text, numeric ports, a short list of service names, and no host at all. Any other
// host is a name, which the name service of a Host looks up (name_service.hpp).

#include <boost/asio/ip/resolver_base.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bowline/asio/endpoint.hpp"
#include "bowline/dns/answer.hpp"
#include "bowline/dns/name.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::net {

/// What a program wants to know.
struct ResolveQuery {
  std::string host;              ///< empty: this one
  std::string service;           ///< empty: port 0
  std::optional<Family> family;  ///< only addresses of this family
  /// passive, numeric_host and numeric_service count. (Addresses are mapped for nobody, and both
  /// families are always asked for.)
  boost::asio::ip::resolver_base::flags flags{};
};

/// What is known of the answer.
struct Resolved {
  std::vector<TcpEndpoint> endpoints;  ///< the answer, where nobody has to be asked
  /// host_not_found, service_not_found, or none.
  boost::system::error_code error;
  /// For a person, where there is an error: "bad..name has nothing between two dots".
  std::string problem;
  /// Given: look this up, and make endpoints of its addresses by `port`.
  std::optional<dns::Name> name;
  bool absolute = false;   ///< it ended in a dot: not in the search list
  std::uint16_t port = 0;  ///< that of the service
};

/// Answers `query` without asking anybody, or says what to ask. An empty host is any address with
/// the flag passive, else the loopback addresses.
[[nodiscard]] Resolved resolve_here(const ResolveQuery& query);

/// The error that Asio's programs know for a lookup that ended so: host_not_found, no_data,
/// host_not_found_try_again (getaddrinfo's EAI_AGAIN) for what may be otherwise later.
[[nodiscard]] boost::system::error_code to_asio(dns::Outcome outcome) noexcept;

}  // namespace bowline::inline v0::net
