#pragma once

// Read-only views of what a Stack holds: for tests, listings, ladders and the exploration. Copies
// of plain values; taking one changes nothing.

#include <cstdint>
#include <optional>
#include <system_error>

#include "bowline/base/handle.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/ip/neighbour_state.hpp"
#include "bowline/tcp/bbr_state.hpp"
#include "bowline/tcp/end_reason.hpp"
#include "bowline/tcp/scan_watch.hpp"
#include "bowline/tcp/settings.hpp"
#include "bowline/tcp/state.hpp"
#include "bowline/tcp/tally.hpp"
#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0 {

/// How a connection ended, for its application (see tcp/end_reason.hpp).
using EndReason = tcp::EndReason;

/// The model of the path that BBR has (draft-ietf-ccwg-bbr section 2).
struct BbrView {
  tcp::BbrState state = tcp::BbrState::startup;  ///< where it stands in its cycle
  std::uint64_t max_bw = 0;  ///< bytes a second: the largest delivery rate seen lately
  std::uint64_t bw = 0;      ///< the same, bounded by recent losses
  Duration min_rtt{};        ///< 0: no sample yet
  /// Bytes that the path takes without much loss; 0: no such bound is known.
  std::uint32_t inflight_longterm = 0;
};

/// One connection, half-open entry or TIME-WAIT record, by the RFC's names.
struct ConnectionView {
  std::uint64_t number = 0;               ///< unique within the Stack; the decisions carry it
  Handle handle;                          ///< names nothing when no application holds it
  Endpoint local;                         ///< our end
  Endpoint remote;                        ///< the peer's
  InterfaceId interface{};                ///< by which its packets go out
  tcp::State state = tcp::State::closed;  ///< RFC 9293 section 3.3.2
  bool orphan = false;                    ///< no application holds it

  SeqNumber iss;                    ///< our initial number
  SeqNumber snd_una;                ///< the oldest number not acknowledged
  SeqNumber snd_nxt;                ///< the next to be sent
  SeqNumber snd_wl1;                ///< SEG.SEQ of the last window update
  SeqNumber snd_wl2;                ///< SEG.ACK of it
  SeqNumber snd_up;                 ///< our urgent pointer
  std::uint32_t snd_wnd = 0;        ///< bytes (scaled)
  std::uint32_t max_snd_wnd = 0;    ///< the largest the peer ever offered
  SeqNumber irs;                    ///< the peer's initial number
  SeqNumber rcv_nxt;                ///< the next that we expect
  SeqNumber rcv_up;                 ///< the peer's urgent pointer, where `urgent`
  std::uint32_t urgent = 0;         ///< bytes to be read up to it (RFC 9293 MUST-33); 0: none
  std::uint32_t rcv_wnd = 0;        ///< bytes: what the last segment offered, less what came since
  std::uint16_t snd_mss = 0;        ///< payload bytes of a full segment, options taken off
  std::uint16_t rcv_mss = 0;        ///< what we announced
  std::uint8_t snd_wind_shift = 0;  ///< bits to shift the peer's window by (RFC 7323 section 2.3)
  std::uint8_t rcv_wind_shift = 0;  ///< and ours
  bool timestamps = false;          ///< agreed on (RFC 7323)
  bool sack = false;                ///< agreed on (RFC 2018)
  bool window_scaling = false;      ///< agreed on (RFC 7323)
  std::uint16_t path_mtu = 0;       ///< bytes of a packet; 0: not known yet
  std::uint16_t peer_mss = 0;       ///< what the peer announced, or the default
  std::uint16_t seen_mss = 0;       ///< the largest payload of a packet received

  std::uint32_t cwnd = 0;       ///< bytes
  std::uint32_t ssthresh = 0;   ///< bytes
  std::uint32_t in_flight = 0;  ///< bytes sent and not acknowledged
  tcp::CongestionAlgorithm congestion = tcp::CongestionAlgorithm::cubic;  ///< who governs cwnd
  std::optional<BbrView> bbr;                                             ///< where that is BBR
  std::uint64_t pacing_rate = 0;      ///< bytes a second; 0: not paced, or nothing to send of late
  Duration srtt{};                    ///< RFC 6298 section 2; 0: no sample yet
  Duration min_rtt{};                 ///< the least of late; 0: no sample yet
  Duration rttvar{};                  ///< RFC 6298 section 2
  Duration rto{};                     ///< the next retransmission's, backed off
  std::uint32_t retransmissions = 0;  ///< segments sent again, since the beginning
  std::uint8_t backoff = 0;           ///< times the RTO doubled since the last progress
  std::uint32_t lost = 0;             ///< bytes held for lost and not sent again yet
  std::uint32_t sacked = 0;           ///< bytes that the peer has beyond a hole
  std::uint8_t dup_acks = 0;          ///< in a row (RFC 5681 section 2)
  std::uint8_t keepalive_probes = 0;  ///< unanswered

  std::uint32_t send_queue = 0;     ///< bytes written and not acknowledged
  std::uint32_t unsent = 0;         ///< of these, not yet sent
  std::uint32_t receive_queue = 0;  ///< bytes in order and not read
  std::uint32_t out_of_order = 0;   ///< bytes that wait for a hole to be filled
  std::uint32_t send_memory = 0;    ///< what counts against send_limit
  std::uint32_t send_limit = 0;     ///< the most that may be queued: bytes, or memory
                                    ///< (Settings::packet_queue)
  std::uint32_t receive_limit = 0;  ///< the most that receive_queue and out_of_order may be
  bool fin_queued = false;          ///< the application has finished sending
  bool fin_sent = false;            ///< our FIN is out
  bool fin_received = false;        ///< the peer has finished

  Time retransmit_at = kNever;    ///< deadline of the RTO (RFC 6298)
  Time probe_at = kNever;         ///< of the next zero-window probe
  Time delayed_ack_at = kNever;   ///< of the delayed acknowledgment
  Time keepalive_at = kNever;     ///< of the next keepalive probe
  Time time_wait_at = kNever;     ///< of the end of TIME-WAIT
  Time user_timeout_at = kNever;  ///< of the user timeout (RFC 5482)

  std::uint64_t bytes_sent = 0;           ///< payload, first transmissions
  std::uint64_t bytes_received = 0;       ///< payload, in order
  std::uint64_t bytes_acked = 0;          ///< sequence numbers that the peer has confirmed
  std::uint64_t bytes_retransmitted = 0;  ///< payload sent again
  /// Numbers that the peer has confirmed without a gap; its own SYN counts where we opened.
  std::uint64_t bytes_acked_in_order = 0;
  bool passive = false;     ///< from a listener
  bool early = false;       ///< Fast Open: may talk before the handshake is done
  bool ecn = false;         ///< agreed on (RFC 3168 or RFC 9768)
  bool recovering = false;  ///< losses are being repaired (RFC 9937)
  /// While recovering, or while a congestion mark reduces the window by and by: bytes that may be
  /// in the network, pipe + SndCnt of RFC 9937 section 6.1; else 0.
  std::uint32_t recovery_window = 0;
  bool after_timeout = false;    ///< what was out at a timeout is not all acknowledged yet
  std::uint16_t reordering = 0;  ///< its degree in packets, where it is beyond the threshold
  std::uint8_t timeouts = 0;     ///< in a row without progress
  bool reordering_seen = false;  ///< RFC 8985 section 6.2 step 4
  std::uint32_t ts_offset = 0;   ///< of our timestamps: milliseconds, added to the clock
  Duration receive_rtt{};        ///< the round trip as the receiver sees it; 0: not known
  Duration ack_timeout{};        ///< how long an ACK may be delayed
  tcp::Tally tally;              ///< what is counted for the user alone
  bool answers = false;   ///< interactive: acknowledgments wait for data (Settings::quick_acks)
  bool syn_data = false;  ///< Fast Open: the data on the SYN was acknowledged, or taken (RFC 7413)
  std::uint64_t segments_sent = 0;      ///< with or without payload, repeated ones too
  std::uint64_t segments_received = 0;  ///< that belonged to it
  Time last_sent_at{};                  ///< any segment; the origin: none yet
  Time last_received_at{};              ///< the same
  EndReason ended = EndReason::none;    ///< how, if it has
};

/// What a connection has in flight, in packets.
struct FlightView {
  std::uint32_t outstanding = 0;    ///< sent and not acknowledged
  std::uint32_t sacked = 0;         ///< of these, with the peer, beyond a hole
  std::uint32_t lost = 0;           ///< of these, held for lost and not sent again
  std::uint32_t retransmitted = 0;  ///< of these, sent again and in the network
  std::uint32_t repaired = 0;       ///< of the retransmitted, those that had been held for lost
};

/// Where a walk over the connections stands. As made: at the beginning.
struct ConnectionCursor {
  /// What is walked, in this order.
  enum class Table : std::uint8_t { connections, half_open, time_wait, end };
  Table table = Table::connections;  ///< where it stands
  std::uint32_t place = 0;           ///< and at which place of it
};

/// One listening socket.
struct ListenerView {
  Handle handle;                      ///< as listen() returned it
  Endpoint local;                     ///< where it listens
  std::uint32_t half_open = 0;        ///< entries of the SYN queue
  std::uint32_t half_open_limit = 0;  ///< its bound
  std::uint32_t accept_queue = 0;     ///< connections established and not accepted
  std::uint32_t accept_limit = 0;     ///< the backlog
  std::uint64_t accepted = 0;         ///< since the beginning
  std::uint64_t overflows = 0;        ///< handshakes or SYNs that found a queue full
  std::uint64_t cookies_sent = 0;     ///< SYNs that were answered by a cookie (RFC 4987)
  std::uint64_t cookies_taken = 0;    ///< of which so many came back and made a connection
  std::uint64_t cookies_wrong = 0;    ///< acknowledgments meanwhile of what was no cookie
  bool flooded = false;               ///< a flood of SYNs was recognised of late
};

/// A source that scans our ports.
using ScannerView = tcp::Scanner;

/// One UDP socket.
struct UdpView {
  Handle handle;                         ///< as open_udp() returned it
  Endpoint local;                        ///< where it receives
  std::optional<Endpoint> remote;        ///< connected
  std::optional<InterfaceId> interface;  ///< bound to it
  std::uint32_t receive_queue = 0;       ///< payload bytes that wait to be read
  std::uint32_t receive_datagrams = 0;   ///< in so many datagrams
  std::uint32_t receive_cost = 0;        ///< memory that they take
  std::uint32_t receive_limit = 0;       ///< the most that they may take
  std::uint64_t dropped = 0;             ///< datagrams for which there was no room
  std::uint64_t datagrams_sent = 0;      ///< handed to an interface
  std::uint64_t datagrams_received = 0;  ///< put into the queue
  std::uint64_t bytes_sent = 0;          ///< payload
  std::uint64_t bytes_received = 0;      ///< payload
  std::error_code error;                 ///< waits to be told; soft ones too
  std::uint32_t path_mtu = 0;            ///< towards `remote`; 0 when not connected
};

/// One neighbour on an Ethernet link.
struct NeighbourView {
  InterfaceId interface{};                            ///< over which it is reached
  IpAddress address;                                  ///< its IP address
  std::optional<wire::MacAddress> mac;                ///< nothing: it is being asked for
  NeighbourState state = NeighbourState::incomplete;  ///< RFC 4861 section 7.3.2
  bool router = false;                                ///< it says that it is one
  std::uint32_t frames_waiting = 0;                   ///< for its answer
  std::uint32_t connections_waiting = 0;              ///< for its answer
};

/// How much a Stack holds.
struct StackUsage {
  std::uint32_t connections = 0;  ///< full ones, without half-open entries and TIME-WAIT records
  std::uint32_t half_open = 0;    ///< entries of all SYN queues
  std::uint32_t time_wait = 0;    ///< TIME-WAIT records
  std::uint32_t listeners = 0;    ///< listening sockets
  std::uint32_t udp_sockets = 0;  ///< UDP sockets
  std::uint32_t orphans = 0;      ///< of the connections, without an owner
  std::uint32_t neighbours = 0;   ///< on Ethernet links, known or asked for
  std::uint32_t fragmented_datagrams = 0;  ///< of which fragments are missing
  std::uint64_t fragment_bytes = 0;        ///< what they cost, see Limits::fragment_bytes
  std::uint64_t buffer_bytes = 0;          ///< that the pool has handed out
  std::uint64_t buffers_refused = 0;       ///< requests for a buffer that were answered with none
  bool buffers_scarce = false;             ///< windows do not open, see Limits::scarce_percent
  std::uint32_t sources = 0;               ///< that have connections or half-open entries with us
  std::uint32_t out_of_order_holders = 0;  ///< connections with data out of order
  std::uint32_t stalled_connections = 0;   ///< whose peer takes nothing of our data
  std::uint64_t sent_ranges = 0;           ///< places for ranges in flight, of all connections
};

}  // namespace bowline::inline v0
