// Records of sockets, their JSON, and the listing made of them. REQUIREMENTS A8, A22.
#include "bowline/trace/socket_listing.hpp"

#include <gtest/gtest.h>

#include "bowline/trace/testing/conversation.hpp"

namespace bowline::trace {
namespace {

constexpr ListingOptions kAll{.timers = true, .extended = true, .memory = true, .internals = true};

ConnectionView connection() {
  ConnectionView view;
  view.number = 4;
  view.local = testing::at("10.77.0.2", 80);
  view.remote = testing::at("10.77.0.1", 40'000);
  view.state = tcp::State::established;
  view.send_queue = 1'460;
  view.receive_queue = 7;
  view.snd_mss = 1'448;
  view.cwnd = 14'480;
  view.ssthresh = 0x7fff'ffff;
  view.rto = 204ms;
  view.receive_limit = view.send_limit = 1'048'576;
  return view;
}

std::string line(const ConnectionView& view, ListingOptions options = {}, Time now = {}) {
  return listing_line(socket_record(view, now), options);
}
bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(SocketListing, A22_HasTheColumnsOfSs) {
  EXPECT_EQ(listing_header(),
            "Netid State         Recv-Q  Send-Q  Local Address:Port       Peer Address:Port");
  EXPECT_EQ(line(connection()),
            "tcp   ESTABLISHED        7    1460  10.77.0.2:80             10.77.0.1:40000");
}

TEST(SocketListing, A22_ShowsTheTimerThatRunsOutFirst) {
  ConnectionView view = connection();
  view.retransmit_at = Time{10s + 200ms};
  view.keepalive_at = Time{7'200s};
  view.backoff = 2;
  const ListingOptions timers{.timers = true};
  EXPECT_TRUE(holds(line(view, timers, Time{10s}), " timer:(on,200ms,2)"));
  EXPECT_TRUE(holds(line(view, timers, Time{11s}), " timer:(on,0ms,2)")) << "due";
  EXPECT_FALSE(holds(line(view), "timer"));
  view.retransmit_at = kNever;
  EXPECT_TRUE(holds(line(view, timers), " timer:(keepalive,2h,2)"));
  view.state = tcp::State::time_wait;
  view.time_wait_at = Time{59s + 5ms};
  EXPECT_TRUE(holds(line(view, timers), " timer:(timewait,59.005sec,2)"));
}

TEST(SocketListing, A8_AListenerShowsBothQueues) {
  ListenerView listener;
  listener.local = testing::at("::", 80);
  listener.accept_queue = 1;
  listener.accept_limit = 128;
  listener.half_open = 3;
  listener.half_open_limit = 1'024;
  listener.accepted = 9;
  listener.overflows = 2;
  EXPECT_EQ(listing_line(socket_record(listener), {.extended = true, .internals = true}),
            "tcp   LISTEN             1     128  [::]:80                  [::]:0                  "
            " syn-queue:3/1024 accepted:9 overflows:2");
}

TEST(SocketListing, InternalsInTheWordsOfSs) {
  ConnectionView view = connection();
  view.srtt = 12ms;
  view.rttvar = 500us;
  view.window_scaling = true;
  view.snd_wind_shift = 7;
  view.rcv_wind_shift = 5;
  view.timestamps = true;
  view.retransmissions = 2;
  view.bytes_sent = 10'000;
  view.bytes_retransmitted = 1'448;
  view.in_flight = 1'460;
  view.ssthresh = 28'960;
  const std::string text = line(view, kAll);
  for (const auto* part :
       {" #4 if:0", " skmem:(r7,rb1048576,t1460,tb1048576,o0)", "\n\t ts cubic wscale:7,5 rto:204",
        " rtt:12/0.5", " mss:1448", " cwnd:10 ", " ssthresh:20 ", " bytes_sent:11448",
        " bytes_retrans:1448", " unacked:2 in_flight:1460", " retrans:2"}) {
    EXPECT_TRUE(holds(text, part)) << part << " in " << text;
  }
  view.ssthresh = 0x7fff'ffff;
  EXPECT_FALSE(holds(line(view, kAll), "ssthresh")) << "none before the first loss";
}

TEST(SocketListing, HalfOpenAndTimeWaitKnowLess) {
  ConnectionView view;
  view.local = testing::at("10.77.0.2", 80);
  view.remote = testing::at("10.77.0.1", 40'000);
  view.state = tcp::State::syn_received;
  view.retransmissions = 1;
  const std::string text = line(view, kAll);
  EXPECT_TRUE(holds(text, "SYN-RECEIVED"));
  EXPECT_TRUE(holds(text, "retrans:1"));
  EXPECT_FALSE(holds(text, "cwnd"));
}

TEST(SocketListing, K126_AUdpSocketIsListedToo) {
  UdpView view;
  view.local = testing::at("0.0.0.0", 53);
  view.receive_queue = 100;
  view.receive_cost = 900;
  view.receive_limit = 65'536;
  view.dropped = 3;
  const std::string text = listing_line(socket_record(view), kAll);
  EXPECT_TRUE(text.starts_with("udp   UNCONNECTED      100       0  0.0.0.0:53 ")) << text;
  EXPECT_TRUE(holds(text, "skmem:(r900,rb65536,t0,tb0,o0,d3)")) << text;
  view.remote = testing::at("10.0.0.1", 9);
  EXPECT_TRUE(holds(listing_line(socket_record(view), {}), "ESTABLISHED"));
}

TEST(SocketRecord, IsOneLineOfJson) {
  ListenerView listener;
  listener.local = testing::at("10.77.0.2", 80);
  listener.accept_limit = 128;
  EXPECT_EQ(to_json(socket_record(listener)),
            R"({"kind":"tcp","state":"LISTEN","recv_q":0,"send_q":128,"local":"10.77.0.2:80",)"
            R"("peer":"0.0.0.0:0","options":[],"syn_queue":0,"syn_queue_limit":0,"accepted":0,)"
            R"("overflows":0,"cookies_sent":0,"cookies_taken":0,"cookies_wrong":0})");
  ConnectionView view = connection();
  view.timestamps = view.sack = true;
  view.retransmit_at = Time{200ms};
  const std::string json = to_json(socket_record(view, Time{}));
  EXPECT_TRUE(
      holds(json, R"("options":["ts","sack","cubic"],"timer":"on","timer_ms":200,"number":4)"));
}

}  // namespace
}  // namespace bowline::trace
