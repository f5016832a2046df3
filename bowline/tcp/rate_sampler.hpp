#pragma once

// How fast the network delivers, measured with each acknowledgment (draft-ietf-ccwg-bbr section
// 4.1).
//
// Each piece that is sent is stamped with what had been delivered by then, and when. When it is
// delivered itself, the difference is what the network carried meanwhile; the time that this took
// is the longer of the two intervals, that over which it was sent and that over which it was
// acknowledged, because acknowledgments can arrive in a bunch, faster than any link. A sample that
// was taken while the application had nothing to send says only how fast the application is, and
// is marked.
//
// What is kept of each range in flight is a RateStamp (SentRanges has them, where they are wanted).
// A range that is sent again gets a new stamp; both halves of a split range keep the stamp. Counts
// are bytes.

#include <cstdint>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// What is remembered of the connection at the moment when a piece is sent (section 4.1.2.1.2,
/// per-packet state P).
struct RateStamp {
  std::uint64_t delivered = 0;  ///< P.delivered
  Time delivered_time{};        ///< P.delivered_time
  Time first_sent_time{};       ///< P.first_send_time
  std::uint32_t in_flight = 0;  ///< P.tx_in_flight: this piece included, so it is never 0
  std::uint32_t lost = 0;       ///< P.lost, modulo 2^32
  bool app_limited = false;     ///< P.is_app_limited

  template <class V>
  void visit(V& v) {
    v(in_flight, app_limited);
    v.excluded(delivered, "a count since the beginning, for rate samples alone");
    v.excluded(delivered_time, "a measured time");
    v.excluded(first_sent_time, "a measured time");
    v.excluded(lost, "a count since the beginning");
  }
};

/// What one acknowledgment says (RS). Begin each with an empty one.
struct RateSample {
  bool has_data = false;              ///< something was delivered
  bool app_limited = false;           ///< of the newest piece delivered
  std::uint64_t prior_delivered = 0;  ///< P.delivered of the newest piece
  std::uint64_t delivered = 0;        ///< bytes over the interval
  Duration send_elapsed{};
  Duration ack_elapsed{};
  Duration interval{};              ///< the longer of the two
  std::uint64_t delivery_rate = 0;  ///< bytes a second; 0: no reliable sample
  std::uint32_t newly_acked = 0;    ///< bytes that this acknowledgment delivered (SACKs count)
  std::uint32_t tx_in_flight = 0;   ///< in flight when the newest piece was sent
  std::uint32_t lost = 0;           ///< bytes found lost since the newest piece was sent
  Duration rtt{-1};                 ///< of the newest piece, set by the caller; negative: none

  SeqNumber last_end;            ///< the end of the newest piece
  std::uint32_t prior_lost = 0;  ///< its stamp's `lost`
};

/// What decides whether the application is the limit (section 4.1.2.4).
struct SendState {
  bool unsent_data = false;    ///< a segment of data or more waits to be sent for the first time
  bool pending_below = false;  ///< what was sent waits in a queue of this host
  std::uint32_t in_flight = 0;
  std::uint32_t cwnd = 0;
  std::uint32_t lost_out = 0;     ///< outstanding and held for lost
  std::uint32_t retrans_out = 0;  ///< outstanding and sent again
};

/// The delivery rate of one connection. A value.
class RateSampler {
 public:
  /// Measuring begins. What was sent before has no stamp.
  void start(Time now) noexcept { delivered_time_ = first_sent_time_ = now; }

  /// `bytes` leave at `at` (the paced departure), with `in_flight` bytes under way before them:
  /// returns their stamp (section 4.1.2.2).
  [[nodiscard]] RateStamp sent(Time at, std::uint32_t bytes, std::uint32_t in_flight) noexcept;

  /// A piece that was sent last at `sent_at` with `stamp` and ends at `end` was delivered, `bytes`
  /// of it: by a cumulative acknowledgment or a SACK, whichever was first, once (section 4.1.2.3,
  /// UpdateRateSample()). Call it for each, then finish().
  void delivered(RateSample& rs, const RateStamp& stamp, Time sent_at, SeqNumber end,
                 std::uint32_t bytes, Time now) noexcept;

  /// `bytes` were found lost (and may be found lost again, when sent again).
  void lost(std::uint32_t bytes) noexcept { lost_ += bytes; }

  /// All pieces of an acknowledgment have been told: completes `rs` (GenerateRateSample()).
  /// `min_rtt` is the least round-trip time seen on the connection, zero before there is one: an
  /// interval below it comes from a retransmission that was not needed.
  void finish(RateSample& rs, Duration min_rtt) noexcept;

  /// To be called before an acknowledgment or a timer is processed, and before the application's
  /// data is taken: marks what is sent from now on when the application has been the limit (section
  /// 4.1.2.4).
  void check_app_limited(const SendState& state) noexcept;
  /// Marks what is sent from now on, until what is in flight has been delivered.
  void mark_app_limited(std::uint32_t in_flight) noexcept;

  /// C.app_limited is not 0.
  [[nodiscard]] bool app_limited() const noexcept { return app_limited_ != 0; }
  /// C.delivered: bytes since the beginning.
  [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }
  /// C.lost, modulo 2^32.
  [[nodiscard]] std::uint32_t lost() const noexcept { return lost_; }

  template <class V>
  void visit(V& v) {
    v.excluded(delivered_, "a count since the beginning, for rate samples alone");
    v.excluded(app_limited_, "a count since the beginning");
    v.excluded(delivered_time_, "a measured time");
    v.excluded(first_sent_time_, "a measured time");
    v.excluded(lost_, "a count since the beginning");
  }

 private:
  std::uint64_t delivered_ = 0;
  std::uint64_t app_limited_ = 0;  // the delivered count at which the mark ends; 0: no mark
  Time delivered_time_{};
  Time first_sent_time_{};
  std::uint32_t lost_ = 0;
};

}  // namespace bowline::inline v0::tcp
