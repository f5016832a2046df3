// The whole as a value: clone and canonical hash, from the one list of the state (base/visit.hpp).

#include <new>

#include "bowline/base/visit.hpp"
#include "bowline/stack/core.hpp"
#include "bowline/tcp/connection_state.hpp"

namespace bowline::inline v0 {

template <class V>
void Stack::Core::visit(V& v) {
  v.excluded(random, "what it decides is drawn by the explored program's choices");
  v(secrets);
  v(cookie_secrets);
  interfaces.visit(v, memory);
  if constexpr (!V::hashing) {
    for (std::uint32_t i = 0; i < interfaces.size(); ++i) {
      Interface& interface = interfaces[i];
      v(interface.link.kind, interface.link.mac, interface.link.mtu, interface.link.max_gso,
        interface.link.transmit_checksum, interface.link.receive_merges,
        interface.detect_duplicates, interface.router_discovery);
    }
  }
  v(addresses, routes, path_mtus, udp_path_mtus, udp_sizes);
  v(neighbours, upkeep_at);
  v.excluded(reply_limit, "a rate limit that exploration stays below");
  bool scanned = static_cast<bool>(scans);
  v.excluded(scanned, "recognition tells people and decides nothing");
  if constexpr (V::loading) {
    scans.reset();
    if (scanned && !scans.ensure(memory, secrets.fragments)) return v.fail();
  }
  if (scans) v.excluded(*scans, "as scanned");
  v(reassembly, identifications);
  v(connections, half_open, time_waits, listeners, fast_open);
  if constexpr (V::hashing) {
    // An entry keeps a tick of 32 bits, which only the time of now makes a time.
    half_open.for_each([&v, this](std::uint32_t, const tcp::SynEntry& entry) {
      Time sent = tcp::sent_time(entry, now);
      v(sent);
    });
  }
  udp_sockets.visit(v, memory);
  if constexpr (!V::hashing)
    v(tuples, listening, udp_ports);  // found again from what they point to
  v(wheel, ready, orphans);
  v.excluded(gapped, "exploration has memory enough, and nobody looks who is in it");
  v.excluded(left_behind, "as gapped");
  v.excluded(stalled, "as gapped");
  v.excluded(scarce, "as gapped");
  v.excluded(next_number, "a name");
  v.excluded(next_udp_number, "a name, and what ports are drawn from");
  v.excluded(next_frame, "a name");
  v.excluded(now, "times are hashed relative to it");
  v(retry_at);
  v.excluded(flood_until, "a shorter way to the same");
}

// Limits and clocks are configuration, which what was loaded does not know.
void Stack::Core::after_load() noexcept {
  count_sources();
  interfaces.for_each([this](std::uint32_t, Interface& interface) {
    const ip::NeighbourTiming advertised = interface.timing.neighbour;
    interface.timing = config.timing;
    interface.timing.neighbour.reachable_time = advertised.reachable_time;
    interface.timing.neighbour.retrans_timer = advertised.retrans_timer;
  });
  connections.for_each([this](std::uint32_t, tcp::Connection& c) {
    if (!c.transfer) return;
    c.transfer->sent.set_limit(config.limits.sent_ranges);
    c.transfer->sent.set_budget(&sent_ranges);
    c.transfer->received.set_limits(config.limits);
  });
}

Result<Stack> Stack::clone() const noexcept {
  BOWLINE_TRY(copy, create(core_->config));
  SaveVisitor save(core_->memory);
  core_->visit(save);
  if (save.failed()) return fail(std::errc::not_enough_memory);
  LoadVisitor load(save.bytes(), *copy.core_->pool);
  copy.core_->visit(load);
  if (!load.complete()) return fail(std::errc::not_enough_memory);
  copy.core_->after_load();
  return copy;
}

std::uint64_t Stack::canonical_hash(Time now) const noexcept {
  HashVisitor hash(now);
  core_->visit(hash);
  const Hash128 value = hash.value();
  return value.low ^ value.high;
}

}  // namespace bowline::inline v0
