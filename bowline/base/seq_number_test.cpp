#include "bowline/base/seq_number.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace bowline {
namespace {

constexpr SeqNumber kLast{0xffffffff};

// A number has no place in an order of all numbers, so there is no way to ask for one by mistake.
template <class T>
concept Ordered = requires(T a, T b) { a < b; };
static_assert(!Ordered<SeqNumber>);
static_assert(!std::is_convertible_v<std::uint32_t, SeqNumber>);

// RFC 9293 section 3.4: "arithmetic dealing with sequence numbers must be performed modulo 2^32".
TEST(SeqNumber, ArithmeticIsModulo2To32) {
  EXPECT_EQ(kLast + 1, SeqNumber(0));
  EXPECT_EQ(SeqNumber(0) - 1, kLast);
  EXPECT_EQ(SeqNumber(0xfffffff0) + 0x20, SeqNumber(0x10));
  SeqNumber number(0xffffff00);
  number += 0x200;
  EXPECT_EQ(number, SeqNumber(0x100));
}

TEST(SeqNumber, DifferencesAreSignedAcrossTheWrap) {
  EXPECT_EQ(SeqNumber(5) - kLast, 6);
  EXPECT_EQ(kLast - SeqNumber(5), -6);
  EXPECT_EQ(SeqNumber(0x7fffffff) - SeqNumber(0), 0x7fffffff);
  EXPECT_EQ(distance(kLast, SeqNumber(5)), 6U);
  EXPECT_EQ(distance(SeqNumber(0), SeqNumber(0xc0000000)), 0xc0000000U);
}

// Every question, at places around the circle: the answer depends on distance alone.
TEST(SeqNumber, BeforeAndAfterAreTheSameEverywhereOnTheCircle) {
  for (const std::uint32_t origin : {0U, 1U, 0x7fffffffU, 0x80000000U, 0xfffffffeU, 0xffffffffU}) {
    const SeqNumber here(origin);
    for (const std::uint32_t step : {1U, 2U, 0x10000U, 0x7fffffffU}) {
      const SeqNumber there = here + step;
      EXPECT_TRUE(before(here, there)) << origin << " " << step;
      EXPECT_FALSE(before(there, here));
      EXPECT_TRUE(after(there, here));
      EXPECT_FALSE(after(here, there));
      EXPECT_TRUE(at_or_before(here, there));
      EXPECT_FALSE(at_or_before(there, here));
      EXPECT_TRUE(at_or_after(there, here));
      EXPECT_FALSE(at_or_after(here, there));
      EXPECT_EQ(latest(here, there), there);
      EXPECT_EQ(latest(there, here), there);
      EXPECT_EQ(earliest(here, there), here);
      EXPECT_EQ(earliest(there, here), here);
    }
    EXPECT_FALSE(before(here, here));
    EXPECT_FALSE(after(here, here));
    EXPECT_TRUE(at_or_before(here, here));
    EXPECT_TRUE(at_or_after(here, here));
  }
}

// RFC 9293 section 3.4, "RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND".
TEST(SeqNumber, WindowContainsItsFirstAndNotTheOneAfterItsLast) {
  for (const std::uint32_t origin : {0U, 1000U, 0xfffffff8U, 0xffffffffU}) {
    const SeqNumber start(origin);
    EXPECT_TRUE(in_window(start, start, 16));
    EXPECT_TRUE(in_window(start + 15, start, 16));
    EXPECT_FALSE(in_window(start + 16, start, 16));
    EXPECT_FALSE(in_window(start - 1, start, 16));
    EXPECT_FALSE(in_window(start, start, 0));
  }
}

// RFC 9293 section 3.1: "the sequence number of the first data octet in this segment (except when
// the SYN flag is set). If SYN is set, the sequence number is the initial sequence number (ISN) and
// the first data octet is ISN+1." The trace of document 002: SYN 3626544836, data from 3626544837
// on. [A1]
TEST(SeqNumber, K9_DataStartsAtTheNumberAfterTheIsn) {
  const SeqNumber isn(3626544836);
  const SeqNumber first_byte = isn + 1;
  EXPECT_EQ(first_byte.raw(), 3626544837U);
  // The segment that begins with the 1461st byte of the stream carries that byte's number.
  EXPECT_EQ(first_byte + 1460, isn + 1461);
  EXPECT_EQ((first_byte + 1460) - first_byte, 1460);
}

// RFC 9293 section 3.4: "every octet of data sent over a TCP connection has a sequence number".
// Document 001 says that packets are counted: two segments of 1000 bytes move the number by 2000,
// not by 2. [A9]
TEST(SeqNumber, K10_NumbersCountBytes) {
  SeqNumber next(0xfffffc18);  // 1000 before the wrap
  for (const std::uint32_t bytes : {1000U, 1000U}) next += bytes;
  EXPECT_EQ(next, SeqNumber(1000));
  EXPECT_EQ(distance(SeqNumber(0xfffffc18), next), 2000U);
}

// RFC 9293 section 3.4: SYN and FIN use up one number each, an ACK without data none, so a whole
// connection that carries n bytes ends n + 2 after its ISN. [A4]
TEST(SeqNumber, K37_SynAndFinTakeOneNumberEach) {
  constexpr std::uint32_t kSyn = 1;
  constexpr std::uint32_t kFin = 1;
  constexpr std::uint32_t kBareAck = 0;
  const SeqNumber iss = kLast;
  SeqNumber next = iss + kSyn;
  EXPECT_EQ(next, SeqNumber(0));
  next += kBareAck;
  EXPECT_EQ(next, SeqNumber(0));
  next += 500;
  next += kFin;
  EXPECT_EQ(distance(iss, next), 502U);
  EXPECT_TRUE(after(next, iss));
}

}  // namespace
}  // namespace bowline
