#include "bowline/trace/names.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace bowline::trace {
namespace {

using tcp::State;

TEST(StateNames, A25_OutputSpellsAsTheRfcDoes) {
  EXPECT_EQ(state_name(static_cast<std::uint32_t>(State::syn_received)), "SYN-RECEIVED");
  EXPECT_EQ(state_name(static_cast<std::uint32_t>(State::fin_wait_1)), "FIN-WAIT-1");
  EXPECT_EQ(state_name(tcp::kStateCount), "?");
}

TEST(StateNames, A25_InputTakesOwnOutput) {
  for (std::uint32_t i = 0; i < tcp::kStateCount; ++i) {
    EXPECT_EQ(parse_state(state_name(i)), static_cast<State>(i)) << state_name(i);
  }
}

TEST(StateNames, A25_InputTakesTheOtherSpellings) {
  const std::vector<std::pair<std::string_view, State>> spellings{
      {"SYN_SENT", State::syn_sent},
      {"SYN_SEND", State::syn_sent},  // K30: document 002
      {"syn-send", State::syn_sent},
      {"SYN_RCVD", State::syn_received},
      {"SYN-RECV", State::syn_received},
      {"SYN_RECV", State::syn_received},
      {"SynReceived", State::syn_received},
      {"TCP_SYN_RECV", State::syn_received},
      {"ESTAB", State::established},
      {"established", State::established},
      {"TCPS_ESTABLISHED", State::established},
      {"FIN_WAIT1", State::fin_wait_1},
      {"FIN_WAIT_1", State::fin_wait_1},
      {"FIN-WAIT-2", State::fin_wait_2},
      {"fin wait 2", State::fin_wait_2},
      {"CLOSE_WAIT", State::close_wait},
      {"TIME_WAIT", State::time_wait},
      {"timewait", State::time_wait},
      {"LAST_ACK", State::last_ack},
      {"CLOSE", State::closed},
      {"LISTENING", State::listen},
      {"Closing", State::closing}};
  for (const auto& [text, state] : spellings) EXPECT_EQ(parse_state(text), state) << text;
}

TEST(StateNames, A25_WhatMeansNoOneStateIsRefused) {
  for (const std::string_view text :
       {"", "FIN-WAIT", "SYN", "half-open", "TCP", "CLOSED!", "TCP_TCP_CLOSE_X"}) {
    EXPECT_EQ(parse_state(text), std::nullopt) << text;
  }
}

TEST(EndpointText, Ipv6StandsInBracketsWithAColonAndBareWithADot) {
  const Endpoint v4{*IpAddress::parse("10.77.0.2"), 80};
  const Endpoint v6{*IpAddress::parse("fd00::2"), 80};
  EXPECT_EQ(to_text(v4), "10.77.0.2:80");
  EXPECT_EQ(to_text(v6), "[fd00::2]:80");
  EXPECT_EQ(to_dotted(v4), "10.77.0.2.80");
  EXPECT_EQ(to_dotted(v6), "fd00::2.80");
}

TEST(FrameName, TellsACapturesFramesFromTheStacks) {
  EXPECT_EQ(to_text(FrameId::none), "-");
  EXPECT_EQ(to_text(FrameId{17}), "17");
  EXPECT_EQ(to_text(captured_frame_id(InterfaceId{2}, 17)), "if2-17");
  EXPECT_EQ(static_cast<std::uint64_t>(captured_frame_id(InterfaceId{2}, 17)),
            0x8200'0000'0000'0011U);
}

}  // namespace
}  // namespace bowline::trace
