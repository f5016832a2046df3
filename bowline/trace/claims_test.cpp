// The claims of CLAIMS.md that a packet trace shows, on traces of the real stack. (K10, K135, K136:
// the golden traces; K27 to K66: the golden ladders.)

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "bowline/trace/ladder_text.hpp"
#include "bowline/trace/testing/watched_stacks.hpp"

namespace bowline::trace {
namespace {

using tcp::State;
using testing::Host;

class Claims : public testing::WatchedStacks {
 protected:
  // All segments that passed at `host`, in order.
  static std::vector<Segment> segments(const Host& host) {
    std::vector<Segment> all;
    for (const testing::Heard::Event& event : host.heard.events) {
      if (!event.is_frame) continue;
      if (const auto one = segment_of(take_apart(event.bytes, LinkKind::ip))) all.push_back(*one);
    }
    return all;
  }
  std::size_t seen() { return segments(client_).size(); }
};

// RFC 9293 sections 3.1 and 3.8.
TEST_F(Claims, K13_AfterTheFirstSynEverySegmentHasAck) {
  open();
  write(client_, client_socket_, 10'000);
  read_all(server_, server_socket_);
  write(server_, server_socket_, 10'000);
  EXPECT_TRUE(client_.stack.close(client_socket_, now_));
  settle();
  EXPECT_TRUE(server_.stack.close(server_socket_, now_));
  settle();
  finish();
  const std::vector<Segment> all = segments(client_);
  ASSERT_GT(all.size(), 7U);
  EXPECT_EQ(all[0].flags, wire::kSyn);
  for (const Segment& segment : std::span(all).subspan(1)) {
    EXPECT_TRUE(segment.has(wire::kAck)) << draw_text(client_.ladders.at(0));
  }
}

// The field has 16 bits and counts bytes, scaled but never in a SYN (RFC 7323 section 2.2); it
// follows the receiver's buffer; its right edge does not move back (SHLD-14), but for what a unit
// of the scale rounds off (RFC 7323 section 2.4).
TEST_F(Claims, K23_TheWindowFollowsTheReceiversBuffer) {
  open();
  constexpr std::uint32_t kUnread = 900'000;
  for (std::uint32_t sent = 0; sent < kUnread; sent += 100'000) {
    write(client_, client_socket_, 100'000);
    wait(5ms);   // what pacing held back
    wait(50ms);  // its delayed ACK
  }
  read_all(server_, server_socket_);
  finish();
  std::optional<std::uint8_t> shift;
  std::optional<SeqNumber> edge;
  std::vector<std::uint32_t> windows;
  for (const Segment& segment : segments(client_)) {
    if (segment.source.port != testing::kPort) continue;
    const bool syn = segment.has(wire::kSyn);
    if (syn) shift = segment.options.window_scale;
    ASSERT_TRUE(shift);
    const std::uint32_t unit = 1U << (syn ? 0U : *shift);
    const std::uint32_t window = segment.window * unit;
    const SeqNumber now_edge = segment.ack + window;
    EXPECT_TRUE(!edge || after(now_edge + unit, *edge)) << client_.trace.bytes();
    if (!edge || after(now_edge, *edge)) edge = now_edge;
    windows.push_back(window);
  }
  ASSERT_GT(windows.size(), 3U);
  EXPECT_EQ(windows[0], 65'535U);  // what fits in a SYN of the megabyte that there is
  const auto smallest = std::ranges::min_element(windows.begin() + 1, windows.end());
  EXPECT_LE(*smallest, (1U << 20U) - kUnread + (1U << *shift));
  EXPECT_GT(windows.back(), *smallest + kUnread / 2);  // read: open again
}

TEST_F(Claims, K28_TheHandshakeExchangesWindowsAndOptions) {
  open();
  finish();
  const std::string text = client_.trace.bytes();
  const std::string syn = text.substr(0, text.find('\n'));
  const std::string answer =
      text.substr(syn.size() + 1, text.find('\n', syn.size() + 1) - syn.size());
  EXPECT_NE(syn.find("Flags [S], "), std::string::npos) << text;
  EXPECT_NE(answer.find("Flags [S.], "), std::string::npos) << text;
  for (const std::string& line : {syn, answer}) {
    for (const std::string_view part : {"win 65535", "mss 1460", "sackOK", "TS val ", "wscale "}) {
      EXPECT_NE(line.find(part), std::string::npos) << part << ": " << line;
    }
  }
}

// The application on the passive side closes before the ACK goes: FIN and ACK are one segment,
// three close.
TEST_F(Claims, K71_ThreeSegmentsCloseWhenTheOtherSideHasFinishedToo) {
  open();
  const std::size_t before = seen();
  EXPECT_TRUE(client_.stack.close(client_socket_, now_));
  EXPECT_EQ(client_.stack.transmit(InterfaceId{0}, client_.capture, now_), 1U);
  std::array<Frame, 1> frames;
  ASSERT_EQ(server_.capture.receive(frames, server_.stack.pool(), now_), 1U);
  server_.stack.receive(InterfaceId{0}, frames, now_);
  EXPECT_TRUE(server_.stack.close(server_socket_, now_));
  settle();
  finish();
  const std::vector<Segment> all = segments(client_);
  ASSERT_EQ(all.size(), before + 3) << client_.trace.bytes();
  EXPECT_EQ(all[before + 1].flags, wire::kFin | wire::kAck);
  EXPECT_EQ(all[before + 1].ack, all[before].end());
  const std::vector<LadderEvent>& events = client_.ladders.at(0).events;
  EXPECT_EQ(events[before].left.state, State::fin_wait_1);
  EXPECT_EQ(events[before + 1].left.state, State::time_wait);
  EXPECT_EQ(events[before + 1].right.state, State::last_ack);
  EXPECT_EQ(events[before + 2].right.state, State::closed);
}

// RFC 9293 section 3.8.4: the probe has a number that has been acknowledged, which an ACK must
// answer.
TEST_F(Claims, K119_KeepaliveCostsAProbeAndAnAckForEachPeriod) {
  tcp::SocketOptions options;
  options.keepalive.enabled = true;
  open(options);
  settle();
  const std::size_t before = seen();
  wait(1h);
  EXPECT_EQ(seen(), before);  // not yet
  for (std::size_t period = 1; period <= 3; ++period) {
    wait(2h);
    const std::vector<Segment> all = segments(client_);
    ASSERT_EQ(all.size(), before + 2 * period) << client_.trace.bytes();
    const Segment& probe = all[all.size() - 2];
    const Segment& answer = all.back();
    EXPECT_EQ(probe.seq + 1, answer.ack);
    EXPECT_EQ(answer.numbers(), 0U);
  }
}

}  // namespace
}  // namespace bowline::trace
