#include "bowline/tcp/window.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "bowline/base/random.hpp"

namespace bowline::tcp {
namespace {

// A receiver whose application reads when it is told to.
class WindowTest : public ::testing::Test {
 protected:
  WindowTest() {
    settings_.receive_buffer = 10'000;
    c_.state = State::established;
    c_.rcv_mss = 1'000;
    c_.rcv_nxt = c_.rcv_edge = SeqNumber(0xffff'f000);  // the numbers wrap
    EXPECT_TRUE(c_.transfer.ensure(heap_memory(), heap_memory(), limits_, nullptr, 1U));
  }

  void arrives(std::uint32_t count) {
    const std::vector<std::byte> bytes(count);
    ASSERT_EQ(c_.transfer->received.place(c_.rcv_nxt, pool_->copy(bytes), c_.rcv_nxt, *pool_),
              Placed::in_order);
    c_.rcv_nxt += count;
  }
  void reads(std::uint32_t count) {
    std::vector<std::byte> bytes(count);
    ASSERT_EQ(c_.transfer->received.read(bytes), count);
  }
  // An ACK goes out: what the peer then thinks the window is.
  std::uint32_t announces() {
    const Announcement window = announce_window(c_, settings_, false);
    EXPECT_TRUE(at_or_after(window.edge, c_.rcv_edge)) << "SHLD-14";
    c_.rcv_edge = window.edge;
    return std::uint32_t{window.field} << c_.rcv_shift;
  }

  Limits limits_;
  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 1U << 26)};
  Settings settings_ = Settings::of(Profile::rfc);
  Connection c_;
};

TEST_F(WindowTest, OffersTheWholeBufferAtFirst) { EXPECT_EQ(announces(), 10'000U); }

// RFC 9293 3.8.6 SHLD-14: what was announced stays announced, whether it is read or not.
TEST_F(WindowTest, RightEdgeStaysWhileNothingIsRead) {
  announces();
  for (std::uint32_t left = 9'000; left > 0; left -= 1'000) {
    arrives(1'000);
    EXPECT_EQ(announces(), left);
  }
}

// ... and a receive buffer that was made smaller takes nothing back.
TEST_F(WindowTest, SmallerBufferTakesNothingBack) {
  announces();
  settings_.receive_buffer = 100;
  EXPECT_EQ(announces(), 10'000U);
  arrives(4'000);
  EXPECT_EQ(announces(), 6'000U);
}

// RFC 9293 3.8.6.2.2 MUST-39: the edge moves by min(half the buffer, a segment) or not at all.
TEST_F(WindowTest, EdgeMovesInStepsThatAreWorthASegment) {
  announces();
  arrives(10'000);
  EXPECT_EQ(announces(), 0U);
  reads(999);
  EXPECT_EQ(announces(), 0U);
  reads(1);
  EXPECT_EQ(announces(), 1'000U);
}

TEST_F(WindowTest, HalfOfASmallBufferIsWorthIt) {
  settings_.receive_buffer = 600;
  announces();
  arrives(600);
  announces();
  reads(299);
  EXPECT_EQ(announces(), 0U);
  reads(1);
  EXPECT_EQ(announces(), 300U);
}

// RFC 7323 2.2: the window field of a SYN is not scaled.
TEST_F(WindowTest, SynIsNotScaled) {
  settings_.receive_buffer = 1U << 20;
  c_.rcv_shift = 5;
  const Announcement syn = announce_window(c_, settings_, true);
  EXPECT_EQ(syn.field, 0xffff);
  EXPECT_EQ(distance(c_.rcv_nxt, syn.edge), 0xffffU);
  EXPECT_EQ(announces(), 1U << 20);
}

// RFC 7323 2.4: rounding down would make the edge go back a little with each byte that arrives.
TEST_F(WindowTest, RoundingNeverTakesAnythingBack) {
  c_.rcv_shift = 7;
  settings_.receive_buffer = 1U << 20;
  announces();
  Random random(1);
  std::uint32_t unread = 0;
  for (int i = 0; i < 5'000; ++i) {
    const auto count = static_cast<std::uint32_t>(random.below(1'500)) + 1;
    if (count <= c_.rcv_wnd()) {
      arrives(count);
      unread += count;
    }
    if (random.below(2) == 0) {
      const auto much = static_cast<std::uint32_t>(random.below(unread + 1));
      reads(much);
      unread -= much;
    }
    announces();  // checks the edge
    EXPECT_LE(c_.readable() + c_.rcv_wnd(), settings_.receive_buffer + 128)
        << "no more than a unit above the buffer";
  }
}

// ... but not at each segment anew: a peer that sends byte by byte to an application that does not
// read would never see the window close.
TEST_F(WindowTest, RoundingUpDoesNotKeepTheWindowOpen) {
  c_.rcv_shift = 7;
  settings_.receive_buffer = 100'000;
  c_.rcv_mss = 100;
  std::uint32_t received = 0;
  for (announces(); c_.rcv_wnd() > 0 && received < 200'000; ++received) {
    arrives(1);
    const SeqNumber seen = c_.rcv_nxt + announces();
    EXPECT_LT(std::abs(seen - c_.rcv_edge), 128) << "less than a unit is swallowed";
  }
  EXPECT_GE(received, 100'000U);
  EXPECT_LE(received, 100'000U + 128);
}

// RFC 9293 3.8.6: a field that scaling cannot say is said as far as it goes.
TEST_F(WindowTest, WithoutScalingThereAre64KiB) {
  settings_.receive_buffer = 1U << 20;
  EXPECT_EQ(announces(), 0xffffU);
}

// A segment of its own for the window, when the peer waits for it; not for every read.
TEST_F(WindowTest, UpdateIsDueWhenThePeerWaits) {
  announces();
  arrives(10'000);
  announces();
  EXPECT_FALSE(window_update_due(c_, settings_));
  reads(999);
  EXPECT_FALSE(window_update_due(c_, settings_));
  reads(1);
  EXPECT_TRUE(window_update_due(c_, settings_));
  announces();
  EXPECT_FALSE(window_update_due(c_, settings_));
}

TEST_F(WindowTest, NoUpdateWhileHalfIsOpen) {
  announces();
  arrives(5'000);
  announces();
  reads(5'000);
  EXPECT_FALSE(window_update_due(c_, settings_));
}

TEST_F(WindowTest, NoUpdateAfterThePeersFin) {
  announces();
  arrives(10'000);
  announces();
  c_.fin_received = true;
  reads(10'000);
  EXPECT_FALSE(window_update_due(c_, settings_));
}

}  // namespace
}  // namespace bowline::tcp
