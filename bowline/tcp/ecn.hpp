#pragma once

// Explicit congestion notification: routers mark instead of dropping (RFC 3168).
//
// Both SYNs agree on it. From then on new data is sent as ECN-capable; a receiver that sees the
// mark (CE) says so in every ACK (ECE) until the sender has answered (CWR), and the sender reduces
// its window as for a loss, once in a round trip. Pure ACKs, retransmissions and window probes are
// not ECN-capable (section 6.1.5: somebody who forges them must not be able to make marks count).

#include <cstdint>

#include "bowline/base/seq_number.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::tcp {

/// The feedback that the handshake agrees on: none, RFC 3168's, RFC 9768's.
enum class FeedbackMode : std::uint8_t { none, classic, accurate };

/// ECN of one connection, both roles. Inactive until start(). With accurate feedback (which is
/// AccEcn's matter) it only says when to reduce the window.
class Ecn {
 public:
  /// Both sides agreed on `mode`, and what we send begins at `snd_nxt`.
  void start(FeedbackMode mode, SeqNumber snd_nxt) noexcept {
    mode_ = mode;
    reduced_to_ = snd_nxt;
  }
  [[nodiscard]] bool active() const noexcept { return mode_ != FeedbackMode::none; }

  /// A segment with these TCP flags came in a packet with these ECN bits. True when a mark is news
  /// to the peer: it should learn of it at once.
  [[nodiscard]] bool received(std::uint16_t flags, std::uint8_t bits) noexcept {
    if (mode_ != FeedbackMode::classic) return false;
    if ((flags & wire::kCwr) != 0) echo_ = false;
    if (bits != wire::kEcnCongested || echo_) return false;
    return echo_ = true;
  }
  /// ECE is to be set on what is sent (section 6.1.3).
  [[nodiscard]] bool echo() const noexcept { return echo_; }

  /// An ACK of `una` had ECE set: is that a reason to reduce the window (section 6.1.2)? Once for
  /// what is out now, up to `nxt`.
  [[nodiscard]] bool reduces(SeqNumber una, SeqNumber nxt) noexcept {
    if (!active() || before(una, reduced_to_)) return false;
    reduced(nxt);
    return true;
  }
  /// The window was reduced, for a mark or a loss, with everything before `nxt` out: the next new
  /// data says CWR.
  void reduced(SeqNumber nxt) noexcept {
    reduced_to_ = nxt;
    answer_due_ = mode_ == FeedbackMode::classic;
  }
  /// CWR is to be set on the next new data.
  [[nodiscard]] bool answer_due() const noexcept { return answer_due_; }
  void answered() noexcept { answer_due_ = false; }

  template <class V>
  void visit(V& v) {
    v(mode_, echo_, answer_due_);
    // Without ECN the number is not set, and would tell the ISN.
    if (!V::hashing || active()) v.local(reduced_to_);
  }

 private:
  SeqNumber reduced_to_;
  FeedbackMode mode_ = FeedbackMode::none;
  bool echo_ = false;
  bool answer_due_ = false;
};

/// Do the flags of a SYN ask for ECN (section 6.1.1)? (One that asks for AccECN has AE as well, and
/// is content with this; RFC 9768 section 3.1.2.)
[[nodiscard]] constexpr bool asks_for_ecn(std::uint16_t syn) noexcept {
  return (syn & (wire::kEce | wire::kCwr)) == (wire::kEce | wire::kCwr);
}
/// Do the flags of a SYN-ACK agree to it?
[[nodiscard]] constexpr bool agrees_to_ecn(std::uint16_t syn_ack) noexcept {
  return (syn_ack & (wire::kEce | wire::kCwr | wire::kAe)) == wire::kEce;
}

}  // namespace bowline::inline v0::tcp
