#pragma once

// A Stack on a link of this machine, bound to an io_context: what every subcommand with a network
// has between its options and its sockets.

#include "bowline/asio.hpp"

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "tools/lease.hpp"
#include "tools/network_options.hpp"
#include "tools/watch.hpp"

namespace bowline::tools {

/// The network. The interface vanishes with it, or with the process however that ends.
class Network {
 public:
  /// Makes the interface and binds a Stack with a seed of the system's to `context`. `watch`, if
  /// not null, sees everything and must outlive this. Throws Failure.
  Network(boost::asio::io_context& context, const NetworkOptions& options, Watch* watch);
  /// Closes the Stack. What was under way is lost unless drain() came first.
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  [[nodiscard]] net::IoHost& host() { return *host_; }
  /// Its addresses, a leased one among them.
  [[nodiscard]] const std::vector<Cidr>& addresses() const { return options_.addresses; }

  /// Delivers what closed sockets have left, for a second at most.
  void drain();

  /// Acceptors on `port`, one for each family that has an address. Throws Failure.
  [[nodiscard]] std::vector<net::tcp::acceptor> listen(std::uint16_t port);

 private:
  /// Waits until the addresses may be used. Throws Failure when somebody else has one.
  void await_addresses();

  boost::asio::io_context& context_;
  NetworkOptions options_;
  net::IoHost* host_ = nullptr;
  std::optional<LeaseKeeper> lease_;
};

}  // namespace bowline::tools
