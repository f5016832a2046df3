#pragma once

// A packet on its way through the simulator.
//
// Only wire packets travel: what a Stack hands out as one large segment has been cut before. Their
// payload is not copied for that; a packet has its headers to itself and shares the payload with
// the sender's buffers until it arrives. Its transport checksum may still be a promise
// (Checksum::partial), kept when somebody looks at the bytes (a tap, a flipped bit, a NAT); where
// nobody does, the receiver is told that the checksum is right, and neither end sums up what could
// not have changed. One thread's, like the buffers.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bowline/base/buffer.hpp"
#include "bowline/base/frame.hpp"

namespace bowline::inline v0::sim {

/// An IP packet. Copying shares the bytes; who changes some gets bytes of its own first.
class Packet {
 public:
  /// None: size() is 0.
  Packet() noexcept = default;
  /// One of these bytes, copied into `pool`. Throws std::bad_alloc.
  [[nodiscard]] static Packet copy_of(std::span<const std::byte> bytes, BufferPool& pool);
  /// One of a frame that is a wire packet (no gso_size), its payload shared. Throws std::bad_alloc.
  [[nodiscard]] static Packet of(const Frame& frame, BufferPool& pool);

  /// Bytes, from the IP header on.
  [[nodiscard]] std::uint32_t size() const noexcept { return head_.size() + rest_.size(); }
  /// The bytes at its start, every header among them. A transport checksum may be missing still.
  [[nodiscard]] std::span<const std::byte> head() const noexcept { return head_.bytes(); }
  /// The same to write, copied first if another packet shares them. Throws std::bad_alloc.
  [[nodiscard]] std::span<std::byte> writable_head(BufferPool& pool);
  /// The whole packet to write: in one piece, checksum filled in. Whoever asks for this is taken to
  /// change it: the receiver looks at the checksum itself. Throws std::bad_alloc.
  [[nodiscard]] std::span<std::byte> writable(BufferPool& pool);
  /// Marks it "congestion experienced" if its sender can do ECN (RFC 3168 section 5). False: it
  /// cannot, and nothing happened. Throws std::bad_alloc.
  bool mark_congestion(BufferPool& pool);
  /// The whole packet as a wire would show it, valid until `scratch` changes, in which it may
  /// stand.
  [[nodiscard]] std::span<const std::byte> bytes(std::vector<std::byte>& scratch) const;
  /// A frame for the Stack whose pool this is, in one piece. Empty when the pool is exhausted.
  [[nodiscard]] Frame frame(BufferPool& pool) const noexcept;
  /// A packet of the same bytes that shares nothing with this one. Throws std::bad_alloc.
  [[nodiscard]] Packet clone(BufferPool& pool) const;

 private:
  void gather(std::span<std::byte> to) const noexcept;
  void fill_in_checksum(std::span<std::byte> whole) const noexcept;

  Slice head_;
  Slice rest_;
  bool partial_ = false;  // the checksum is a promise: its field holds the pseudo-header's sum
  std::uint16_t checksum_start_ = 0;
  std::uint16_t checksum_offset_ = 0;
};

}  // namespace bowline::inline v0::sim
