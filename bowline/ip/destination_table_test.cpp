#include "bowline/ip/destination_table.hpp"

#include <gtest/gtest.h>

#include "bowline/base/testing/failing_memory.hpp"
#include "bowline/base/visit.hpp"

namespace bowline::ip {
namespace {

constexpr SipKey kKey{1, 2};
constexpr std::uint32_t kLimit = 100;
constexpr Duration kLifetime = DestinationTable::kLifetime;

IpAddress host(std::uint32_t number) { return IpAddress::v4(0x0a000000 + number); }

class Destinations : public ::testing::Test {
 protected:
  std::uint32_t value_of(std::uint32_t number) const {
    return table_.find(host(number), now_).value_or(0);
  }

  testing::FailingMemory memory_;
  DestinationTable table_{memory_, kLimit, kKey};
  Time now_{1h};
};

TEST_F(Destinations, EachHasItsNumber) {
  EXPECT_TRUE(table_.empty(now_));
  EXPECT_EQ(memory_.live_bytes(), 0U) << "and no memory before one has";
  for (std::uint32_t i = 0; i < kLimit; ++i) table_.set(host(i), 1'000 + i, now_);
  for (std::uint32_t i = 0; i < kLimit; ++i) EXPECT_EQ(value_of(i), 1'000 + i);
  EXPECT_FALSE(table_.find(host(kLimit), now_));
  EXPECT_FALSE(table_.empty(now_));
  table_.set(host(7), 600, now_);
  EXPECT_EQ(value_of(7), 600U);
  EXPECT_EQ(table_.size(), kLimit);
}

TEST_F(Destinations, RaisingNeverLowers) {
  table_.raise(host(1), 1'000, now_);
  table_.raise(host(1), 900, now_);
  EXPECT_EQ(value_of(1), 1'000U);
  table_.raise(host(1), 1'100, now_);
  EXPECT_EQ(value_of(1), 1'100U);
  now_ += kLifetime;
  table_.raise(host(1), 900, now_);
  EXPECT_EQ(value_of(1), 900U) << "but for one that has lapsed";
}

// RFC 1191 section 6.3: ten minutes; what is set again lives anew.
TEST_F(Destinations, NumbersLapse) {
  table_.set(host(1), 1'000, now_);
  table_.set(host(2), 1'000, now_);
  now_ += kLifetime - 1us;
  EXPECT_EQ(value_of(1), 1'000U);
  table_.set(host(2), 1'000, now_);
  now_ += 1us;
  EXPECT_EQ(value_of(1), 0U);
  EXPECT_EQ(value_of(2), 1'000U);
  EXPECT_FALSE(table_.empty(now_));
  now_ += kLifetime;
  EXPECT_TRUE(table_.empty(now_)) << "though nobody took the last one out";
}

// What has lapsed leaves by and by, two with every new one: the table shrinks to what is in use.
TEST_F(Destinations, TheLapsedLeave) {
  for (std::uint32_t i = 0; i < kLimit; ++i) table_.set(host(i), 1'000, now_);
  now_ += kLifetime;
  for (std::uint32_t i = 0; i < kLimit / 2; ++i) table_.set(host(1'000 + i), 1'000, now_);
  EXPECT_EQ(table_.size(), kLimit / 2);
}

TEST_F(Destinations, TheOldestMakesRoom) {
  for (std::uint32_t i = 0; i < kLimit; ++i) table_.set(host(i), 1'000, now_);
  table_.set(host(0), 1'000, now_);
  table_.set(host(kLimit), 1'000, now_);
  EXPECT_EQ(value_of(0), 1'000U) << "set anew";
  EXPECT_EQ(value_of(1), 0U);
  EXPECT_EQ(value_of(kLimit), 1'000U);
  EXPECT_EQ(table_.size(), kLimit);
}

TEST_F(Destinations, WithoutMemoryOrRoomNothingIsRemembered) {
  memory_.fail_from(0);
  table_.set(host(1), 1'000, now_);
  EXPECT_TRUE(table_.empty(now_));
  DestinationTable none(memory_, 0, kKey);
  none.set(host(1), 1'000, now_);
  EXPECT_TRUE(none.empty(now_));
}

TEST_F(Destinations, AreSavedAndLoadedAsTheyAre) {
  for (std::uint32_t i = 0; i < kLimit; ++i) table_.set(host(i), 1'000 + i, now_);
  now_ += 5min;
  table_.set(host(3), 600, now_);
  SaveVisitor save(heap_memory());
  table_.visit(save);
  ASSERT_FALSE(save.failed());
  DestinationTable copy(heap_memory(), kLimit, kKey);
  const BufferPoolOwner pool(BufferPool::make(heap_memory(), 1U << 20));
  LoadVisitor load(save.bytes(), *pool);
  copy.visit(load);
  ASSERT_TRUE(load.complete());
  for (DestinationTable* each : {&table_, &copy}) {
    each->set(host(kLimit), 1'000, now_);
    EXPECT_FALSE(each->find(host(0), now_)) << "the oldest";
    EXPECT_EQ(each->find(host(3), now_), 600U);
    EXPECT_EQ(each->find(host(99), now_), 1'099U);
  }
}

}  // namespace
}  // namespace bowline::ip
