#include "bowline/trace/trace_reader.hpp"

#include <gtest/gtest.h>

#include "bowline/trace/testing/conversation.hpp"

namespace bowline::trace {
namespace {

using testing::kClient;
using testing::kServer;

std::vector<Segment> read(std::string_view text, TraceReaderOptions options = {}) {
  const auto traced = read_trace(text, options);
  if (!traced) {
    ADD_FAILURE() << traced.error();
    return {};
  }
  std::vector<Segment> segments;
  for (const TracedSegment& one : *traced) segments.push_back(one.segment);
  return segments;
}

TEST(ReadTrace, NumbersOfEitherFormMeanTheSame) {
  const std::string_view relative =
      "IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], seq 1000, win 1, length 0\n"
      "IP 10.0.0.2.2 > 10.0.0.1.1: Flags [S.], seq 4294967295, ack 1001, win 1, length 0\n"
      "IP 10.0.0.1.1 > 10.0.0.2.2: Flags [.], ack 1, win 1, length 0\n"
      "IP 10.0.0.2.2 > 10.0.0.1.1: Flags [.], seq 1:11, ack 1, win 1, length 10\n";
  const std::string_view absolute =
      "IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], seq 1000, win 1, length 0\n"
      "IP 10.0.0.2.2 > 10.0.0.1.1: Flags [S.], seq 4294967295, ack 1001, win 1, length 0\n"
      "IP 10.0.0.1.1 > 10.0.0.2.2: Flags [.], ack 0, win 1, length 0\n"
      "IP 10.0.0.2.2 > 10.0.0.1.1: Flags [.], seq 0:10, ack 1001, win 1, length 10\n";
  for (const NumberForm form : {NumberForm::either, NumberForm::relative}) {
    const auto segments = read(relative, {.numbers = form});
    ASSERT_EQ(segments.size(), 4U);
    EXPECT_EQ(segments[2].seq, SeqNumber(1001));
    EXPECT_EQ(segments[2].ack, SeqNumber(0));
    EXPECT_EQ(segments[3].seq, SeqNumber(0));
    EXPECT_EQ(segments[3].ack, SeqNumber(1001));
  }
  for (const NumberForm form : {NumberForm::either, NumberForm::absolute}) {
    const auto segments = read(absolute, {.numbers = form});
    ASSERT_EQ(segments.size(), 4U);
    EXPECT_EQ(segments[2].seq, SeqNumber(1001));
    EXPECT_EQ(segments[2].ack, SeqNumber(0));
    EXPECT_EQ(segments[3].seq, SeqNumber(0));
    EXPECT_EQ(segments[3].ack, SeqNumber(1001));
  }
}

TEST(ReadTrace, K136_TwoAcknowledgmentsThatDisagreeAreAnError) {
  const auto traced = read_trace(
      "IP 192.168.1.116.3337 > 192.168.1.123.7788: S 3626544836:3626544836\n"
      "IP 192.168.1.123.7788 > 192.168.1.116.3337: S 1739326486:1739326486 ack 3626544837\n"
      "IP 192.168.1.116.3337 > 192.168.1.123.7788: ack 1739326487,ack 2\n");
  ASSERT_FALSE(traced);
  EXPECT_EQ(traced.error(),
            "line 3: the two acknowledgment numbers 1739326487 and 2 do not mean the same");
}

TEST(ReadTrace, SackEdgesAreResolvedToo) {
  const auto segments = read(
      "IP 10.0.0.1.1 > 10.0.0.2.2: S 1000:1000(0) win 1\n"
      "IP 10.0.0.2.2 > 10.0.0.1.1: S 2000:2000(0) ack 1001 win 1\n"
      "IP 10.0.0.1.1 > 10.0.0.2.2: . ack 1 win 1 <nop,nop,sack 1 {11:21}>\n");
  ASSERT_EQ(segments.size(), 3U);
  EXPECT_EQ(segments[2].options.sack[0], (wire::SackBlock{SeqNumber(2011), SeqNumber(2021)}));
}

TEST(ReadTrace, AConversationWithoutItsSyn) {
  const auto segments = read(
      "IP 10.0.0.1.1 > 10.0.0.2.2: P 5000:5010(10) ack 900 win 1\n"
      "IP 10.0.0.2.2 > 10.0.0.1.1: . ack 10 win 1\n"
      "IP 10.0.0.2.2 > 10.0.0.1.1: P 1:5(4) ack 10 win 1\n");
  ASSERT_EQ(segments.size(), 3U);
  EXPECT_EQ(segments[1].ack, SeqNumber(5010));
  EXPECT_EQ(segments[1].seq, SeqNumber(900));
  EXPECT_EQ(segments[2].seq, SeqNumber(900));
}

TEST(ReadTrace, AnErrorNamesItsLine) {
  const auto traced = read_trace("\n# comment\nnonsense\n");
  ASSERT_FALSE(traced);
  EXPECT_EQ(traced.error(), "line 3: 'nonsense': 'source > destination:' must stand here");
}

// Print and read again, in both notations and both forms: nothing is lost but what is never
// printed.
TEST(ReadTrace, A23_ReadsWhatIsPrinted) {
  std::vector<Segment> segments = testing::handshake();
  segments[1].options.mss = 1'460;
  segments[1].options.window_scale = 9;
  segments[1].options.timestamps = wire::Timestamps{1, 2};
  segments.push_back(testing::segment(
      kServer, kClient, wire::kPsh | wire::kAck,
      {.seq = testing::kServerIsn + 1, .ack = testing::kClientIsn + 1, .length = 99}));
  segments.push_back(
      testing::segment(kClient, kServer, wire::kFin | wire::kAck,
                       {.seq = testing::kClientIsn + 1, .ack = testing::kServerIsn + 100}));
  for (const Notation notation : {Notation::today, Notation::classic}) {
    for (const bool absolute : {false, true}) {
      LinePrinter printer({.notation = notation, .absolute = absolute});
      std::string text;
      for (const Segment& segment : segments) {
        const auto bytes = to_packet(segment);
        text += printer.packet(take_apart(bytes, LinkKind::ip)) + '\n';
      }
      const std::vector<Segment> back = read(text);
      ASSERT_EQ(back.size(), segments.size());
      for (std::size_t i = 0; i < back.size(); ++i) {
        EXPECT_EQ(to_packet(back[i]), to_packet(segments[i])) << text << i;
      }
    }
  }
}

}  // namespace
}  // namespace bowline::trace
