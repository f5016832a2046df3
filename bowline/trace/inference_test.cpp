#include "bowline/trace/inference.hpp"

#include <gtest/gtest.h>

#include "bowline/trace/ladders_of.hpp"
#include "bowline/trace/testing/conversation.hpp"

namespace bowline::trace {
namespace {

using tcp::State;
using wire::kAck;
using wire::kFin;
using wire::kRst;
using wire::kSyn;

const Endpoint kA = testing::at("10.0.0.1", 1);
const Endpoint kB = testing::at("10.0.0.2", 2);

// Segments by their letters: who sends, flags, seq, ack, bytes.
class Story {
 public:
  Story& a(std::uint16_t flags, std::uint32_t seq, std::uint32_t ack = 0,
           std::uint32_t length = 0) {
    return add(Side::left, flags, seq, ack, length);
  }
  Story& b(std::uint16_t flags, std::uint32_t seq, std::uint32_t ack = 0,
           std::uint32_t length = 0) {
    return add(Side::right, flags, seq, ack, length);
  }
  Story& lost() {
    ladder.events.back().lost = true;
    return *this;
  }
  // The handshake with ISNs 100 and 200.
  Story& open() { return a(kSyn, 100).b(kSyn | kAck, 200, 101).a(kAck, 101, 201); }

  // "SYN-SENT/SYN-RECEIVED" for each event, after the start.
  std::vector<std::string> states() {
    infer_all(ladder);
    std::vector<std::string> all{text(ladder.left_start) + "/" + text(ladder.right_start)};
    for (const LadderEvent& event : ladder.events) {
      all.push_back(text(event.left) + "/" + text(event.right));
    }
    return all;
  }
  std::string last() { return states().back(); }

  Ladder ladder;

 private:
  Story& add(Side side, std::uint16_t flags, std::uint32_t seq, std::uint32_t ack,
             std::uint32_t length) {
    ladder.left = kA;
    ladder.right = kB;
    LadderEvent& event = ladder.events.emplace_back();
    event.side = side;
    event.segment = testing::segment(side == Side::left ? kA : kB, side == Side::left ? kB : kA,
                                     flags, {.seq = seq, .ack = ack, .length = length});
    return *this;
  }
  static std::string text(const EndState& end) {
    EXPECT_TRUE(end.inferred);
    return end.state ? std::string(tcp::name(*end.state)) : "?";
  }
};

using States = std::vector<std::string>;

// RFC 9293 figure 6.
TEST(Inference, K27_K35_TheHandshakeEachEndInItsTurn) {
  EXPECT_EQ(Story().open().states(),
            (States{"CLOSED/LISTEN", "SYN-SENT/SYN-RECEIVED", "ESTABLISHED/SYN-RECEIVED",
                    "ESTABLISHED/ESTABLISHED"}));
}

// RFC 9293 figure 12.
TEST(Inference, K57_FourSegmentsClose) {
  Story story;
  story.open().a(kFin | kAck, 101, 201).b(kAck, 201, 102).b(kFin | kAck, 201, 102);
  story.a(kAck, 102, 202);
  const States states = story.states();
  EXPECT_EQ(States(states.begin() + 4, states.end()),
            (States{"FIN-WAIT-1/CLOSE-WAIT", "FIN-WAIT-2/CLOSE-WAIT", "TIME-WAIT/LAST-ACK",
                    "TIME-WAIT/CLOSED"}));
}

// K69, K71: FIN and ACK together.
TEST(Inference, K69_FinWithItsAckLeadsStraightToTimeWait) {
  Story story;
  story.open().a(kFin | kAck, 101, 201).b(kFin | kAck, 201, 102).a(kAck, 102, 202);
  const States states = story.states();
  EXPECT_EQ(States(states.begin() + 4, states.end()),
            (States{"FIN-WAIT-1/CLOSE-WAIT", "TIME-WAIT/LAST-ACK", "TIME-WAIT/CLOSED"}));
}

// RFC 9293 figure 13: the second FIN does not acknowledge the first, so that had not come.
TEST(Inference, K70_FinsThatCrossAreClosing) {
  Story story;
  story.open().a(kFin | kAck, 101, 201).b(kFin | kAck, 201, 101);
  story.a(kAck, 102, 202).b(kAck, 202, 102);
  const States states = story.states();
  EXPECT_EQ(States(states.begin() + 4, states.end()),
            (States{"FIN-WAIT-1/ESTABLISHED", "CLOSING/FIN-WAIT-1", "CLOSING/TIME-WAIT",
                    "TIME-WAIT/TIME-WAIT"}));
}

// RFC 9293 figure 7.
TEST(Inference, K21_SynsThatCross) {
  Story story;
  story.a(kSyn, 100).b(kSyn, 300).a(kSyn | kAck, 100, 301).b(kSyn | kAck, 300, 101);
  EXPECT_EQ(story.states(), (States{"CLOSED/CLOSED", "SYN-SENT/CLOSED", "SYN-RECEIVED/SYN-SENT",
                                    "SYN-RECEIVED/ESTABLISHED", "ESTABLISHED/SYN-RECEIVED"}));
}

// RFC 9293 figure 8: the half-open entry goes, the listener stays.
TEST(Inference, AnOldDuplicateSynIsReset) {
  Story story;
  story.a(kSyn, 90).b(kSyn | kAck, 300, 91).a(kRst, 91);
  EXPECT_EQ(story.last(), "CLOSED/LISTEN");
}

TEST(Inference, K52_AClosedPortStaysClosed) {
  Story story;
  story.a(kSyn, 100).b(kRst | kAck, 0, 101);
  EXPECT_EQ(story.states(), (States{"CLOSED/CLOSED", "SYN-SENT/CLOSED", "CLOSED/CLOSED"}));
}

TEST(Inference, AnUnansweredSynTellsNothingOfThePeer) {
  EXPECT_EQ(Story().a(kSyn, 100).states(), (States{"CLOSED/?", "SYN-SENT/?"}));
}

TEST(Inference, WhatIsLostChangesNoReceiver) {
  Story story;
  story.a(kSyn, 100).b(kSyn | kAck, 200, 101).lost();
  EXPECT_EQ(story.last(), "SYN-SENT/SYN-RECEIVED");
}

TEST(Inference, ARepeatedFinShowsThatItsAckWasLost) {
  Story story;
  story.open().a(kFin | kAck, 101, 201).b(kAck, 201, 102).b(kFin | kAck, 201, 102);
  story.a(kAck, 102, 202);
  EXPECT_EQ(story.last(), "TIME-WAIT/CLOSED");
  story.b(kFin | kAck, 201, 102);
  EXPECT_EQ(story.last(), "TIME-WAIT/LAST-ACK");
  EXPECT_TRUE(story.ladder.events.back().repeated);
  story.a(kAck, 102, 202);
  EXPECT_EQ(story.last(), "TIME-WAIT/CLOSED");
}

TEST(Inference, ARepeatedSynAckShowsThatTheThirdStepWasLost) {
  Story story;
  story.open().b(kSyn | kAck, 200, 101);
  EXPECT_EQ(story.last(), "ESTABLISHED/SYN-RECEIVED");
}

TEST(Inference, AFinBehindAHoleWaits) {
  Story story;
  story.open().a(kAck, 101, 201, 50).lost().a(kFin | kAck, 151, 201);
  EXPECT_EQ(story.last(), "FIN-WAIT-1/ESTABLISHED");
  story.b(kAck, 201, 101).a(kAck, 101, 201, 50).b(kAck, 201, 152);
  EXPECT_EQ(story.last(), "FIN-WAIT-2/CLOSE-WAIT");
}

TEST(Inference, DataUnderWayWhenTheFinLeftIsNoContradiction) {
  Story story;
  story.open().a(kFin | kAck, 101, 201).b(kAck, 201, 101, 10).b(kAck, 211, 102, 10);
  const States states = story.states();
  EXPECT_EQ(States(states.begin() + 4, states.end()),
            (States{"FIN-WAIT-1/ESTABLISHED", "FIN-WAIT-1/ESTABLISHED", "FIN-WAIT-2/CLOSE-WAIT"}));
}

TEST(Inference, AResetClosesBothButNotTimeWait) {
  EXPECT_EQ(Story().open().a(kRst, 101).last(), "CLOSED/CLOSED");
  Story story;
  story.open().a(kFin | kAck, 101, 201).b(kFin | kAck, 201, 102).a(kAck, 102, 202).b(kRst, 202);
  EXPECT_EQ(story.last(), "TIME-WAIT/CLOSED");
}

TEST(Inference, AConversationSeenFromItsMiddleIsEstablished) {
  Story story;
  story.a(kAck, 5'000, 700, 10).b(kAck, 700, 5'010);
  EXPECT_EQ(story.last(), "ESTABLISHED/ESTABLISHED");
  story.b(kFin | kAck, 700, 5'010);
  EXPECT_EQ(story.last(), "CLOSE-WAIT/FIN-WAIT-1");
}

TEST(Inference, NumbersMayWrap) {
  Story story;
  story.a(kSyn, 0xffff'ffff).b(kSyn | kAck, 0xffff'fffe, 0).a(kAck, 0, 0xffff'ffff);
  story.b(kFin | kAck, 0xffff'ffff, 0).a(kAck, 0, 0);
  EXPECT_EQ(story.last(), "CLOSE-WAIT/FIN-WAIT-2");
}

TEST(Reasons, FollowFromTheStates) {
  Story story;
  story.open().a(kAck | wire::kPsh, 101, 201, 10).a(kAck | wire::kPsh, 101, 201, 10);
  story.b(kAck, 201, 111).b(kAck, 201, 111).a(kFin | kAck, 111, 201).b(kAck, 201, 112);
  story.b(kRst, 201);
  infer_all(story.ladder);
  States why;
  for (const LadderEvent& event : story.ladder.events) why.push_back(event.why);
  EXPECT_EQ(
      why,
      (States{"active open: ask the peer to synchronise with our number [RFC 9293 3.10.1]",
              "answer the SYN: our own number, and the next we expect [RFC 9293 3.10.7.2 "
              "third]",
              "third step: confirm the peer's number [RFC 9293 3.10.7.3 fourth]",
              "the last of what the application wrote: pushed [RFC 9293 3.9.1.2 MUST-61]",
              "sent again", "acknowledges 10 more bytes", "says again what it expects",
              "the application has finished: FIN [RFC 9293 3.10.4]",
              "acknowledge the peer's FIN [RFC 9293 3.10.7.4 eighth]", "resets the connection"}));
}

TEST(Reasons, ThoseThatAreThereStay) {
  Story story;
  story.a(kSyn, 100);
  story.ladder.events[0].why = "because";
  infer_all(story.ladder);
  EXPECT_EQ(story.ladder.events[0].why, "because");
}

}  // namespace
}  // namespace bowline::trace
