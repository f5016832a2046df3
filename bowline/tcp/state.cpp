#include "bowline/tcp/state.hpp"

#include <array>

namespace bowline::inline v0::tcp {
namespace {

constexpr std::array<std::string_view, kStateCount> kNames{
    "CLOSED",     "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
    "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT"};

constexpr std::uint16_t bit(State state) noexcept {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(state));
}

template <class... S>
constexpr std::uint16_t any_of(S... states) noexcept {
  return static_cast<std::uint16_t>((0 | ... | bit(states)));
}

using enum State;

// RFC 9293 figure 5, a row for each state: where it may go. Every state may also go to CLOSED.
constexpr std::array<std::uint16_t, kStateCount> kWays{
    any_of(listen, syn_sent, syn_received),  // CLOSED: opens (SYN-RECEIVED: a record of its own)
    any_of(syn_sent, syn_received),          // LISTEN
    any_of(syn_received, established),       // SYN-SENT
    any_of(established, fin_wait_1, close_wait,
           listen),                  // SYN-RECEIVED; LISTEN: the entry goes, the listener stays
    any_of(fin_wait_1, close_wait),  // ESTABLISHED
    any_of(fin_wait_2, closing, time_wait),  // FIN-WAIT-1 (note 2: straight to TIME-WAIT)
    any_of(time_wait),                       // FIN-WAIT-2
    any_of(last_ack),                        // CLOSE-WAIT
    any_of(time_wait),                       // CLOSING
    any_of(),                                // LAST-ACK
    any_of(syn_received),                    // TIME-WAIT: reopened by a newer SYN (MAY-2)
};

}  // namespace

std::string_view name(State state) noexcept {
  const auto index = static_cast<std::size_t>(state);
  return index < kNames.size() ? kNames[index] : std::string_view("?");
}

bool is_legal_transition(State from, State to) noexcept {
  return to == closed || (kWays[static_cast<std::size_t>(from)] & bit(to)) != 0;
}

}  // namespace bowline::inline v0::tcp
