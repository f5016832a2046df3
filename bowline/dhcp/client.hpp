#pragma once

// The DHCP client (RFC 2131 section 4.4, figure 5): from no address to a leased one, and keeping
// it.
//
//     INIT → SELECTING → REQUESTING → (probing) → BOUND → RENEWING → REBINDING → INIT
//
// Like everything in the core it does no I/O: messages and the time come in; messages to send,
// events and the next deadline come out. StackClient connects it to a Stack and does what the
// events ask for. Before an address is used, its owner probes whether somebody has it already
// (RFC 2131 section 4.4.1, by ARP as in RFC 5227); if so, the client declines it and begins anew.
//
// A message is believed if it is of the transaction under way, for our hardware address, from the
// server that was chosen, and gives what a host can use (lease.hpp). The rest is counted and
// dropped, and the wait goes on.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "bowline/base/fixed_vector.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/time.hpp"
#include "bowline/dhcp/drop.hpp"
#include "bowline/dhcp/lease.hpp"
#include "bowline/dhcp/message.hpp"
#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::dhcp {

/// Settings of a Client.
struct Config {
  /// The interface's own address.
  wire::MacAddress hardware{};
  /// Told to the server (option 12); empty: none. At most 63 characters count.
  NameText host_name;
  /// The address of an earlier lease: asked for in the DISCOVER.
  std::optional<IpAddress> wanted{};
  /// Does the owner probe addresses? If not, they are used as soon as they are given.
  bool probe = true;
};

/// Figure 5 of RFC 2131; probing stands between REQUESTING and BOUND.
enum class State : std::uint8_t {
  stopped,
  init,
  selecting,
  requesting,
  probing,
  bound,
  renewing,
  rebinding,
};

/// The state's name as the RFC spells it.
[[nodiscard]] std::string_view name(State state) noexcept;

/// What the owner has to do.
enum class EventKind : std::uint8_t {
  probe,    ///< find out whether anybody has the lease's address; then probed()
  bound,    ///< use the lease's address
  renewed,  ///< the lease goes on; routers, servers or MTU may be others
  lost,     ///< stop using the address at once
};

/// Something that happened.
struct Event {
  EventKind kind = EventKind::lost;  ///< what to do
  Lease lease;                       ///< of lost: the one that was

  template <class V>
  void visit(V& v) {
    v(kind, lease);
  }
};

/// A message to be sent from our port 68 to a server's port 67.
struct Transmit {
  IpAddress destination;               ///< 255.255.255.255, or the server
  IpAddress source;                    ///< 0.0.0.0 while we have none
  std::span<const std::byte> message;  ///< valid until the next call
};

/// A last message about a lease that is no longer ours. Outside Client, because a nested class with
/// member initialisers cannot be made by std::optional while Client is still incomplete.
struct Goodbye {
  MessageType type = MessageType::release;  ///< DECLINE or RELEASE
  IpAddress address;                        ///< that we had
  IpAddress server;                         ///< that had given it

  template <class V>
  void visit(V& v) {
    v(type, address, server);
  }
};

/// The client of one interface. A value: copying it copies all.
class Client {
 public:
  /// `secret` makes transaction numbers and pauses unpredictable.
  Client(const Config& config, const SipKey& secret) noexcept : config_(config), secret_(secret) {}

  /// Begins to look for an address.
  void start(Time now) noexcept;
  /// Gives the lease back (DHCPRELEASE), if there is one, and stops. The owner sends what is to go
  /// out, then drops the address.
  void release(Time now) noexcept;

  /// A datagram came to port 68.
  void receive(const Endpoint& from, std::span<const std::byte> message, Time now) noexcept;
  /// The answer to EventKind::probe: is the address ours to use?
  void probed(bool is_free, Time now) noexcept;
  /// Somebody else uses our address (RFC 5227 section 2.4 c, given up): declines it and begins
  /// anew.
  void conflict(Time now) noexcept;
  /// Does what is due: retransmits, renews, gives up.
  void advance(Time now) noexcept;
  /// When advance() must be called at the latest.
  [[nodiscard]] Time next_deadline() const noexcept { return deadline_; }

  /// The next message that is to go out.
  [[nodiscard]] std::optional<Transmit> poll_transmit(Time now) noexcept;
  /// The next event.
  [[nodiscard]] std::optional<Event> poll_event() noexcept;

  /// Where in figure 5 it stands.
  [[nodiscard]] State state() const noexcept { return state_; }
  /// The lease, from REQUESTING (then it is what was offered) to REBINDING.
  [[nodiscard]] const std::optional<Lease>& lease() const noexcept { return lease_; }
  /// What was dropped, by reason.
  [[nodiscard]] const DropCounters& drops() const noexcept { return drops_; }

  /// All state but what it was made with.
  template <class V>
  void visit(V& v) {
    v(state_, lease_, events_, to_send_, goodbye_, transaction_, tries_, restarts_, began_, asked_,
      deadline_, drawn_, drops_);
  }

 private:
  void begin_after(Duration pause, Time now) noexcept;
  void begin_again(Time now) noexcept;
  void turn_to(State state, Time now) noexcept;
  void ask(Time now) noexcept;
  void tell(EventKind kind) noexcept;
  void take_offer(const Reply& reply, Time now) noexcept;
  void take_ack(const Reply& reply, Time now) noexcept;
  void take_nak(const Reply& reply, Time now) noexcept;
  [[nodiscard]] std::optional<Drop> mismatch(const Endpoint& from,
                                             const Reply& reply) const noexcept;
  [[nodiscard]] Request request(Time now) const noexcept;
  [[nodiscard]] std::uint64_t draw() noexcept;

  Config config_;
  SipKey secret_;
  State state_ = State::stopped;
  std::optional<Lease> lease_;
  FixedVector<Event, 2> events_;  // the oldest first; the owner takes them after each call
  bool to_send_ = false;
  std::optional<Goodbye> goodbye_;
  std::uint32_t transaction_ = 0;
  std::uint32_t tries_ = 0;     // messages of this state so far
  std::uint32_t restarts_ = 0;  // in a row, each after a longer pause
  Time began_{};                // to look for an address, or to renew it
  Time asked_{};                // when the REQUEST went out that is being answered
  Time deadline_ = kNever;
  std::uint64_t drawn_ = 0;
  DropCounters drops_;
  std::array<std::byte, kLargestRequest> outgoing_{};
};

}  // namespace bowline::inline v0::dhcp
