#include "bowline/tcp/packet_queue.hpp"

#include <gtest/gtest.h>

#include "bowline/base/memory.hpp"

namespace bowline::tcp {
namespace {

PacketQueue queue_of(std::initializer_list<std::uint32_t> lengths) {
  PacketQueue queue(heap_memory());
  for (const std::uint32_t length : lengths) {
    EXPECT_TRUE(queue.open());
    queue.added(length, false);
  }
  return queue;
}

TEST(PacketQueue, APacketTakesMoreUntilItIsFull) {
  PacketQueue queue = queue_of({700});
  EXPECT_EQ(queue.room(1'000), 300u);
  queue.added(300, false);
  EXPECT_EQ(queue.room(1'000), 0u);
  EXPECT_EQ(queue.size(), 1u);
}

TEST(PacketQueue, ARecordsEndTakesNoMore) {
  PacketQueue queue = queue_of({700});
  queue.end_record();
  EXPECT_EQ(queue.room(1'000), 0u);
}

TEST(PacketQueue, WhatIsSentLeavesFromTheFront) {
  PacketQueue queue = queue_of({1'000, 500});
  queue.sent(400);
  EXPECT_EQ(queue.front().length, 600u);
  queue.sent(700);  // over the end of a packet
  EXPECT_EQ(queue.front().length, 400u);
  EXPECT_EQ(queue.size(), 1u);
  queue.sent(400);
  EXPECT_TRUE(queue.empty());
}

TEST(PacketQueue, PshStandsAtTheEndOfAPushedPacketAlone) {
  PacketQueue queue = queue_of({1'000});
  queue.push();
  EXPECT_FALSE(queue.pushed_at(999));
  EXPECT_TRUE(queue.pushed_at(1'000));
  ASSERT_TRUE(queue.open());
  queue.added(500, false);
  EXPECT_TRUE(queue.pushed_at(1'000));
  EXPECT_FALSE(queue.pushed_at(1'500)) << "the second was not pushed";
}

TEST(PacketQueue, AFurtherWriteTakesThePshAlong) {
  PacketQueue queue = queue_of({300});
  queue.push();
  queue.added(200, true);
  EXPECT_FALSE(queue.pushed_at(500));
  queue.push();
  EXPECT_TRUE(queue.pushed_at(500));
  queue.added(100, false);  // more of the same write
  EXPECT_TRUE(queue.pushed_at(600));
}

TEST(PacketQueue, BytesSinceThePushAreCounted) {
  PacketQueue queue = queue_of({1'000, 1'000});
  EXPECT_EQ(queue.unpushed(), 2'000u);
  queue.sent(1'000);
  EXPECT_EQ(queue.unpushed(), 2'000u) << "written, whether sent or not";
  queue.push();
  EXPECT_EQ(queue.unpushed(), 0u);
}

TEST(PacketQueue, APacketWithoutBytesIsTakenBack) {
  PacketQueue queue = queue_of({100});
  ASSERT_TRUE(queue.open());
  queue.drop_empty();
  EXPECT_EQ(queue.size(), 1u);
  queue.drop_empty();
  EXPECT_EQ(queue.size(), 1u) << "this one has some";
}

}  // namespace
}  // namespace bowline::tcp
