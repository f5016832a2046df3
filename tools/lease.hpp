#pragma once

// --address dhcp: the address of a link of this machine by DHCP, waited for before anything else
// and given back at the end.

#include "bowline/asio.hpp"

#include <string>

#include "bowline/wire/ip_address.hpp"

namespace bowline::tools {

/// A lease of the host's first interface, kept and told of on standard error.
class LeaseKeeper {
 public:
  /// Waits for a lease. `link` is what the interface is called; with `use_name_servers`, names are
  /// asked of those that the lease names. Throws Failure when nobody gives one.
  LeaseKeeper(net::IoHost& host, const std::string& link, bool use_name_servers);

  /// The address that was got first.
  [[nodiscard]] const Cidr& address() const { return address_; }
  /// Gives it back; the message goes out with the host's next turn.
  void release() { service_.release(); }

 private:
  net::DhcpService& service_;
  Cidr address_;
};

}  // namespace bowline::tools
