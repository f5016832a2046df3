// The maximum segment size: RFC 9293 section 3.7.1, RFC 6691.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// MUST-14, MUST-67: announced on every SYN: the MTU less fixed IP and TCP headers.
// SHLD-5 SHLD-6 MUST-65
SCRIPT(Mss, IsTheMtuLessTheFixedHeaders) {
  mtu = 1'400;
  const std::uint16_t expected = our_address().is_v4() ? 1'360 : 1'340;
  app.connects();
  const auto said = take_sent().tcp->options.mss;
  expect_true(said.has_value(), "an MSS option on the SYN");
  expect_equal(*said, expected, "the MSS");
  app.closes();
  listener.listens();
  peer.reincarnates(1'000);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  const auto answered = take_sent().tcp->options.mss;
  expect_true(answered.has_value(), "an MSS option on the SYN-ACK");
  expect_equal(*answered, expected, "the MSS");
}

// MUST-15: without the option: 536 (IPv4), 1220 (IPv6).
SCRIPT(Mss, WithoutTheOptionItIsTheDefault) {
  const std::uint32_t expected = our_address().is_v4() ? 536 : 1'220;
  open_actively("S. 0:0(0) ack 1 win 65535"_seg);
  app.writes(3'000);
  expect_equal(take_sent().tcp->payload_size, expected, "a full segment");
  skip_sent();
}

// MUST-16: the least of the peer's and what our own MTU admits.
SCRIPT(Mss, OurOwnMtuBoundsItToo) {
  mtu = 1'300;
  const std::uint32_t expected = our_address().is_v4() ? 1'260 : 1'240;
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  app.writes(3'000);
  expect_equal(take_sent().tcp->payload_size, expected, "a full segment");
  skip_sent();
}

// RFC 6691: options count against the data: 12 bytes of timestamps.
// MUST-16
SCRIPT(Mss, OptionsCountAgainstTheData) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,TS val 100 ecr 0>"_seg);
  app.writes(3'000);
  const SentPacket full = take_sent();
  if (full.tcp->options.timestamps) {
    expect_equal(full.tcp->payload_size, 1'448U, "a full segment with timestamps");
  } else {
    expect_equal(full.tcp->payload_size, 1'460U, "a full segment");
  }
  skip_sent();
}

// A peer that announces next to nothing would make us send a header for every byte
// (CVE-2019-11479): the MSS is raised to 48, options not counted.
SCRIPT(Mss, ATinyOneIsRaised) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1>"_seg);
  app.writes(1'000);
  forget_broken_rule();  // more than the peer's MSS, deliberately
  expect_true(take_sent().tcp->payload_size >= 36, "a segment worth its headers");
  skip_sent();
}

// A socket may ask for less.
SCRIPT(Mss, ASocketMayAskForLess) {
  tcp::SocketOptions options;
  options.mss = 1'000;
  app.connects(options);
  const auto said = take_sent().tcp->options.mss;
  expect_true(said.has_value(), "an MSS option");
  expect_equal(*said, std::uint16_t{1'000}, "the MSS");
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.writes(3'000);
  expect(". 1:1001(1000) ack 1"_seg);
  expect(". 1001:2001(1000) ack 1"_seg);
  expect("P. 2001:3001(1000) ack 1"_seg);
}

// MUST-6, MUST-7: unknown options are skipped, malformed ones end the segment, and nobody crashes.
// MUST-5 MUST-68
SCRIPT(Mss, UnknownOptionsAreSkipped) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <bytes fd04abcd,mss 1000>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1"_seg);
  app.accepts(listener);
  app.writes(1'500);
  expect(". 1:1001(1000) ack 1"_seg);
  expect_nothing();
}

// MUST-7
SCRIPT(Mss, MalformedOptionsAreDropped) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <bytes 02000000>"_seg);
  peer.sends("S 0:0(0) win 65535 <bytes 02ff05b4>"_seg);
  expect_nothing();
  expect_count(Reason::tcp_bad_option, 2);
  expect_equal(stack().usage().half_open, 0U, "half-open entries");
}

}  // namespace bowline::test
