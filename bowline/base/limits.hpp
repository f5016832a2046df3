#pragma once

// Limits: a bound on everything that anyone can make the stack hold.
//
// One struct, from the first day, in which every bound has a name, a default and the reason for it.
// When one is reached the stack refuses, drops or evicts by a rule that stands beside the field,
// counts it, and goes on serving (DESIGN section 7).

#include <cstdint>

namespace bowline::inline v0 {

/// The bounds of one Stack. Set before it is created; each is a maximum.
struct Limits {
  /// Connections with a control block (all states but TIME-WAIT records and half-open entries).
  /// Beyond it a connect is refused, and a handshake waits half-open, to be finished when there is
  /// room and the peer repeats itself (no_connection_slot); a cookie that comes back is dropped.
  std::uint32_t connections = 65'536;

  /// Leading bits of an address that count as one source, wherever a bound is one for each source:
  /// IPv4 hosts are told apart one by one; whoever has one IPv6 address has its /64 (RFC 4291
  /// section 2.5.4), and may have more if his provider is known to give away more.
  std::uint8_t source_prefix_v4 = 32;
  std::uint8_t source_prefix_v6 = 64;  ///< see source_prefix_v4

  /// Connections that one source may have with our listeners. 0: any number, for a proxy or a NAT
  /// is one address and a thousand honest clients; but once three quarters of `connections` are in
  /// use, a source that has a quarter of them gets no more, so that no single one takes the last. A
  /// handshake beyond it waits, as when the accept queue is full (source_connections).
  std::uint32_t connections_per_source = 0;

  /// Half-open entries of one source. Beyond it a SYN is answered by a cookie, which keeps nothing,
  /// or dropped where cookies are off (source_half_open). As many as the queue of one listener: of
  /// 10,000 handshakes a second over 100 ms one host has so many under way.
  std::uint32_t half_open_per_source = 1'024;

  /// Listening sockets.
  std::uint32_t listeners = 1'024;

  /// UDP sockets.
  std::uint32_t udp_sockets = 1'024;

  /// Half-open entries of all listeners together, 64 bytes each; a listener's own share is its
  /// syn_backlog. Beyond it a SYN is answered by a cookie, which keeps nothing, or dropped where
  /// cookies are off (syn_queue_full): the peer repeats it.
  std::uint32_t half_open = 16'384;

  /// Connections without an owner that still have something to finish. Beyond it the oldest is
  /// reset, as Linux does with tcp_max_orphans.
  std::uint32_t orphans = 8'192;

  /// TIME-WAIT records. Beyond it the oldest goes first (REQUIREMENTS B).
  std::uint32_t time_wait = 65'536;

  /// Bytes in all buffers of the pool: payload to send, received and out of order, and frames under
  /// way. Beyond it writes take nothing and received data is dropped, to be sent again.
  std::uint64_t buffer_bytes = 1ULL << 30;

  /// Per cent of buffer_bytes in use from which on memory is scarce: receive windows do not move
  /// their right edge any more, but for four segments where all that came has been read, and send
  /// buffers take no more than four segments, so that everybody gets on (memory_scarce). Over again
  /// an eighth below it. (From a half on no buffer grows. The last three per cent take no payload:
  /// BufferPool::kPayloadPercent.) A quarter of 1 GiB is what 2,000 connections may still send into
  /// their first windows.
  std::uint8_t scarce_percent = 75;

  /// Per cent from which on what is least worth keeping is let go, in this order, until the use is
  /// below it (stack/memory_pressure.cpp): fragments that wait for others, the oldest datagram
  /// first; data out of order, though SACK may have reported it (RFC 2018 section 8); connections
  /// without an owner that have something to send, the oldest first; connections whose peer takes
  /// nothing of what they have to send, be it that he holds his window shut or that he has
  /// acknowledged less than a segment for ten seconds, the longest first. Never any other
  /// connection: when nothing of these is left, new data is refused.
  std::uint8_t evict_percent = 90;

  /// Bytes of pinned buffers that one connection may hold for data that came out of order, beyond
  /// what its receive buffer admits. Small segments in large frames pin more than they carry.
  std::uint32_t reassembly_bytes = 16U << 20;

  /// Ranges of data out of order in one connection; a segment that would make one more is dropped
  /// (SegmentSmack, CVE-2018-5390). A hole at the front of a full window makes one of each packet
  /// behind it: so many are 500 Mbit/s over 200 ms. Finding a place among them is O(log n).
  std::uint32_t reassembly_ranges = 8'192;

  /// Ranges in flight that one connection keeps account of; new data waits when they are used up.
  std::uint32_t sent_ranges = 16'384;

  /// The same of all connections together, 56 bytes each: as many as 64 connections with all that
  /// they may have. Beyond it none gets more than 64, which is what SACK blocks would cut pieces
  /// for: reports of parts are then forgotten, as RFC 2018 section 8 allows. (Ranges out of order
  /// need no such bound: each pins 256 bytes of buffer_bytes at least.)
  std::uint32_t all_sent_ranges = 1U << 20;

  /// Stateless replies (RST, ICMP) that wait for one interface; beyond it they are dropped with
  /// reply_ring_full.
  std::uint32_t replies = 256;

  /// ICMP errors and answers, resets for nothing that is open and acknowledgments of TIME-WAIT: per
  /// second and address (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f). There is no bound on
  /// all of them together, since whoever counts what is left of that for himself learns what others
  /// get (ip/reply_limit.hpp, CVE-2016-5696, CVE-2020-25705); each answers a packet that is no
  /// smaller, and `replies` bounds those that wait. A thousand ports scanned at once are answered.
  std::uint32_t stateless_replies_per_second = 2'000;

  /// Bytes of memory that datagrams in one UDP socket's receive queue pin; a datagram beyond it is
  /// dropped with udp_queue_full, and the socket counts it. A datagram of 1,472 bytes pins 2,048.
  std::uint32_t udp_receive_bytes = 1U << 20;

  /// Bytes of memory that fragments of all incomplete datagrams pin, and how many such datagrams
  /// there may be. Beyond either the oldest datagram goes (fragment_evicted).
  std::uint32_t fragment_bytes = 8U << 20;
  std::uint32_t fragment_datagrams = 1'024;  ///< at a time

  /// Incomplete datagrams of one source (see source_prefix_v4). Beyond it the source's own oldest
  /// goes (fragment_source_quota), so that one source alone can never displace another's: as
  /// many of the largest take half of fragment_bytes at most.
  std::uint32_t fragment_datagrams_per_source = 32;

  /// Fragments of one datagram. Beyond it the datagram is discarded (fragment_too_many). The
  /// largest datagram over the smallest MTU that hosts must take, 576, comes in 119.
  std::uint32_t fragments_per_datagram = 256;

  /// Interfaces, and routes of all of them.
  std::uint32_t interfaces = 64;
  std::uint32_t routes = 1'024;  ///< of all interfaces

  /// Neighbours of all interfaces whose link-layer address is known or asked for. Beyond it the one
  /// that was not used for the longest time goes; at most a quarter of them may be unresolved, so
  /// that addresses nobody has do not displace those that somebody does.
  std::uint32_t neighbours = 1'024;

  /// Frames that wait for one neighbour's address (RFC 1122 2.3.2.2 asks for one at least; 64 hold
  /// a datagram of 64 KiB in fragments). Beyond it the oldest is dropped (RFC 4861 7.2.2).
  std::uint32_t neighbour_frames = 64;

  /// What routers may make an interface hold (RFC 4861 6.3.4, RFC 4862 5.5.3): addresses, and
  /// routes to themselves and to prefixes. Further ones are ignored with
  /// router_advertisement_limit.
  std::uint32_t advertised_addresses = 16;
  std::uint32_t advertised_routes = 32;  ///< routes

  /// Destinations whose path MTU is remembered, for ten minutes; the oldest goes first. One table
  /// for what errors about segments in flight have told, one for errors about datagrams, and one of
  /// the destinations to which datagrams went that are large enough for such errors
  /// (ip/path_mtu.hpp).
  std::uint32_t path_mtu_entries = 1'024;

  /// Servers of which Fast Open remembers the cookie (RFC 7413 section 4.1.3); the oldest goes
  /// first. Only servers that we have connected to are among them.
  std::uint32_t fast_open_servers = 256;
};

}  // namespace bowline::inline v0
