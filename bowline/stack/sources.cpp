// What single sources may hold, and what tells of one that attacks: bounds for each source (DESIGN
// section 8), and the recognition of scans and floods (REQUIREMENTS A18, A19).

#include <algorithm>

#include "bowline/stack/core.hpp"

namespace bowline::inline v0 {

bool Stack::Core::has_its_share(const IpAddress& address) const noexcept {
  const Limits& limits = config.limits;
  if (limits.connections_per_source != 0) {
    return sources.count(address, ip::Holding::connection) >= limits.connections_per_source;
  }
  const std::uint32_t quarter = std::max(limits.connections / 4, 1U);
  const bool crowded = connections.size() >= limits.connections - limits.connections / 4;
  return crowded && sources.count(address, ip::Holding::connection) >= quarter;
}

bool Stack::Core::hoards_half_open(const IpAddress& address) const noexcept {
  // Who has so many makes all together at least as many.
  const std::uint32_t most = config.limits.half_open_per_source;
  return half_open.size() >= most && sources.count(address, ip::Holding::half_open) >= most;
}

std::uint32_t Stack::Core::new_passive_connection(const tcp::Listener& listener,
                                                  const tcp::Segment& segment,
                                                  InterfaceId interface) noexcept {
  if (has_its_share(segment.remote.address)) {
    decisions.make(Reason::source_connections);
    return kNone;
  }
  const std::uint32_t fresh =
      new_connection(segment.local, segment.remote, interface, listener.options);
  if (fresh == kNone) return kNone;
  if (!sources.add(segment.remote.address, ip::Holding::connection)) {
    decisions.make(Reason::no_memory);
    destroy(fresh);
    return kNone;
  }
  connections[fresh].passive = true;
  connections[fresh].counted = true;
  return fresh;
}

// After loading: the counts follow from what is there.
void Stack::Core::count_sources() noexcept {
  sources.clear();
  connections.for_each([this](std::uint32_t, tcp::Connection& c) {
    if (c.counted) c.counted = sources.add(c.remote.address, ip::Holding::connection);
  });
  half_open.for_each([this](std::uint32_t, const tcp::SynEntry& entry) {
    static_cast<void>(sources.add(entry.remote().address, ip::Holding::half_open));
  });
}

// What has an ACK may be the late segment of a connection that was: certainly with data, likely
// where it comes to a port from which we open connections. A SYN,ACK is the answer to somebody who
// has used our address.
void Stack::Core::note_probe(const tcp::Segment& segment, std::uint16_t flags) noexcept {
  const std::uint16_t port = segment.local.port;
  const bool ephemeral = port >= config.first_ephemeral_port && port <= config.last_ephemeral_port;
  const bool late = segment.data_size > 0 || ephemeral || (flags & wire::kSyn) != 0;
  if ((flags & wire::kAck) != 0 && late) return;
  if (!scans.ensure(memory, secrets.fragments)) return;
  const ScannerView* scanner =
      scans->note(source_prefix.of(segment.remote.address), port, flags, now);
  if (scanner == nullptr) return;
  decisions.make(Reason::alarm_port_scan, decisions.frame(), 0, {}, scanner->ports,
                 static_cast<std::uint32_t>(scanner->kind));
}

void Stack::Core::note_flood(tcp::Listener& listener, const IpAddress& from) noexcept {
  const auto source = [&] { return ip::address_hash(secrets.fragments, source_prefix.of(from)); };
  if (!listener.flood.syn(now, source)) return;
  decisions.make(Reason::alarm_syn_flood, decisions.frame(), 0, listener.handle,
                 listener.flood.syns(), listener.flood.sources());
}

}  // namespace bowline::inline v0
