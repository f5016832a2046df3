#pragma once

// What an application can set for one UDP socket, at any time (RFC 1122 section 4.1.4).

#include <cstdint>

namespace bowline::inline v0::udp {

/// The options of a socket. Fields that are 0 keep the stack's defaults.
struct SocketOptions {
  /// May send to broadcast addresses; without it that is permission_denied (SO_BROADCAST).
  bool broadcast = false;
  /// Never cut a datagram, neither here nor on its way (IPv4's DF): one that is larger than the
  /// path takes is message_size. Without it the datagram goes out in fragments.
  bool dont_fragment = false;
  std::uint8_t hop_limit = 0;      ///< TTL; 0: 64
  std::uint8_t traffic_class = 0;  ///< DSCP and ECN bits, as in the header
  /// Bytes that waiting datagrams may cost, at most Limits::udp_receive_bytes; 0: as many as that.
  std::uint32_t receive_buffer = 0;

  template <class V>
  void visit(V& v) {
    v(broadcast, dont_fragment, hop_limit, traffic_class, receive_buffer);
  }
  friend bool operator==(const SocketOptions&, const SocketOptions&) = default;
};

}  // namespace bowline::inline v0::udp
