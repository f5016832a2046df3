#pragma once

// BBR on a connection: what it needs to be told, and when (draft-ietf-ccwg-bbr sections 4.1
// and 5.2).
//
// Bbr and RateSampler are values that know no connection. Here is the state of both in the cold
// block, where it outlives the Transfer (an idle connection keeps its model of the path), and one
// function for each event in which they take part. Each takes a connection that BBR may or may not
// govern; where it does not, nothing happens. BBR sets the window and the pacing rate in recovery,
// too: there is no PRR (RFC 9937).

#include <cstdint>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/bbr.hpp"
#include "bowline/tcp/context.hpp"
#include "bowline/tcp/rate_sampler.hpp"
#include "bowline/tcp/sent_ranges.hpp"

namespace bowline::inline v0::tcp {

struct AckNews;
struct Connection;

/// The state of one connection's BBR.
struct BbrFlow {
  Bbr bbr;
  RateSampler sampler;
  RateSample sample;             ///< of the acknowledgment under way
  SeqNumber limited_to;          ///< the window was full when this was SND.NXT, and
  bool window_was_full = false;  ///< that is no longer ago than a round trip
  bool recovering = false;       ///< after the last event: repairs of a loss are under way

  template <class V>
  void visit(V& v) {
    // `sample` begins anew with each acknowledgment.
    v(bbr, sampler, window_was_full, recovering);
    if (!V::hashing || window_was_full) v.local(limited_to);
  }
};

/// Who governs `c` by its options and the stack's settings.
[[nodiscard]] CongestionAlgorithm congestion_of(const Connection& c,
                                                const Settings& settings) noexcept;

/// The handshake is done: whoever is to govern begins with the initial window. Where there is no
/// memory for BBR, CUBIC governs.
void start_congestion(Connection& c, Context& context) noexcept;

/// Another one is to govern from now on, in the middle of whatever goes on. False: there is no
/// memory for BBR, and nothing has changed.
[[nodiscard]] bool change_congestion(Connection& c, Context& context) noexcept;

/// The rate at which a connection that is paced sends, in bytes a second: BBR's, or by the window
/// with `in_flight` bytes under way.
[[nodiscard]] std::uint64_t pacing_rate(const Connection& c, std::uint32_t in_flight) noexcept;

/// The Transfer has just been made: pacing begins.
void start_pacing(Connection& c, Time now) noexcept;

/// Before an acknowledgment, a timer or the application's data is taken: was the application the
/// limit until now (section 4.1.2.4)?
void bbr_before_event(Connection& c) noexcept;

/// `length` numbers are about to be accounted for as sent: their stamp (section 5.2.2). Only where
/// BBR governs.
[[nodiscard]] RateStamp bbr_sending(Connection& c, std::uint32_t length, Time now) noexcept;
/// They have been sent, and SND.NXT is beyond them.
void bbr_sent(Connection& c) noexcept;

/// An acknowledgment has come, whose parts follow.
void bbr_begin_ack(Connection& c) noexcept;
/// A part of what was sent has arrived, at `arrival` by the news.
void bbr_delivered(Connection& c, const Delivered& part, Time arrival) noexcept;
/// Range `id` is found lost, whether it is marked so already or will be.
void bbr_lost(Connection& c, std::uint32_t id, Time now) noexcept;

/// Fast recovery begins.
void bbr_recovery_begins(Connection& c) noexcept;
/// The retransmission timer has expired; what is lost has been told and marked.
void bbr_timed_out(Connection& c) noexcept;
/// The last recovery, or timeout, was for nothing.
void bbr_spurious(Connection& c) noexcept;
/// All conclusions from an acknowledgment have been drawn: the window and the pacing rate are new.
/// `marked`: it is the first in a round trip to report congestion by ECN.
void bbr_acknowledged(Connection& c, const AckNews& news, bool marked, Context& context) noexcept;

}  // namespace bowline::inline v0::tcp
