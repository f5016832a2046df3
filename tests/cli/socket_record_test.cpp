// Records of sockets between an instance and `bowline ss`.
#include <gtest/gtest.h>

#include "bowline/trace/socket_listing.hpp"
#include "tools/socket_record_reader.hpp"

namespace bowline::tools {
namespace {

using trace::socket_record;
using trace::SocketRecord;

TEST(SocketRecord, SurvivesItsJson) {
  const trace::ListingOptions kAll{
      .timers = true, .extended = true, .memory = true, .internals = true};
  ConnectionView view;
  view.local = {*IpAddress::parse("10.77.0.2"), 80};
  view.remote = {*IpAddress::parse("fd77::1"), 40'000};
  view.snd_mss = 1'448;
  view.timestamps = view.sack = view.orphan = true;
  view.retransmit_at = Time{200ms};
  for (const SocketRecord& record :
       {socket_record(view, Time{}), socket_record(ListenerView{}), socket_record(UdpView{})}) {
    const std::string json = to_json(record);
    EXPECT_EQ(json.find('\n'), std::string::npos);
    const auto read = parse_socket_record(json);
    ASSERT_TRUE(read) << json;
    EXPECT_EQ(to_json(*read), json);
    EXPECT_EQ(trace::listing_line(*read, kAll), trace::listing_line(record, kAll));
  }
}

TEST(SocketRecord, WhatIsNoneIsNone) {
  for (const auto* bad :
       {"", "{", "[]", "1", "{}", R"({"kind":"tcp"})", R"({"kind":1,"state":2})"}) {
    EXPECT_FALSE(parse_socket_record(bad)) << bad;
  }
  EXPECT_TRUE(parse_socket_record(
      R"({"kind":"tcp","state":"LISTEN","local":"a","peer":"b","recv_q":-1,"new":{"x":1}})"));
}

}  // namespace
}  // namespace bowline::tools
