#pragma once

// What was sent and is not yet acknowledged, and how each part of it fares.
//
// One range for each transmission, in order and without gaps from SND.UNA to SND.NXT (a SYN and a
// FIN count as the numbers that they use up). Retransmission is a mark on a range, never a rewind
// of SND.NXT; ranges are split only at MSS, ACK or SACK edges. This unit counts; what is lost and
// what may be sent are the detector's and the recovery's business.

#include <cstdint>

#include "bowline/base/range_map.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// What is known of one range.
struct SentRange {
  Time sent_at{};  ///< its last transmission
  std::uint64_t delivered_at_send =
      0;  ///< the connection's delivered count at that moment (rate samples)
  std::uint8_t transmissions = 1;  ///< stays at 255
  bool sacked = false;             ///< the peer has it, out of order
  bool lost = false;               ///< held for lost and not sent again yet
  bool app_limited = false;        ///< sent while the application had nothing more
  bool fin = false;                ///< its last number is the FIN
  bool pushed = false;             ///< it ended with PSH

  /// Not its first transmission: Karn's rule forbids an RTT sample without a timestamp (RFC 6298
  /// 3).
  [[nodiscard]] bool retransmitted() const noexcept { return transmissions > 1; }

  /// For RangeMap::split(): the second part. The FIN and the PSH stay with the end.
  SentRange split_off(std::uint32_t) noexcept {
    SentRange second = *this;
    fin = pushed = false;
    return second;
  }

  template <class V>
  void visit(V& v) {
    v(sent_at, transmissions, sacked, lost, app_limited, fin, pushed);
    v.excluded(delivered_at_send, "a count since the beginning, for rate samples alone");
  }
};

/// What a cumulative acknowledgment covered.
struct AckedRanges {
  std::uint32_t bytes = 0;            ///< numbers newly acknowledged (SYN and FIN count)
  std::uint32_t newly_delivered = 0;  ///< of these, the ones that no SACK had reported before
  Time latest_sent_at{};              ///< when the last of them had been sent
  bool any_retransmitted = false;     ///< one of them had been sent more than once
  bool fin = false;                   ///< our FIN is among them
};

/// The ranges from SND.UNA to SND.NXT.
class SentRanges {
 public:
  using Map = RangeMap<SentRange>;
  static constexpr std::uint32_t kNone = Map::kNone;

  SentRanges(Memory& memory, std::uint32_t limit, std::uint64_t seed) noexcept
      : ranges_(memory, limit, seed) {}

  /// Notes that `length` numbers from `start` (which is where the last range ends) were sent for
  /// the first time. False when no more account can be kept: then they must not be sent.
  [[nodiscard]] bool sent(SeqNumber start, std::uint32_t length, const SentRange& how) noexcept;
  /// Changes how many ranges there may be.
  void set_limit(std::uint32_t limit) noexcept { ranges_.set_limit(limit); }
  /// Is there room for another sent()?
  [[nodiscard]] bool has_room() const noexcept { return ranges_.size() < ranges_.limit(); }
  /// Makes sure that the next sent() can be accounted for. False when the limit is reached or
  /// memory ran out.
  [[nodiscard]] bool reserve() noexcept { return ranges_.reserve(); }
  /// Notes that the first `length` numbers of range `id` were sent again. Splits the range there.
  /// False when there was no room to split: then the whole range counts as sent.
  bool sent_again(std::uint32_t id, std::uint32_t length, Time now,
                  std::uint64_t delivered) noexcept;

  /// Removes everything before `ack`.
  AckedRanges acknowledge(SeqNumber ack) noexcept;
  /// Marks what lies wholly in `left`..`right` as sacked; splits at the edges as far as there is
  /// room. Returns the numbers newly reported.
  std::uint32_t mark_sacked(SeqNumber left, SeqNumber right) noexcept;
  /// Marks all that is not sacked as lost (RFC 6298 5.4 with RFC 2018 section 8: SACKs are kept
  /// here and forgotten by forget_sacks()).
  void mark_all_lost() noexcept;
  /// Marks the first range that is neither sacked nor sent again after being lost, up to `most`
  /// numbers of it. Returns the numbers marked.
  std::uint32_t mark_first_lost(std::uint32_t most) noexcept;
  /// The peer may take back what it reported (RFC 2018 section 8).
  void forget_sacks() noexcept;
  /// The first range marked lost; kNone when none is.
  [[nodiscard]] std::uint32_t first_lost() const noexcept;
  [[nodiscard]] std::uint32_t first() const noexcept { return ranges_.first(); }
  [[nodiscard]] std::uint32_t next(std::uint32_t id) const noexcept { return ranges_.next(id); }
  [[nodiscard]] const Map::Node& operator[](std::uint32_t id) const noexcept { return ranges_[id]; }

  /// Numbers sent and not acknowledged.
  [[nodiscard]] std::uint32_t outstanding() const noexcept { return outstanding_; }
  /// Numbers thought to be in the network: outstanding, less sacked, less lost (RFC 6675's pipe).
  [[nodiscard]] std::uint32_t in_network() const noexcept { return outstanding_ - sacked_ - lost_; }
  [[nodiscard]] std::uint32_t sacked() const noexcept { return sacked_; }
  [[nodiscard]] std::uint32_t lost() const noexcept { return lost_; }
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }

  template <class V>
  void visit(V& v) {
    v.local(ranges_);
    v(outstanding_, sacked_, lost_);
  }

 private:
  void set_lost(std::uint32_t id, bool lost) noexcept;
  std::uint32_t split_at(SeqNumber at) noexcept;

  Map ranges_;
  std::uint32_t outstanding_ = 0;
  std::uint32_t sacked_ = 0;
  std::uint32_t lost_ = 0;
};

}  // namespace bowline::inline v0::tcp
