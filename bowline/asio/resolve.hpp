#pragma once

// Names to endpoints, as far as that needs no network.
//
// Addresses in text, numeric ports, a short list of service names, and "localhost". Anything else
// is a name that nobody answers for yet: host_not_found, as if a name server had said so.

#include <boost/asio/ip/resolver_base.hpp>
#include <boost/system/error_code.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "bowline/asio/endpoint.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::net {

/// The endpoints of `host` and `service`; with `family`, only those of that family. An empty host
/// is this one: any address with the flag passive, else the loopback addresses. An empty service is
/// port 0. Errors: host_not_found, service_not_found.
[[nodiscard]] std::vector<TcpEndpoint> resolve(std::string_view host, std::string_view service,
                                               std::optional<Family> family,
                                               boost::asio::ip::resolver_base::flags flags,
                                               boost::system::error_code& error);

}  // namespace bowline::inline v0::net
