// Window scaling: RFC 7323 section 2.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// RFC 7323 2.2, 2.3: offered on our SYN; with a shift by which the whole buffer can be said.
SCRIPT(WindowScale, IsOfferedForTheWholeBuffer) {
  config.tcp.receive_buffer = 1U << 20;
  app.connects();
  const SentPacket syn = take_sent();
  expect_true(syn.tcp->options.window_scale.has_value(), "the option on the SYN");
  const std::uint32_t most = 65'535U << *syn.tcp->options.window_scale;
  expect_true(most >= (1U << 20), "the whole buffer can be said");
  // 2.2: "The window field in a segment where the SYN bit is set MUST NOT be scaled."
  expect_equal(syn.tcp->header.window, 65'535, "the window of the SYN");
}

// 2.2: a SYN-ACK has it only if the SYN had.
// 7323-2.2a
SCRIPT(WindowScale, IsNotAnsweredUnasked) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  const SentPacket syn_ack = take_sent();
  expect_true(!syn_ack.tcp->options.window_scale.has_value(), "no option on the SYN-ACK");
  peer.sends(". 1:1(0) ack 1 win 1000"_seg);
  expect_equal(view().snd_wnd, 1'000U, "SND.WND");
  expect_true(!view().window_scaling, "window scaling is off");
}

// 2.3: the peer's windows are shifted by its shift, but for those on a SYN.
// 7323-2.3b REC-1
SCRIPT(WindowScale, ThePeersWindowsAreShifted) {
  open_actively("S. 0:0(0) ack 1 win 1000 <mss 1000,nop,wscale 3>"_seg);
  expect_equal(view().snd_wnd, 1'000U, "SND.WND from the SYN-ACK");
  peer.sends(". 1:1(0) ack 1 win 1000"_seg);
  expect_equal(view().snd_wnd, 8'000U, "SND.WND from an ACK");
}

// 7323-2.3b
SCRIPT(WindowScale, OursAreShiftedToo) {
  config.tcp.receive_buffer = 1U << 20;
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 7>"_seg);
  const std::uint8_t shift = view().rcv_wind_shift;
  expect_true(shift >= 5, "a shift for a MiB");
  peer.sends("P. 1:11(10) ack 1"_seg);
  after(40ms);
  const SentPacket ack = take_sent();
  const std::uint32_t offered = std::uint32_t{ack.tcp->header.window} << shift;
  expect_true(offered > 65'535, "more than 64 KiB are offered");
  // Not more than there is, up to the grain of the shift: rounding down would shrink the window
  // (RFC 7323 2.4).
  expect_true(offered <= (1U << 20) - 10 + (1U << shift) - 1, "but not more than there is");
}

// The third segment of the handshake is already scaled.
// 7323-2.2b 7323-2.3b
SCRIPT(WindowScale, TheThirdSegmentIsScaled) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460,nop,wscale 4>"_seg);
  const SentPacket syn_ack = take_sent();
  expect_true(syn_ack.tcp->options.window_scale.has_value(), "the option on the SYN-ACK");
  peer.sends(". 1:1(0) ack 1 win 1000"_seg);
  expect_equal(view().snd_wnd, 16'000U, "SND.WND");
}

// 2.3: a shift above 14 counts as 14.
// 7323-2.3a
SCRIPT(WindowScale, MoreThan14CountsAs14) {
  open_actively("S. 0:0(0) ack 1 win 1000 <mss 1000,nop,wscale 15>"_seg);
  expect_equal(view().snd_wind_shift, 14, "the shift");
  peer.sends(". 1:1(0) ack 1 win 2"_seg);
  expect_equal(view().snd_wnd, 2U << 14, "SND.WND");
}

// A setting switches it off.
SCRIPT(WindowScale, CanBeSwitchedOff) {
  config.tcp.window_scaling = false;
  app.connects();
  expect_true(!take_sent().tcp->options.window_scale.has_value(), "no option on the SYN");
  peer.sends("S. 0:0(0) ack 1 win 1000 <mss 1000,nop,wscale 3>"_seg);
  expect(". 1:1(0) ack 1 win 65535"_seg);
  peer.sends(". 1:1(0) ack 1 win 1000"_seg);
  expect_equal(view().snd_wnd, 1'000U, "SND.WND");
}

}  // namespace bowline::test
