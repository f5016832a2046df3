// The handshake: what was said, what went wrong, and on which step it stopped.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bowline/explain/testing/scene.hpp"

namespace bowline::explain {
namespace {

using testing::explained;
using testing::found;
using testing::kHandshake;
using testing::kHandshakeWithOptions;
using trace::Side;

const Connection& only(const Explanation& explanation) {
  EXPECT_EQ(explanation.connections.size(), 1u);
  return *explanation.connections.front();
}

TEST(Opening, A4_TakesBothOffersAndTheTimeOfTheHandshake) {
  const Explanation all = explained(kHandshakeWithOptions);
  const Connection& one = only(all);
  EXPECT_TRUE(one.established());
  EXPECT_EQ(one.handshake_time(), Duration(20ms));
  EXPECT_EQ(one.third_segment(), 3u);
  EXPECT_EQ(one.end(Side::left).offer.mss, 1460);
  EXPECT_EQ(one.end(Side::right).offer.window_scale, 7);
  EXPECT_TRUE(one.end(Side::right).offer.timestamps);
  EXPECT_EQ(one.end(Side::left).state.state(), tcp::State::established);
  EXPECT_EQ(one.end(Side::right).state.state(), tcp::State::established);
  EXPECT_EQ(one.ending(), Ending::open);
  EXPECT_TRUE(one.findings().list().empty());
}

// RFC 9293 3.8.1, MUST-23.
TEST(Opening, K51_SaysHowOftenAnUnansweredSynWasSent) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000, win 65535, length 0\n"
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000, win 65535, length 0\n"
      "4.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000, win 65535, length 0\n");
  EXPECT_EQ(only(all).ending(), Ending::unanswered);
  EXPECT_EQ(only(all).end(Side::left).state.state(), tcp::State::syn_sent);
  EXPECT_EQ(only(all).end(Side::right).state.state(), std::nullopt) << "nobody has heard it";
  ASSERT_NE(found(all, Rule::syn_again), nullptr);
  EXPECT_EQ(found(all, Rule::syn_again)->count, 2u);
  EXPECT_NE(found(all, Rule::syn_unanswered)->text.find("3 times in 3 s"), std::string::npos);
}

TEST(Opening, SaysThatTheThirdSegmentIsMissing) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000, win 65535, length 0\n"
      "1.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 5000, ack 1001, win 65535, length 0\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 5000, ack 1001, win 65535, length 0\n");
  EXPECT_EQ(only(all).ending(), Ending::half_open);
  EXPECT_NE(found(all, Rule::syn_ack_again), nullptr);
  EXPECT_NE(found(all, Rule::third_missing)->text.find("sent 2 times"), std::string::npos);
}

// RFC 9293 3.10.7.1.
TEST(Opening, NamesARefusal) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.9: Flags [S], seq 1000, win 65535, length 0\n"
      "1.1 IP 10.0.0.2.9 > 10.0.0.1.1000: Flags [R.], seq 0, ack 1001, win 0, length 0\n");
  EXPECT_EQ(only(all).ending(), Ending::refused);
  EXPECT_EQ(only(all).end(Side::left).state.state(), tcp::State::closed);
  EXPECT_NE(found(all, Rule::reset_refused), nullptr);
}

// RFC 9293 3.5 figure 7.
TEST(Opening, RecognisesASimultaneousOpen) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1000, win 65535, length 0\n"
      "1.1 IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [S], seq 5000, win 65535, length 0\n"
      "1.2 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S.], seq 1000, ack 5001, win 65535, length 0\n"
      "1.3 IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [S.], seq 5000, ack 1001, win 65535, length 0\n"
      "1.4 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 65535, length 0\n");
  EXPECT_NE(found(all, Rule::simultaneous_open), nullptr);
  EXPECT_EQ(found(all, Rule::syn_ack_again), nullptr);
  EXPECT_EQ(only(all).end(Side::left).state.state(), tcp::State::established);
  EXPECT_EQ(only(all).end(Side::right).state.state(), tcp::State::established);
}

// RFC 9293 3.10.7.3 first, 3.5 figure 8.
TEST(Opening, K42_JudgesASynAckThatAcknowledgesAnotherIsn) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000, win 65535, length 0\n"
      "1.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 5000, ack 91, win 65535, length 0\n"
      "1.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R], seq 91, win 0, length 0\n");
  EXPECT_NE(found(all, Rule::syn_ack_wrong), nullptr);
  EXPECT_NE(found(all, Rule::reset_unexpected_syn_ack), nullptr);
}

// RFC 9293 3.8.1: a repeat has the same number.
TEST(Opening, ReportsASynWithAnotherIsn) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000, win 65535, length 0\n"
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 2000, win 65535, length 0\n");
  EXPECT_NE(found(all, Rule::syn_isn_changed), nullptr);
}

// RFC 5961 4: a live connection is not disturbed.
TEST(Opening, K49_PassesOverASynAmidTheConnection) {
  const Explanation all =
      explained(kHandshake,
                "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 77, win 65535, length 0\n"
                "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 1, win 65535, length 0\n");
  EXPECT_NE(found(all, Rule::late_syn), nullptr);
  EXPECT_EQ(only(all).ending(), Ending::open);
  EXPECT_EQ(only(all).end(Side::left).state.state(), tcp::State::established);
}

// RFC 9293 3.5.1: the peer was restarted; its SYN is answered, so it opens a new connection.
TEST(Opening, BeginsAnotherConnectionOnceTheLateSynIsAnswered) {
  const Explanation all = explained(
      kHandshake,
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 77000, win 65535, length 0\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 9000, ack 77001, win 65535, length 0\n");
  ASSERT_EQ(all.connections.size(), 2u);
  EXPECT_EQ(all.connections[1]->end(Side::left).isn, SeqNumber(77'000));
  EXPECT_NE(all.connections[1]->findings().find(Rule::time_wait_reuse), nullptr);
}

// MAY-2: the four-tuple in TIME-WAIT is used again.
TEST(Opening, K89_SaysThatTimeWaitWasCutShort) {
  const Explanation all = explained(
      kHandshake,
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [F.], seq 1, ack 1, win 65535, length 0\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [F.], seq 1, ack 2, win 65535, length 0\n"
      "2.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], ack 2, win 65535, length 0\n"
      "5.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 900000, win 65535, length 0\n");
  ASSERT_EQ(all.connections.size(), 2u);
  EXPECT_EQ(all.connections[0]->ending(), Ending::closed);
  const Finding* const reuse = all.connections[1]->findings().find(Rule::time_wait_reuse);
  ASSERT_NE(reuse, nullptr);
  EXPECT_NE(reuse->text.find("TIME-WAIT is cut short"), std::string::npos);
}

// RFC 9293 3.5, K36: legal.
TEST(Opening, K36_TakesDataInASynForLegal) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000:1005, win 65535, length 5\n"
      "1.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 5000, ack 1006, win 65535, length 0\n");
  EXPECT_NE(found(all, Rule::data_in_syn), nullptr);
  EXPECT_EQ(found(all, Rule::syn_ack_wrong), nullptr);
}

// RFC 9293 3.10.7.4 fifth.
TEST(Opening, K13_ReportsASegmentWithoutAck) {
  const Explanation all =
      explained(kHandshake,
                "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P], seq 1:11, win 65535, length 10\n");
  EXPECT_NE(found(all, Rule::ack_flag_missing), nullptr);
  EXPECT_EQ(only(all).end(Side::left).counters.new_bytes, 0u) << "the receiver drops it";
}

TEST(Opening, ReportsFlagsThatMeanNothing) {
  for (const char* const flags : {"SF", "SR", "FR", "none", "F"}) {
    const Explanation all = explained(fmt::format(
        "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [{}], seq 1000, win 1024, length 0\n", flags));
    EXPECT_NE(found(all, Rule::illegal_flags), nullptr) << flags;
  }
}

TEST(Opening, SaysThatAConnectionWasUnderWay) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 70000:70010, ack 90000, win 100, length "
      "10\n"
      "1.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 70010, win 100, length 0\n");
  EXPECT_NE(found(all, Rule::under_way), nullptr);
  EXPECT_EQ(only(all).ending(), Ending::open);
  EXPECT_EQ(only(all).end(Side::left).counters.new_bytes, 10u);
}

TEST(Opening, SaysThatOneDirectionIsMissing) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1, ack 90000, win 100, length 0\n"
      "1.1 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 1, ack 91000, win 100, length 0\n");
  EXPECT_NE(found(all, Rule::one_direction), nullptr);
  EXPECT_EQ(found(all, Rule::ack_of_unsent), nullptr);
}

TEST(Opening, TakesAnAnswerWithoutAQuestionForBackscatter) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 5000, ack 1001, win 65535, length 0\n");
  EXPECT_EQ(only(all).ending(), Ending::backscatter);
}

}  // namespace
}  // namespace bowline::explain
