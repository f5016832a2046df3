#pragma once

// A Stack on a link of this machine, bound to an io_context: what every subcommand with a network
// has between its options and its sockets.

#include "bowline/asio.hpp"

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "tools/control.hpp"
#include "tools/lease.hpp"
#include "tools/metrics_server.hpp"
#include "tools/network_options.hpp"
#include "tools/record.hpp"
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

  /// Answers nobody any more (bowline ss, --metrics), so that the context can run out of work. To
  /// be called when the subcommand's own work is done.
  void stop_answering();

  /// Delivers what closed sockets have left, for a second at most.
  void drain();
  /// Ends the record (--record), if there is one; nothing is recorded from then on. Throws Failure
  /// if the record is not whole.
  void finish_record();

  /// Acceptors on `port`, one for each family that has an address. Throws Failure.
  /// Port 0 is picked, the same for both.
  [[nodiscard]] std::vector<net::tcp::acceptor> listen(std::uint16_t port, bool v4 = true,
                                                       bool v6 = true);

 private:
  /// Waits for the addresses: those that were given, and one by DHCP. Throws Failure.
  void get_addresses();
  /// Waits until the addresses may be used. Throws Failure when somebody else has one.
  void await_addresses();
  void start_answering();
  /// The Stack may outlive the record.
  void stop_recording();

  boost::asio::io_context& context_;
  NetworkOptions options_;
  net::IoHost* host_ = nullptr;
  std::unique_ptr<Record> record_;
  std::optional<LeaseKeeper> lease_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<MetricsServer> metrics_;
};

}  // namespace bowline::tools
