#pragma once

// What a gateway promises clients in a server's place.
//
// The answer to a SYN is given before the server is asked, so its options are a promise on the
// server's behalf. At first it is what any present server can; from then on what this one said in
// its own last SYN-ACK. Only servers inside make entries, and there are few places: two servers
// that fall on the same one forget each other and are promised the usual again.

#include <array>
#include <cstdint>

#include "bowline/base/siphash.hpp"
#include "bowline/gateway/config.hpp"
#include "bowline/wire/ip_address.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::gateway {

/// What a SYN or SYN-ACK without an MSS option says by that (RFC 9293 section 3.7.1 MUST-15).
[[nodiscard]] constexpr std::uint16_t default_mss(Family family) noexcept {
  return family == Family::ipv4 ? 536 : 1'220;
}

/// What a server can, as far as clients may be told.
struct Promise {
  std::uint16_t mss = 0;  ///< the most it takes in one segment; 0: it has answered nothing yet
  bool window_scaling = true;
  bool timestamps = true;
  bool sack = true;

  template <class V>
  void visit(V& v) {
    v(mss, window_scaling, timestamps, sack);
  }
};

/// The promises for each server. One thread's.
class Promises {
 public:
  /// Knows no server yet. `key` spreads them over the places.
  Promises(const SipKey& key, const Config& config) noexcept : key_(key) {
    usual_.window_scaling = config.window_scaling;
    usual_.timestamps = config.timestamps;
    usual_.sack = config.sack;
  }

  /// What `server` is promised to do.
  [[nodiscard]] const Promise& of(const Endpoint& server) const noexcept;
  /// `server` has answered a SYN with `options`, in which it was offered what `asked` says: that
  /// and no more did it have occasion to accept.
  void learn(const Endpoint& server, const Promise& asked,
             const wire::TcpOptions& options) noexcept;

  template <class V>
  void visit(V& v) {
    for (Known& known : known_) v(known.server, known.promise);
  }

 private:
  struct Known {
    Endpoint server;  // port 0: none
    Promise promise;
  };
  static constexpr std::size_t kPlaces = 256;  // a gateway stands before some tens of services

  [[nodiscard]] std::size_t place_of(const Endpoint& server) const noexcept;

  SipKey key_;
  Promise usual_;
  std::array<Known, kPlaces> known_{};
};

}  // namespace bowline::inline v0::gateway
