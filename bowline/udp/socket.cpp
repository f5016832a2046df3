#include "bowline/udp/socket.hpp"

#include <algorithm>
#include <cstring>

namespace bowline::inline v0::udp {

std::uint32_t Received::cost() const noexcept {
  return payload.pinned() + static_cast<std::uint32_t>(sizeof(Received));
}

bool Socket::wants(const Label& label) const noexcept {
  if (local.port != label.to.port || local.address.family() != label.to.address.family()) {
    return false;
  }
  if (interface && *interface != label.interface) return false;
  if (remote && *remote != label.from) return false;
  switch (label.cast) {
    case Cast::unicast:
      return local.address.is_unspecified() || local.address == label.to.address;
    case Cast::broadcast:
      return local.address.is_unspecified();
    case Cast::foreign:
      return configures_interface && local.address.is_unspecified();
  }
  return false;
}

bool Socket::conflicts_with(const Socket& other) const noexcept {
  if (local.port != other.local.port || local.address.family() != other.local.address.family()) {
    return false;
  }
  if (reuse_address && other.reuse_address) return false;
  if (remote && other.remote && *remote != *other.remote) return false;
  if (interface && other.interface && *interface != *other.interface) return false;
  return local.address == other.local.address || local.address.is_unspecified() ||
         other.local.address.is_unspecified();
}

bool Socket::enqueue(Received datagram, std::uint32_t limit) noexcept {
  const std::uint32_t size = datagram.payload.size();
  const std::uint32_t cost = datagram.cost();
  const bool room = queue.empty() || queued_cost + cost <= limit;
  if (!room || !queue.push_back(std::move(datagram))) {
    ++dropped;
    return false;
  }
  queued_bytes += size;
  queued_cost += cost;
  ++datagrams_received;
  bytes_received += size;
  return true;
}

void Socket::peek(std::span<std::byte> to) const noexcept {
  const Slice& payload = queue.front().payload;
  const std::size_t size = std::min<std::size_t>(payload.size(), to.size());
  if (size > 0) std::memcpy(to.data(), payload.data(), size);
}

void Socket::pop() noexcept {
  queued_bytes -= queue.front().payload.size();
  queued_cost -= queue.front().cost();
  queue.pop_front();
}

}  // namespace bowline::inline v0::udp
