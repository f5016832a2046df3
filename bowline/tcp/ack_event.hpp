#pragma once

// What an acknowledgment tells congestion control: bytes and times, never ranges or segments.

#include <cstdint>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// What an acknowledgment brought, batched.
struct AckEvent {
  Time now{};
  std::uint32_t acked = 0;      ///< bytes newly delivered
  std::uint32_t in_flight = 0;  ///< bytes in the network before it came
  bool cwnd_limited = false;    ///< the congestion window, and nothing else, held data back
  Duration rtt{};               ///< what it measured; zero: nothing
  Duration srtt{};              ///< the smoothed RTT
  Duration min_rtt{};           ///< the smallest of the connection
  bool paced = false;           ///< data leaves spread over the round trip
  SeqNumber una;                ///< SND.UNA and
  SeqNumber nxt;                ///< SND.NXT after it
};

}  // namespace bowline::inline v0::tcp
