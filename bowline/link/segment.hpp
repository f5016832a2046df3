#pragma once

// Cutting: a large segment becomes what a wire carries.
//
// Inside the stack a segment may be 64 KiB long; whoever stands where frames become packets (a
// wire, an impairment, a capture, a link without offloads) cuts it as a network card with TCP
// segmentation offload would, and completes the checksums that were left to the link. Payload is
// shared, only headers are copied. A cut packet differs from its neighbours in lengths,
// identification, sequence number, flags and checksums, and in nothing else.

#include <cstddef>
#include <cstdint>

#include "bowline/base/buffer.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/link/link.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0 {

/// What the transport checksum of a cut packet shall be.
enum class CutChecksum : std::uint8_t {
  complete,  ///< the right one: every byte of the payload is read
  partial,   ///< the pseudo-header's sum, for someone further on to complete (Checksum::partial)
};

/// Bytes in front of the IP header on a link of this kind.
[[nodiscard]] constexpr std::uint16_t link_header_size(LinkKind kind) noexcept {
  return kind == LinkKind::ethernet ? 14 : 0;
}

/// The wire packets of one frame, each made when it is asked for. Refers to the frame and the pool,
/// which must outlive it.
class Segmenter {
 public:
  /// Prepares to cut `frame` as a link of `kind` would; `pool` gives the memory for headers.
  Segmenter(const Frame& frame, BufferPool& pool, CutChecksum checksum,
            LinkKind kind = LinkKind::ip) noexcept;

  /// Can it be cut? Not if it has a gso_size and is not a TCP segment whose header_size is right.
  [[nodiscard]] bool valid() const noexcept { return valid_; }
  /// How many packets: wire_packets() of the frame; 0 if it is not valid().
  [[nodiscard]] std::uint32_t packets() const noexcept { return valid_ ? packets_ : 0; }
  /// Bytes of the largest packet, from its IP header on: compare with the MTU.
  [[nodiscard]] std::uint32_t largest_packet() const noexcept;

  /// Packet number `index`, which must be below packets(), into `packet`. Any order, as often as
  /// wanted. It has the frame's id and arrival. False (and an empty frame) when the pool has no
  /// more memory.
  [[nodiscard]] bool cut(std::uint32_t index, Frame& packet) const noexcept;

 private:
  bool prepare() noexcept;
  bool cut_segment(std::uint32_t index, Frame& packet) const noexcept;
  void fix_ip(std::byte* ip, std::uint32_t index, std::uint32_t payload) const noexcept;
  void fix_tcp(std::byte* tcp, std::uint32_t index) const noexcept;

  const Frame& frame_;
  BufferPool& pool_;
  CutChecksum checksum_;
  std::uint16_t ip_offset_;
  std::uint16_t tcp_offset_ = 0;
  std::uint32_t packets_ = 1;
  bool valid_ = true;
  wire::IpHeader ip_;
};

/// Appends the bytes of `from` from `offset` on, `length` of them, to `to` by reference. False when
/// they are not there or `to` has no place for so many pieces (it may then hold some of them).
[[nodiscard]] bool append_part(Frame& to, const Frame& from, std::uint32_t offset,
                               std::uint32_t length) noexcept;

/// Turns Checksum::partial into Checksum::complete: the headers are copied into `pool`, the payload
/// is shared. For frames that are one wire packet; others, and those that are not partial, stay as
/// they are. False (and `frame` unchanged) when the pool is exhausted or start and offset lie
/// outside the frame.
[[nodiscard]] bool complete_checksum(Frame& frame, BufferPool& pool) noexcept;

/// What a CuttingSink could not pass on. The frames concerned count as taken: to the stack they are
/// lost on the wire.
struct CuttingCounters {
  std::uint64_t malformed = 0;  ///< asked to be cut and cannot be
  std::uint64_t too_big = 0;    ///< wire packets over the MTU
  std::uint64_t no_memory = 0;  ///< wire packets for whose headers the pool had nothing left
};

/// Stands in front of a sink that wants wire packets with complete checksums. Refers to both `next`
/// and `pool`, which must outlive it.
class CuttingSink final : public FrameSink {
 public:
  /// Wire packets of at most `mtu` bytes (from the IP header on) go to `next`.
  CuttingSink(FrameSink& next, BufferPool& pool, std::uint32_t mtu,
              LinkKind kind = LinkKind::ip) noexcept
      : next_(next), pool_(pool), mtu_(mtu), kind_(kind) {}

  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override;

  /// The MTU changed.
  void set_mtu(std::uint32_t mtu) noexcept { mtu_ = mtu; }
  /// What it did.
  [[nodiscard]] const CuttingCounters& counters() const noexcept { return counters_; }

 private:
  /// How many of the frame's packets `next_` took (or were lost here).
  std::uint32_t pass(Frame& frame) noexcept;

  FrameSink& next_;
  BufferPool& pool_;
  std::uint32_t mtu_;
  LinkKind kind_;
  CuttingCounters counters_;
};

}  // namespace bowline::inline v0
