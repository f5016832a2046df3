// Record and replay (REQUIREMENTS D7): what a Stack did can be done again bit by bit, and whatever
// is not the same is found.

#include "bowline/replay/replay.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bowline/replay/call_recorder.hpp"
#include "bowline/sim/simulation.hpp"
#include "bowline/sim/testing/talker.hpp"
#include "bowline/trace/output.hpp"

namespace bowline::replay {
namespace {

using sim::Host;
using sim::Simulation;
using sim::testing::Talker;
using sim::testing::TalkerPlan;
using sim::operator""_mbps;
using sim::operator""_percent;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// A transfer both ways over a bad wire. The records of both hosts.
struct Recorded {
  std::string client;
  std::string server;
  CallDigest digest;  // of the server's
};

Recorded record_transfer(std::uint64_t seed, std::uint64_t bytes) {
  Simulation net(seed);
  Host& client = net.add_host("client");
  Host& server = net.add_host("server");
  trace::MemorySink client_sink;
  trace::MemorySink server_sink;
  CallRecorder client_recorder(client_sink, client.stack().config());
  CallRecorder server_recorder(server_sink, server.stack().config());
  client.stack().set_call_listener(&client_recorder);
  server.stack().set_call_listener(&server_recorder);
  net.connect(client, *Cidr::parse("10.0.0.1/24"), server, *Cidr::parse("10.0.0.2/24"),
              {.rate = 10_mbps,
               .delay = 5ms,
               .loss = 2_percent,
               .reorder = 2_percent,
               .duplicate = 1_percent,
               .corrupt = 1_percent});
  TalkerPlan serving;
  serving.local = {*IpAddress::parse("10.0.0.2"), 80};
  serving.send_key = 1;
  serving.receive_key = 2;
  serving.send_bytes = serving.receive_bytes = bytes;
  TalkerPlan calling = serving;
  calling.connect = serving.local;
  calling.local = {*IpAddress::parse("10.0.0.1"), 0};
  std::swap(calling.send_key, calling.receive_key);
  server.start(std::make_unique<Talker>(serving, net.random("server")));
  net.run_until(net.now());
  client.start(std::make_unique<Talker>(calling, net.random("client")));
  net.run_for(300s);
  EXPECT_TRUE(static_cast<Talker&>(client.actor(0)).done());
  EXPECT_TRUE(static_cast<Talker&>(server.actor(0)).done());
  client.stack().set_call_listener(nullptr);
  server.stack().set_call_listener(nullptr);
  EXPECT_EQ(client_recorder.finish(), "");
  EXPECT_EQ(server_recorder.finish(), "");
  return {client_sink.bytes(), server_sink.bytes(), server_recorder.digest()};
}

TEST(Replay, D7_ALiveRunIsTheSameAgain) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const Recorded recorded = record_transfer(seed, 100'000);
    for (const std::string* record : {&recorded.client, &recorded.server}) {
      const auto outcome = replay(bytes_of(*record));
      ASSERT_TRUE(outcome) << outcome.error();
      EXPECT_EQ(outcome->difference, "");
      EXPECT_EQ(outcome->damage, "");
      EXPECT_GT(outcome->calls, 100U);
      EXPECT_GT(outcome->received, 50U);
      EXPECT_GT(outcome->sent, 50U);
    }
    const auto outcome = replay(bytes_of(recorded.server));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->calls, recorded.digest.calls());
    EXPECT_EQ(outcome->digest, recorded.digest.value());
  }
}

// Hearing the calls must not change them.
TEST(Replay, ARecordedRunIsTheSameAsOneThatIsNot) {
  EXPECT_EQ(record_transfer(4, 20'000).client, record_transfer(4, 20'000).client);
}

bool is_one_line(const std::string& text) {
  return !text.empty() && text.find('\n') == std::string::npos;
}

TEST(Replay, D7_AFlippedByteIsFound) {
  const std::string record = record_transfer(5, 5'000).server;
  ASSERT_TRUE(replay(bytes_of(record)));
  for (std::size_t at = 0; at < record.size(); at += 1 + at / 500) {
    std::string flipped = record;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    const auto outcome = replay(bytes_of(flipped));
    // Whatever it changes in what the Stack does, the record's sum says that it was the record.
    EXPECT_TRUE(is_one_line(outcome ? outcome->damage : outcome.error())) << "byte " << at;
  }
}

// What was written before the power went is done again.
TEST(Replay, D7_ACutRecordIsReplayedAsFarAsItGoes) {
  const std::string record = record_transfer(6, 2'000).server;
  const auto whole = replay(bytes_of(record));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->damage, "");
  const std::size_t head = record_head(RecordReader::open(bytes_of(record))->config()).size();
  std::uint64_t calls = 0;
  for (std::size_t size = 0; size < record.size(); size += 1 + size / 200) {
    const auto outcome = replay(bytes_of(record.substr(0, size)));
    if (size < head) {
      ASSERT_FALSE(outcome) << size;
      EXPECT_TRUE(is_one_line(outcome.error()));
      continue;
    }
    ASSERT_TRUE(outcome) << size << ": " << outcome.error();
    EXPECT_EQ(outcome->difference, "");
    EXPECT_NE(outcome->damage.find("cut short"), std::string::npos) << size << outcome->damage;
    EXPECT_TRUE(is_one_line(outcome->damage));
    EXPECT_GE(outcome->calls, calls);
    calls = outcome->calls;
  }
  EXPECT_GT(calls, whole->calls * 9 / 10);
  EXPECT_LE(calls, whole->calls);
  EXPECT_TRUE(is_one_line(replay(bytes_of(record + "x"))->damage));
}

TEST(Replay, WhatIsNoRecordOrOfAnotherBuildIsOneLine) {
  const auto error_of = [](const std::string& bytes) {
    const auto outcome = replay(bytes_of(bytes));
    EXPECT_FALSE(outcome);
    return outcome ? "" : outcome.error();
  };
  EXPECT_NE(error_of("").find("no record"), std::string::npos);
  EXPECT_NE(error_of("#!/bin/sh\necho\n").find("no record"), std::string::npos);
  std::string head = record_head({});
  std::string other = head;
  other[kMagic.size()] = 2;
  EXPECT_EQ(error_of(other), "format 2: this bowline reads format 1");
  other = head;
  ++other[kMagic.size() + 8];
  EXPECT_NE(error_of(other).find("written by another version"), std::string::npos);
  head.back() = static_cast<char>(head.back() ^ 1);
  EXPECT_NE(error_of(head).find("changed since it was written"), std::string::npos);
}

// Takes so many records, then the disk is full.
class FullDisk final : public trace::ByteSink {
 public:
  explicit FullDisk(std::size_t room) : room_(room) {}
  bool append(std::string_view record) override {
    if (room_ == 0) return false;
    --room_;
    bytes += record;
    return true;
  }
  [[nodiscard]] std::string_view error() const noexcept override {
    return room_ == 0 ? "cannot write x: No space left on device; make room" : "";
  }
  std::string bytes;

 private:
  std::size_t room_;
};

TEST(CallRecorder, AFullDiskIsSaidOnceAndTheRecordHasNoGap) {
  FullDisk disk(6);
  int said = 0;
  CallRecorder recorder(disk, {}, {}, [&](std::string_view line) {
    EXPECT_NE(line.find("No space left"), std::string::npos);
    ++said;
  });
  auto stack = Stack::create({});
  stack->set_call_listener(&recorder);
  for (int i = 0; i < 10; ++i) stack->advance(Time{} + i * 1ms);
  stack->set_call_listener(nullptr);
  EXPECT_EQ(said, 1);
  EXPECT_NE(recorder.finish().find("No space left"), std::string::npos);
  EXPECT_EQ(said, 1);
  const auto outcome = replay(bytes_of(disk.bytes));
  ASSERT_TRUE(outcome) << outcome.error();
  EXPECT_EQ(outcome->calls, 5U);
  EXPECT_NE(outcome->damage.find("cut short after 5 calls"), std::string::npos) << outcome->damage;
}

// A Stack that does something else, here because its seed is another, is told from the first call
// on that shows it.
TEST(Replay, AnotherBehaviourIsNamedWithItsCall) {
  std::string record = record_transfer(7, 2'000).client;
  StackConfig config = RecordReader::open(bytes_of(record))->config();
  const std::size_t head = record_head(config).size();
  config.seed[0] ^= 1;
  const std::string other = record_head(config) + record.substr(head);
  const auto outcome = replay(bytes_of(other));
  ASSERT_TRUE(outcome) << outcome.error();
  EXPECT_NE(outcome->difference.find("call "), std::string::npos) << outcome->difference;
  EXPECT_NE(outcome->difference.find(" differs at byte "), std::string::npos)
      << outcome->difference;
  EXPECT_EQ(outcome->damage, "");  // the record is not to blame
}

class CountingOutput final : public trace::Output {
 public:
  void frame(const trace::FrameEvent& event) override {
    ++(event.way == trace::Way::in ? in : out);
    reasons += event.decisions.size();
  }
  std::uint64_t in = 0, out = 0, reasons = 0;
};

TEST(Replay, WhoWatchesSeesFramesAndReasons) {
  const std::string record = record_transfer(8, 100'000).server;
  CountingOutput output;
  trace::Recorder recorder;
  recorder.add_output(output);
  const auto outcome = replay(bytes_of(record), &recorder);
  recorder.flush();
  ASSERT_TRUE(outcome) << outcome.error();
  EXPECT_EQ(outcome->difference, "");
  EXPECT_EQ(output.in, outcome->received);
  EXPECT_GT(output.out, 10U);
  EXPECT_GT(output.reasons, 10U);
}

}  // namespace
}  // namespace bowline::replay
