#pragma once

// A segment that arrived, in the RFC's words: SEG.SEQ, SEG.ACK, SEG.LEN, SEG.WND (RFC 9293
// section 3.3.1).

#include <cstdint>

#include "bowline/base/frame.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/wire/ip_address.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::tcp {

/// One received segment with its payload still in the frame.
struct Segment {
  Endpoint local;   ///< whom it is for: its destination
  Endpoint remote;  ///< who sent it
  InterfaceId interface{};
  std::uint64_t flow = 0;  ///< tuple_hash() of the two, with the key of the Stack's tables
  SeqNumber seq;
  SeqNumber ack;
  std::uint16_t flags = 0;
  std::uint16_t window = 0;  ///< as in the header: not scaled
  std::uint16_t urgent = 0;
  std::uint8_t ecn = 0;         ///< the ECN bits of the packet (RFC 3168 section 5)
  std::uint32_t data_size = 0;  ///< bytes of payload
  wire::TcpOptions options;
  Frame* frame = nullptr;            ///< whose pieces hold the payload
  std::uint32_t payload_offset = 0;  ///< where it starts in the frame
  Time arrival{};                    ///< when the link had it (for RTT samples)

  [[nodiscard]] bool syn() const noexcept { return (flags & wire::kSyn) != 0; }
  [[nodiscard]] bool fin() const noexcept { return (flags & wire::kFin) != 0; }
  [[nodiscard]] bool rst() const noexcept { return (flags & wire::kRst) != 0; }
  [[nodiscard]] bool has_ack() const noexcept { return (flags & wire::kAck) != 0; }
  [[nodiscard]] bool urg() const noexcept { return (flags & wire::kUrg) != 0; }

  /// SEG.LEN: the numbers it uses up; SYN and FIN count one each (RFC 9293 section 3.4).
  [[nodiscard]] std::uint32_t len() const noexcept {
    return data_size + (syn() ? 1U : 0U) + (fin() ? 1U : 0U);
  }
  /// The number of its first byte of payload.
  [[nodiscard]] SeqNumber data_seq() const noexcept { return seq + (syn() ? 1U : 0U); }
  /// The largest payload of a wire packet in it: more than one may have been merged.
  [[nodiscard]] std::uint32_t wire_payload() const noexcept {
    return frame != nullptr && frame->gso_size != 0 ? frame->gso_size : data_size;
  }

  /// Calls `take(offset, slice)` for each piece of the payload, in order.
  template <class F>
  void for_each_payload(F&& take) const {
    std::uint32_t skip = payload_offset;
    std::uint32_t done = 0;
    for (std::size_t i = 0; i < frame->piece_count && done < data_size; ++i) {
      const Slice& piece = frame->pieces[i];
      if (skip >= piece.size()) {
        skip -= piece.size();
        continue;
      }
      Slice part = piece.part(skip, data_size - done);
      skip = 0;
      const std::uint32_t size = part.size();
      take(done, std::move(part));
      done += size;
    }
  }
};

}  // namespace bowline::inline v0::tcp
