// Data on a SYN: RFC 9293 sections 3.5, 3.10.7.2, 3.10.7.3. REQUIREMENTS A4.
//
// The documented rule: what comes on a SYN is not kept (reason syn_data_refused); the peer sends it
// again once the connection stands. It is never delivered before ESTABLISHED and never lost.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

SCRIPT(SynData, K36_DataOnASynIsLegalAndNotLost) {
  listener.listens();
  peer.sends("S 0:5(5) win 65535 <mss 1460>"_seg, "hello");
  const SentPacket syn_ack = take_sent();
  expect_equal(syn_ack.tcp->header.flags, std::uint16_t{wire::kSyn | wire::kAck}, "the answer");
  const std::uint32_t acked = distance(peer.iss(), syn_ack.tcp->header.ack);
  expect_equal(acked, 1U, "what it acknowledges: the SYN alone");
  listener.has_nothing_to_accept();
  peer.sends("P. 1:6(5) ack 1"_seg, "hello");
  app.accepts(listener);
  app.reads("hello");
  app.reads_nothing();
  after(40ms);
  expect(". 1:1(0) ack 6"_seg);
}

SCRIPT(SynData, K36_DataOnASynAckIsLegalAndNotLost) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("S. 0:5(5) ack 1 win 65535 <mss 1460>"_seg, "hello");
  const SentPacket ack = take_sent();
  const std::uint32_t acked = distance(peer.iss(), ack.tcp->header.ack);
  expect_true(acked == 1 || acked == 6, "it acknowledges the SYN, or the SYN and the data");
  expect_state(State::established);
  if (acked == 1) {
    peer.sends("P. 1:6(5) ack 1"_seg, "hello");
    after(40ms);
    expect(". 1:1(0) ack 6"_seg);
  }
  app.reads("hello");
  app.reads_nothing();
}

// A FIN on a SYN is like data on it: it comes again.
SCRIPT(SynData, AFinOnASynIsNotLost) {
  listener.listens();
  peer.sends("SF 0:0(0) win 65535 <mss 1460>"_seg);
  if (skip_sent() == 0) {
    // Taken for a meaningless combination of flags and dropped (REQUIREMENTS A19: such SYNs are
    // scans).
    expect_equal(stack().usage().half_open, 0U, "half-open entries");
    return;
  }
  expect_state(State::syn_received);
  peer.sends(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
  peer.sends("F. 1:1(0) ack 1"_seg);
  expect(". 1:1(0) ack 2"_seg);
  expect_state(State::close_wait);
}

}  // namespace bowline::test
