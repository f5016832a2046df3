#pragma once

// The receive side: bytes in order for the application, and what came before its turn.
//
// In-order payload is queued as the slices it came in. What lies beyond a hole waits in a range
// map, bounded in bytes, counted by what the slices pin, and in ranges, and moves over when the
// hole is filled. A small payload in a large frame is copied out, so as not to pin the frame
// (DESIGN section 5).

#include <array>
#include <cstdint>
#include <span>

#include "bowline/base/buffer.hpp"
#include "bowline/base/interval_set.hpp"
#include "bowline/base/limits.hpp"
#include "bowline/base/range_map.hpp"
#include "bowline/base/ring.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::tcp {

/// What became of a piece of payload.
enum class Placed : std::uint8_t {
  in_order,      ///< readable now
  out_of_order,  ///< waits for a hole to be filled
  duplicate,     ///< all of it had come before
  refused,       ///< no room to keep it
};

/// Reassembles one direction of one connection.
class Reassembler {
 public:
  Reassembler(Memory& memory, const Limits& limits, std::uint64_t seed) noexcept
      : in_order_(memory),
        waiting_(memory, limits.reassembly_ranges, seed),
        held_(memory, limits.reassembly_ranges, ~seed),
        most_pinned_(limits.reassembly_bytes) {}

  /// Takes `payload`, whose first byte has number `seq`, when `next` (RCV.NXT) is the first number
  /// not yet in order. Numbers before `next` are cut off; of numbers that came twice, the first
  /// bytes stand. When some of it is in order, readable() says how far that goes. Call it for
  /// pieces in ascending order.
  Placed place(SeqNumber seq, Slice payload, SeqNumber next, BufferPool& pool) noexcept;
  /// Moves what now follows `next` without a hole to the in-order queue; returns how many bytes.
  std::uint32_t advance(SeqNumber next) noexcept;

  /// Copies up to `to.size()` bytes from `offset` on, without taking them.
  std::size_t peek(std::uint32_t offset, std::span<std::byte> to) const noexcept;
  /// Takes bytes from the front.
  std::size_t read(std::span<std::byte> to) noexcept;
  /// Takes the next slice, at most `most` bytes of it; empty when nothing is there.
  [[nodiscard]] Slice read_slice(std::uint32_t most) noexcept;
  /// Throws away what could be read; what waits for a hole to be filled stays.
  void clear_readable() noexcept;
  /// Throws away what waits for a hole to be filled, though SACK may have reported it (RFC 2018
  /// section 8); what can be read stays.
  void clear_waiting() noexcept;
  /// Applies new bounds.
  void set_limits(const Limits& limits) noexcept {
    waiting_.set_limit(limits.reassembly_ranges);
    held_.set_limit(limits.reassembly_ranges);
    most_pinned_ = limits.reassembly_bytes;
  }
  /// Throws all away.
  void clear() noexcept;

  /// Bytes in order and not read.
  [[nodiscard]] std::uint32_t readable() const noexcept { return readable_; }
  /// Bytes that wait for a hole to be filled.
  [[nodiscard]] std::uint32_t waiting() const noexcept { return waiting_bytes_; }
  [[nodiscard]] std::uint32_t ranges() const noexcept { return waiting_.size(); }
  [[nodiscard]] bool empty() const noexcept { return readable_ == 0 && waiting_.empty(); }

  /// Writes SACK blocks for what waits to `to`, the one that holds `latest` first (RFC 2018 section
  /// 4), and returns their number.
  std::uint8_t sack_blocks(SeqNumber latest, std::span<wire::SackBlock> to) const noexcept;

  template <class V>
  void visit(V& v) {
    v(in_order_);
    v.remote(waiting_, held_);
    v(readable_, waiting_bytes_);
    if constexpr (V::loading) count_pinned();  // the copies are in blocks of their own size
  }

 private:
  using Map = RangeMap<Slice>;

  [[nodiscard]] bool append(Slice payload) noexcept;
  [[nodiscard]] bool hold(SeqNumber at, std::uint32_t length, Slice piece) noexcept;
  [[nodiscard]] bool take_in_order(SeqNumber next, Slice payload) noexcept;
  void count_pinned() noexcept;
  Placed keep_out_of_order(SeqNumber seq, Slice payload, BufferPool& pool) noexcept;

  Ring<Slice> in_order_;
  Map waiting_;
  IntervalSet
      held_;  // the numbers of waiting_: a SACK block is one step, however many pieces it has
  std::uint32_t readable_ = 0;
  std::uint32_t waiting_bytes_ = 0;
  std::uint32_t pinned_ = 0;  // by what waits
  std::uint32_t most_pinned_;
};

}  // namespace bowline::inline v0::tcp
