#include <algorithm>
#include <vector>

#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

constexpr std::uint64_t kRate = 1'000'000;    // bits a second, of the bottleneck
constexpr std::uint32_t kQueue = 40 * 1'500;  // before it: forty whole packets
constexpr std::uint32_t kWindow = 64'000;     // bytes that each receiver offers
constexpr std::uint16_t kSenders = 8;
constexpr std::uint16_t kNewcomers = 20;  // one a second, from here on
constexpr Duration kFirstNewcomer = 5s;
constexpr Duration kBusy = 30s;
constexpr std::uint16_t kNewcomer = World::kClientPort + 100;

WorldOptions options(bool with, std::uint64_t seed, bool sack) {
  WorldOptions world;
  world.seed = seed;
  if (!with) world.ablation = tcp::AblationKey::without({tcp::Mechanism::congestion_window});
  world.to_server.rate.bits_per_second = kRate;
  world.to_server.queue = kQueue;
  world.delay = 1ms;
  world.shown_port = kNewcomer;
  world.configure = [sack](StackConfig& config, Side) {
    config.tcp.receive_buffer = config.tcp.receive_buffer_max = kWindow;
    config.tcp.send_buffer = config.tcp.send_buffer_max = 256'000;
    config.tcp.pacing = false;  // it spreads what the congestion window lets out: a part of it
    config.tcp.sack = sack;
  };
  return world;
}

// Connections that have more to send than the bottleneck takes, and newcomers who have one question
// each.
void talk(World& world) {
  world.listen([](Conn&) {});
  for (std::uint16_t i = 0; i < kSenders; ++i) {
    constexpr std::size_t kMost = kRate / 8 * 30 / kSenders;
    world.connect([&world](Conn& conn) { world.write(conn, std::string(kMost, 'x')); },
                  static_cast<std::uint16_t>(World::kClientPort + i));
  }
  world.run_until(kFirstNewcomer);
  world.remark(Side::left,
               {"the first of twenty newcomers connects", "二十个新来者中的第一个来连接"});
  for (std::uint16_t i = 0; i < kNewcomers; ++i) {
    world.connect([&world](Conn& conn) { world.write(conn, "question"); },
                  static_cast<std::uint16_t>(kNewcomer + i));
    world.run_until(kFirstNewcomer + 1s * (i + 1));
  }
  world.run_until(kBusy);
}

Run share(bool with, std::uint64_t seed, bool sack) {
  Script script;
  World world(options(with, seed, sack), script);
  talk(world);
  std::vector<double> read;
  double waited = 0;
  for (const Conn& conn : world.connections()) {
    if (conn.side == Side::right && conn.remote.port < kNewcomer) {
      read.push_back(static_cast<double>(conn.read.size()));
    }
    if (conn.side == Side::left && conn.local.port >= kNewcomer) {
      const Time end = conn.established ? conn.established_at : world.now();
      waited += std::chrono::duration<double>(end - conn.opened).count();
    }
  }
  read.resize(kSenders, 0);  // whoever never got a connection
  double sum = 0;
  double squares = 0;
  for (const double bytes : read) {
    sum += bytes;
    squares += bytes * bytes;
  }
  const double seconds = std::chrono::duration<double>(kBusy).count();
  Run run;
  run.broken = check_all({Invariant::prefix, Invariant::orderly}, world.observe());
  run.figures = {{{"bytes sent for each that was read", "每读到一个字节发送的字节数"},
                  sum > 0 ? static_cast<double>(world.payload_of(Side::left)) / sum : 0,
                  {},
                  true},
                 {{"goodput, of what the bottleneck can carry", "有效吞吐占瓶颈能力的比例"},
                  100 * sum / (static_cast<double>(kRate) / 8 * seconds),
                  {"%", "%"},
                  false},
                 {{"fairness among the senders (Jain's index)", "发送者之间的公平性（Jain 指数）"},
                  squares > 0 ? sum * sum / (kSenders * squares) : 0,
                  {"of 1", "最高 1"},
                  false},
                 {{"a newcomer waits for, on average", "新来者平均等待的时间"},
                  waited / kNewcomers,
                  {"s", "秒"},
                  false}};
  run.diagram = world.diagram();
  return run;
}

Case sharing(bool sack, Text title) {
  Case scenario;
  scenario.title = std::move(title);
  scenario.without = {"All of the window at once", "整个窗口一次发出"};
  scenario.with = {"Congestion control (CUBIC)", "拥塞控制（CUBIC）"};
  scenario.expect = Expect::costs_without;
  scenario.brief = !sack;
  scenario.run = [sack](bool with, std::uint64_t seed) { return share(with, seed, sack); };
  return scenario;
}

}  // namespace

Experiment congestion_control() {
  Experiment lab;
  lab.number = 8;
  lab.name = "congestion-control";
  lab.claims = {"K95"};
  lab.cost = true;
  lab.story = {
      "Eight people push through one door at the same time. Nobody gets through faster, most are "
      "thrown back and try again at once, and who is pushed aside more often hardly gets through "
      "at "
      "all.\n"
      "The peer's window says what the peer can take, not what the network between can carry. That "
      "is found out by a second window, cwnd, which the sender keeps for himself alone: it grows "
      "while all goes well and shrinks with each loss, and the lesser of the two holds. Here eight "
      "senders share a link of 1 Mbit/s with a queue of forty packets. Without cwnd each throws "
      "its "
      "whole window of 64 KB at it, and throws again whatever was lost, at once and all together. "
      "The link stays busy, but with repeats. Where SACK says exactly what is missing, the repeats "
      "die in the queue before the link. Without it, as in 1986 when the Internet collapsed, what "
      "has arrived goes again too; less is left for anything new, and some get little of that.\n"
      "One of the tutorials has congestion control change the sliding window. It does not: the two "
      "windows have different owners and different reasons.",
      "八个人同时挤一扇门。谁也没有更快通过，大多数人被挤回来，立刻又往前挤；"
      "总被挤到一边的人几乎通不过去。\n"
      "对方的窗口说明对方能收多少，不说明中间的网络能运多少。后者要靠第二个窗口 cwnd 去摸索，"
      "它只由发送方自己掌握：顺利时增长，每次丢失就缩小；两个窗口以较小者为准。"
      "这里八个发送者共用一条 1 Mbit/s、队列为四十个报文的链路。没有 cwnd，每个发送者把 64 KB "
      "的整个窗口一次抛出，丢了什么就立刻全部再抛一次。链路一直很忙，但忙的是重发。"
      "有 SACK 准确说明缺了什么，重发的报文死在链路前的队列里；没有它，就像 1986 "
      "年互联网崩溃时那样，已经到达的也会再发一遍，留给新数据的就少了，而且分得不均。\n"
      "有一篇教程说拥塞控制是改变滑动窗口。并非如此：两个窗口主人不同，理由也不同。"};
  lab.removed = {"the congestion window: all that the peer's window takes goes at once (RFC 5681)",
                 "拥塞窗口：对方窗口容许的一次全部发出（RFC 5681）"};
  lab.sentence = {
      "The peer's window protects the receiver; only the congestion window protects the "
      "network, and all who share it.",
      "对方的窗口保护接收方；只有拥塞窗口保护网络，以及共用网络的所有人。"};
  lab.cases = {
      sharing(true, {"Eight senders, one link, and newcomers", "八个发送者，一条链路，还有新来者"}),
      sharing(false, {"The same without SACK, as in 1986", "同上，但没有 SACK，就像 1986 年那样"})};
  return lab;
}

}  // namespace bowline::inline v0::lab
