#include "bowline/trace/json.hpp"

#include <gtest/gtest.h>

#include "bowline/trace/testing/conversation.hpp"
#include "bowline/trace/testing/program.hpp"

namespace bowline::trace {
namespace {

using tcp::State;
using testing::change;
using testing::decision;
using testing::show;

TEST(Json, ASegmentAndTheDecisionsAboutIt) {
  MemorySink sink;
  JsonOutput output(sink, {.epoch = 5ns});
  Segment syn = testing::handshake()[1];
  syn.options.mss = 1'460;
  syn.options.sack_permitted = true;
  syn.options.timestamps = wire::Timestamps{7, 8};
  show(output, syn, Way::out, Time{10ns},
       {decision(Reason::send_syn_ack, FrameId{2}, 3, Time{9ns})}, FrameId{2});
  EXPECT_EQ(sink.bytes(),
            R"({"event":"decision","time_ns":14,"kind":"send","reason":"send_syn_ack",)"
            R"("reference":"RFC 9293 3.10.7.2 third",)"
            R"("sentence":"answer the SYN: our own number, and the next we expect",)"
            R"("frame":"2","connection":3})"
            "\n"
            R"({"event":"segment","time_ns":15,"frame":"2","interface":0,"direction":"out",)"
            R"("size":56,"source":"192.168.1.123","source_port":7788,)"
            R"("destination":"192.168.1.116","destination_port":3337,"flags":"S.",)"
            R"("seq":1739326486,"ack":3626544837,"window":65535,)"
            R"("options":{"mss":1460,"sack_permitted":true,"timestamp":7,"timestamp_echo":8},)"
            R"("length":0,"reasons":["send_syn_ack"]})"
            "\n");
}

TEST(Json, A25_AStateChangeSpellsAsTheRfcDoes) {
  MemorySink sink;
  JsonOutput output(sink);
  output.decision(change(Reason::state_time_wait_over, State::time_wait, State::closed));
  EXPECT_EQ(sink.bytes(),
            R"({"event":"decision","time_ns":0,"kind":"state","reason":"state_time_wait_over",)"
            R"("reference":"RFC 9293 3.10.8","sentence":"2 MSL have passed","connection":1,)"
            R"("from":"TIME-WAIT","to":"CLOSED"})"
            "\n");
}

TEST(Json, APacketThatIsNoSegment) {
  MemorySink sink;
  JsonOutput output(sink);
  std::vector<std::byte> bytes = to_packet(testing::handshake()[0]);
  bytes[32] = std::byte{0x10};
  const Packet packet = take_apart(bytes, LinkKind::ip);
  output.frame({captured_frame_id(InterfaceId{1}, 6),
                InterfaceId{1},
                Way::in,
                Time{},
                LinkKind::ip,
                bytes,
                packet,
                {}});
  EXPECT_EQ(sink.bytes(),
            R"({"event":"packet","time_ns":0,"frame":"if1-6","interface":1,"direction":"in",)"
            R"("size":40,"source":"192.168.1.116","source_port":0,"destination":"192.168.1.123",)"
            R"("destination_port":0,"protocol":6,"length":0,"broken":"tcp_bad_offset",)"
            R"("reasons":[]})"
            "\n");
}

TEST(Json, AnInterface) {
  MemorySink sink;
  JsonOutput output(sink);
  output.interface({InterfaceId{0}, "tun\"0\\\n\xff", {}});
  EXPECT_EQ(sink.bytes(),
            R"({"event":"interface","interface":0,"name":"tun\"0\\??","link":"ip","mtu":1500})"
            "\n");
}

// Every reason's sentence goes through a parser that is not ours.
TEST(Json, EveryLineIsJson) {
  if (!testing::is_installed("python3")) GTEST_SKIP() << "python3 is not installed";
  MemorySink sink;
  JsonOutput output(sink);
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    Decision made = decision(static_cast<Reason>(i), FrameId{i}, i);
    made.handle = {1, 2, HandleKind::tcp};
    made.from = 1;
    made.to = 2;
    output.decision(made);
  }
  for (const Segment& segment : testing::handshake()) {
    show(output, segment, Way::in, Time{}, {decision(Reason::paws)});
  }
  const testing::Ran ran = testing::run(
      "python3 -c 'import json,sys; print(sum(1 for line in sys.stdin if json.loads(line)))'",
      sink.bytes());
  EXPECT_EQ(ran.complaints, "");
  EXPECT_EQ(ran.output, std::to_string(kReasonCount + 6) + "\n");
}

}  // namespace
}  // namespace bowline::trace
