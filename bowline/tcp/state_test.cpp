#include "bowline/tcp/state.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <utility>

namespace bowline::tcp {
namespace {

using enum State;

constexpr std::array<State, kStateCount> kAll{closed,      listen,     syn_sent,   syn_received,
                                              established, fin_wait_1, fin_wait_2, close_wait,
                                              closing,     last_ack,   time_wait};

// The arrows of RFC 9293 figure 5 and its notes, written from the RFC's text; RST, ABORT and
// timeouts lead to CLOSED from everywhere.
const std::set<std::pair<State, State>> kFigure5{
    {closed, listen},             // passive OPEN
    {closed, syn_sent},           // active OPEN
    {listen, syn_received},       // rcv SYN
    {listen, syn_sent},           // SEND
    {syn_sent, syn_received},     // rcv SYN: simultaneous open
    {syn_sent, established},      // rcv SYN,ACK
    {syn_received, established},  // rcv ACK of SYN
    {syn_received, fin_wait_1},   // CLOSE
    {syn_received, close_wait},   // 3.10.7.4 eighth: FIN with the ACK
    {syn_received, listen},       // note 1: RST to a passive open
    {established, fin_wait_1},    // CLOSE
    {established, close_wait},    // rcv FIN
    {fin_wait_1, fin_wait_2},     // rcv ACK of FIN
    {fin_wait_1, closing},        // rcv FIN
    {fin_wait_1, time_wait},      // note 2: FIN that acknowledges ours
    {fin_wait_2, time_wait},      // rcv FIN
    {close_wait, last_ack},       // CLOSE
    {closing, time_wait},         // rcv ACK of FIN
    // Bowline's own: a half-open entry begins where nothing was, and MAY-2.
    {closed, syn_received},
    {time_wait, syn_received},
};

TEST(State, WaysAreThoseOfFigure5) {
  for (const State from : kAll) {
    for (const State to : kAll) {
      const bool expected = to == closed || kFigure5.contains({from, to});
      EXPECT_EQ(is_legal_transition(from, to), expected) << name(from) << " -> " << name(to);
    }
  }
}

// RFC 9293 3.3.2 note: FIN-WAIT-1 waits for the peer's FIN or for the ACK of its own, FIN-WAIT-2
// for the FIN alone. (The document says that both wait for the FIN.)
TEST(State, K67_FinWait1WaitsForFinOrAck) {
  EXPECT_TRUE(is_legal_transition(fin_wait_1, fin_wait_2));
  EXPECT_TRUE(is_legal_transition(fin_wait_1, closing));
  EXPECT_TRUE(is_legal_transition(fin_wait_2, time_wait));
  EXPECT_FALSE(is_legal_transition(fin_wait_2, closing));
}

// The document counts six and leaves out CLOSING; CLOSED, where all of them lead, makes seven.
TEST(State, K70_ClosingIsAmongThem) {
  int states = 0;
  for (const State state : kAll) {
    if (has_closed(state) || peer_has_closed(state)) ++states;
  }
  EXPECT_EQ(states, 6) << "FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT";
}

TEST(State, NamesAreTheRfcs) {
  EXPECT_EQ(name(syn_received), "SYN-RECEIVED");
  EXPECT_EQ(name(fin_wait_1), "FIN-WAIT-1");
  EXPECT_EQ(name(close_wait), "CLOSE-WAIT");
  EXPECT_EQ(name(static_cast<State>(99)), "?");
  std::set<std::string_view> names;
  for (const State state : kAll) names.insert(name(state));
  EXPECT_EQ(names.size(), kAll.size());
}

// RFC 9293 3.5.2, group 3.
TEST(State, SynchronizedFromEstablishedOn) {
  for (const State state : {closed, listen, syn_sent, syn_received}) {
    EXPECT_FALSE(is_synchronized(state)) << name(state);
  }
  for (const State state :
       {established, fin_wait_1, fin_wait_2, close_wait, closing, last_ack, time_wait}) {
    EXPECT_TRUE(is_synchronized(state)) << name(state);
  }
}

// RFC 9293 3.10.2: SEND queues or sends in these states and is an error in all others.
TEST(State, SendIsForFourStates) {
  for (const State state : kAll) {
    const bool expected =
        state == syn_sent || state == syn_received || state == established || state == close_wait;
    EXPECT_EQ(can_queue_data(state), expected) << name(state);
  }
}

}  // namespace
}  // namespace bowline::tcp
