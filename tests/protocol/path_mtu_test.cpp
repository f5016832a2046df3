// Path-MTU probing in TCP: RFC 4821 section 7.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// Section 7.7: "full stop timeout": after three timeouts in a row packets become small, those that
// are sent again as well; what was larger is tried again when something arrives.
SCRIPT(PathMtu, TimeoutAfterTimeoutPacketsBecomeSmaller) {
  open_with_a_sample();
  const std::uint32_t small = variant().family == Family::ipv4 ? 1'240 : 1'220;  // 1280 in all
  app.writes(1'460);
  expect("P. 101:1561(1460) ack 1"_seg);
  after(200ms);
  skip_sent();
  lets_pass(400ms);
  skip_sent();
  lets_pass(800ms);
  const SentPacket smaller = take_sent();
  expect_equal(static_cast<std::uint32_t>(smaller.payload().size()), small, "bytes of data");
  expect_equal(view().snd_mss, small, "SND.MSS");
  expect_count(Reason::path_mtu_black_hole, 1);
}

// What vanishes is small already: it is not the size.
SCRIPT(PathMtu, SmallSegmentsThatVanishSayNothing) {
  open_with_a_sample();
  app.writes(100);
  expect("P. 101:201(100) ack 1"_seg);
  for (const Duration wait : {200ms, 400ms, 800ms, 1600ms}) {
    lets_pass(wait);
    skip_sent();
  }
  expect_equal(view().snd_mss, 1'460U, "SND.MSS");
  expect_count(Reason::path_mtu_black_hole, 0);
}

SCRIPT(PathMtu, OffItStaysAsItIs) {
  config.tcp.mtu_probing = tcp::MtuProbing::off;
  open_with_a_sample();
  app.writes(1'460);
  expect("P. 101:1561(1460) ack 1"_seg);
  for (const Duration wait : {200ms, 400ms, 800ms, 1600ms}) {
    lets_pass(wait);
    skip_sent();
  }
  expect_equal(view().snd_mss, 1'460U, "SND.MSS");
}

}  // namespace bowline::test
