#pragma once

// TCP segments at a gateway: one that has come, and the making of its own.

#include <cstdint>
#include <span>

#include "bowline/base/buffer.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/gateway/config.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::gateway {

/// A segment as it came, in a frame that is a whole IP packet.
struct Segment {
  Side from{};           ///< the link it came by
  Endpoint source;       ///< its sender
  Endpoint destination;  ///< its receiver
  wire::IpHeader ip;     ///< in front of it
  wire::TcpView tcp;     ///< its own header

  /// Who of the two is outside.
  [[nodiscard]] const Endpoint& outside() const noexcept {
    return from == Side::outside ? source : destination;
  }
  /// Who is inside.
  [[nodiscard]] const Endpoint& inside() const noexcept {
    return from == Side::outside ? destination : source;
  }
  /// Its first number, SEG.SEQ.
  [[nodiscard]] SeqNumber seq() const noexcept { return tcp.header.seq; }
  /// SEG.ACK, where it has one.
  [[nodiscard]] SeqNumber ack() const noexcept { return tcp.header.ack; }
  /// Are all of these flags set?
  [[nodiscard]] bool has(std::uint16_t flags) const noexcept { return tcp.header.has(flags); }
  /// SEG.LEN: the numbers that it takes up (RFC 9293 section 3.4).
  [[nodiscard]] std::uint32_t length() const noexcept {
    return tcp.payload_size + (has(wire::kSyn) ? 1U : 0U) + (has(wire::kFin) ? 1U : 0U);
  }
  /// The number after its last.
  [[nodiscard]] SeqNumber end() const noexcept { return seq() + length(); }
};

/// A segment without data, whole with its IP header, its checksum complete. `header` has the ports
/// already. An empty frame when `pool` is exhausted or the options do not fit.
[[nodiscard]] Frame make_segment(BufferPool& pool, const IpAddress& source,
                                 const IpAddress& destination, const wire::TcpHeader& header,
                                 const wire::TcpOptions& options) noexcept;

/// The first `size` bytes of `frame`, all of which stand in its first piece, to write: in place
/// where nobody else sees them, else copied first. Empty when `pool` is exhausted.
[[nodiscard]] std::span<std::byte> writable_head(Frame& frame, std::uint32_t size,
                                                 BufferPool& pool) noexcept;

/// Cuts off what a link has put behind the packet: `frame` has `size` bytes afterwards, if it had
/// more.
void trim(Frame& frame, std::uint32_t size) noexcept;

/// Writes into a header and keeps the checksum that covers it as right, or as wrong, as it was
/// (RFC 1624): what was damaged before stays so for the receiver to see.
class HeaderEditor {
 public:
  /// Edits `header`, whose own checksum field stands at `field`, two bytes from an even offset.
  /// `covered`: does the field hold a checksum over the header? (Not while it is partial.)
  HeaderEditor(std::span<std::byte> header, std::size_t field, bool covered) noexcept
      : header_(header), field_(field), covered_(covered) {}

  /// Writes `bytes` at `offset`, odd or even.
  void put(std::size_t offset, std::span<const std::byte> bytes) noexcept;
  void put16(std::size_t offset, std::uint16_t value) noexcept;  ///< A number in network order.
  void put32(std::size_t offset, std::uint32_t value) noexcept;  ///< A number in network order.

 private:
  std::span<std::byte> header_;
  std::size_t field_;
  bool covered_;
};

/// Counts down the hop limit in the IP header at the start of `head`.
void count_down(std::span<std::byte> head, const wire::IpHeader& ip) noexcept;

}  // namespace bowline::inline v0::gateway
