#pragma once

// A DHCP client on an interface of a Stack: opens port 68 there, does what the client's events ask
// for, and takes it back when the lease is lost.
//
// Whoever drives the Stack passes on what poll_ready() names and calls advance() at
// next_deadline(). The address is given to the interface as soon as it is granted and is tentative
// there while the Stack asks whether somebody else has it (RFC 5227); only then the lease is bound,
// the route to the router set and the owner told.

#include <cstdint>
#include <optional>

#include "bowline/dhcp/client.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::dhcp {

/// A key for an interface's client, derived from the Stack's seed under a name of its own.
[[nodiscard]] SipKey derive_secret(const StackConfig& config, InterfaceId interface) noexcept;

/// The client of `interface`. The Stack is handed in with each call and must be the same one.
class StackClient {
 public:
  /// For `interface`, which must not have another client; see derive_secret().
  StackClient(InterfaceId interface, const Config& config, const SipKey& secret) noexcept
      : interface_(interface), client_(config, secret) {}

  /// Opens the socket and begins. Errors: as Stack::open_udp(); address_in_use when another client
  /// has the interface.
  Status start(Stack& stack, Time now) noexcept;
  /// Gives the lease back: queues the message. The address stays until release(), which must come
  /// next: on Ethernet nothing is sent from an address that is not ours.
  void send_release(Stack& stack, Time now) noexcept;
  /// Takes the address away and closes the socket; gives the lease back first if send_release() has
  /// not done so. What is to be sent must still be transmitted.
  void release(Stack& stack, Time now) noexcept;

  /// `ready` was named by Stack::poll_ready(). False: it is not the client's socket.
  bool serve(Stack& stack, const Ready& ready, Time now) noexcept;
  /// The time has come.
  void advance(Stack& stack, Time now) noexcept;
  /// When advance() must be called at the latest.
  [[nodiscard]] Time next_deadline() const noexcept;

  /// What has happened, once it is done: bound, renewed or lost. For the name servers, and to tell.
  [[nodiscard]] std::optional<Event> poll_event() noexcept;
  /// The client itself: state, lease, counters.
  [[nodiscard]] const Client& client() const noexcept { return client_; }

 private:
  void settle(Stack& stack, Time now) noexcept;
  void send(Stack& stack, const Transmit& transmit, Time now) noexcept;
  void watch_address(Stack& stack, Time now) noexcept;
  void take(Stack& stack, const Event& event) noexcept;
  void configure(Stack& stack, const Lease& lease) noexcept;
  void unconfigure(Stack& stack) noexcept;

  InterfaceId interface_;
  Client client_;
  Handle socket_;
  std::optional<Lease> applied_;          // what the interface has of it
  std::optional<IpAddress> router_;       // of the default route that is set
  std::optional<std::uint32_t> own_mtu_;  // the link's, before a lease changed it
  bool releasing_ = false;                // between send_release() and release()
  Time watch_at_ = kNever;                // when to look at the address's state again
  FixedVector<Event, 4> events_;
};

}  // namespace bowline::inline v0::dhcp
