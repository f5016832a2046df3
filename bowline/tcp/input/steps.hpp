#pragma once

// The steps that judge a segment, RFC 9293 section 3.10.7.4 in its order. Each looks at a view of
// the control block and at the segment, changes neither, and says what is next. (The third step,
// security compartments, is not implemented by anybody: appendix A.1.)

#include "bowline/tcp/ablation.hpp"
#include "bowline/tcp/input/tcb_view.hpp"
#include "bowline/tcp/segment.hpp"

namespace bowline::inline v0::tcp {

/// Before the first step: protection against wrapped sequence numbers (RFC 7323 section 5.3, R1).
[[nodiscard]] Verdict check_timestamps(const TcbView& tcb, const Segment& segment, Time now,
                                       Ablation ablation = {}) noexcept;

/// First: the sequence number (with the zero-window allowance of MUST-66).
[[nodiscard]] Verdict check_sequence(const TcbView& tcb, const Segment& segment,
                                     Ablation ablation = {}) noexcept;

/// Second: the RST bit (RFC 5961 section 3, RFC 1337).
[[nodiscard]] Verdict check_reset(const TcbView& tcb, const Segment& segment,
                                  Ablation ablation = {}) noexcept;

/// Fourth: the SYN bit (RFC 5961 section 4).
[[nodiscard]] Verdict check_syn(const TcbView& tcb, const Segment& segment,
                                Ablation ablation = {}) noexcept;

/// Fifth, first half: may the ACK be believed (RFC 5961 section 5)?
[[nodiscard]] Verdict check_ack(const TcbView& tcb, const Segment& segment) noexcept;

/// All of these in order; the first that does not proceed decides.
[[nodiscard]] Verdict check_segment(const TcbView& tcb, const Segment& segment, Time now,
                                    Ablation ablation = {}) noexcept;

}  // namespace bowline::inline v0::tcp
