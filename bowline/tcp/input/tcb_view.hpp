#pragma once

// What the steps of RFC 9293 section 3.10.7.4 look at before they let a segment in.
//
// A connection, a half-open entry and a TIME-WAIT record are kept in very different forms; the
// rules by which a segment is judged are the same. This is the small view through which each of
// them is shown to the steps.

#include <cstdint>

#include "bowline/base/decision.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/state.hpp"

namespace bowline::inline v0::tcp {

/// The part of a control block that decides whether a segment is acceptable. A value.
struct TcbView {
  State state = State::closed;
  bool passive = false;  ///< opened by a listener
  SeqNumber irs;
  SeqNumber rcv_nxt;
  std::uint32_t rcv_wnd = 0;
  SeqNumber snd_una;
  SeqNumber snd_nxt;
  std::uint32_t max_snd_wnd = 0;
  bool timestamps = false;
  bool timestamps_required = true;  ///< Settings::timestamps_required
  std::uint32_t ts_recent = 0;
  Time ts_recent_at{};
};

/// What a step wants to happen next.
enum class Next : std::uint8_t {
  proceed,           ///< on to the next step
  drop,              ///< in silence
  drop_and_ack,      ///< answered with <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>
  challenge,         ///< the same as a challenge ACK, which is limited (RFC 5961)
  repeat_syn_ack,    ///< the SYN that opened it came again
  repeat_fin_ack,    ///< TIME-WAIT: the FIN came again; 2 MSL start anew
  reset_peer,        ///< answered with <SEQ=SEG.ACK><CTL=RST>
  reset_connection,  ///< the peer's RST is believed
  back_to_listen,    ///< a half-open entry goes, its listener stays
};

/// The outcome of a step: what next, and why.
struct Verdict {
  Next next = Next::proceed;
  Reason why = Reason::seq_out_of_window;
  [[nodiscard]] bool proceeds() const noexcept { return next == Next::proceed; }
};

}  // namespace bowline::inline v0::tcp
