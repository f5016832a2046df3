#pragma once

// Settings of the protocol: every number that the RFCs leave to the implementation, with its
// default.
//
// Two profiles give them as a whole: `rfc`, what the standards recommend, and `linux`, what
// programs and scripts written for Linux assume. There are no feature macros: a setting is a field.

#include <cstdint>
#include <optional>
#include <string_view>

#include "bowline/base/siphash.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/ablation.hpp"

// The GNU modes of the compilers predefine `linux` as a macro, against the standard's reserved
// names; a user who compiles so could not say Profile::linux.
#undef linux

namespace bowline::inline v0::tcp {

/// Which set of defaults.
enum class Profile : std::uint8_t { rfc, linux };

/// The congestion control of a connection.
enum class CongestionAlgorithm : std::uint8_t {
  reno,   ///< RFC 5681
  cubic,  ///< RFC 9438
  bbr,    ///< draft-ietf-ccwg-bbr; paces always, whatever Settings::pacing says
};

/// "reno", "cubic" or "bbr".
[[nodiscard]] constexpr std::string_view name(CongestionAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case CongestionAlgorithm::reno:
      return "reno";
    case CongestionAlgorithm::cubic:
      return "cubic";
    case CongestionAlgorithm::bbr:
      break;
  }
  return "bbr";
}

/// How the first slow start ends before it loses anything.
enum class HyStartForm : std::uint8_t {
  plus_plus,  ///< RFC 9406: conservative slow start before congestion avoidance
  classic,    ///< Linux's: at the first sign, in every slow start of CUBIC
};

/// Explicit congestion notification (RFC 3168, RFC 9768).
enum class EcnMode : std::uint8_t {
  off,       ///< neither asked for nor agreed to
  accept,    ///< agreed to when the peer asks (Linux's default)
  request,   ///< asked for as well
  accurate,  ///< AccECN asked for and agreed to; with a peer that knows RFC 3168 alone, that
};

/// When a listener answers a SYN by a cookie instead of keeping an entry (RFC 4987 section 3.6,
/// tcp/syn_cookie.hpp; Linux's tcp_syncookies 0, 1 and 2).
enum class SynCookies : std::uint8_t {
  never,           ///< without room the SYN is dropped
  under_pressure,  ///< when its SYN queue is full
  always,          ///< every SYN: nothing is ever kept for who has not proved his address
};

/// When larger packets are tried than are known to arrive (RFC 4821; Linux's tcp_mtu_probing).
enum class MtuProbing : std::uint8_t {
  off,            ///< by ICMP alone
  on_black_hole,  ///< once repeated timeouts say that large packets vanish
  always,         ///< from the beginning: starts small
};

/// Keepalive (RFC 9293 section 3.8.4). Off by default (MUST-25).
struct Keepalive {
  bool enabled = false;  ///< off (MUST-25)
  Duration idle = 2h;  ///< no traffic for this long: the first probe (MUST-28: at least two hours)
  Duration interval = 75s;   ///< between probes
  std::uint8_t probes = 10;  ///< unanswered probes after which the connection is dead (Linux: 9)

  template <class V>
  void visit(V& v) {
    v(enabled, idle, interval, probes);
  }
  friend bool operator==(const Keepalive&, const Keepalive&) = default;
};

/// TCP Fast Open (RFC 7413, tcp/fast_open.hpp). Off: it trades away that a byte arrives but once.
struct FastOpenSettings {
  bool client = false;  ///< sockets that ask for it may send data on their SYN
  bool server = false;  ///< listeners that ask for it may take data from a SYN
  /// Send data on a SYN without having a cookie, and take it without seeing one: for networks in
  /// which nobody forges addresses (Linux's tcp_fastopen 0x4 and 0x200).
  bool client_without_cookie = false;
  bool server_without_cookie = false;  ///< see client_without_cookie
  /// Every listener takes part, with its backlog for the queue (Linux's 0x400). A matter of
  /// bowline/sockets: a Stack's listener says so itself (SocketOptions::fast_open_backlog).
  bool every_listener = false;
  /// What goes on a SYN to a server whose MSS is not known: as much as we would take ourselves
  /// (Linux), instead of what everybody takes (section 4.1.3: the default MSS).
  bool room_by_own_mss = false;
  /// After two SYNs with data that were lost in a row, none goes to that server for twice this
  /// time, then for four times... (section 4.1.3.1); zero: they go all the same (Linux).
  Duration server_pause = 1min;
  /// After three timeouts in a row of a connection that used it, or its failure, nobody uses it for
  /// this time, then for twice that... up to 64 times (Linux's tcp_fastopen_blackhole_timeout_sec);
  /// zero: no such pause.
  Duration black_hole_pause = Duration::zero();
  /// Of the cookies; nothing: a key made of the stack's seed. Machines behind one address share it.
  std::optional<SipKey> key{};
  std::optional<SipKey> previous_key{};  ///< still believed, while clients move to `key`

  template <class V>
  void visit(V& v) {
    v(client, server, client_without_cookie, server_without_cookie, every_listener, room_by_own_mss,
      server_pause, black_hole_pause, key, previous_key);
  }
};

/// What all connections of a stack share. Plain data; `Settings::of` gives a profile's.
struct Settings {
  [[nodiscard]] static constexpr Settings of(Profile profile) noexcept;  ///< Its defaults.

  Profile profile = Profile::rfc;  ///< whose defaults these are

  // -- retransmission: RFC 6298, RFC 9293 section 3.8.1 and 3.8.3
  Duration rto_initial = 1s;             ///< before the first sample (6298 2.1)
  Duration rto_initial_after_loss = 3s;  ///< after a SYN was lost (6298 5.7)
  Duration rto_min = 200ms;              ///< 6298 2.4 says 1 s; 200 ms is what everybody uses
  Duration rto_max = 60s;                ///< 6298 2.5
  /// rto_min is the least by which the timeout lies above the smoothed RTT (Linux), instead of the
  /// least timeout.
  bool rto_min_above_rtt = false;
  /// The tail probe (RFC 8985 section 7.2) goes in place of a timeout that would come sooner, as
  /// the RFC has it; otherwise the timeout is left to do the same and more.
  bool probe_before_timeout = false;
  /// What is added to the timers of RACK and of the tail probe: Linux's TCP_TIMEOUT_MIN, two ticks.
  Duration timer_slack{};
  bool tail_probe = true;  ///< RFC 8985 section 7 (Linux's tcp_early_retrans: 3 and more)
  /// RACK.rtt is that of whatever arrived last, not of what was sent last of all that has arrived:
  /// after the ACK that a repair brings, what went before it is given more time
  /// (tcp_rack_advance()).
  bool rack_rtt_of_any = false;
  std::uint8_t r1 = 3;      ///< retransmissions until the path is suspected (MUST-20)
  Duration r2_data = 100s;  ///< until the connection is given up (SHLD-11)
  Duration r2_syn = 180s;   ///< the same for a SYN (MUST-23)
  /// Repeats of a SYN-ACK, then the half-open entry goes, or what Fast Open has made. Two: whoever
  /// forges a SYN gets three packets sent to his victim, and 7 s in the queue. (Linux: 5, 63 s.)
  std::uint8_t syn_ack_retries = 2;
  Duration orphan_r2 = 100s;  ///< R2 of a connection whose application is gone

  // -- acknowledgment and windows: RFC 9293 section 3.8.6, RFC 5681 section 4.2
  Duration delayed_ack = 40ms;   ///< at most 500 ms (MUST-40)
  bool cold_ack_at_once = true;  ///< DESIGN 5.4: no delay where the last one was in vain
  /// So many acknowledgments of a new connection are not delayed, nor after something unusual came,
  /// until the application answers what it gets (Linux's quick acknowledgments: 16).
  std::uint8_t quick_acks = 0;
  Duration probe_max = 60s;                   ///< zero-window probes back off up to this
  std::uint8_t initial_window_segments = 10;  ///< RFC 6928
  std::uint8_t duplicate_ack_threshold = 3;   ///< RFC 5681 section 3.2
  /// Nagle's algorithm waits only for small segments that are outstanding, not for full ones
  /// (draft-minshall-nagle, what Linux does): the tail of a large write is not held back.
  bool nagle_by_minshall = false;

  // -- options: RFC 9293 section 3.2, RFC 7323, RFC 2018
  bool window_scaling = true;  ///< RFC 7323 section 2
  bool timestamps = true;      ///< RFC 7323 section 3
  /// Segments without a timestamp are dropped where timestamps were agreed on (RFC 7323 section
  /// 3.2: SHOULD). Linux takes them.
  bool timestamps_required = true;
  /// A SYN-ACK that echoes a time at which no SYN was sent is refused by a reset (Linux).
  bool check_syn_echo = false;
  bool sack = true;                     ///< with it RACK (RFC 8985) and D-SACK (RFC 2883)
  EcnMode ecn = EcnMode::accept;        ///< RFC 3168; RFC 9768 if told to
  std::uint16_t mss_default_v4 = 536;   ///< SendMSS without an option (MUST-15)
  std::uint16_t mss_default_v6 = 1220;  ///< the same over IPv6
  std::uint16_t mss_floor = 48;         ///< a peer's MSS below this is raised to it (SACK Panic)

  // -- the end: RFC 9293 section 3.4.2 and 3.6
  Duration msl = 30s;           ///< TIME-WAIT lasts twice this (MUST-13)
  bool time_wait_reuse = true;  ///< RFC 6191
  Duration fin_wait_2 = 60s;    ///< of an orphan; a connection with an owner waits for ever

  /// RFC 4821. Where a path drops large packets and the ICMP that says so, a connection would hang
  /// for ever; trying again with smaller ones after three timeouts costs nothing where all is well.
  /// (Linux leaves it off.)
  MtuProbing mtu_probing = MtuProbing::on_black_hole;

  FastOpenSettings fast_open{};  ///< RFC 7413

  // -- defences: RFC 4987, RFC 5961
  SynCookies syn_cookies = SynCookies::under_pressure;  ///< instead of half-open entries
  std::uint8_t challenge_acks_per_second = 10;          ///< per connection (5961 section 7)

  /// Any ICMP error about a SYN ends the attempt, and some about a SYN-ACK the half-open
  /// connection, as Linux does. Otherwise hard errors end attempts alone (RFC 1122 section
  /// 4.2.3.9, RFC 5461).
  bool icmp_ends_opening = false;

  // -- staying alive
  /// A peer that answers no probe is sent a RST when it is given up, should it only be deaf
  /// (Linux).
  bool reset_when_keepalive_fails = false;
  Keepalive keepalive;                       ///< of new sockets
  Duration user_timeout = Duration::zero();  ///< 0: R2 alone decides (RFC 5482)

  // -- buffers
  /// Bytes the application may have queued and unacknowledged: at first, and at the most. In
  /// between twice the congestion window (tcp/buffer_tuning.hpp). Equal, or the most below the
  /// first: fixed. The most is Linux's (tcp_wmem): a window of 2 MiB is 170 Mbit/s over 100 ms.
  std::uint32_t send_buffer = 128U << 10;
  std::uint32_t send_buffer_max = 4U << 20;  ///< see send_buffer
  /// Of sockets that set none (SocketOptions::unsent_low_water); 0: no such bound.
  std::uint32_t unsent_low_water = 0;
  /// Bytes received and not read, at first and at the most; the window is what is left. In between
  /// twice what the application takes in a round trip. Linux's numbers (tcp_rmem).
  std::uint32_t receive_buffer = 128U << 10;
  std::uint32_t receive_buffer_max = 6U << 20;  ///< see receive_buffer
  /// The window that is offered begins with 64 KiB at the most and grows by two segments with each
  /// that comes, up to what the buffer admits (Linux's rcv_ssthresh).
  bool receive_slow_start = false;
  Duration shed_after = 1s;  ///< an idle connection gives its (empty) buffers back after this

  /// Data leaves spread over the round trip, in bursts of a millisecond's worth (tcp/pacer.hpp),
  /// instead of as fast as acknowledgments come in.
  bool pacing = true;
  /// A frame that goes later than pacing let it shortens the gap behind it by what it is late, at
  /// the most by half (Linux's tcp_update_skb_after_send()), instead of by a millisecond.
  bool halve_late_gaps = false;
  /// A window that the application does not use is kept for five minutes, without growing (RFC
  /// 7661), instead of being given up after an idle RTO (RFC 5681 section 4.1). Without pacing the
  /// latter holds: the first ACKs after a pause would let out the whole window in one burst.
  bool window_validation = true;
  /// The window is one of whole packets, as Linux has it, and follows Linux's rules: a loss reduces
  /// it, whatever of it is in flight (RFC 5681 equation 4 and RFC 9937 go by bytes in flight);
  /// recovery lets out whole segments; CUBIC is tcp/packet_cubic.hpp; what SACKs report lets it
  /// grow only on a path that reorders (tcp_may_raise_cwnd()).
  bool count_packets = false;
  /// Without it the window stays what it was after a pause, however long (Linux's
  /// tcp_slow_start_after_idle = 0).
  bool idle_restart = true;
  /// A pause halves the window for each RTO that it lasts, instead of taking all but the initial
  /// window at once (Linux's tcp_cwnd_restart(), after RFC 2861).
  bool idle_halves = false;
  /// A congestion mark reduces the window over a round trip, by PRR, instead of at once (Linux's
  /// TCP_CA_CWR).
  bool reduce_gradually = false;
  /// Frames of several packets are sized as Linux does it: a millisecond's worth of the window, and
  /// half of it at the most, so that acknowledgments keep coming evenly.
  bool size_bursts = false;
  std::uint16_t least_burst = 2;  ///< packets of a frame, with size_bursts (tcp_min_tso_segs)
  /// The last packet of each frame of several has PSH, as if the application had pushed there
  /// (section 3.9.1.2 lets TCP do so whenever it likes).
  bool push_bursts = false;
  /// The send buffer is a row of packets, as Linux's: what has PSH, what a frame holds and how much
  /// may be written go by them, and send_buffer counts their memory (tcp/packet_sending.hpp).
  bool packet_queue = false;
  HyStartForm hystart = HyStartForm::plus_plus;  ///< RFC 9406
  /// Of connections whose SocketOptions say nothing.
  CongestionAlgorithm congestion = CongestionAlgorithm::cubic;

  /// For experiments: which mechanisms are taken out. None, and no public header can change it.
  Ablation ablation;
};

constexpr Settings Settings::of(Profile profile) noexcept {
  Settings settings;
  settings.profile = profile;
  if (profile == Profile::linux) {
    settings.keepalive.probes = 9;
    settings.rto_max = 120s;  // TCP_RTO_MAX
    settings.rto_initial_after_loss = 1s;
    settings.r2_data = 924600ms;  // tcp_retries2 = 15
    settings.r2_syn = 127s;       // tcp_syn_retries = 6
    settings.syn_ack_retries = 5;
    settings.cold_ack_at_once = false;
    settings.nagle_by_minshall = true;
    settings.reset_when_keepalive_fails = true;
    settings.rto_min_above_rtt = true;
    settings.probe_before_timeout = true;  // tcp_schedule_loss_probe()
    settings.timer_slack = 2ms;
    settings.rack_rtt_of_any = true;
    settings.idle_halves = true;
    settings.reduce_gradually = true;
    settings.receive_slow_start = true;
    settings.quick_acks = 16;  // TCP_MAX_QUICKACKS
    settings.count_packets = true;
    settings.size_bursts = true;
    settings.push_bursts = true;
    settings.packet_queue = true;
    settings.send_buffer = 16U << 10;  // tcp_wmem
    settings.mtu_probing = MtuProbing::off;
    settings.hystart = HyStartForm::classic;
    settings.timestamps_required = false;
    settings.check_syn_echo = true;
    settings.icmp_ends_opening = true;
    settings.fast_open.room_by_own_mss = true;
    settings.fast_open.server_pause = Duration::zero();
    settings.window_validation = false;  // tcp_slow_start_after_idle = 1
    settings.pacing = false;             // Linux leaves it to the fq queue
    settings.halve_late_gaps = true;
  }
  return settings;
}

/// How long TIME-WAIT lasts (RFC 9293 section 3.6.1, MUST-13).
[[nodiscard]] constexpr Duration time_wait_length(const Settings& settings) noexcept {
  if (settings.ablation.without(Mechanism::time_wait)) return Duration::zero();
  return 2 * settings.msl;
}

/// What an application can set for one socket. A listener's are inherited by the connections that
/// it accepts. Fields that are 0 or `nullopt`-like keep the stack's Settings.
struct SocketOptions {
  bool no_delay = false;  ///< Nagle off (RFC 9293 section 3.7.4, MUST-17)
  bool cork = false;      ///< hold back what does not fill a segment (Linux TCP_CORK)
  /// Never delay acknowledgments; with Settings::quick_acks, an order not to until the application
  /// answers what it gets again.
  bool quick_ack = false;
  bool linger = false;               ///< close() with linger_time 0 aborts (SO_LINGER)
  Duration linger_time{};            ///< 0: abort; longer ones are kept, and without effect
  Keepalive keepalive;               ///< starts from Settings::keepalive
  Duration user_timeout{};           ///< 0: none
  std::uint32_t send_buffer = 0;     ///< bytes, fixed; 0: Settings::send_buffer, and it may grow
  std::uint32_t receive_buffer = 0;  ///< bytes, fixed; 0: Settings::receive_buffer, and it may grow
  std::uint16_t mss = 0;             ///< announce and use at most this; 0: by the path
  std::uint8_t hop_limit = 0;        ///< TTL; 0: 64
  std::uint8_t traffic_class = 0;    ///< DSCP and ECN bits, as in the header
  std::uint32_t read_low_water = 1;  ///< readable when so many bytes are there, or the end
  /// Retransmissions of a SYN before the open is given up (TCP_SYNCNT); 0: Settings::r2_syn.
  std::uint8_t syn_retries = 0;
  /// The largest window that is offered, in bytes (TCP_WINDOW_CLAMP); 0: what the buffer admits.
  std::uint32_t window_clamp = 0;
  /// How long FIN-WAIT-2 lasts after close() (TCP_LINGER2); 0: Settings::fin_wait_2; negative: not
  /// at all, a RST is sent instead.
  Duration fin_wait_2{};
  /// Of a listener: a connection is accepted when data has come with it, or after so many
  /// retransmissions of the SYN-ACK (TCP_DEFER_ACCEPT); 0: at once.
  std::uint8_t defer_accept = 0;
  /// Who governs the congestion window; nothing: as in Settings. May change at any time.
  std::optional<CongestionAlgorithm> congestion{};
  /// An active open asks for a cookie or, when it has one, sends what is written before the next
  /// transmit() on its SYN (RFC 7413). Without effect while FastOpenSettings::client is false.
  bool fast_open = false;
  bool fast_open_without_cookie = false;  ///< as FastOpenSettings::client_without_cookie
  /// Of a listener: connections that a SYN with data may have made and whose handshake is not done
  /// (RFC 7413 section 5.1); 0: none. Without effect while FastOpenSettings::server is false.
  std::uint16_t fast_open_backlog = 0;
  /// Nothing more is taken while so many bytes were written and not sent, and it is writable again
  /// below half of it (TCP_NOTSENT_LOWAT); 0: Settings::unsent_low_water.
  std::uint32_t unsent_low_water = 0;
  /// Of an active open: data will be written as soon as it is done, so that the acknowledgment that
  /// ends the handshake waits for it (for 200 ms at most, as on Linux).
  bool data_follows = false;

  template <class V>
  void visit(V& v) {
    v(no_delay, cork, quick_ack, linger, linger_time, keepalive, user_timeout, send_buffer,
      receive_buffer, mss, hop_limit, traffic_class, read_low_water, syn_retries, window_clamp,
      fin_wait_2, defer_accept, congestion, fast_open, fast_open_without_cookie, fast_open_backlog,
      unsent_low_water, data_follows);
  }
  friend bool operator==(const SocketOptions&, const SocketOptions&) = default;
};

/// What an application says of one write (the flags of send(2)).
struct WriteHow {
  bool more = false;           ///< more follows: what fills no segment waits (MSG_MORE)
  bool end_of_record = false;  ///< what is written next goes in another frame (MSG_EOR);
                               ///< without effect unless Settings::packet_queue
  bool continued = false;      ///< these are further bytes of the write before
  /// Take no more than fills the packet under way (Settings::packet_queue), though there be room:
  /// the caller transmits and writes on, as Linux sends while it copies.
  bool by_packet = false;

  template <class V>
  void visit(V& v) {
    v(more, end_of_record, continued, by_packet);
  }
};

}  // namespace bowline::inline v0::tcp
