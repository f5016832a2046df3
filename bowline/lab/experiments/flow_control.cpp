#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

constexpr std::uint32_t kBuffer = 8'192;
constexpr std::size_t kText = 100'000;
constexpr std::size_t kPiece = 4'096;  // that the reader takes at a time

WorldOptions options(bool with, std::uint64_t seed) {
  WorldOptions world;
  world.seed = seed;
  world.windows = true;
  if (!with) world.ablation = tcp::AblationKey::without({tcp::Mechanism::flow_control});
  world.configure = [](StackConfig& config, Side side) {
    if (side == Side::right) config.tcp.receive_buffer = config.tcp.receive_buffer_max = kBuffer;
  };
  return world;
}

// The server's program sleeps for `pause` after each 4 KB, or after the first ones alone; the
// client writes as fast as it can.
Run write_to(bool with, std::uint64_t seed, Director& director, std::size_t size, Duration pause,
             bool each) {
  World world(options(with, seed), director);
  Conn* reader = nullptr;
  world.listen([&world, &reader, pause, each](Conn& conn) {
    conn.awaits_end = true;
    conn.close_on_end = true;
    conn.on_read = [&world, pause, each](Conn& server) {
      if (!each && server.read.size() > kPiece) return;
      server.reads = false;
      world.after(pause, [&server] { server.reads = true; });
    };
    reader = &conn;
  });
  world.connect([&world, size](Conn& conn) {
    world.write(conn, std::string(size, 'x'));
    conn.shut_when_written = true;
    conn.close_on_end = true;
  });
  world.run_until(600s);
  Run run;
  run.broken =
      check_all({Invariant::progress, Invariant::prefix, Invariant::orderly}, world.observe());
  const auto sent = static_cast<double>(world.payload_of(Side::left));
  run.figures = {{{"bytes sent", "发送的字节数"}, sent, {}, true},
                 {{"bytes sent for each that was written", "每写一个字节发送的字节数"},
                  sent / static_cast<double>(size),
                  {},
                  false},
                 {{"bytes that were read", "读到的字节数"},
                  reader == nullptr ? 0.0 : static_cast<double>(reader->read.size()),
                  {"of " + std::to_string(size), "共 " + std::to_string(size)},
                  false}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment flow_control() {
  Experiment lab;
  lab.number = 6;
  lab.name = "flow-control";
  lab.claims = {"K23", "K94"};
  lab.breaks = {Invariant::orderly};
  lab.cost = true;
  lab.story = {
      "You dictate to a friend who writes slowly. He says after each sentence how much more he can "
      "remember, and you say no more than that. If you do not listen to him, he forgets most of "
      "what you say, and you have to say it again; you are no faster for it, only hoarse.\n"
      "That is the window: each ACK says how many bytes the receiver's buffer still takes. The "
      "sender keeps within it. Here he takes every window for the largest there is. The receiver "
      "keeps what fits and throws the rest away, as it must, and the sender finds out by timeouts. "
      "If the reader pauses for longer than the limit R2, he even gives up a connection whose "
      "other "
      "end is well.",
      "你向一位写字慢的朋友口述。每听一句，他就告诉你还能记住多少，你就只说那么多。"
      "如果你不听他的，他记不住大半，你还得再说一遍：一点没有更快，只是喊哑了嗓子。\n"
      "这就是窗口：每个 ACK 都说明接收方的缓冲区还放得下多少字节，发送方不超过它。"
      "这里发送方把每个窗口都当作最大的窗口。接收方留下放得下的，其余只能丢弃，"
      "发送方靠超时才发现。读的人若停顿得比上限 R2 还久，发送方甚至会放弃一个对方完全正常的连接。"};
  lab.removed = {
      "heeding the peer's window: each is taken for the largest there is (RFC 9293 3.8.6)",
      "遵守对方的窗口：一律当作最大的窗口（RFC 9293 3.8.6）"};
  lab.sentence = {
      "The window spares the network what the receiver could only throw away, and tells a "
      "slow reader from a dead one.",
      "窗口使网络不必运送接收方只能丢弃的数据，也能把慢的读者和死的读者区分开来。"};
  Case slow;
  slow.title = {"100 KB for a reader who takes 4 KB each 200 ms",
                "100 KB，读的人每 200 毫秒取 4 KB"};
  slow.without = {"The window is not heeded", "不理会窗口"};
  slow.with = {"The window is heeded", "遵守窗口"};
  slow.expect = Expect::costs_without;
  slow.run = [](bool with, std::uint64_t seed) {
    Script script;
    return write_to(with, seed, script, kText, 200ms, true);
  };
  Case pause = slow;
  pause.title = {"20 KB for a reader who pauses for 150 s; R2 is 100 s",
                 "20 KB，读的人停顿 150 秒；R2 为 100 秒"};
  pause.expect = Expect::breaks_without;
  pause.run = [](bool with, std::uint64_t seed) {
    Script script;
    return write_to(with, seed, script, 20'000, 150s, false);
  };
  lab.cases = {slow, pause};
  lab.search = SearchPlan{
      {"The client writes 10000 bytes to a server with a buffer of 8192, whose program reads 4096 "
       "bytes, pauses for 0.1, 20 or 150 s and reads the rest; each of the first packets may be "
       "lost. Looked "
       "for: a live connection that is ended (I9).",
       "客户端写 10000 字节，服务器的缓冲区有 8192 字节，程序读 4096 字节，停顿 "
       "0.1、20 或 150 秒，再读其余的；前几个报文可能丢失。要找的是：被终止的活连接（I9）。"},
      {kLost},
      4,
      1,
      [](bool with, std::uint64_t seed, Director& director) {
        static constexpr Duration kPauses[] = {100ms, 20s, 150s};
        const std::size_t which =
            director.choose({"the reader pauses for longer", "读的人停顿得更久"}, 3);
        return write_to(with, seed, director, 10'000, kPauses[which], false);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
