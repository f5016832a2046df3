// The SYN queue and the accept queue: RFC 4987, RFC 9293 section 3.10.7.2. REQUIREMENTS A8: both
// bounded and observable.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

namespace {

ListenerView view_of(Script& script, const Socket& listener) {
  const auto view = script.stack().inspect_listener(listener.handle());
  if (!view) script.fail("inspect_listener", Where::current());
  return *view;
}

}  // namespace

// K99: between SYN-ACK and ACK the entry is in the SYN queue; then in the accept queue until it is
// accepted.
SCRIPT(ListenerQueues, K99_AnEntryGoesFromOneToTheOther) {
  listener.listens();
  expect_equal(view_of(*this, listener).half_open, 0U, "half-open at first");
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  expect_equal(view_of(*this, listener).half_open, 1U, "half-open after the SYN");
  expect_equal(view_of(*this, listener).accept_queue, 0U, "to accept after the SYN");
  peer.sends(". 1:1(0) ack 1"_seg);
  expect_equal(view_of(*this, listener).half_open, 0U, "half-open after the ACK");
  expect_equal(view_of(*this, listener).accept_queue, 1U, "to accept after the ACK");
  app.accepts(listener);
  expect_equal(view_of(*this, listener).accept_queue, 0U, "to accept after accept");
  expect_equal(view_of(*this, listener).accepted, 1U, "accepted");
}

// A18, RFC 4987 section 3.3: the fuller the queue, the sooner its entries go. From the half on
// there is one repeat, with three quarters none.
SCRIPT(ListenerQueues, K103_UnderPressureEntriesAreGivenLessTime) {
  ListenOptions options;
  options.syn_backlog = 16;
  listener.listens(options);
  const auto ask = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      Peer& forged = add_peer(static_cast<std::uint16_t>(41'000 + i));
      forged.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
      expect(forged, "S. 0:0(0) ack 1"_seg);
    }
  };
  ask(0, 8);
  lets_pass(1500ms);  // all repeated once
  skip_sent();
  expect_equal(view_of(*this, listener).half_open, 8U, "half full, after one repeat");
  lets_pass(2s);
  expect_equal(view_of(*this, listener).half_open, 7U, "one has gone, and the rest is fewer");
  skip_sent();
  ask(8, 14);
  lets_pass(1500ms);
  expect_equal(view_of(*this, listener).half_open, 11U, "two have gone unrepeated");
  skip_sent();
}

// Without cookies a full SYN queue drops further SYNs (counted); the peer repeats them.
SCRIPT(ListenerQueues, AFullSynQueueDropsSyns) {
  config.tcp.syn_cookies = tcp::SynCookies::never;
  ListenOptions options;
  options.syn_backlog = 2;
  listener.listens(options);
  Peer* const peers[] = {&peer, &add_peer(40'001), &add_peer(40'002)};
  for (int i = 0; i < 2; ++i) {
    peers[i]->sends("S 0:0(0) win 65535 <mss 1460>"_seg);
    expect(*peers[i], "S. 0:0(0) ack 1"_seg);
  }
  peers[2]->sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect_nothing();
  expect_equal(view_of(*this, listener).half_open, 2U, "half-open");
  expect_equal(view_of(*this, listener).half_open_limit, 2U, "their limit");
  expect_true(view_of(*this, listener).overflows >= 1, "the overflow is counted");
  // Room again: the repeated SYN is served.
  peers[0]->sends(". 1:1(0) ack 1"_seg);
  peers[2]->sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect(*peers[2], "S. 0:0(0) ack 1"_seg);
}

// A full accept queue drops the final ACK; what follows from the peer is served when there is room.
SCRIPT(ListenerQueues, AFullAcceptQueueDropsTheFinalAck) {
  ListenOptions options;
  options.backlog = 1;
  listener.listens(options);
  Peer& other = add_peer(40'001);
  Socket second(*this);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  other.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect(other, "S. 0:0(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1"_seg);
  other.sends(". 1:1(0) ack 1"_seg);
  expect_nothing();
  expect_state(other, State::syn_received);
  expect_equal(view_of(*this, listener).overflows, 1U, "the overflow is counted");
  expect_count(Reason::accept_queue_full, 1);
  // What it sends meanwhile is dropped as well, and no reason to reset it.
  other.sends("P. 1:6(5) ack 1"_seg);
  expect_nothing();
  // Nor is a handshake begun that could not be finished.
  Peer& third = add_peer(40'002);
  third.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect_nothing();
  expect_equal(view_of(*this, listener).overflows, 3U, "each is counted once");
  app.accepts(listener);
  after(1s);
  expect(other, "S. 0:0(0) ack 1"_seg);  // repeated, so that the peer repeats its ACK
  other.sends(". 1:1(0) ack 1"_seg);
  second.accepts(listener);
  expect_state(other, State::established);
}

// One SYN that finds both queues full is one overflow.
SCRIPT(ListenerQueues, BothQueuesFullIsOneOverflow) {
  ListenOptions options;
  options.backlog = 1;
  options.syn_backlog = 1;
  listener.listens(options);
  Peer& other = add_peer(40'001);
  Peer& third = add_peer(40'002);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  other.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect(other, "S. 0:0(0) ack 1"_seg);  // a cookie
  expect_equal(view_of(*this, listener).overflows, 1U, "the SYN queue is full");
  other.sends(". 1:1(0) ack 1"_seg);
  expect_equal(view_of(*this, listener).accept_queue, 1U, "and now the accept queue is, too");
  third.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect_nothing();
  expect_equal(view_of(*this, listener).overflows, 2U, "one more");
}

// RFC 9293 3.10.7.4 fourth: a SYN in the window takes a passive open back to LISTEN. It is no reset
// and not counted as one.
SCRIPT(ListenerQueues, ASynInTheWindowIsNoReset) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends("S 100:100(0) win 65535 <mss 1460>"_seg);
  expect_nothing();
  expect_equal(view_of(*this, listener).half_open, 0U, "half-open");
  expect_count(Reason::syn_in_window, 1);
  expect_count(Reason::state_reset_received, 0);
}

// Connections are accepted in the order in which they were established.
SCRIPT(ListenerQueues, FirstEstablishedFirstAccepted) {
  listener.listens();
  Peer& other = add_peer(40'001);
  Socket second(*this);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  other.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect(other, "S. 0:0(0) ack 1"_seg);
  other.sends("P. 1:6(5) ack 1"_seg, "other");
  peer.sends("P. 1:6(5) ack 1"_seg, "first");
  second.accepts(listener);
  second.reads("other");
  app.accepts(listener);
  app.reads("first");
  lets_pass(40ms);
  skip_sent();
}

// A connection that ends before it is accepted leaves the queue, or is handed over with its end.
SCRIPT(ListenerQueues, AResetBeforeAcceptIsNoHarm) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1"_seg);
  peer.sends("R 1:1(0)"_seg);
  expect_state(State::closed);
  const auto accepted = stack().accept(listener.handle(), now());
  if (accepted) {
    Bytes to(1);
    const auto read = stack().read(*accepted, to, now());
    expect_true(!read, "reading fails");
    expect_true(stack().close(*accepted, now()).has_value(), "closing works");
  }
  drain();
  expect_nothing();
  listener.has_nothing_to_accept();
}

// RFC 9293 3.10.4 (LISTEN): closing the listener resets what nobody has accepted; accepted ones
// live on.
SCRIPT(ListenerQueues, ClosingTheListenerResetsWhatNobodyAccepted) {
  open_passively();
  Peer& other = add_peer(40'001);
  other.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect(other, "S. 0:0(0) ack 1"_seg);
  other.sends(". 1:1(0) ack 1"_seg);
  listener.closes();
  const SentPacket reset = take_sent();
  expect_true(reset.tcp->header.has(wire::kRst), "a RST");
  expect_equal(reset.tcp->header.destination_port, other.port(), "to the one in the queue");
  expect_state(other, State::closed);
  expect_state(State::established);
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
}

// A3: many connections share one listening port.
SCRIPT(ListenerQueues, K8_ManyConnectionsShareOnePort) {
  listener.listens();
  for (std::uint16_t port = 41'000; port < 41'020; ++port) {
    Peer& each = add_peer(port);
    each.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
    expect(each, "S. 0:0(0) ack 1"_seg);
    each.sends(". 1:1(0) ack 1"_seg);
    expect_state(each, State::established);
  }
  expect_equal(view_of(*this, listener).accept_queue, 20U, "to accept");
}

// Limits::half_open bounds all listeners together; Limits::connections the connections.
SCRIPT(ListenerQueues, TheStacksLimitHoldsToo) {
  config.tcp.syn_cookies = tcp::SynCookies::never;
  config.limits.half_open = 1;
  listener.listens();
  Peer& other = add_peer(40'001);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  other.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect_nothing();
  peer.sends(". 1:1(0) ack 1"_seg);
  other.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect(other, "S. 0:0(0) ack 1"_seg);
}

}  // namespace bowline::test
