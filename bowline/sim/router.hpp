#pragma once

// A router: forwards packets between wires (RFC 1812, RFC 8200).
//
// It takes the longest prefix, counts the hop limit down, and says by ICMP what it cannot forward:
// expired, too big for the next wire, no route. As firewall or NAT it keeps state besides
// (sim/middlebox.hpp). It takes no time; queues belong to wires.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bowline/ip/rate_limit.hpp"
#include "bowline/sim/middlebox.hpp"
#include "bowline/sim/node.hpp"
#include "bowline/wire/icmp.hpp"

namespace bowline::inline v0::sim {

/// Makes a router.
struct RouterOptions {
  /// ICMP errors a second (RFC 1812 4.3.2.8). 0: says nothing, and is a black hole to what is too
  /// big (RFC 4821 section 1).
  std::uint32_t icmp_rate = 1'000;
  std::optional<MiddleboxOptions> middlebox{};  ///< a firewall, or a NAT
};

/// What a router did with packets.
struct RouterCounters {
  std::uint64_t forwarded = 0;   ///< sent on, fragments counted singly
  std::uint64_t malformed = 0;   ///< no readable IP header
  std::uint64_t expired = 0;     ///< their hop limit was used up
  std::uint64_t no_route = 0;    ///< nowhere to send them
  std::uint64_t too_big = 0;     ///< for the next wire, and not to be fragmented
  std::uint64_t for_itself = 0;  ///< to an address of the router
  std::uint64_t refused = 0;     ///< by the firewall or NAT
  std::uint64_t icmp_sent = 0;   ///< errors told
};

/// A router of a Simulation, which owns it.
class Router final : public Node {
 public:
  Router(NodeId id, std::string name, const RouterOptions& options);  ///< Without interfaces yet.

  Port add_interface(const Cidr& address, std::uint32_t mtu) override;
  void add_address(Port port, const Cidr& address) override;
  [[nodiscard]] std::span<const Cidr> addresses(Port port) const override;
  void add_route(const Cidr& destination, Port port, const IpAddress& gateway) override;
  [[nodiscard]] bool forwards() const noexcept override { return true; }

  [[nodiscard]] const RouterCounters& counters() const noexcept { return counters_; }  ///< So far.
  /// Its firewall or NAT; null: none.
  [[nodiscard]] const Middlebox* middlebox() const noexcept {
    return middlebox_ ? &*middlebox_ : nullptr;
  }

  FrameId arrive(Port port, Packet packet, Time now, Outlet& outlet) override;
  void advance(Time) override {}
  [[nodiscard]] Time next_deadline() const override { return kNever; }
  bool act(Time) override { return false; }
  [[nodiscard]] Time next_act(Time) const override { return kNever; }
  void flush(Outlet&, Time) override {}
  [[nodiscard]] Result<std::unique_ptr<Node>> clone() const override;

 private:
  struct Interface {
    std::vector<Cidr> addresses;
    std::uint32_t mtu = 1'500;
  };
  struct Route {
    Cidr destination;
    Port port{};
  };

  [[nodiscard]] std::optional<Port> route_to(const IpAddress& destination) const;
  [[nodiscard]] const IpAddress* address_at(Port port, Family family) const;
  [[nodiscard]] bool is_own(const IpAddress& address) const;
  [[nodiscard]] bool is_outside(Port port) const;
  /// Asks the middlebox about a packet that is about to leave by `to`, or, where both are the
  /// outside port, has come in there. False: it goes no further.
  bool admit(Port from, Port to, Packet& packet, const wire::IpHeader& ip, Time now,
             Outlet& outlet);
  void tell(Port port, const Packet& offending, wire::IcmpKind kind, std::uint32_t word, Time now,
            Outlet& outlet);
  void reset_sender(Port port, const Packet& offending, const wire::IpHeader& ip, Outlet& outlet);
  void forward(Port to, Packet packet, Outlet& outlet);
  void forward_fragments(Port to, Packet packet, const wire::IpHeader& ip, Outlet& outlet);

  std::vector<Interface> interfaces_;
  std::vector<Route> routes_;
  std::optional<Middlebox> middlebox_;
  ip::RateLimit icmp_;
  RouterCounters counters_;
};

}  // namespace bowline::inline v0::sim
