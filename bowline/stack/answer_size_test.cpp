// No answer is longer than what draws it, or whoever forges an address makes us send more than he
// does (RFC 4987 section 2.2, RFC 5961 section 7): what half-open entries and records of TIME-WAIT
// say to segments that are not the peer's, though timestamps were agreed on.

#include <gtest/gtest.h>

#include <vector>

#include "bowline/stack/testing/segments.hpp"

namespace bowline {
namespace {

using testing::Forged;
using testing::right_address;
using testing::tcp_of;
using testing::TwoStacks;

const Endpoint kService{right_address(), testing::kPort};
constexpr std::uint16_t kAllFlags = 64;

// What `stack` answers to `probe` is not longer; the flags are for the message. Returns the answer.
std::vector<Frame> expect_nothing_longer(Stack& stack, const Forged& probe, Time now) {
  const std::uint32_t size = testing::forged_frame(stack, probe).size;
  testing::receive_forged(stack, probe, now);
  std::vector<Frame> answers = testing::sent_by(stack, now);
  EXPECT_LE(answers.size(), 1U) << "flags " << probe.flags;
  for (const Frame& answer : answers) EXPECT_LE(answer.size, size) << "flags " << probe.flags;
  return answers;
}

TEST(AnswerSize, OfAHalfOpenEntryIsThatOfWhatDrawsItAtMost) {
  int answered = 0;
  for (std::uint16_t flags = 0; flags < kAllFlags; ++flags) {
    for (const bool with_timestamps : {false, true}) {
      TwoStacks two;
      two.listen();
      Forged segment{{testing::left_address(), 5'000}, kService};
      segment.options.timestamps = wire::Timestamps{1'000, 0};
      const auto syn_ack = answer_to(two.right, segment, two.now);
      ASSERT_TRUE(syn_ack && syn_ack->options.timestamps);
      segment.flags = flags;
      segment.seq += 90'000;
      segment.ack = syn_ack->header.seq + 1;
      if (!with_timestamps) segment.options = {};
      const auto answers = expect_nothing_longer(two.right, segment, two.now);
      if (answers.empty() || tcp_of(answers.front()).header.flags != wire::kAck) continue;
      EXPECT_EQ(tcp_of(answers.front()).options.timestamps.has_value(), with_timestamps)
          << "flags " << flags;
      ++answered;
    }
  }
  EXPECT_GE(answered, 32) << "each with an ACK, and no RST";
}

TEST(AnswerSize, OfATimeWaitRecordIsThatOfWhatDrawsItAtMost) {
  int answered = 0;
  for (std::uint16_t flags = 0; flags < kAllFlags; ++flags) {
    TwoStacks two;
    two.establish();
    const Endpoint local = *two.left.local_endpoint(two.client);
    ASSERT_TRUE(two.left.close(two.client, two.now));
    two.exchange();
    ASSERT_TRUE(two.right.close(two.server, two.now));
    two.exchange();
    ASSERT_EQ(two.left.usage().time_wait, 1U);
    Forged segment{kService, local};
    segment.flags = flags;
    const auto answers = expect_nothing_longer(two.left, segment, two.now);
    if (answers.empty() || tcp_of(answers.front()).header.flags != wire::kAck) continue;
    ++answered;
  }
  EXPECT_GE(answered, 8) << "each with a SYN, and no RST";
}

}  // namespace
}  // namespace bowline
