#pragma once

// A stack without one of its mechanisms, for experiments.
//
// Why does a handshake take three messages, and what is TIME-WAIT for? The honest answer is the
// same stack with that one mechanism taken out, beside the run with it in (REQUIREMENTS A24). So
// each mechanism that an experiment takes out has a name here, and the one function that holds it
// asks whether it is there. By default all are, and nothing public can change that: an Ablation
// other than the empty one is made by AblationKey alone (tcp/ablation_key.hpp), which is not
// installed and which tests/architecture/check.py lets tests, the model and the labs include,
// nobody else.

#include <cstdint>

namespace bowline::inline v0::tcp {

/// What can be taken out, and what is left then.
enum class Mechanism : std::uint8_t {
  retransmission,     ///< nothing is sent a second time (RFC 9293 3.8.1)
  sequence_numbers,   ///< bytes go up as they arrive (3.4, 3.10.7.4 seventh)
  checksum,           ///< a segment is believed as it comes (3.1, MUST-3)
  joined_syn_ack,     ///< an ACK, then the SYN (3.4.1: steps 2 and 3 apart)
  third_segment,      ///< the SYN alone makes a connection (3.4.1, 3.10.7.4 fifth)
  half_open_timeout,  ///< half-open entries never end (3.8.3)
  syn_ack_refusal,    ///< no RST to a SYN,ACK that nobody waits for (3.5 figure 8, 3.10.7.1)
  challenge_ack,      ///< RFC 793's rules for RST and SYN instead of RFC 5961's
  isn_hash,           ///< ISNs without F(tuple, secret): the clock alone (3.4.1, RFC 6528)
  isn_clock,          ///< ISNs without M: the same each time (3.4.1)
  paws,               ///< old timestamps are no reason to drop (RFC 7323 5.3)
  half_close,         ///< a FIN closes both directions (3.6)
  separate_fin_ack,   ///< a FIN is answered with FIN,ACK at once (3.6)
  closing_state,      ///< FINs that cross lead to TIME-WAIT, not to CLOSING (3.6 figure 13)
  time_wait,          ///< TIME-WAIT is over as soon as it begins (3.3.2, 3.6)
  flow_control,       ///< the peer's window is taken for the largest there is (3.8.6)
  window_probe,       ///< nothing is sent into a shut window (3.8.6.1, MUST-36)
  congestion_window,  ///< all the window at once, whatever is lost (3.8.2, RFC 5681)
  give_up,            ///< no limit R2: repeated for ever (3.8.3, MUST-20)
};

/// Which mechanisms a stack does without. As made: none.
class Ablation {
 public:
  constexpr Ablation() = default;

  /// Is `mechanism` taken out?
  [[nodiscard]] constexpr bool without(Mechanism mechanism) const noexcept {
    return (bits_ >> static_cast<unsigned>(mechanism) & 1U) != 0;
  }
  friend constexpr bool operator==(const Ablation&, const Ablation&) = default;

  template <class V>
  void visit(V& v) {
    v(bits_);
  }

 private:
  friend class AblationKey;
  std::uint32_t bits_ = 0;
};

}  // namespace bowline::inline v0::tcp
