#pragma once

// Routes: by which interface a destination is reached (RFC 1122 section 3.3.1).

#include <optional>

#include "bowline/base/handle.hpp"
#include "bowline/base/result.hpp"
#include "bowline/base/ring.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::ip {

/// A way to a network.
struct Route {
  Cidr destination{};       ///< to whom it leads; /0: everybody
  InterfaceId interface{};  ///< by which link
  /// The next hop; nothing: the destination is on the link.
  std::optional<IpAddress> gateway{};

  template <class V>
  void visit(V& v) {
    v(destination, interface, gateway);
  }
  friend bool operator==(const Route&, const Route&) noexcept = default;
};

/// All routes of a Stack; looked into when a connection is opened, never per packet.
class RouteTable {
 public:
  /// At most `limit` routes.
  RouteTable(Memory& memory, std::uint32_t limit) noexcept : routes_(memory), limit_(limit) {}

  /// Errors: not_enough_memory.
  Status add(const Route& route) noexcept;
  /// Removes the route that is equal to `route`. Errors: no_such_process, as ip(8) says it.
  Status remove(const Route& route) noexcept;
  /// The route with the longest prefix that holds `destination`, among equals the first added;
  /// null: none.
  [[nodiscard]] const Route* find(const IpAddress& destination) const noexcept;

  template <class V>
  void visit(V& v) {
    v(routes_);
  }

 private:
  Ring<Route> routes_;
  std::uint32_t limit_;
};

}  // namespace bowline::inline v0::ip
