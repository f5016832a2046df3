#pragma once

// Read-only views of what a Stack holds: for tests, listings, ladders and the exploration. Copies
// of plain values; taking one changes nothing.

#include <cstdint>
#include <optional>
#include <system_error>

#include "bowline/base/handle.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/end_reason.hpp"
#include "bowline/tcp/settings.hpp"
#include "bowline/tcp/state.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0 {

/// How a connection ended, for its application (see tcp/end_reason.hpp).
using EndReason = tcp::EndReason;

/// One connection, half-open entry or TIME-WAIT record, by the RFC's names.
struct ConnectionView {
  std::uint64_t number = 0;  ///< unique within the Stack; the decisions carry it
  Handle handle;             ///< names nothing when no application holds it
  Endpoint local;
  Endpoint remote;
  InterfaceId interface{};
  tcp::State state = tcp::State::closed;
  bool orphan = false;

  SeqNumber iss, snd_una, snd_nxt, snd_wl1, snd_wl2, snd_up;
  std::uint32_t snd_wnd = 0;      ///< bytes (scaled)
  std::uint32_t max_snd_wnd = 0;  ///< the largest the peer ever offered
  SeqNumber irs, rcv_nxt, rcv_up;
  std::uint32_t rcv_wnd = 0;  ///< bytes: what the last segment offered, less what came since
  std::uint16_t snd_mss = 0;  ///< payload bytes of a full segment, options taken off
  std::uint16_t rcv_mss = 0;  ///< what we announced
  std::uint8_t snd_wind_shift = 0, rcv_wind_shift = 0;
  bool timestamps = false, sack = false, window_scaling = false;

  std::uint32_t cwnd = 0, ssthresh = 0;  ///< bytes
  std::uint32_t in_flight = 0;           ///< bytes sent and not acknowledged
  Duration srtt{}, rttvar{}, rto{};      ///< srtt 0: no sample yet
  std::uint32_t retransmissions = 0;     ///< segments sent again, since the beginning
  std::uint8_t backoff = 0;              ///< times the RTO doubled since the last progress

  std::uint32_t send_queue = 0;     ///< bytes written and not acknowledged
  std::uint32_t unsent = 0;         ///< of these, not yet sent
  std::uint32_t receive_queue = 0;  ///< bytes in order and not read
  std::uint32_t out_of_order = 0;   ///< bytes that wait for a hole to be filled
  bool fin_queued = false, fin_sent = false, fin_received = false;

  Time retransmit_at = kNever, probe_at = kNever, delayed_ack_at = kNever, keepalive_at = kNever,
       time_wait_at = kNever, user_timeout_at = kNever;

  std::uint64_t bytes_sent = 0, bytes_received = 0;  ///< payload, first transmissions and in order
  std::uint64_t segments_sent = 0, segments_received = 0;
  EndReason ended = EndReason::none;
};

/// One listening socket.
struct ListenerView {
  Handle handle;
  Endpoint local;
  std::uint32_t half_open = 0, half_open_limit = 0;  ///< the SYN queue
  std::uint32_t accept_queue = 0, accept_limit = 0;  ///< established and not accepted
  std::uint64_t accepted = 0;
  std::uint64_t overflows = 0;  ///< handshakes or SYNs turned away because a queue was full
};

/// One UDP socket.
struct UdpView {
  Handle handle;
  Endpoint local;
  std::optional<Endpoint> remote;        ///< connected
  std::optional<InterfaceId> interface;  ///< bound to it
  std::uint32_t receive_queue = 0;       ///< payload bytes that wait to be read
  std::uint32_t receive_datagrams = 0;   ///< in so many datagrams
  std::uint32_t receive_cost = 0;        ///< memory that they take
  std::uint32_t receive_limit = 0;       ///< the most that they may take
  std::uint64_t dropped = 0;             ///< datagrams for which there was no room
  std::uint64_t datagrams_sent = 0, datagrams_received = 0;
  std::uint64_t bytes_sent = 0, bytes_received = 0;  ///< payload
  std::error_code error;                             ///< waits to be told; soft ones too
  std::uint32_t path_mtu = 0;                        ///< towards `remote`; 0 when not connected
};

/// How much a Stack holds.
struct StackUsage {
  std::uint32_t connections = 0, half_open = 0, time_wait = 0, listeners = 0, udp_sockets = 0;
  std::uint32_t orphans = 0;
  std::uint32_t fragmented_datagrams = 0;  ///< of which fragments are missing
  std::uint64_t fragment_bytes = 0;        ///< what they cost, see Limits::fragment_bytes
  std::uint64_t buffer_bytes = 0;
};

}  // namespace bowline::inline v0
