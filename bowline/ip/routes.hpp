#pragma once

// Routes: by which interface and which next hop a destination is reached (RFC 1122 section 3.3.1,
// RFC 4861 section 5.2). Those that somebody configured stay; those that a router advertised end
// when it said.

#include <optional>

#include "bowline/base/handle.hpp"
#include "bowline/base/result.hpp"
#include "bowline/base/ring.hpp"
#include "bowline/base/time.hpp"
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

/// All routes of a Stack; looked into when a connection is opened or its next hop is forgotten,
/// never per packet of a connection.
class RouteTable {
 public:
  /// At most `limit` routes.
  RouteTable(Memory& memory, std::uint32_t limit) noexcept : routes_(memory), limit_(limit) {}

  /// Errors: not_enough_memory.
  Status add(const Route& route) noexcept;
  /// Removes the configured route that is equal to `route`. Errors: no_such_process, as ip(8) says
  /// it.
  Status remove(const Route& route) noexcept;
  /// The route with the longest prefix that holds `destination`, over `interface` if one is given;
  /// among equals the first. Null: none.
  [[nodiscard]] const Route* find(const IpAddress& destination,
                                  std::optional<InterfaceId> interface = {}) const noexcept;

  /// What a router's advertisement did.
  enum class Advertised : std::uint8_t { nothing, added, removed, renewed, refused };
  /// A router says that there is `route` until `expires`; not after `now`: no more. At most `limit`
  /// advertised ones for an interface.
  Advertised advertise(const Route& route, Time expires, Time now, std::uint32_t limit) noexcept;
  /// Removes what has expired; how many.
  std::uint32_t expire(Time now) noexcept;
  /// When the next one expires; kNever.
  [[nodiscard]] Time next_expiry() const noexcept { return next_expiry_; }
  /// The router does not answer: of equal routes those by another come first from now on (RFC 4861
  /// section 6.3.6). Was there one by it?
  bool demote(InterfaceId interface, const IpAddress& gateway) noexcept;
  /// The neighbour is no router any more (section 7.2.5): advertised routes by it go. How many.
  std::uint32_t drop_router(InterfaceId interface, const IpAddress& gateway) noexcept;

  template <class V>
  void visit(V& v) {
    v(routes_, next_expiry_);
  }

 private:
  struct Entry {
    Route route;
    Time expires = kNever;
    bool advertised = false;
    template <class V>
    void visit(V& v) {
      v(route, expires, advertised);
    }
  };
  void note_expiry() noexcept;

  Ring<Entry> routes_;
  std::uint32_t limit_;
  Time next_expiry_ = kNever;
};

}  // namespace bowline::inline v0::ip
