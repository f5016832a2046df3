// Initial sequence numbers: RFC 9293 section 3.4.1. REQUIREMENTS A5.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// RFC 9293 3.4.1: ISN = M + F(addresses, ports, secret), M a clock of 4 microseconds.
SCRIPT(Isn, K54_TheIsnIsAClockPlusAKeyedHash) {
  our_isn.reset();
  app.connects();
  const SeqNumber first = take_sent().tcp->header.seq;
  app.aborts();
  skip_sent();
  idle(1s);
  peer.reincarnates(1'000'000);
  app.connects();
  const SeqNumber second = take_sent().tcp->header.seq;
  // A second of the clock, within a tick: the hash of the same four-tuple has not changed.
  const std::uint32_t ahead = distance(first, second);
  expect_true(ahead >= 249'999 && ahead <= 250'001, "250,000 numbers in a second");
}

SCRIPT(Isn, K54_AnotherSecretGivesAnotherIsn) {
  our_isn.reset();
  config.seed = {1, 2, 3, 4};
  StackConfig other = config;
  other.memory = nullptr;
  other.seed = {1, 2, 3, 5};
  app.connects();
  const SeqNumber ours = take_sent().tcp->header.seq;

  auto stranger = Stack::create(other);
  expect_true(stranger.has_value(), "a second stack");
  const auto interface = stranger->add_interface({});
  expect_true(interface.has_value(), "an interface for it");
  const Cidr cidr{our_address(), static_cast<std::uint8_t>(our_address().is_v4() ? 24 : 64)};
  expect_true(stranger->add_address(*interface, cidr).has_value(), "an address for it");
  ConnectOptions how;
  how.remote = {peer_address(), peer.port()};
  how.local = Endpoint{our_address(), kOurPort};
  const auto socket = stranger->connect(how, now());
  expect_true(socket.has_value(), "a connection of it");
  const auto theirs = stranger->inspect(*socket);
  expect_true(theirs.has_value(), "a view of that");
  // Equal by chance once in 2^32; the seeds are fixed, so this does not change from run to run.
  expect_true(theirs->iss != ours, "the ISN depends on the secret");
}

// Another four-tuple at the same instant has an unrelated number.
SCRIPT(Isn, K54_AnotherFourTupleGivesAnotherIsn) {
  Peer& other = add_peer(40'001);
  Socket second(*this);
  app.connects();
  const SeqNumber first = take_sent().tcp->header.seq;
  second.connects(other, {});
  const SeqNumber next = take_sent().tcp->header.seq;
  expect_true(distance(first, next) > 1'000'000 && distance(next, first) > 1'000'000,
              "the numbers of two connections lie far apart");
}

// Document 003's example: SYN 100; SYN-ACK 200, ack 101; ACK 201 with seq 101.
SCRIPT(Isn, K56_TheExampleWith100And200) {
  our_isn = 100;
  peer.begins_at(SeqNumber(200));
  app.connects();
  expect_equal(take_sent().tcp->header.seq, SeqNumber(100), "SYN 100");
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  const SentPacket third = take_sent();
  expect_equal(third.tcp->header.seq, SeqNumber(101), "seq of the ACK");
  expect_equal(third.tcp->header.ack, SeqNumber(201), "ack of the ACK");
}

}  // namespace bowline::test
