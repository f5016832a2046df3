#pragma once

// The arguments and results of a Stack's calls as bytes, for who hears them (call_listener.hpp) and
// who does them again. One list of fields for both: `V` saves or loads.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>
#include <type_traits>

#include "bowline/base/fields.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/visit.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::call_bytes {

template <class V>
void fields(V& v, tcp::Settings& s) {
  visit_fields<tcp::Settings>(
      v, s.profile, s.rto_initial, s.rto_initial_after_loss, s.rto_min, s.rto_max, s.r1, s.r2_data,
      s.r2_syn, s.syn_ack_retries, s.orphan_r2, s.delayed_ack, s.cold_ack_at_once, s.probe_max,
      s.initial_window_segments, s.duplicate_ack_threshold, s.window_scaling, s.timestamps, s.sack,
      s.ecn, s.mss_default_v4, s.mss_default_v6, s.mss_floor, s.msl, s.time_wait_reuse,
      s.fin_wait_2, s.challenge_acks_per_second, s.keepalive, s.user_timeout, s.send_buffer,
      s.send_buffer_max, s.receive_buffer, s.receive_buffer_max, s.mtu_probing, s.shed_after,
      s.pacing, s.window_validation, s.hystart, s.congestion, s.fast_open, s.nagle_by_minshall,
      s.reset_when_keepalive_fails, s.ablation, s.rto_min_above_rtt, s.quick_acks, s.count_packets,
      s.idle_restart, s.size_bursts, s.least_burst, s.push_bursts, s.packet_queue,
      s.unsent_low_water, s.timestamps_required, s.check_syn_echo, s.icmp_ends_opening,
      s.halve_late_gaps, s.probe_before_timeout, s.timer_slack, s.tail_probe, s.rack_rtt_of_any,
      s.idle_halves, s.reduce_gradually, s.receive_slow_start, s.syn_cookies);
}

template <class V>
void fields(V& v, LinkInfo& link) {
  visit_fields<LinkInfo>(v, link.kind, link.mac, link.mtu, link.max_gso, link.transmit_checksum,
                         link.receive_merges);
}
template <class V>
void fields(V& v, InterfaceConfig& config) {
  check_fields<InterfaceConfig>(config.link, config.detect_duplicates, config.link_local,
                                config.router_discovery);
  fields(v, config.link);
  v(config.detect_duplicates, config.link_local, config.router_discovery);
}
template <class V>
void fields(V& v, ListenOptions& options) {
  visit_fields<ListenOptions>(v, options.local, options.backlog, options.syn_backlog,
                              options.share_port, options.fast_open_key,
                              options.fast_open_previous_key, options.socket);
}
template <class V>
void fields(V& v, ConnectOptions& options) {
  visit_fields<ConnectOptions>(v, options.remote, options.local, options.socket);
}
template <class V>
void fields(V& v, UdpOptions& options) {
  visit_fields<UdpOptions>(v, options.local, options.remote, options.interface,
                           options.reuse_address, options.configures_interface, options.socket);
}
template <class V>
void fields(V& v, UdpMessage& message) {
  visit_fields<UdpMessage>(v, message.to, message.source, message.interface);
}
template <class V>
void fields(V& v, Ready& ready) {
  visit_fields<Ready>(v, ready.handle, ready.mask);
}
template <class V>
void fields(V& v, Datagram& datagram) {
  std::uint64_t size = datagram.size;
  std::uint64_t full_size = datagram.full_size;
  visit_fields<Datagram>(v, size, full_size, datagram.truncated, datagram.from, datagram.to,
                         datagram.interface, datagram.hop_limit, datagram.traffic_class);
  datagram.size = static_cast<std::size_t>(size);
  datagram.full_size = static_cast<std::size_t>(full_size);
}

/// Saves or loads `thing`, whatever an argument is.
template <class V, class T>
void visit(V& v, T& thing) {
  if constexpr (requires { fields(v, thing); }) {
    fields(v, thing);
  } else {
    v(thing);
  }
}

/// Saves an argument or a result.
template <class T>
void put(SaveVisitor& v, const T& thing) {
  visit(v, const_cast<T&>(thing));  // saving changes nothing
}
inline void put_size(SaveVisitor& v, std::size_t thing) {
  std::uint64_t wide = thing;
  v(wide);
}
inline void put(SaveVisitor& v, std::span<const std::byte> bytes) {
  put_size(v, bytes.size());
  v.raw(bytes);
}
inline void put(SaveVisitor& v, const std::error_code& error) {
  std::int32_t value = error.value();
  v(value);
}
inline void put(SaveVisitor& v, const std::optional<Ready>& ready) {
  bool there = ready.has_value();
  v(there);
  if (ready) put(v, *ready);
}
inline void put(SaveVisitor& v, const Status& status) {
  put(v, status ? std::error_code() : status.error());
}
template <class T>
void put(SaveVisitor& v, const Result<T>& result) {
  put(v, result ? std::error_code() : result.error());
  if (!result) return;
  if constexpr (std::is_same_v<T, Slice>) {
    put(v, result->bytes());
  } else {
    put(v, *result);
  }
}

/// A number for a frame that a link is offered: all that the link sees of it.
[[nodiscard]] inline std::uint64_t digest(const Frame& frame) noexcept {
  std::uint64_t hash = 0;
  const auto add = [&hash](std::uint64_t word) {
    hash = siphash24(SipKey{}, std::array<std::uint64_t, 2>{hash, word});
  };
  add(frame.size);
  add(static_cast<std::uint64_t>(frame.checksum) | std::uint64_t{frame.checksum_start} << 8 |
      std::uint64_t{frame.checksum_offset} << 24 | std::uint64_t{frame.gso_size} << 40);
  add(frame.header_size);
  for (std::size_t i = 0; i < frame.piece_count; ++i) {
    add(siphash24(SipKey{}, frame.pieces[i].bytes()));
  }
  return hash;
}

}  // namespace bowline::inline v0::call_bytes
