#include "bowline/gateway/promises.hpp"

namespace bowline::inline v0::gateway {

std::size_t Promises::place_of(const Endpoint& server) const noexcept {
  const auto& raw = server.address.raw();
  const std::uint64_t hash = siphash13(
      key_, std::array<std::uint64_t, 3>{detail::load_le(raw.data(), 8),
                                         detail::load_le(raw.data() + 8, 8), server.port});
  return static_cast<std::size_t>(hash % kPlaces);
}

const Promise& Promises::of(const Endpoint& server) const noexcept {
  const Known& known = known_[place_of(server)];
  return known.server == server ? known.promise : usual_;
}

void Promises::learn(const Endpoint& server, const Promise& asked,
                     const wire::TcpOptions& options) noexcept {
  Promise promise = of(server);
  promise.mss = options.mss.value_or(default_mss(server.address.family()));
  if (asked.window_scaling) promise.window_scaling = options.window_scale.has_value();
  if (asked.timestamps) promise.timestamps = options.timestamps.has_value();
  if (asked.sack) promise.sack = options.sack_permitted;
  known_[place_of(server)] = {server, promise};
}

}  // namespace bowline::inline v0::gateway
