#pragma once

// A UDP endpoint: a bounded queue of datagrams (RFC 768, RFC 1122 section 4.1).

#include <cstddef>
#include <optional>
#include <span>

#include "bowline/base/buffer.hpp"
#include "bowline/base/handle.hpp"
#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/ring.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::udp {

/// A datagram that waits to be read.
struct Received {
  Slice payload;
  Endpoint from;
  Endpoint to;

  template <class V>
  void visit(V& v) {
    v(payload, from, to);
  }
};

/// One socket. Owned by the Stack's slab.
struct Socket {
  explicit Socket(Memory& memory) noexcept : queue(memory) {}

  Endpoint local;
  std::optional<Endpoint> remote;  ///< connected: from and to this peer alone
  Ring<Received> queue;
  std::uint32_t queued_bytes = 0;
  Handle handle;
  ListLink ready_link;
  std::uint8_t ready_mask = 0;
  bool refused = false;  ///< an ICMP error waits to be told (RFC 1122 section 4.1.3.3)

  /// Is a datagram from `from` to `to` for this socket?
  [[nodiscard]] bool wants(const Endpoint& from, const Endpoint& to) const noexcept {
    return local.port == to.port && local.address.family() == to.address.family() &&
           (local.address.is_unspecified() || local.address == to.address) &&
           (!remote || *remote == from);
  }
  /// Queues a datagram unless that would make more than `limit` bytes. False when it was dropped.
  [[nodiscard]] bool enqueue(Received datagram, std::uint32_t limit) noexcept;
  /// Copies the oldest datagram out and removes it. There must be one. Returns its whole size.
  std::size_t dequeue(std::span<std::byte> to, Endpoint& from, Endpoint& at) noexcept;

  template <class V>
  void visit(V& v) {
    v(local, remote, queue, queued_bytes, handle.index, handle.generation, handle.kind, ready_link,
      ready_mask, refused);
  }
};

}  // namespace bowline::inline v0::udp
