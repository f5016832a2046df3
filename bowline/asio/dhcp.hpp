#pragma once

// An address by DHCP for an interface of a Host (dhcp/stack_client.hpp), and with it the default
// route and the name servers.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bowline/asio/host.hpp"
#include "bowline/asio/stack_service.hpp"
#include "bowline/dhcp/stack_client.hpp"

namespace bowline::inline v0::net {

/// What a lease is wanted for.
struct DhcpOptions {
  InterfaceId interface{};  ///< for which; an Ethernet link
  /// Told to the server; empty: none.
  std::string host_name;
  /// Resolvers ask the name servers of the lease, and search in its domain.
  bool use_name_servers = true;
  /// Told of every bound, renewed and lost lease, on the thread that drives the host and under its
  /// mutex: it must not use the host. May be empty.
  std::function<void(const dhcp::Event&)> told;
};

/// Keeps the lease of an interface. Owned by its Host.
class DhcpService final : public StackService {
 public:
  /// Begins. Throws std::system_error: operation_not_supported when the interface is no Ethernet,
  /// address_in_use when it has a client already, and as Stack::open_udp(); network_down when the
  /// host is closed.
  static DhcpService& start(Host& host, DhcpOptions options);

  /// Drives the Stack in place until there is a lease, `most` long. False: there is none.
  bool wait(Duration most);
  /// The lease, while it may be used.
  [[nodiscard]] std::optional<dhcp::Lease> lease();
  /// What was dropped of what servers sent.
  [[nodiscard]] dhcp::DropCounters drops();
  /// Gives the lease back and stops; the address is gone when it returns. What is to be sent goes
  /// out with the host's next turn.
  void release();

  bool serve(Stack& stack, const Ready& ready, Time now) override;
  bool collect(Stack& stack, Time now, OperationQueue& done) override;
  void advance(Stack& stack, Time now) override { client_.advance(stack, now); }
  [[nodiscard]] Time next_deadline() const noexcept override { return client_.next_deadline(); }
  void give_up(OperationQueue& pending) override;

 private:
  DhcpService(Host& host, DhcpOptions options, const dhcp::Config& config, const SipKey& secret);
  void take_name_servers(Stack& stack, const dhcp::Event& event, Time now);

  Host& host_;
  DhcpOptions options_;
  dhcp::StackClient client_;
};

}  // namespace bowline::inline v0::net
