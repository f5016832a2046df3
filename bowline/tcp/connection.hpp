#pragma once

// A connection: the control block (TCB, RFC 9293 section 3.3.1) and nothing that decides.
//
// It is laid out by temperature. The first two cache lines hold what every segment touches: who
// talks to whom, the sequence variables, the state. Behind them stands what a connection remembers
// while it is idle. The Transfer (buffers, ranges in flight, recovery) is made when there is
// something to transfer and given back when there is not, so that an idle connection owns no
// buffers. What happens to all this is in input/, output.cpp, timeouts.cpp and user_calls.cpp.

#include <cstdint>

#include "bowline/base/box.hpp"
#include "bowline/base/handle.hpp"
#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/base/timer_wheel.hpp"
#include "bowline/tcp/acc_ecn.hpp"
#include "bowline/tcp/bbr_flow.hpp"
#include "bowline/tcp/buffer_tuning.hpp"
#include "bowline/tcp/congestion_control.hpp"
#include "bowline/tcp/context.hpp"
#include "bowline/tcp/ecn.hpp"
#include "bowline/tcp/end_reason.hpp"
#include "bowline/tcp/fast_open.hpp"
#include "bowline/tcp/options.hpp"
#include "bowline/tcp/pacer.hpp"
#include "bowline/tcp/packet_queue.hpp"
#include "bowline/tcp/path_mtu_probe.hpp"
#include "bowline/tcp/rack.hpp"
#include "bowline/tcp/reassembler.hpp"
#include "bowline/tcp/recovery.hpp"
#include "bowline/tcp/rtt_estimator.hpp"
#include "bowline/tcp/send_buffer.hpp"
#include "bowline/tcp/sent_ranges.hpp"
#include "bowline/tcp/state.hpp"
#include "bowline/tcp/suspicion.hpp"
#include "bowline/tcp/tail_loss_probe.hpp"
#include "bowline/tcp/tally.hpp"
#include "bowline/tcp/timers.hpp"
#include "bowline/tcp/undo.hpp"
#include "bowline/tcp/window_validation.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::tcp {

/// F-RTO (RFC 5682 section 3): after a timeout new data goes before further retransmissions, to see
/// whether what was held for lost arrives by itself.
enum class ForwardRto : std::uint8_t {
  off,
  waiting,  ///< for the first ACK after the timeout's retransmission (step 2)
  probing,  ///< new data is sent; the next ACK decides (step 3)
};

/// Everything that exists only while bytes are on their way.
struct Transfer {
  Transfer(Memory& memory, const Limits& limits, RangeBudget* budget, std::uint64_t seed) noexcept
      : send(memory),
        queue(memory),
        sent(memory, limits.sent_ranges, seed, budget),
        received(memory, limits, seed ^ 0x9e3779b97f4a7c15) {}

  SendBuffer send;
  PacketQueue queue;  ///< how `send` is cut (Settings::packet_queue); else empty
  SentRanges sent;
  Reassembler received;
  Recovery recovery;
  Recovery reduction;  ///< of the window, for congestion marks (Settings::reduce_gradually)
  Rack rack;
  TailLossProbe tail_probe;
  Undo undo;
  Pacer pacer;
  ReceiveTuning tuning;
  std::uint32_t measured_echo = 0;  ///< the timestamp echo that tuning was told of last
  wire::FastOpenCookie cookie;      ///< goes with the SYN-ACK of a FastOpenRole::accepted
  ForwardRto forward_rto = ForwardRto::off;
  bool tail_probe_due = false;

  [[nodiscard]] bool idle() const noexcept {
    return send.empty() && sent.empty() && received.empty() && !recovery.active();
  }

  template <class V>
  void visit(V& v) {
    v(send, queue, sent, received, recovery, reduction, rack, tail_probe, undo, pacer, tuning,
      forward_rto, tail_probe_due);
    v.excluded(cookie.data, "cookies are opaque, and Fast Open is off in the exploration");
    v.excluded(cookie.size, "as cookie.data");
    v.excluded(cookie.experimental, "as cookie.data");
    v.excluded(measured_echo, "as the timestamps of the connection");
  }
};

/// What a connection that has something to send waits for before it may take its turn.
enum class Wait : std::uint8_t {
  nothing,
  next_hop,  ///< its link-layer address
  address,   ///< its own: whether somebody else has it
};

/// What a connection is to a stack whose memory is short (stack/memory_pressure.cpp).
enum class Burden : std::uint8_t {
  none,
  left_behind,  ///< it has no owner, and something to send still
  stalled,      ///< its peer takes nothing: he holds his window shut, or acknowledges nothing
};

/// One TCB. Owned by the Stack's slab; plain data to the engine's functions.
struct Connection {
  // -- first line and a bit: who, and where each side stands
  Endpoint local;
  Endpoint remote;
  SeqNumber snd_una;
  SeqNumber snd_nxt;
  std::uint32_t snd_wnd = 0;  ///< bytes, scaled
  SeqNumber snd_wl1;
  SeqNumber snd_wl2;
  SeqNumber rcv_nxt;
  SeqNumber rcv_edge;  ///< RCV.NXT + RCV.WND as last announced; never goes back (SHLD-14)
  State state = State::closed;
  InterfaceId interface{};
  std::uint8_t snd_shift = 0;
  std::uint8_t rcv_shift = 0;
  std::uint16_t snd_mss = 0;  ///< payload of a full segment: options are taken off
  bool timestamps = false;
  bool sack = false;
  bool ack_now = false;     ///< an ACK is to go out, whether data does or not
  bool fin_queued = false;  ///< the application has finished sending
  bool fin_sent = false;
  bool fin_received = false;        ///< and everything before it
  std::uint32_t ts_recent = 0;      ///< TS.Recent (RFC 7323 section 4.3)
  std::uint32_t unacked_bytes = 0;  ///< in order, received since the last ACK that we sent
  Box<Transfer> transfer;
  /// Among those with something to send on the interface, or among those that wait for the same.
  ListLink output_link;

  // -- what an idle connection remembers
  ListLink
      ready_link;  ///< among the sockets whose readiness changed; or in an accept queue's order
  ListLink queue_link;   ///< in the accept queue, or among the orphans
  ListLink gap_link;     ///< among those with data out of order, the first to have any in front
  ListLink burden_link;  ///< among those of its Burden, the one that came first in front
  WheelLink wheel;
  Timers timers;
  RttEstimator rtt;
  CongestionControl congestion;
  WindowValidation validation;
  Box<BbrFlow> bbr;  ///< where BBR governs
  SocketOptions options;

  std::uint64_t number = 0;  ///< unique within the Stack
  std::uint64_t hash = 0;    ///< of the four-tuple
  Handle handle;
  SeqNumber iss;
  SeqNumber irs;
  SeqNumber send_front;           ///< the number of the first byte in the send buffer
  SeqNumber fin_seq_peer;         ///< where the peer's FIN stands, once it came out of order
  SeqNumber last_ack_sent;        ///< RFC 7323's Last.ACK.sent
  SeqNumber snd_up;               ///< the number after the urgent byte sent last
  SeqNumber snd_small;            ///< the number after the last segment that was not full
  SeqNumber rcv_up;               ///< the number after the urgent byte received last
  SeqNumber progress;             ///< SND.UNA when the next hop was last confirmed (RFC 4861 7.3.1)
  SeqNumber latest_out_of_order;  ///< for the first SACK block (RFC 2018 section 4)
  Ecn ecn;
  Box<AccEcn> acc_ecn;    ///< where both agreed on AccECN
  SeqNumber dsack_left;   ///< received twice, to be reported once (RFC 2883): from here
  SeqNumber dsack_right;  ///< to before this; as dsack_left: nothing
  std::uint32_t tuned_send_buffer = 0;     ///< what the buffers have grown to; 0: they have not
  std::uint32_t tuned_receive_buffer = 0;  ///< (tcp/buffers.hpp)
  std::uint32_t most_in_flight = 0;        ///< at once, in the round trip that ends at:
  SeqNumber most_in_flight_at;             ///< (Settings::count_packets)
  /// The degree of reordering, in packets: how far something that was overtaken lay back at most
  /// (Linux's tcp_sock.reordering); 0: not beyond the threshold of duplicate ACKs.
  std::uint16_t reordering = 0;
  bool window_filled = false;  ///< all of the congestion window was in use, in that round trip
  std::uint32_t offers = 0;    ///< the most that the window may say (Settings::receive_slow_start)
  std::uint32_t max_snd_wnd = 0;  ///< the largest window that the peer ever offered (MAX.SND.WND)
  std::uint32_t listener = ListLink::kNone;  ///< whose accept queue it is in or will be in
  std::uint32_t ts_offset = 0;
  Time ts_recent_at{};
  Time last_received_at{};
  Time last_sent_at{};
  Time last_payload_at{};           ///< when payload was sent last; the origin: never
  Time last_data_at{};              ///< when data came last; the origin: never
  Time outstanding_since = kNever;  ///< since when nothing outstanding was acknowledged (R2)
  Time moved_at = kNever;    ///< when the peer acknowledged a segment last; kNever: nothing is out
  SeqNumber moves_on;        ///< what SND.UNA has to reach for the next time
  Time challenge_window{};   ///< start of the second that challenge_acks counts
  PathMtuProbe path_search;  ///< what the path carries, found out by trying (tcp/path_mtu.hpp)
  std::uint16_t path_mtu = 0;  ///< the largest packet in use
  std::uint16_t peer_mss = 0;  ///< SendMSS
  std::uint16_t rcv_mss = 0;   ///< announced
  std::uint16_t seen_mss = 0;  ///< largest payload of a wire packet received
  std::uint8_t dup_acks = 0;
  std::uint8_t retransmits = 0;  ///< timeouts in a row without progress (R1)
  /// Keepalive probes unanswered; or tries of what the interface has refused.
  std::uint8_t probes = 0;
  std::uint8_t challenge_acks = 0;
  bool passive = false;  ///< from a listener
  bool counted = false;  ///< among those of its source
  Burden burden = Burden::none;
  bool orphan = false;       ///< the application has closed its handle
  bool read_closed = false;  ///< the application reads no more
  bool window_scaling = false;
  bool syn_lost = false;          ///< a SYN or SYN-ACK was sent again (RFC 6298 5.7)
  bool peer_fin_pending = false;  ///< fin_seq_peer is valid
  bool urgent_send = false;       ///< snd_up is valid and not acknowledged
  bool urgent_received = false;   ///< rcv_up is valid and not read
  bool urgent_news = false;       ///< it has moved since the application was told (MUST-32)
  bool probe_due = false;         ///< the zero-window probe is to go out
  bool refused = false;           ///< the interface has not taken what was to go out last
  bool override_due = false;      ///< a withheld small segment is to go out
  bool more_coming = false;       ///< the application writes on: what is not full waits (MSG_MORE)
  bool room_due = false;          ///< an acknowledgment may have made room for a waiting writer
  bool keepalive_due = false;
  std::uint8_t quick_acks =
      0;                    ///< acknowledgments that are not to be delayed (Settings::quick_acks)
  bool answers = false;     ///< the application answers what it gets: delay, the answer will ride
  bool cold = false;        ///< the last delayed ACK expired in vain (DESIGN 5.4)
  bool error_told = false;  ///< the application knows how it ended
  bool touched = false;     ///< by the batch under way
  bool in_table = false;    ///< a segment with its four-tuple finds it
  FastOpenRole fast_open = FastOpenRole::none;
  bool syn_data_acked = false;  ///< the data on our SYN was taken, or we took that on the peer's
  std::uint16_t syn_data_room = 0;  ///< bytes that may go on our SYN (FastOpenRole::sends)
  Handle fast_open_listener;        ///< whose fast_open_pending counts it
  Wait waits = Wait::nothing;
  std::uint32_t next_hop = 0;             ///< the neighbour that it sends to, and
  std::uint32_t next_hop_generation = 0;  ///< which one of that number; 0: to be found out
  bool has_soft_error = false;
  std::uint32_t announced_readable =
      0;                        ///< bytes that were readable when readiness was last announced
  std::uint8_t ready_mask = 0;  ///< what readiness was last announced
  std::uint8_t extra_acks =
      0;  ///< further duplicate ACKs owed for segments of one batch (RFC 5681 section 4.2)
  EndReason ended = EndReason::none;
  std::errc soft_error{};
  Reason ack_reason = Reason::send_ack_immediate;
  Reason loss_reason = Reason::retransmit_timeout;  ///< why ranges are marked lost
  std::int32_t deficit = 0;                         ///< bytes, in the round robin of its interface

  Suspicion suspicion;
  std::uint32_t retransmissions = 0;
  std::uint64_t delivered = 0;  ///< bytes acknowledged, cumulatively or by SACK
  std::uint64_t bytes_sent = 0, bytes_received = 0, bytes_retransmitted = 0;
  std::uint64_t segments_sent = 0, segments_received = 0;
  Tally tally;

  /// RCV.WND: what is left of the last announced window.
  [[nodiscard]] std::uint32_t rcv_wnd() const noexcept { return distance(rcv_nxt, rcv_edge); }
  /// Bytes of data (without a FIN) that were written and not sent.
  [[nodiscard]] std::uint32_t unsent() const noexcept;
  /// The number that our FIN has or will have: the one after the last byte written.
  [[nodiscard]] SeqNumber fin_seq() const noexcept;
  /// Is our SYN sent or to be sent, and not acknowledged? (Not a matter of numbers alone: after 4
  /// GiB the ISN comes round again.)
  [[nodiscard]] bool syn_outstanding() const noexcept { return before(snd_una, send_front); }
  /// Is our FIN acknowledged?
  [[nodiscard]] bool fin_acked() const noexcept { return fin_sent && snd_una == snd_nxt; }
  /// Is a segment outstanding that was not full?
  [[nodiscard]] bool small_outstanding() const noexcept { return after(snd_small, snd_una); }
  /// Bytes that were written while the SYN is still to be sent.
  [[nodiscard]] std::uint32_t unsent_on_syn() const noexcept {
    return transfer ? transfer->send.size() : 0;
  }
  /// May data follow our SYN-ACK before the handshake is done (RFC 7413 section 4.2.2)?
  [[nodiscard]] bool may_send_early() const noexcept {
    return fast_open == FastOpenRole::accepted && state == State::syn_received && snd_nxt != iss;
  }
  /// Numbers sent and not acknowledged.
  [[nodiscard]] std::uint32_t outstanding() const noexcept { return distance(snd_una, snd_nxt); }
  [[nodiscard]] std::uint32_t readable() const noexcept {
    return transfer ? transfer->received.readable() : 0;
  }
  /// The number of the next byte that the application will read.
  [[nodiscard]] SeqNumber rcv_read() const noexcept {
    return rcv_nxt - (readable() + (fin_received ? 1U : 0U));
  }

  template <class V>
  void visit(V& v);
};

/// Makes the Transfer if it is not there. False when memory ran out.
[[nodiscard]] bool ensure_transfer(Connection& c, Context& context) noexcept;

/// The one way to change a state: checks the table of legal transitions and makes the decision
/// known.
void set_state(Connection& c, State to, Reason why, Context& context) noexcept;

/// Makes a decision about `c` known.
void decide(const Connection& c, Reason why, Context& context, std::uint32_t from = 0,
            std::uint32_t to = 0) noexcept;

/// The connection is over: CLOSED, no timers, and `how` is what the application will be told.
void end(Connection& c, EndReason how, Reason why, Context& context) noexcept;

/// Asks for an ACK at the next output, giving `why`. The first reason asked for stays.
void request_ack(Connection& c, Reason why) noexcept;

/// Asks for a challenge ACK, unless this connection has used up its share of this second (RFC 5961
/// section 7, per connection: CVE-2016-5696).
void request_challenge_ack(Connection& c, Context& context) noexcept;

/// What the two SYNs agreed on becomes the connection's.
void adopt(Connection& c, const Negotiated& agreed, Context& context) noexcept;

/// The bounds of the connection's RTO.
[[nodiscard]] RtoBounds rto_bounds(const Connection& c, const Settings& settings) noexcept;
/// RTO, backoff included.
[[nodiscard]] Duration rto(const Connection& c, const Settings& settings) noexcept;

}  // namespace bowline::inline v0::tcp
