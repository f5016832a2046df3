#pragma once

// Where BBR stands in its cycle (draft-ietf-ccwg-bbr section 4.3): what views and listings show of
// it.

#include <cstdint>
#include <string_view>

namespace bowline::inline v0::tcp {

/// BBR.state of the draft's section 2.8.
enum class BbrState : std::uint8_t {
  startup,          ///< the rate doubles in each round trip, until it grows no more
  drain,            ///< the queue that this left empties
  probe_bw_down,    ///< a little slower than the path, so that the queue empties
  probe_bw_cruise,  ///< as fast as the path
  probe_bw_refill,  ///< fills the pipe again, before
  probe_bw_up,      ///< more than the path has taken so far is tried
  probe_rtt,        ///< half of what fills the path, to see its delay without a queue
};

/// "startup", "probe_bw_cruise", ...
[[nodiscard]] constexpr std::string_view name(BbrState state) noexcept {
  switch (state) {
    case BbrState::startup:
      return "startup";
    case BbrState::drain:
      return "drain";
    case BbrState::probe_bw_down:
      return "probe_bw_down";
    case BbrState::probe_bw_cruise:
      return "probe_bw_cruise";
    case BbrState::probe_bw_refill:
      return "probe_bw_refill";
    case BbrState::probe_bw_up:
      return "probe_bw_up";
    case BbrState::probe_rtt:
      break;
  }
  return "probe_rtt";
}

}  // namespace bowline::inline v0::tcp
