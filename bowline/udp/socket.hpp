#pragma once

// A UDP endpoint: whom it hears, and a bounded queue of datagrams (RFC 768, RFC 1122 section 4.1).

#include <cstddef>
#include <optional>
#include <span>
#include <system_error>

#include "bowline/base/buffer.hpp"
#include "bowline/base/handle.hpp"
#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/ring.hpp"
#include "bowline/udp/options.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::udp {

/// How a datagram was addressed.
enum class Cast : std::uint8_t {
  unicast,    ///< to an address of ours
  broadcast,  ///< to all on the link
  foreign,    ///< to an address that the interface does not have (yet: RFC 2131 section 4.1)
};

/// What a datagram says of its way here.
struct Label {
  Endpoint from;
  Endpoint to;
  InterfaceId interface{};
  Cast cast = Cast::unicast;
  std::uint8_t hop_limit = 0;
  std::uint8_t traffic_class = 0;

  template <class V>
  void visit(V& v) {
    v(from, to, interface, cast, hop_limit, traffic_class);
  }
};

/// A datagram that waits to be read.
struct Received {
  Slice payload;
  Label label;

  /// What it counts against the socket's limit: the memory that it pins and its place in the queue,
  /// so that a flood of small or empty ones is bounded too.
  [[nodiscard]] std::uint32_t cost() const noexcept;

  template <class V>
  void visit(V& v) {
    v(payload, label);
  }
};

/// One socket. Owned by the Stack's slab.
struct Socket {
  explicit Socket(Memory& memory) noexcept : queue(memory) {}

  Endpoint local;
  std::optional<Endpoint> remote;        ///< connected: from and to this peer alone
  std::optional<InterfaceId> interface;  ///< bound to it: in and out by this one alone
  bool any_address = false;           ///< `local` was chosen when it was connected, not when opened
  bool reuse_address = false;         ///< lets others that say so, too, have the same endpoint
  bool configures_interface = false;  ///< see UdpOptions
  SocketOptions options;
  Ring<Received> queue;
  std::uint32_t queued_bytes = 0;  ///< payload
  std::uint32_t queued_cost = 0;   ///< see Received::cost()
  std::uint64_t number = 0;        ///< in the order of opening
  Handle handle;
  ListLink ready_link;
  std::uint8_t ready_mask = 0;
  ListLink blocked_link;           ///< waits for room on the interface `blocked_by`
  InterfaceId blocked_by{};        ///
  std::uint32_t largest_sent = 0;  ///< bytes: no ICMP error can honestly quote more
  std::errc error{};               ///< hard: the next call fails with it (RFC 1122 section 4.1.3.3)
  std::errc soft_error{};          ///< told when asked for
  std::uint64_t datagrams_sent = 0, datagrams_received = 0;
  std::uint64_t bytes_sent = 0, bytes_received = 0;  ///< payload
  std::uint64_t dropped = 0;                         ///< for want of room in the queue

  /// Is a datagram with this label for this socket?
  [[nodiscard]] bool wants(const Label& label) const noexcept;
  /// How closely it is bound, for the choice between sockets that want the same datagram.
  [[nodiscard]] int closeness() const noexcept {
    return (remote ? 4 : 0) + (local.address.is_unspecified() ? 0 : 2) + (interface ? 1 : 0);
  }
  /// Would `other` and this one hear the same datagrams, and neither agreed to share?
  [[nodiscard]] bool conflicts_with(const Socket& other) const noexcept;
  /// The bytes that its queue may cost, given the stack's bound.
  [[nodiscard]] std::uint32_t receive_limit(std::uint32_t most) const noexcept {
    return options.receive_buffer == 0 || options.receive_buffer > most ? most
                                                                        : options.receive_buffer;
  }
  /// Queues a datagram unless that would cost more than `limit`. False when it was dropped, which
  /// is counted. One datagram always has room.
  [[nodiscard]] bool enqueue(Received datagram, std::uint32_t limit) noexcept;
  /// Copies the oldest datagram out, as much as `to` has room for. There must be one.
  void peek(std::span<std::byte> to) const noexcept;
  /// Removes the oldest datagram. There must be one.
  void pop() noexcept;
  /// The hard error that waits; none from then on.
  [[nodiscard]] std::errc take_hard_error() noexcept { return std::exchange(error, std::errc{}); }

  template <class V>
  void visit(V& v) {
    v(local, remote, interface, any_address, reuse_address, configures_interface, options, queue,
      queued_bytes, queued_cost, handle, ready_link, ready_mask, blocked_link, blocked_by,
      largest_sent, error, soft_error);
    constexpr const char* kCounts = "counts what was; decides nothing";
    v.excluded(number, "orders sockets that share an endpoint, which exploration does not do");
    v.excluded(datagrams_sent, kCounts);
    v.excluded(datagrams_received, kCounts);
    v.excluded(bytes_sent, kCounts);
    v.excluded(bytes_received, kCounts);
    v.excluded(dropped, kCounts);
  }
};

}  // namespace bowline::inline v0::udp
