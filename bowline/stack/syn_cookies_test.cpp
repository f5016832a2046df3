// Listeners that keep nothing of who has not proved his address (RFC 4987 section 3.6). A8, A18.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using testing::all_ready;
using testing::syn_frame;
using testing::tcp_of;
using testing::TwoStacks;

StackConfig server_with(tcp::SynCookies mode) {
  StackConfig config = testing::config_with_seed(9);
  config.tcp.syn_cookies = mode;
  return config;
}

ListenerView listener_of(const TwoStacks& two) {
  ListenerView found;
  two.right.for_each_listener(
      [](void* context, const ListenerView& view) { *static_cast<ListenerView*>(context) = view; },
      &found);
  return found;
}

// Sends `count` bytes from the client and has the server read them.
void transfer(TwoStacks& two, std::size_t count) {
  const std::vector<std::byte> sent = testing::bytes_from(0, count);
  std::vector<std::byte> got;
  std::size_t written = 0;
  std::array<std::byte, 4'096> room{};
  for (int i = 0; i < 1'000 && got.size() < count; ++i) {
    const auto more = two.left.write(two.client, std::span(sent).subspan(written), two.now);
    if (more) written += *more;
    two.pass(10ms);
    while (const auto read = two.right.read(two.server, room, two.now)) {
      if (*read == 0) break;
      got.insert(got.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(*read));
    }
  }
  EXPECT_EQ(got, sent);
}

TEST(SynCookies, A18_NothingIsKeptOfASynAndTheHandshakeGoesOn) {
  TwoStacks two(testing::config_with_seed(1), server_with(tcp::SynCookies::always));
  two.listen();
  std::vector<Frame> syn_acks;
  bool quiet = true;
  two.to_left = [&](const Frame&) { return !quiet; };
  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  const auto opened = two.left.connect(options, two.now);
  ASSERT_TRUE(opened);
  two.exchange();
  EXPECT_EQ(two.right.usage().half_open, 0U);
  EXPECT_EQ(two.right.usage().connections, 0U);
  EXPECT_EQ(two.right.next_deadline(), kNever) << "nor is there a timer";
  quiet = false;
  two.pass(1s);  // the client's SYN comes again; the SYN-ACK never does by itself
  const auto accepted = two.right.accept(*two.listener, two.now);
  ASSERT_TRUE(accepted);
  two.client = *opened;
  two.server = *accepted;
  EXPECT_EQ(two.client_state(), tcp::State::established);
  EXPECT_EQ(two.server_state(), tcp::State::established);
  transfer(two, 300'000);
  const ListenerView listener = listener_of(two);
  EXPECT_EQ(listener.cookies_sent, 2U);
  EXPECT_EQ(listener.cookies_taken, 1U);
  EXPECT_EQ(listener.cookies_wrong, 0U);
}

// What entries would hold comes back with the timestamp: both ends agree as if there had been one.
TEST(SynCookies, OptionsComeBackInTheTimestamp) {
  for (const auto ecn : {tcp::EcnMode::off, tcp::EcnMode::request, tcp::EcnMode::accurate}) {
    std::vector<ConnectionView> views;
    for (const auto mode : {tcp::SynCookies::never, tcp::SynCookies::always}) {
      StackConfig client = testing::config_with_seed(1);
      client.tcp.ecn = ecn;
      TwoStacks two(client, server_with(mode));
      two.establish();
      views.push_back(*two.right.inspect(two.server));
      transfer(two, 300'000);
    }
    EXPECT_TRUE(views[1].sack);
    EXPECT_TRUE(views[1].timestamps);
    EXPECT_EQ(views[0].sack, views[1].sack);
    EXPECT_EQ(views[0].timestamps, views[1].timestamps);
    EXPECT_EQ(views[0].snd_wind_shift, views[1].snd_wind_shift);
    EXPECT_EQ(views[0].rcv_wind_shift, views[1].rcv_wind_shift);
    EXPECT_EQ(views[0].snd_mss, views[1].snd_mss);
    EXPECT_EQ(views[0].ecn, views[1].ecn);
  }
}

// A client without timestamps does without the rest, which the SYN-ACK says: both ends know.
TEST(SynCookies, WithoutTimestampsTheConnectionIsPlainAndWorks) {
  StackConfig client = testing::config_with_seed(1);
  client.tcp.timestamps = false;
  TwoStacks two(client, server_with(tcp::SynCookies::always));
  two.establish();
  for (const ConnectionView& view :
       {*two.left.inspect(two.client), *two.right.inspect(two.server)}) {
    EXPECT_FALSE(view.sack);
    EXPECT_FALSE(view.timestamps);
    EXPECT_EQ(view.snd_wind_shift, 0);
    EXPECT_EQ(view.rcv_wind_shift, 0);
  }
  transfer(two, 300'000);
}

// The queue first; only what finds it full gets a cookie, and gets in by it.
TEST(SynCookies, UnderPressureComeWhenTheQueueIsFull) {
  StackConfig server = server_with(tcp::SynCookies::under_pressure);
  server.limits.half_open = 3;
  TwoStacks two(testing::config_with_seed(1), server);
  two.listen();
  for (std::uint16_t i = 0; i < 50; ++i) {
    Frame syn = syn_frame(two.right, {IpAddress::v4(0xc6336400U + i), 5'000},
                          {testing::right_address(), testing::kPort}, 1'000);
    two.right.receive(testing::kInterface, {&syn, 1}, two.now);
  }
  EXPECT_EQ(two.right.usage().half_open, 3U);
  EXPECT_EQ(listener_of(two).cookies_sent, 47U);
  two.to_left = [](const Frame& frame) { return tcp_of(frame).header.destination_port != 5'000; };
  two.establish();
  EXPECT_EQ(two.server_state(), tcp::State::established);
  EXPECT_EQ(listener_of(two).cookies_taken, 1U);
}

// RFC 9293 3.10.7.2 second: where no cookie is out, an ACK to a listener is reset as ever; and so
// is a wrong one.
TEST(SynCookies, AnAckOfNoCookieIsReset) {
  TwoStacks two(testing::config_with_seed(1), server_with(tcp::SynCookies::under_pressure));
  two.establish();
  EXPECT_EQ(two.right.counters()[Reason::send_syn_cookie], 0U);
  // A stray ACK: the client's Stack forgets, and a copy of its ACK comes to the listener.
  std::vector<Frame> kept;
  TwoStacks again(testing::config_with_seed(1), server_with(tcp::SynCookies::always));
  again.listen();
  again.to_right = [&](const Frame& frame) {
    const auto tcp = tcp_of(frame);
    if ((tcp.header.flags & wire::kSyn) == 0) kept.push_back(frame);
    return (tcp.header.flags & wire::kSyn) != 0;
  };
  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  ASSERT_TRUE(again.left.connect(options, again.now));
  again.exchange();
  ASSERT_EQ(kept.size(), 1U) << "the third segment, held back";
  Frame late = kept.front();
  again.now += 3min;  // too late: its minutes are over
  again.right.receive(testing::kInterface, {&late, 1}, again.now);
  again.exchange();
  EXPECT_EQ(again.right.counters()[Reason::send_rst_listen_ack], 1U);
  EXPECT_EQ(again.right.usage().connections, 0U);
}

// A8: who has finished his handshake is never reset because there is no room for him, whatever he
// says: only his first segment shows the cookie, and the ones behind it come to a listener that
// knows nothing of him. He gets in as soon as there is room.
class TurnedAway : public ::testing::Test {
 protected:
  explicit TurnedAway(std::uint32_t connections = 1'000)
      : two_(testing::config_with_seed(1), server(connections)) {}
  static StackConfig server(std::uint32_t connections) {
    StackConfig config = server_with(tcp::SynCookies::always);
    config.limits.connections = connections;
    return config;
  }

  // Two clients whose SYNs come before both ACKs, and then each all of its data and its FIN.
  void two_clients_send(std::size_t bytes) {
    ConnectOptions options;
    options.remote = {testing::right_address(), testing::kPort};
    for (Handle& client : clients_) {
      const auto opened = two_.left.connect(options, two_.now);
      ASSERT_TRUE(opened);
      client = *opened;
    }
    two_.exchange();
    for (const Handle client : clients_) {
      ASSERT_EQ(two_.left.write(client, testing::bytes_from(0, bytes), two_.now), bytes);
      ASSERT_TRUE(two_.left.shutdown(client, Direction::send, two_.now));
    }
    two_.pass(100ms);
  }
  // Accepts one and reads what its client has sent, to the end.
  void serve_one(std::size_t bytes) {
    const auto accepted = two_.right.accept(*two_.listener, two_.now);
    ASSERT_TRUE(accepted);
    std::array<std::byte, 8'192> room{};
    EXPECT_EQ(two_.right.read(*accepted, room, two_.now).value_or(0), bytes);
    EXPECT_EQ(two_.right.read(*accepted, room, two_.now), 0U);
    ASSERT_TRUE(two_.right.close(*accepted, two_.now));
    two_.exchange();
  }
  void expect_nobody_reset() {
    EXPECT_EQ(two_.right.counters()[Reason::send_rst_listen_ack], 0U);
    EXPECT_EQ(two_.left.counters()[Reason::state_reset_received], 0U);
  }

  TwoStacks two_;
  std::array<Handle, 2> clients_;
};

TEST_F(TurnedAway, AFullAcceptQueueResetsNobody) {
  two_.listen(1);
  two_clients_send(5'000);
  expect_nobody_reset();
  serve_one(5'000);
  EXPECT_FALSE(two_.right.accept(*two_.listener, two_.now));
  two_.pass(20s);
  serve_one(5'000);
  expect_nobody_reset();
}

class TurnedAwayByTheStack : public TurnedAway {
 protected:
  TurnedAwayByTheStack() : TurnedAway(1) {}
};

TEST_F(TurnedAwayByTheStack, ALimitResetsNobody) {
  two_.listen();
  two_clients_send(5'000);
  expect_nobody_reset();
  serve_one(5'000);
  ASSERT_TRUE(two_.left.close(clients_[0], two_.now));
  two_.pass(20s);
  serve_one(5'000);
  expect_nobody_reset();
}

// It ends with the last cookie that may come back: then an ACK to a listener is reset as ever.
TEST_F(TurnedAway, ItEndsWithTheCookie) {
  two_.listen(1);
  two_clients_send(5'000);
  std::vector<Frame> sent;
  two_.to_right = [&](const Frame& frame) {
    sent.push_back(frame);
    return false;
  };
  two_.pass(10s);
  ASSERT_FALSE(sent.empty());
  two_.now += 3min;
  two_.right.receive(testing::kInterface, {&sent.front(), 1}, two_.now);
  two_.exchange();
  EXPECT_EQ(two_.right.counters()[Reason::send_rst_listen_ack], 1U);
}

// A flood costs neither memory nor a timer.
TEST(SynCookies, AFloodOfSynsIsAnsweredFromNothing) {
  TwoStacks two(testing::config_with_seed(1), server_with(tcp::SynCookies::always));
  two.listen();
  testing::KeepingSink sink;
  std::uint64_t before = 0;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    Frame syn = syn_frame(two.right, {IpAddress::v4(0x0b000000U + i * 257), 1'024},
                          {testing::right_address(), testing::kPort}, 1'000);
    two.right.receive(testing::kInterface, {&syn, 1}, two.now);
    static_cast<void>(two.right.transmit(testing::kInterface, sink, two.now));
    sink.whole.clear();
    if (i < 100) before = std::max(before, two.right.usage().buffer_bytes);
  }
  EXPECT_LE(two.right.usage().buffer_bytes, before);
  EXPECT_EQ(two.right.usage().half_open, 0U);
  EXPECT_EQ(listener_of(two).cookies_sent, 10'000U);
  EXPECT_EQ(two.right.next_deadline(), kNever);
}

}  // namespace
}  // namespace bowline
