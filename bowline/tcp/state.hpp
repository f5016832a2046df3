#pragma once

// The states of a connection (RFC 9293 section 3.3.2, figure 5) and the table of legal ways between
// them.

#include <cstdint>
#include <string_view>

namespace bowline::inline v0::tcp {

/// A connection's state. CLOSED means that there is no control block (RFC 9293 section 3.3.2).
enum class State : std::uint8_t {
  closed,
  listen,
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait,
};

/// The number of states.
inline constexpr std::uint8_t kStateCount = 11;

/// As the RFC spells it: "SYN-RECEIVED".
[[nodiscard]] std::string_view name(State state) noexcept;

/// May a connection go from `from` to `to` in one event? RFC 9293 figure 5 with its notes, and
/// every state to CLOSED by reset, abort or timeout.
[[nodiscard]] bool is_legal_transition(State from, State to) noexcept;

/// ESTABLISHED or later: both sides have confirmed each other's numbers (RFC 9293 section 3.5.2,
/// group 3).
[[nodiscard]] constexpr bool is_synchronized(State state) noexcept {
  return state >= State::established;
}

/// May the application still give data to send? (the states in which SEND queues, RFC 9293
/// section 3.10.2)
[[nodiscard]] constexpr bool can_queue_data(State state) noexcept {
  return state == State::syn_sent || state == State::syn_received || state == State::established ||
         state == State::close_wait;
}

/// Has the application said that it has finished, so that a FIN is queued or sent?
[[nodiscard]] constexpr bool has_closed(State state) noexcept {
  return state == State::fin_wait_1 || state == State::fin_wait_2 || state == State::closing ||
         state == State::last_ack || state == State::time_wait;
}

/// Has the peer's FIN come?
[[nodiscard]] constexpr bool peer_has_closed(State state) noexcept {
  return state == State::close_wait || state == State::closing || state == State::last_ack ||
         state == State::time_wait;
}

}  // namespace bowline::inline v0::tcp
