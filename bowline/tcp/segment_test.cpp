#include "bowline/tcp/segment.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "bowline/tcp/input/steps.hpp"
#include "bowline/tcp/reply.hpp"

namespace bowline::tcp {
namespace {

Segment segment(std::uint16_t flags, std::uint32_t data_size = 0) {
  Segment segment;
  segment.seq = SeqNumber(0xffff'fffe);
  segment.ack = SeqNumber(500);
  segment.flags = flags;
  segment.data_size = data_size;
  return segment;
}

// RFC 9293 3.4: SYN and FIN use up one number each even without data, an ACK none.
TEST(Segment, K37_SynAndFinCountAnAckDoesNot) {
  EXPECT_EQ(segment(wire::kSyn).len(), 1U);
  EXPECT_EQ(segment(wire::kSyn | wire::kAck).len(), 1U);
  EXPECT_EQ(segment(wire::kFin | wire::kAck).len(), 1U);
  EXPECT_EQ(segment(wire::kSyn | wire::kFin, 10).len(), 12U);
  EXPECT_EQ(segment(wire::kAck | wire::kPsh).len(), 0U);
  EXPECT_EQ(segment(wire::kRst).len(), 0U);
  EXPECT_EQ(segment(wire::kAck, 10).len(), 10U);
}

// RFC 9293 3.4: the sequence number is that of the first byte of data; with SYN that stands one
// further.
TEST(Segment, K9_DataStartsAfterTheSyn) {
  EXPECT_EQ(segment(wire::kAck, 10).data_seq(), SeqNumber(0xffff'fffe));
  EXPECT_EQ(segment(wire::kSyn, 10).data_seq(), SeqNumber(0xffff'ffff));
}

// RFC 9293 3.10.7.1: the answer acknowledges SEG.SEQ + SEG.LEN, not SEG.SEQ + 1.
TEST(Segment, K14_ResetAcknowledgesAllOfIt) {
  const Reply bare = reset_for(segment(wire::kSyn), Reason::send_rst_closed);
  EXPECT_EQ(bare.ack, SeqNumber(0xffff'ffff));
  const Reply full = reset_for(segment(wire::kSyn | wire::kFin, 10), Reason::send_rst_closed);
  EXPECT_EQ(full.ack, SeqNumber(10)) << "over the wrap";
  EXPECT_EQ(full.seq, SeqNumber(0));
  EXPECT_EQ(full.flags, wire::kRst | wire::kAck);
}

// RFC 9293 3.10.7.1: with an ACK, <SEQ=SEG.ACK><CTL=RST>: only who sent that number can believe it.
TEST(Segment, ResetTakesItsNumberFromTheAck) {
  const Reply reset = reset_for(segment(wire::kAck, 10), Reason::send_rst_closed);
  EXPECT_EQ(reset.seq, SeqNumber(500));
  EXPECT_EQ(reset.flags, wire::kRst);
}

// RFC 9293 3.1: eight bits are assigned, and only SYN, ACK, FIN and RST have to do with states. The
// others change nothing of what the steps say, alone or together.
TEST(Segment, K16_OtherFlagsDoNotDriveTheStates) {
  TcbView tcb;
  tcb.state = State::established;
  tcb.rcv_nxt = SeqNumber(0xffff'fffe);
  tcb.rcv_wnd = 1'000;
  tcb.snd_una = SeqNumber(400);
  tcb.snd_nxt = SeqNumber(600);
  tcb.max_snd_wnd = 1'000;
  constexpr std::array<std::uint16_t, 5> kOthers{wire::kPsh, wire::kUrg, wire::kEce, wire::kCwr,
                                                 wire::kAe};
  for (std::uint16_t driving = 0; driving < 32; ++driving) {
    const auto flags =
        static_cast<std::uint16_t>(driving & (wire::kSyn | wire::kAck | wire::kFin | wire::kRst));
    const Verdict expected = check_segment(tcb, segment(flags), Time(1h));
    for (unsigned set = 0; set < 32; ++set) {
      std::uint16_t more = flags;
      for (std::size_t i = 0; i < kOthers.size(); ++i) {
        if ((set >> i & 1U) != 0) more |= kOthers[i];
      }
      const Verdict verdict = check_segment(tcb, segment(more), Time(1h));
      EXPECT_EQ(verdict.next, expected.next) << more;
      EXPECT_EQ(verdict.why, expected.why) << more;
    }
  }
}

// Payload that is scattered, and starts anywhere in a frame, comes out in order and once.
TEST(Segment, PayloadIsFoundInThePieces) {
  const BufferPoolOwner pool(BufferPool::make(heap_memory(), 1U << 20));
  const std::string text = "headerPAYLOADandmore trailer";
  const auto bytes = std::as_bytes(std::span(text));
  for (std::size_t first = 1; first < text.size() - 1; ++first) {
    for (std::size_t second = first + 1; second < text.size(); ++second) {
      Frame frame;
      frame.append(pool->copy(bytes.first(first)));
      frame.append(pool->copy(bytes.subspan(first, second - first)));
      frame.append(pool->copy(bytes.subspan(second)));
      Segment in_frame = segment(wire::kAck, 14);
      in_frame.frame = &frame;
      in_frame.payload_offset = 6;
      std::string found;
      in_frame.for_each_payload([&](std::uint32_t offset, const Slice& slice) {
        EXPECT_EQ(offset, found.size());
        found.append(reinterpret_cast<const char*>(slice.data()), slice.size());
      });
      EXPECT_EQ(found, "PAYLOADandmore");
    }
  }
}

}  // namespace
}  // namespace bowline::tcp
