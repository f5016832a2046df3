#include "bowline/udp/socket.hpp"

#include <algorithm>
#include <cstring>

namespace bowline::inline v0::udp {

bool Socket::enqueue(Received datagram, std::uint32_t limit) noexcept {
  const std::uint32_t size = datagram.payload.size();
  // An empty datagram is one, too: it counts as a byte, so that a flood of them is bounded.
  const std::uint32_t cost = std::max(size, 1U);
  if (queued_bytes + cost > limit || !queue.push_back(std::move(datagram))) return false;
  queued_bytes += cost;
  return true;
}

std::size_t Socket::dequeue(std::span<std::byte> to, Endpoint& from, Endpoint& at) noexcept {
  const Received& first = queue.front();
  const std::size_t size = first.payload.size();
  if (size > 0) std::memcpy(to.data(), first.payload.data(), std::min(size, to.size()));
  from = first.from;
  at = first.to;
  queued_bytes -= std::max(first.payload.size(), 1U);
  queue.pop_front();
  return size;
}

}  // namespace bowline::inline v0::udp
