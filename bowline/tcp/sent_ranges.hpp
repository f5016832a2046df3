#pragma once

// What was sent and is not yet acknowledged, and how each part of it fares.
//
// One range for each transmission, in order and without gaps from SND.UNA to SND.NXT (a SYN and a
// FIN count as the numbers that they use up). Retransmission is a mark on a range, never a rewind
// of SND.NXT; ranges are split only at MSS, ACK or SACK edges. This unit counts; what is lost and
// what may be sent are the detector's and the recovery's business.
//
// A peer decides in which order it acknowledges, so nothing here may cost more than what is new:
// ranges that the peer has (SACK) are merged with their neighbours, for nobody asks for their times
// again, so that a block which is reported with every ACK is one step; those in the network hang in
// a list in the order of their last transmission, which is what RACK (RFC 8985) looks along; and
// the search for the first lost one goes on where the last ended.
//
// A congestion control that measures delivery rates (BBR) has each range stamped when it is sent.
// The stamps are larger than all else that is known of a range, so they stand beside the ranges,
// and only where somebody wants them.

#include <algorithm>
#include <cstdint>

#include "bowline/base/range_map.hpp"
#include "bowline/base/ring.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/rate_sampler.hpp"

namespace bowline::inline v0::tcp {

/// What is known of one range.
struct SentRange {
  Time sent_at{};                    ///< its last transmission
  std::uint8_t transmissions = 1;    ///< stays at 255
  bool sacked = false;               ///< the peer has it, out of order
  bool lost = false;                 ///< held for lost and not sent again yet
  bool repaired = false;             ///< held for lost, and sent again since
  bool fin = false;                  ///< its last number is the FIN
  bool pushed = false;               ///< it ended with PSH
  std::uint32_t older = 0xffffffff;  ///< in the order of transmission: the one before, and
  std::uint32_t newer = 0xffffffff;  ///< the one after; only while in_network()

  /// Not its first transmission: Karn's rule forbids an RTT sample without a timestamp (RFC 6298
  /// 3).
  [[nodiscard]] bool retransmitted() const noexcept { return transmissions > 1; }

  /// Neither with the peer nor held for lost.
  [[nodiscard]] bool in_network() const noexcept { return !sacked && !lost; }

  /// For RangeMap::split(): the second part. The FIN and the PSH stay with the end.
  SentRange split_off(std::uint32_t) noexcept {
    SentRange second = *this;
    fin = pushed = false;
    return second;
  }

  template <class V>
  void visit(V& v) {
    v(sent_at, transmissions, sacked, lost, fin, pushed);
    v.excluded(repaired, "for statistics alone");
    v.excluded(older, "follows from sent_at");
    v.excluded(newer, "follows from sent_at");
  }
};

/// What a cumulative acknowledgment covered.
struct AckedRanges {
  std::uint32_t bytes = 0;            ///< numbers newly acknowledged (SYN and FIN count)
  std::uint32_t newly_delivered = 0;  ///< of these, the ones that no SACK had reported before
  bool fin = false;                   ///< our FIN is among them
  std::uint32_t part = 0;  ///< of the range where it ends: numbers covered; 0: it ends at an edge
  std::uint32_t part_of = 0;  ///< of how many
};

/// A range, or a part of one, that the peer reports to have for the first time.
struct Delivered {
  SeqNumber end;         ///< the number after its last
  std::uint32_t length;  ///< numbers
  const SentRange& how;  ///< how it was sent; as long as the call
  /// The stamp of its last transmission; null when none is kept. As long as the call.
  const RateStamp* stamp = nullptr;
};

/// The ranges from SND.UNA to SND.NXT.
class SentRanges {
 public:
  using Map = RangeMap<SentRange>;
  static constexpr std::uint32_t kNone = Map::kNone;

  SentRanges(Memory& memory, std::uint32_t limit, std::uint64_t seed,
             RangeBudget* budget = nullptr) noexcept
      : ranges_(memory, limit, seed, budget), stamps_(memory) {}

  /// Notes that `length` numbers from `start` (which is where the last range ends) were sent for
  /// the first time, with `stamp` if the congestion control wants rate samples. False when no more
  /// account can be kept: then they must not be sent.
  [[nodiscard]] bool sent(SeqNumber start, std::uint32_t length, const SentRange& how,
                          const RateStamp* stamp = nullptr) noexcept;
  /// Changes how many ranges there may be.
  void set_limit(std::uint32_t limit) noexcept { ranges_.set_limit(limit); }
  /// Counts them with those of all connections.
  void set_budget(RangeBudget* budget) noexcept { ranges_.set_budget(budget); }
  /// Is there room for another sent()?
  [[nodiscard]] bool has_room() const noexcept { return ranges_.has_room(); }
  /// Makes sure that the next sent() can be accounted for. False when there is no room or memory
  /// ran out.
  [[nodiscard]] bool reserve() noexcept { return ranges_.reserve(); }
  /// Notes that the first `length` numbers of range `id` were sent again. Splits the range there.
  /// False when there was no room to split: then the whole range counts as sent.
  bool sent_again(std::uint32_t id, std::uint32_t length, Time now,
                  const RateStamp* stamp = nullptr) noexcept;
  /// The stamp of range `id`; null when it was sent without one, or there was no memory for it.
  [[nodiscard]] const RateStamp* stamp(std::uint32_t id) const noexcept {
    if (id >= stamps_.size()) return nullptr;
    const RateStamp& stamp = stamps_[id];
    return stamp.in_flight == 0 ? nullptr : &stamp;
  }
  /// Stamps are asked for no longer.
  void forget_stamps() noexcept { stamps_.clear(); }

  /// Removes everything before `ack`. `each(Delivered)` is called for what no SACK had reported.
  template <class Each>
  AckedRanges acknowledge(SeqNumber ack, Each&& each) noexcept;
  /// The same when nobody asks what it was.
  AckedRanges acknowledge(SeqNumber ack) noexcept {
    return acknowledge(ack, [](const Delivered&) {});
  }
  /// Marks what lies wholly in `left`..`right` as sacked; splits at the edges as far as there is
  /// room. `each(Delivered)` is called for what is new. Returns the numbers newly reported.
  template <class Each>
  std::uint32_t mark_sacked(SeqNumber left, SeqNumber right, Each&& each) noexcept;
  /// The same when nobody asks what it was.
  std::uint32_t mark_sacked(SeqNumber left, SeqNumber right) noexcept {
    return mark_sacked(left, right, [](const Delivered&) {});
  }
  /// Marks range `id` as lost, if it is in the network.
  void mark_lost(std::uint32_t id) noexcept;
  /// Marks all that is not sacked as lost. `each(id)` is called before each.
  template <class Each>
  void mark_all_lost(Each&& each) noexcept {
    while (oldest_ != kNone) {
      each(oldest_);
      mark_lost(oldest_);
    }
  }
  /// The same when nobody asks what it was.
  void mark_all_lost() noexcept {
    mark_all_lost([](std::uint32_t) {});
  }
  /// Marks the first range that is neither sacked nor sent again after being lost, up to `most`
  /// numbers of it. Returns the numbers marked.
  std::uint32_t mark_first_lost(std::uint32_t most) noexcept;
  /// Makes the last `length` numbers a range of their own, so that they can be sent again alone.
  void split_tail(std::uint32_t length) noexcept;
  /// Nothing was lost after all: what is marked so and was not sent again is in the network still.
  void unmark_lost() noexcept;
  /// The peer may take back what it reported (RFC 2018 section 8). The ranges were merged; none of
  /// them gives an RTT sample any more.
  void forget_sacks() noexcept;
  /// The first range marked lost; kNone when none is.
  [[nodiscard]] std::uint32_t first_lost() const noexcept;
  /// The range in the network whose last transmission is the longest ago; kNone when none is there.
  [[nodiscard]] std::uint32_t oldest() const noexcept { return oldest_; }
  /// The highest range; kNone when there is none.
  [[nodiscard]] std::uint32_t last() const noexcept { return ranges_.last(); }
  [[nodiscard]] std::uint32_t first() const noexcept { return ranges_.first(); }
  [[nodiscard]] std::uint32_t next(std::uint32_t id) const noexcept { return ranges_.next(id); }
  [[nodiscard]] const Map::Node& operator[](std::uint32_t id) const noexcept { return ranges_[id]; }

  /// The range that begins with `number`; kNone when none does.
  [[nodiscard]] std::uint32_t starting_at(SeqNumber number) const noexcept {
    const std::uint32_t id = ranges_.at_or_after(number);
    return id != kNone && ranges_[id].start == number ? id : kNone;
  }

  /// The range that `number` is in; kNone when none is.
  [[nodiscard]] std::uint32_t containing(SeqNumber number) const noexcept {
    return ranges_.find(number);
  }
  /// Numbers sent and not acknowledged.
  [[nodiscard]] std::uint32_t outstanding() const noexcept { return outstanding_; }
  /// Numbers thought to be in the network: outstanding, less sacked, less lost (RFC 6675's pipe).
  [[nodiscard]] std::uint32_t in_network() const noexcept { return outstanding_ - sacked_ - lost_; }
  [[nodiscard]] std::uint32_t sacked() const noexcept { return sacked_; }
  [[nodiscard]] std::uint32_t lost() const noexcept { return lost_; }
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
  /// How many ranges there are.
  [[nodiscard]] std::uint32_t count() const noexcept { return ranges_.size(); }

  template <class V>
  void visit(V& v) {
    v.local(ranges_);
    v(outstanding_, sacked_, lost_);
    v.excluded(oldest_, "follows from the ranges");
    v.excluded(newest_, "follows from the ranges");
    v.excluded(lost_from_, "where a search begins");
    visit_stamps(v);
  }

 private:
  // By id, some of which mean nothing: hashed are those of the ranges, in their order.
  template <class V>
  void visit_stamps(V& v) {
    if constexpr (V::hashing) {
      if (stamps_.empty()) return;
      for (std::uint32_t id = first(); id != kNone; id = next(id)) {
        if (id < stamps_.size()) v(stamps_[id]);
      }
    } else {
      v(stamps_);
    }
  }
  void set_stamp(std::uint32_t id, const RateStamp& stamp) noexcept;
  void enlist(std::uint32_t id) noexcept { enlist_after(newest_, id); }
  void enlist_after(std::uint32_t older, std::uint32_t id) noexcept;
  void delist(std::uint32_t id) noexcept;
  std::uint32_t split(std::uint32_t id, SeqNumber at) noexcept;
  void split_at(SeqNumber at) noexcept;
  void take_from_lost(std::uint32_t id) noexcept;
  std::uint32_t merge_sacked(std::uint32_t id) noexcept;

  Map ranges_;
  Ring<RateStamp> stamps_;  // by id; empty as long as nobody wants any
  std::uint32_t outstanding_ = 0;
  std::uint32_t sacked_ = 0;
  std::uint32_t lost_ = 0;
  std::uint32_t oldest_ = kNone;
  std::uint32_t newest_ = kNone;
  mutable SeqNumber lost_from_;  // nothing before it is lost; while lost_ is not 0
};

template <class Each>
AckedRanges SentRanges::acknowledge(SeqNumber ack, Each&& each) noexcept {
  AckedRanges acked;
  for (std::uint32_t id = ranges_.first(); id != kNone; id = ranges_.first()) {
    auto& node = ranges_[id];
    if (at_or_before(ack, node.start)) break;
    const std::uint32_t count = std::min(node.length, distance(node.start, ack));
    const bool whole = count == node.length;
    acked.bytes += count;
    acked.fin |= node.value.fin && whole;
    outstanding_ -= count;
    if (node.value.sacked) {
      sacked_ -= count;
    } else {
      acked.newly_delivered += count;
      each(Delivered{node.start + count, count, node.value, stamp(id)});
      if (node.value.lost) lost_ -= count;
    }
    if (!whole) {
      acked.part = count;
      acked.part_of = node.length;
      node.start += count;
      node.length -= count;
      break;
    }
    if (node.value.in_network()) delist(id);
    ranges_.erase(id);
  }
  return acked;
}

template <class Each>
std::uint32_t SentRanges::mark_sacked(SeqNumber left, SeqNumber right, Each&& each) noexcept {
  std::uint32_t newly = 0;
  split_at(left);
  split_at(right);
  for (std::uint32_t id = ranges_.at_or_after(left); id != kNone; id = ranges_.next(id)) {
    auto& node = ranges_[id];
    if (node.value.sacked) continue;
    if (after(node.end(), right)) break;
    if (before(node.start, left)) continue;
    each(Delivered{node.end(), node.length, node.value, stamp(id)});
    if (node.value.lost) {
      take_from_lost(id);
    } else {
      delist(id);
    }
    node.value.sacked = true;
    sacked_ += node.length;
    newly += node.length;
    id = merge_sacked(id);
  }
  return newly;
}

}  // namespace bowline::inline v0::tcp
