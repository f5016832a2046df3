#pragma once

// What an acknowledgment says, before anything is concluded from it.
//
// The cumulative number and the SACK blocks (RFC 2018, 2883) are entered into the ranges; what is
// new in them is counted once, whichever way it was reported. What follows from the news (what is
// lost, what the window becomes) is tcp/loss_recovery.hpp.

#include "bowline/tcp/connection.hpp"
#include "bowline/tcp/segment.hpp"

namespace bowline::inline v0::tcp {

/// The news of one acknowledgment.
struct AckNews {
  SeqNumber ack;                  ///< SEG.ACK
  std::uint32_t in_flight = 0;    ///< bytes in the network before it came
  std::uint32_t acked = 0;        ///< numbers newly acknowledged
  std::uint32_t delivered = 0;    ///< numbers that have newly arrived: acknowledged or reported
  std::uint32_t sacked = 0;       ///< of these, the ones reported by SACK
  std::uint32_t packets = 0;      ///< in how many packets `delivered` was sent
  Duration rtt{};                 ///< the sample that it gave; zero: none
  Time echo{};                    ///< when the peer's timestamp echo says that was sent which it
                                  ///< answers, to the millisecond; Time{}: it does not say
  std::uint32_t marks = 0;        ///< packets newly told to be marked (RFC 9768); 1 while the peer
                                  ///< echoes a mark (RFC 3168 section 6.1.2)
  bool duplicate = false;         ///< as RFC 5681 section 2 defines it
  bool dsack = false;             ///< it reports something as received twice
  bool dsack_of_last = false;     ///< and that is the last segment sent
  std::uint32_t needless = 0;     ///< packets sent again whose original it answers (RFC 3522)
  Duration late{};                ///< how long after what had overtaken it such an original came
  bool original_arrived = false;  ///< something that was sent once only, before a timeout, is there

  /// It acknowledges something new.
  [[nodiscard]] bool progress() const noexcept { return acked > 0; }
};

/// Enters what `segment` acknowledges into `c`: SND.UNA, the ranges, the send buffer, RTT samples.
/// Something is outstanding, and SEG.ACK is not beyond it.
[[nodiscard]] AckNews take_acknowledgment(Connection& c, const Segment& segment,
                                          Context& context) noexcept;

/// When the segment that the timestamp echo of `segment` names was sent, to the millisecond
/// (RFC 7323 section 4.1); Time{}: it does not say, or nothing to be believed.
[[nodiscard]] Time echoed_instant(const Connection& c, const Segment& segment) noexcept;

}  // namespace bowline::inline v0::tcp
