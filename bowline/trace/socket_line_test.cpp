#include "bowline/trace/socket_line.hpp"

#include <gtest/gtest.h>

#include "bowline/trace/testing/conversation.hpp"

namespace bowline::trace {
namespace {

ConnectionView connection() {
  ConnectionView view;
  view.number = 4;
  view.local = testing::at("10.77.0.2", 80);
  view.remote = testing::at("10.77.0.1", 40'000);
  view.state = tcp::State::established;
  view.send_queue = 1'460;
  view.receive_queue = 7;
  return view;
}

TEST(SocketLine, A22_HasTheColumnsOfSs) {
  EXPECT_EQ(socket_header(),
            "State           Recv-Q    Send-Q  Local                     Peer                      "
            "Timer");
  EXPECT_EQ(socket_line(connection(), Time{}),
            "ESTABLISHED          7      1460  10.77.0.2:80              10.77.0.1:40000");
}

TEST(SocketLine, A22_ShowsTheTimerThatRunsOutFirst) {
  ConnectionView view = connection();
  view.retransmit_at = Time{10s + 200ms};
  view.keepalive_at = Time{7'200s};
  view.backoff = 2;
  EXPECT_TRUE(socket_line(view, Time{10s}).ends_with("  on,200ms,2"));
  EXPECT_TRUE(socket_line(view, Time{11s}).ends_with("  on,0ms,2"));  // due
  view.retransmit_at = kNever;
  EXPECT_TRUE(socket_line(view, Time{}).ends_with("  keepalive,2h,2"));
  view.state = tcp::State::time_wait;
  view.time_wait_at = Time{59s + 5ms};
  EXPECT_TRUE(socket_line(view, Time{}).ends_with("  timewait,59.005sec,2"));
}

TEST(SocketLine, A8_AListenerShowsBothQueues) {
  ListenerView listener;
  listener.local = testing::at("::", 80);
  listener.accept_queue = 1;
  listener.accept_limit = 128;
  listener.half_open = 3;
  listener.half_open_limit = 1'024;
  EXPECT_EQ(socket_line(listener),
            "LISTEN               1       128  [::]:80                   [::]:0                    "
            "half-open 3/1024");
}

TEST(SocketLine, DetailsBehindIt) {
  ConnectionView view = connection();
  view.srtt = 12ms;
  view.rttvar = 500us;
  view.rto = 212ms;
  view.snd_mss = 1'448;
  view.window_scaling = true;
  view.snd_wind_shift = 7;
  view.rcv_wind_shift = 5;
  view.timestamps = true;
  view.retransmissions = 2;
  EXPECT_EQ(socket_details(view),
            "\t#4 rto:212 mss:1448 rcvmss:0 cwnd:0 ssthresh:0 in_flight:0 snd_wnd:0 rcv_wnd:0 "
            "bytes_sent:0 bytes_received:0 segs_out:0 segs_in:0 retrans:2 rtt:12/0.5 wscale:7,5 "
            "ts");
}

}  // namespace
}  // namespace bowline::trace
