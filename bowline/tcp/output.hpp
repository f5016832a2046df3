#pragma once

// Output has one decision: what to send next, if anything (DESIGN section 4).
//
// next_segment() looks and changes nothing, so that it can be asked as often as one likes; commit()
// is told what of its plan the link has taken. Input, timers and calls never send: they set marks
// that next_segment() reads.

#include <cstdint>
#include <optional>

#include "bowline/base/frame.hpp"
#include "bowline/tcp/connection.hpp"
#include "bowline/tcp/window.hpp"

namespace bowline::inline v0::tcp {

/// What the interface of a connection can do.
struct LinkAbility {
  std::uint32_t max_gso = 0;  ///< bytes of an IP packet that the link cuts itself; 0: it cuts none
  bool transmit_checksum = false;  ///< the link completes checksums
  std::uint16_t header_size = 0;   ///< bytes of the link's header, in front of IP's
};

/// One segment that is to be sent.
struct Plan {
  Reason why = Reason::send_data;
  SeqNumber seq;
  std::uint32_t data = 0;  ///< bytes of payload
  std::uint16_t flags = 0;
  bool fin = false;                         ///< flags has the FIN, behind the data
  std::uint32_t range = SentRanges::kNone;  ///< retransmission of (the start of) this range
  bool fresh = false;                       ///< moves SND.NXT on
  std::uint16_t packet = 0;                 ///< payload of a wire packet, when it is more than one
  bool acc_ecn_option = false;              ///< emitted with an AccECN option
  bool path_probe = false;                  ///< larger than SND.MSS: does the path carry it?
};

/// The next segment of `c`, or nothing. No side effects.
[[nodiscard]] std::optional<Plan> next_segment(const Connection& c, const LinkAbility& link,
                                               const Settings& settings, Time now) noexcept;

/// What of the new data may go now: bytes, 0 when something (window, congestion window, Nagle,
/// silly-window avoidance, cork) holds it back. RFC 9293 sections 3.7.4 and 3.8.6.2.1.
[[nodiscard]] std::uint32_t sendable(const Connection& c, const LinkAbility& link,
                                     const Settings& settings) noexcept;

/// Builds the frame of `plan`: headers of TCP and IP together, payload by reference. The link's
/// header stands in front of them, unwritten. False when no memory is left. May shorten plan.data
/// to what a frame's pieces hold.
[[nodiscard]] bool emit(const Connection& c, Plan& plan, const LinkAbility& link, Context& context,
                        Frame& frame) noexcept;

/// `plan` was sent, as far as the first `data` bytes of its payload; below plan.data, a FIN or PSH
/// has not gone out.
void commit(Connection& c, const Plan& plan, std::uint32_t data, Context& context) noexcept;

/// Notes what holds the sender up from `now` on (Tally). To be called when that may have changed.
void note_holdup(Connection& c, const Settings& settings, Time now) noexcept;

}  // namespace bowline::inline v0::tcp
