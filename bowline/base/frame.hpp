#pragma once

// Frames: what crosses the edge of the stack, in both directions.
//
// A frame is one IP packet (one Ethernet frame, on links that have those) as a short gather list of
// slices: the first piece holds every header, the payload may follow in the same piece or in
// others. It may be larger than the wire takes: gso_size then says into payloads of which size the
// link (or the kernel, or the device) cuts it, and a received one may have been merged the same
// way. And it says what is known of its transport checksum, because that work, too, belongs to
// whoever can do it best.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "bowline/base/buffer.hpp"
#include "bowline/base/handle.hpp"
#include "bowline/base/time.hpp"

namespace bowline::inline v0 {

/// What is known of the transport checksum of a frame.
enum class Checksum : std::uint8_t {
  unknown,   ///< nobody looked: verify it (received frames)
  verified,  ///< the link has checked it, or vouches for it (received frames)
  partial,  ///< the field holds the sum of the pseudo-header; the link completes it over start..end
  complete,  ///< the field is right (frames to transmit)
};

/// What is said of a frame beside its bytes.
struct FrameDescription {
  std::uint8_t piece_count = 0;           ///< of Frame::pieces
  Checksum checksum = Checksum::unknown;  ///< of the transport
  /// With Checksum::partial: where the checksummed part starts, from the frame's first byte.
  std::uint16_t checksum_start = 0;
  /// With Checksum::partial: where the field stands, from checksum_start.
  std::uint16_t checksum_offset = 0;
  /// Bytes of TCP payload in each wire packet; 0: the frame is one wire packet.
  std::uint16_t gso_size = 0;
  /// Bytes of all headers in front of the TCP payload; given where gso_size is.
  std::uint16_t header_size = 0;
  /// Bytes in front of the first piece, in its block, where whoever frames it may write its header.
  std::uint8_t headroom = 0;
  std::uint32_t size = 0;      ///< bytes of all pieces
  FrameId id = FrameId::none;  ///< its number in the Stack
  /// When the link had it, not later than the `now` of the receive() that hands it in. Serves RTT
  /// samples and captures alone (DESIGN section 3). `kNever`: not known, take `now`.
  Time arrival = kNever;
};

/// One packet on its way into or out of a Stack. Copying shares the bytes; moving leaves an empty
/// frame behind. Both touch only the pieces that there are: most frames have one or two of eight.
struct Frame : FrameDescription {
  /// The most pieces that a frame has: headers, and a payload scattered over seven blocks.
  static constexpr std::size_t kMaxPieces = 8;

  std::array<Slice, kMaxPieces> pieces;  ///< its bytes: the first `piece_count`

  Frame() noexcept = default;
  Frame(const Frame& other) noexcept : FrameDescription(other) {
    for (std::size_t i = 0; i < piece_count; ++i) pieces[i] = other.pieces[i];
  }
  Frame(Frame&& other) noexcept : FrameDescription(std::exchange(other.description(), {})) {
    for (std::size_t i = 0; i < piece_count; ++i) pieces[i] = std::move(other.pieces[i]);
  }
  Frame& operator=(const Frame& other) noexcept {
    Frame copy(other);
    return *this = std::move(copy);
  }
  Frame& operator=(Frame&& other) noexcept {
    if (this == &other) return *this;
    const std::size_t count = std::max(piece_count, other.piece_count);
    for (std::size_t i = 0; i < count; ++i) pieces[i] = std::move(other.pieces[i]);
    description() = std::exchange(other.description(), {});
    return *this;
  }
  ~Frame() = default;

  [[nodiscard]] FrameDescription& description() noexcept { return *this; }  ///< All but the bytes.

  /// Appends a piece; empty ones are left out. False (and nothing appended) when kMaxPieces are
  /// there.
  bool append(Slice piece) noexcept {
    if (piece.empty()) return true;
    if (piece_count == kMaxPieces) return false;
    size += piece.size();
    pieces[piece_count++] = std::move(piece);
    return true;
  }

  /// Puts `count` bytes in front of the first piece, out of the headroom, for the caller to write;
  /// null, and nothing happens, when there is not so much.
  [[nodiscard]] std::byte* prepend(std::uint8_t count) noexcept {
    if (count > headroom || !pieces[0].uncover_front(count)) return nullptr;
    headroom = static_cast<std::uint8_t>(headroom - count);
    size += count;
    return const_cast<std::byte*>(pieces[0].data());
  }

  /// The bytes of the first piece: every header, and the payload too where there is only one piece.
  [[nodiscard]] std::span<const std::byte> head() const noexcept { return pieces[0].bytes(); }

  /// Copies `to.size()` bytes from `offset` on into `to`. False (nothing copied) when the frame is
  /// shorter.
  [[nodiscard]] bool copy_to(std::uint32_t offset, std::span<std::byte> to) const noexcept;

  template <class V>
  void visit(V& v) {
    v(pieces, piece_count, checksum, checksum_start, checksum_offset, gso_size, header_size, size,
      arrival);
    v.excluded(id, "a name for traces");
    v.excluded(headroom, "an aid to speed, used up before a frame waits");
    if constexpr (V::loading) {
      if (piece_count <= kMaxPieces) return;
      piece_count = 0;
      v.fail();
    }
  }
};

/// A frame of a single piece around `bytes` (copied into `pool`): for tests and links that receive
/// into memory of their own. Empty (size 0) when the pool is exhausted.
[[nodiscard]] Frame make_frame(BufferPool& pool, std::span<const std::byte> bytes) noexcept;

/// Into how many wire packets `frame` will be cut: 1, or its payload over gso_size, rounded up.
[[nodiscard]] constexpr std::uint32_t wire_packets(const Frame& frame) noexcept {
  if (frame.gso_size == 0 || frame.size <= frame.header_size) return 1;
  const std::uint32_t payload = frame.size - frame.header_size;
  return (payload + frame.gso_size - 1) / frame.gso_size;
}

/// Takes frames out of a Stack. A link implements it, or something in front of one.
class FrameSink {
 public:
  virtual ~FrameSink() = default;

  /// Is offered `frames` in order and returns how many wire packets (see wire_packets()) it took,
  /// counted from the first frame's first on. It may move out of frames that it takes whole and
  /// must leave the others alone. The last one may be taken in part, as so many whole packets of
  /// gso_size.
  ///
  /// The Stack commits what was taken, whatever prefix that is, and offers the rest again later.
  [[nodiscard]] virtual std::size_t take(std::span<Frame> frames) noexcept = 0;
};

}  // namespace bowline::inline v0
