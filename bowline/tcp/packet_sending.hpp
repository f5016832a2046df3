#pragma once

// Sending by packets, as Linux does it (Settings::packet_queue; the packets: tcp/packet_queue.hpp).
//
// What follows is tcp_sendmsg_locked(), the send buffer's accounting, and the part of
// tcp_write_xmit() that decides how much of the first packet goes. The rules are those of
// Linux 4.14 to 6.2; what later kernels do otherwise (smaller heads since 6.3, tcp_grow_skb()
// since 6.10) is named in docs/conformance.md.

#include <cstdint>
#include <span>

#include "bowline/tcp/connection.hpp"
#include "bowline/tcp/output.hpp"

namespace bowline::inline v0::tcp {

/// What a packet costs beside its bytes (sk_buff::truesize of an empty one): a head for
/// MAX_TCP_HEADER (320) and skb_shared_info (320), which kmalloc() rounds to 1,024, and the sk_buff
/// itself (256). SKB_TRUESIZE() in tcp_stream_alloc_skb() on 64-bit machines.
inline constexpr std::uint32_t kPacketMemory = 1'280;

/// What the send buffer holds (sk_wmem_queued): the bytes that are not acknowledged, and the
/// packets they are in.
[[nodiscard]] std::uint32_t send_memory(const Connection& c) noexcept;
/// May another packet be queued (sk_stream_memory_free())? A write fills packets whole, so the
/// limit is passed by one packet at the most.
[[nodiscard]] bool has_packet_room(const Connection& c, const Settings& settings,
                                   bool scarce = false) noexcept;
/// Is it worth telling a writer that there is room (sk_stream_is_writeable())? A third of the limit
/// is free, and less than half of SocketOptions::unsent_low_water waits.
[[nodiscard]] bool has_worthwhile_room(const Connection& c, const Settings& settings,
                                       bool scarce = false) noexcept;
/// What the send buffer should hold for a window of `cwnd` bytes and segments of `mss`
/// (tcp_sndbuf_expand()): twice the window, each segment in a packet of its own.
[[nodiscard]] std::uint32_t packet_send_buffer(std::uint32_t cwnd, std::uint32_t mss) noexcept;

/// Queues as much of `bytes` as there is room for, and returns how much (tcp_sendmsg_locked()).
/// There is a Transfer. 0: no room, or no memory.
[[nodiscard]] std::uint32_t queue_packets(Connection& c, std::span<const std::byte> bytes,
                                          const WriteHow& how, Context& context) noexcept;
/// `bytes` were appended to the send buffer as they are: packets for them. False when memory for
/// these ran out, and nothing is changed but what they had already.
[[nodiscard]] bool queue_owned_packets(Connection& c, std::uint32_t bytes,
                                       Context& context) noexcept;

/// How much of the first packet, which must be there, may go now, pacing left out
/// (tcp_write_xmit()); 0: nothing.
[[nodiscard]] std::uint32_t sendable_packet(const Connection& c, const LinkAbility& link,
                                            const Settings& settings) noexcept;
/// Is it better to wait for another acknowledgment, that a larger frame may go
/// (tcp_tso_should_defer())?
[[nodiscard]] bool defers(const Connection& c, const Settings& settings, Time now) noexcept;

/// An acknowledgment was processed and what it let out is gone: the application may be waiting for
/// room, and the buffer may grow (tcp_check_space()).
void review_send_room(Connection& c, Context& context) noexcept;

}  // namespace bowline::inline v0::tcp
