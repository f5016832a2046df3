#include "bowline/stack/core.hpp"

#include <algorithm>
#include <new>

namespace bowline::inline v0 {

Stack::Core::Core(const StackConfig& configuration, Memory& memory_in, BufferPool* pool_in) noexcept
    : config(configuration),
      memory(memory_in),
      pool(pool_in),
      random(tcp::derive_random_seed(configuration.seed)),
      secrets(tcp::Secrets::derive(configuration.seed)),
      cookie_secrets(secrets.syn_cookie),
      interfaces(memory, configuration.limits.interfaces),
      addresses(memory),
      routes(memory, configuration.limits.routes),
      path_mtus(memory, configuration.limits.path_mtu_entries, secrets.fragments),
      udp_path_mtus(memory, configuration.limits.path_mtu_entries, secrets.fragments),
      udp_sizes(memory, configuration.limits.path_mtu_entries, secrets.fragments),
      source_prefix(configuration.limits),
      reply_limit(configuration.limits, secrets.fragments),
      reassembly(memory, configuration.limits, secrets.fragments),
      identifications(secrets.identification),
      neighbours(memory, configuration.limits, secrets.tuple),
      sent_ranges(configuration.limits.all_sent_ranges),
      connections(memory, configuration.limits.connections),
      half_open(memory, configuration.limits),
      sources(memory, configuration.limits, secrets.fragments),
      fast_open(memory, configuration.limits.fast_open_servers),
      time_waits(memory, configuration.limits),
      tuples(memory, kNone >> 2),
      listeners(memory, configuration.limits.listeners),
      listening(memory, configuration.limits.listeners),
      udp_sockets(memory, configuration.limits.udp_sockets),
      udp_ports(memory, configuration.limits.udp_sockets) {
  if (configuration.interface_id_key) secrets.interface_id = *configuration.interface_id_key;
}

void Stack::Core::begin(Time at, FrameId frame) noexcept {
  now = std::max(now, at);  // time never goes back, whatever a driver says
  decisions.begin(now, frame);
  if (scarce || pool->beyond(config.limits.scarce_percent)) [[unlikely]]
    review_memory();
}

ListLink& Stack::Core::ready_link(std::uint32_t tagged_index) noexcept {
  const std::uint32_t index = index_of(tagged_index);
  switch (kind_of(tagged_index)) {
    case Kind::listener:
      return listeners[index].ready_link;
    case Kind::udp:
      return udp_sockets[index].ready_link;
    default:
      return connections[index].ready_link;
  }
}

}  // namespace bowline::inline v0
