#pragma once

// A link as the Stack sees it, with what waits to go out on it.

#include <cstdint>

#include "bowline/base/decision.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/ring.hpp"
#include "bowline/base/time.hpp"
#include "bowline/ip/timing.hpp"
#include "bowline/link/link.hpp"
#include "bowline/link/segment.hpp"
#include "bowline/tcp/output.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0 {

/// Why a frame is sent that goes out once and belongs to nobody: a stateless reply or a datagram.
struct PendingWhy {
  Reason why = Reason::send_udp;
  std::uint64_t connection = 0;

  template <class V>
  void visit(V& v) {
    v(why, connection);
  }
};

/// What whoever builds a packet leaves free in front of it, so that a link's header finds room.
inline constexpr std::uint8_t kHeadroom = 16;

/// An interface of the Stack.
struct Interface {
  explicit Interface(Memory& memory) noexcept
      : pending(memory), pending_why(memory), addresses(memory) {}

  LinkInfo link;
  Ring<Frame> pending;           ///< they are offered to the link where they stand
  Ring<PendingWhy> pending_why;  ///< one for each
  Ring<Cidr> addresses;
  IndexList output;  ///< connections with something to send, by their output_link
  /// UDP sockets that configure this interface and hear what is for none of our addresses.
  std::uint32_t takes_foreign = 0;
  IndexList blocked_udp;  ///< UDP sockets that wait for room in `pending`

  // Of an Ethernet link:
  bool detect_duplicates = true;
  bool router_discovery = true;
  ip::Timing timing;               ///< as configured, and as routers say
  Duration reachable_time{};       ///< a random part of timing.neighbour.reachable_time
  std::uint32_t ipv6_mtu = 0;      ///< as routers say; 0: the link's
  IndexList waiting;               ///< connections whose own address is tentative, by output_link
  std::uint8_t solicitations = 0;  ///< of routers, that were sent
  Time solicit_at = kNever;        ///< the next one
  Time report_at = kNever;         ///< of the groups that we listen to

  template <class V>
  void visit(V& v) {
    v(pending, pending_why, addresses, output, takes_foreign, blocked_udp, waiting, solicitations,
      solicit_at, report_at, reachable_time, ipv6_mtu, timing.neighbour.reachable_time,
      timing.neighbour.retrans_timer);
  }

  [[nodiscard]] bool is_ethernet() const noexcept { return link.kind == LinkKind::ethernet; }
  [[nodiscard]] tcp::LinkAbility ability() const noexcept {
    return {link.max_gso, link.transmit_checksum, link_header_size(link.kind)};
  }
};

}  // namespace bowline::inline v0
