#pragma once

// A Stack's configuration as a list of fields, for records. A field that is added to one of these
// structs and not listed here does not compile. Memory alone is left out: where it comes from is
// the process's own affair.

#include "bowline/base/fields.hpp"
#include "bowline/stack/call_bytes.hpp"
#include "bowline/stack/config.hpp"

namespace bowline::inline v0::replay {

template <class V>
void fields(V& v, Limits& l) {
  visit_fields<Limits>(
      v, l.connections, l.source_prefix_v4, l.source_prefix_v6, l.connections_per_source,
      l.half_open_per_source, l.scarce_percent, l.evict_percent, l.listeners, l.udp_sockets,
      l.half_open, l.orphans, l.time_wait, l.buffer_bytes, l.reassembly_bytes, l.reassembly_ranges,
      l.sent_ranges, l.all_sent_ranges, l.replies, l.stateless_replies_per_second,
      l.udp_receive_bytes, l.fragment_bytes, l.fragment_datagrams, l.fragment_datagrams_per_source,
      l.fragments_per_datagram, l.interfaces, l.routes, l.neighbours, l.neighbour_frames,
      l.advertised_addresses, l.advertised_routes, l.path_mtu_entries, l.fast_open_servers);
}

template <class V>
void fields(V& v, ip::AddressConflictTiming& t) {
  visit_fields<ip::AddressConflictTiming>(v, t.probe_wait, t.probe_num, t.probe_min, t.probe_max,
                                          t.announce_wait, t.announce_num, t.announce_interval,
                                          t.defend_interval);
}

template <class V>
void fields(V& v, ip::NeighbourTiming& t) {
  visit_fields<ip::NeighbourTiming>(v, t.reachable_time, t.retrans_timer, t.delay_first_probe,
                                    t.multicast_solicits, t.unicast_solicits,
                                    t.router_solicitation_delay, t.router_solicitation_interval,
                                    t.router_solicitations, t.dad_transmits);
}

template <class V>
void fields(V& v, ip::Timing& t) {
  check_fields<ip::Timing>(t.conflict, t.neighbour);
  fields(v, t.conflict);
  fields(v, t.neighbour);
}

template <class V>
void fields(V& v, StackConfig& c) {
  check_fields<StackConfig, 1>(c.tcp, c.limits, c.seed, c.answer_echo, c.interface_id_key, c.timing,
                               c.first_ephemeral_port, c.last_ephemeral_port);
  call_bytes::fields(v, c.tcp);
  fields(v, c.limits);
  v(c.seed, c.answer_echo, c.interface_id_key);
  fields(v, c.timing);
  v(c.first_ephemeral_port, c.last_ephemeral_port);
}

}  // namespace bowline::inline v0::replay
