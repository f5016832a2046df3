#pragma once

// RACK: what was sent before something that has arrived, by more than a reordering window, is lost
// (RFC 8985).
//
// Time, not counts of duplicate ACKs, says what is lost: that finds lost retransmissions and losses
// at the end of a burst as well, and tells them from reordering. The window adapts: it is nothing
// until reordering has been seen, then a quarter of the smallest RTT, and more for each round trip
// whose D-SACKs (RFC 2883) tell that even that was too short.

#include <algorithm>
#include <cstdint>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/sent_ranges.hpp"

namespace bowline::inline v0::tcp {

/// What RACK needs to know of the connection.
struct RackPath {
  Duration min_rtt{};    ///< zero: not known
  Duration srtt{};       ///< zero: not known
  bool hurried = false;  ///< in recovery, or DupThresh segments are reported: no window unless
                         ///< reordering was seen
};

/// The state of one sender (RFC 8985 section 5.2).
class Rack {
 public:
  /// Before the ranges of one ACK are reported: when it came, the RTT below which a
  /// retransmission's acknowledgment cannot be its own, the instant that the ACK's timestamp echo
  /// says (Time{}: none), and Settings::rack_rtt_of_any.
  void begin_ack(Time now, Duration min_rtt, Time echo, bool rtt_of_any = false) noexcept {
    now_ = now;
    min_rtt_ = min_rtt;
    echo_ = echo;
    rtt_of_any_ = rtt_of_any;
  }
  /// Sections 6.2 steps 2 and 3: a part of what was sent is reported to have arrived. True: it had
  /// been overtaken.
  bool delivered(const Delivered& part) noexcept;
  /// A D-SACK came with an ACK of `snd_una`: widens the window once in a round trip (step 4).
  void on_dsack(SeqNumber snd_una, SeqNumber snd_nxt) noexcept;
  /// A repair was needless: what it repaired had been overtaken only. (Step 3 sees reordering where
  /// nothing was sent again; three reports and a hole that fills late would never get there.)
  /// `late`: how long after what had overtaken it it came, if that is known; else zero. The window
  /// is made that wide at once: D-SACKs alone (step 4) would need a needless repair for each
  /// quarter of the RTT.
  void on_needless_repair(Duration late) noexcept;
  /// Recovery has ended: after 16 without a D-SACK the window is the default again (step 4).
  void on_recovered() noexcept;
  /// The reordering window now (step 4).
  [[nodiscard]] Duration reordering_window(const RackPath& path) const noexcept;

  /// What detect_loss() found.
  struct Loss {
    std::uint32_t bytes = 0;  ///< numbers newly marked lost
    Time next = kNever;       ///< when to look again
  };
  /// Step 5: marks in `sent` what is lost by now; `each(id)` is called before each. Looks at no
  /// range that is not, but one.
  template <class Each>
  [[nodiscard]] Loss detect_loss(SentRanges& sent, const RackPath& path, Time now,
                                 Each&& each) const noexcept;
  /// The same when nobody asks what it was.
  [[nodiscard]] Loss detect_loss(SentRanges& sent, const RackPath& path, Time now) const noexcept {
    return detect_loss(sent, path, now, [](std::uint32_t) {});
  }
  /// Section 6.3: a retransmission timeout. Marks the first range and what has been under way for
  /// longer than a round trip and the window. `each(id)` is called before each.
  template <class Each>
  void mark_timed_out(SentRanges& sent, const RackPath& path, Time now, Each&& each) const noexcept;
  /// The same when nobody asks what it was.
  void mark_timed_out(SentRanges& sent, const RackPath& path, Time now) const noexcept {
    mark_timed_out(sent, path, now, [](std::uint32_t) {});
  }

  [[nodiscard]] bool reordering_seen() const noexcept { return reordering_seen_; }
  /// RACK.fack: the number after the highest that has arrived.
  [[nodiscard]] SeqNumber fack() const noexcept { return fack_; }
  /// RACK.rtt: of what was sent most recently and has arrived.
  [[nodiscard]] Duration rtt() const noexcept { return rtt_; }

  template <class V>
  void visit(V& v) {
    v(reordering_seen_, window_multiple_, persist_, any_delivered_, has_fack_, in_dsack_round_);
    v.excluded(rtt_, "a measured time");
    v.excluded(sent_at_, "a measured time");
    v.excluded(end_, "goes with sent_at_");
    v.excluded(fack_, "what arrived is marked in the ranges");
    v.excluded(dsack_round_, "says which round trip; counts at most once in it");
    v.excluded(now_, "of the ACK under way");
    v.excluded(min_rtt_, "of the ACK under way");
    v.excluded(echo_, "of the ACK under way");
    v.excluded(rtt_of_any_, "of the ACK under way");
  }

 private:
  [[nodiscard]] bool sent_before_delivered(const SentRanges::Map::Node& node) const noexcept;

  Time sent_at_{};  // RACK.xmit_ts
  Duration rtt_{};  // RACK.rtt
  SeqNumber end_;   // RACK.end_seq
  SeqNumber fack_;  // RACK.fack
  SeqNumber dsack_round_;
  bool any_delivered_ = false;
  bool has_fack_ = false;
  bool reordering_seen_ = false;
  bool in_dsack_round_ = false;
  std::uint8_t window_multiple_ = 1;  // RACK.reo_wnd_mult
  std::uint8_t persist_ = 16;         // RACK.reo_wnd_persist
  Time now_{};
  Duration min_rtt_{};
  Time echo_{};
  bool rtt_of_any_ = false;
};

template <class Each>
Rack::Loss Rack::detect_loss(SentRanges& sent, const RackPath& path, Time now,
                             Each&& each) const noexcept {
  Loss loss;
  const Duration patience = rtt_ + reordering_window(path);
  while (sent.oldest() != SentRanges::kNone) {
    const auto& node = sent[sent.oldest()];
    if (!sent_before_delivered(node)) break;
    // The RFC looks on and sets the timer for the last; the first that is due is as good, and the
    // others are not looked at before it is their turn.
    const Time due = saturating_add(node.value.sent_at, patience);
    if (due > now) {
      loss.next = due;
      break;
    }
    loss.bytes += node.length;
    each(sent.oldest());
    sent.mark_lost(sent.oldest());
  }
  return loss;
}

template <class Each>
void Rack::mark_timed_out(SentRanges& sent, const RackPath& path, Time now,
                          Each&& each) const noexcept {
  const Duration patience =
      std::max(rtt_, path.srtt) + std::min(path.min_rtt / 4 * window_multiple_, path.srtt);
  const auto mark = [&](std::uint32_t id) {
    each(id);
    sent.mark_lost(id);
  };
  while (sent.oldest() != SentRanges::kNone &&
         saturating_add(sent[sent.oldest()].value.sent_at, patience) <= now) {
    mark(sent.oldest());
  }
  const std::uint32_t first = sent.first();
  if (first != SentRanges::kNone && sent[first].value.in_network()) mark(first);
}

}  // namespace bowline::inline v0::tcp
