// Resets: whether they count, and why they were sent.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "bowline/explain/testing/scene.hpp"

namespace bowline::explain {
namespace {

using testing::explained;
using testing::found;
using testing::kHandshake;
using trace::Side;

Explanation after(std::string_view lines) { return explained(kHandshake, std::string(lines)); }

TEST(Reset, TellsAnAbort) {
  const Explanation all =
      after("2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R.], seq 1, ack 1, win 0, length 0\n");
  EXPECT_NE(found(all, Rule::reset_abort), nullptr);
  EXPECT_EQ(all.connections[0]->ending(), Ending::reset);
  EXPECT_EQ(all.connections[0]->end(Side::right).state.state(), tcp::State::closed);
}

// RFC 9293 3.6.1, SHLD-3.
TEST(Reset, TellsDataAfterClose) {
  const Explanation all = after(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [F.], seq 1, ack 1, win 65535, length 0\n"
      "2.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [P.], seq 1:11, ack 2, win 65535, length 10\n"
      "2.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R], seq 2, win 0, length 0\n");
  EXPECT_NE(found(all, Rule::reset_after_close), nullptr);
}

// RFC 9293 3.5.1: a stateless answer from an end that had been there.
TEST(Reset, TellsAHalfOpenConnection) {
  const Explanation all = after(
      "9.0 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [P.], seq 1:11, ack 1, win 65535, length 10\n"
      "9.1 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R], seq 1, win 0, length 0\n");
  EXPECT_NE(found(all, Rule::reset_half_open), nullptr);
}

TEST(Reset, TellsAnUnansweredKeepalive) {
  const Explanation all = after(
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 0:1, ack 1, win 65535, length 1\n"
      "3.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], seq 0:1, ack 1, win 65535, length 1\n"
      "4.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R.], seq 1, ack 1, win 65535, length 0\n");
  ASSERT_NE(found(all, Rule::reset_keepalive), nullptr);
  EXPECT_NE(found(all, Rule::reset_keepalive)->text.find("2 keepalives"), std::string::npos);
}

TEST(Reset, TellsThatASenderGaveUp) {
  std::string lines =
      "2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 65535, length 10\n";
  for (const char* const time : {"3.0", "5.0", "9.0", "17.0"}) {
    lines += fmt::format(
        "{} IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 65535, "
        "length 10\n",
        time);
  }
  const Explanation all = after(
      lines + "33.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R.], seq 11, ack 1, win 0, length 0\n");
  EXPECT_NE(found(all, Rule::reset_gave_up), nullptr);
}

// RFC 5961 3.2: three cases of a number.
TEST(Reset, JudgesTheNumber) {
  const Explanation blind =
      after("2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R], seq 400000000, win 0, length 0\n");
  EXPECT_NE(found(blind, Rule::reset_blind), nullptr);
  EXPECT_EQ(blind.connections[0]->ending(), Ending::open) << "it resets nothing";
  EXPECT_EQ(blind.connections[0]->end(Side::right).state.state(), tcp::State::established);
  const Explanation inside =
      after("2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R], seq 5000, win 0, length 0\n");
  EXPECT_NE(found(inside, Rule::reset_challenged), nullptr);
  EXPECT_EQ(inside.connections[0]->ending(), Ending::open);
  const Explanation exact =
      after("2.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R], seq 1, win 0, length 0\n");
  EXPECT_EQ(exact.connections[0]->ending(), Ending::reset);
}

// RFC 9293 3.10.7.1.
TEST(Reset, K20_ReportsOneThatAnswersAnother) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.9: Flags [S], seq 1000, win 65535, length 0\n"
      "1.1 IP 10.0.0.2.9 > 10.0.0.1.1000: Flags [R.], seq 0, ack 1001, win 0, length 0\n"
      "1.2 IP 10.0.0.1.1000 > 10.0.0.2.9: Flags [R], seq 1001, win 0, length 0\n");
  EXPECT_NE(found(all, Rule::reset_answered), nullptr);
}

TEST(Reset, TellsAHalfOpenScan) {
  const Explanation all = explained(
      "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000, win 1024, length 0\n"
      "1.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 5000, ack 1001, win 65535, length 0\n"
      "1.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R], seq 1001, win 0, length 0\n");
  EXPECT_NE(found(all, Rule::reset_half_open_entry), nullptr);
  EXPECT_EQ(all.connections[0]->ending(), Ending::broken_off);
}

}  // namespace
}  // namespace bowline::explain
