#include <algorithm>
#include <vector>

#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"

namespace bowline::inline v0::lab {
namespace {

std::size_t count_in(World& world, Side side, tcp::State state) {
  struct Count {
    tcp::State state;
    std::size_t found = 0;
  } count{state};
  world.stack(side).for_each_connection(
      [](void* context, const ConnectionView& view) {
        auto& counts = *static_cast<Count*>(context);
        if (view.state == counts.state) ++counts.found;
      },
      &count);
  return count.found;
}

// `clients` connections one after the other; each asks, reads the answer and closes. The server's
// program closes at the end of the stream, or forgets to.
Run serve(bool closes, std::uint64_t seed, Director& director, std::uint16_t clients) {
  WorldOptions options;
  options.seed = seed;
  World world(options, director);
  world.listen([&world, closes](Conn& conn) {
    conn.close_on_end = closes;
    conn.on_read = [&world](Conn& server) {
      if (server.written.empty()) world.write(server, "answer");
    };
  });
  std::size_t close_wait = 0;
  std::size_t fin_wait_1 = 0;
  std::size_t fin_wait_2 = 0;
  Duration time{};
  const auto go_on = [&](Duration until) {
    for (; time < until; time += 5ms) {
      world.run_until(time);
      close_wait = std::max(close_wait, count_in(world, Side::right, tcp::State::close_wait));
      fin_wait_1 = std::max(fin_wait_1, count_in(world, Side::left, tcp::State::fin_wait_1));
      fin_wait_2 = std::max(fin_wait_2, count_in(world, Side::left, tcp::State::fin_wait_2));
    }
  };
  for (std::uint16_t i = 0; i < clients; ++i) {
    if (i > 0) world.stop_drawing();
    world.connect(
        [&world](Conn& conn) {
          world.write(conn, "question");
          conn.on_read = [&world](Conn& client) { world.close(client); };
        },
        static_cast<std::uint16_t>(World::kClientPort + i));
    go_on(1s * (i + 1));
  }
  world.go_on_drawing();
  go_on(70s);
  world.run_until(200s);
  Run run;
  run.broken = check_all({Invariant::no_leak}, world.observe());
  run.figures = {{{"in CLOSE-WAIT at the server, at the most", "服务器上的 CLOSE-WAIT，最多"},
                  static_cast<double>(close_wait),
                  {},
                  false},
                 {{"the same after 200 s", "200 秒之后"},
                  static_cast<double>(count_in(world, Side::right, tcp::State::close_wait)),
                  {},
                  false},
                 {{"in FIN-WAIT-1 at the clients, at the most", "客户端的 FIN-WAIT-1，最多"},
                  static_cast<double>(fin_wait_1),
                  {},
                  false},
                 {{"in FIN-WAIT-2 at the clients, at the most", "客户端的 FIN-WAIT-2，最多"},
                  static_cast<double>(fin_wait_2),
                  {},
                  false},
                 {{"the same after 200 s", "200 秒之后"},
                  static_cast<double>(count_in(world, Side::left, tcp::State::fin_wait_2)),
                  {},
                  false}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment forgotten_close() {
  Experiment lab;
  lab.number = 11;
  lab.name = "forgotten-close";
  lab.claims = {"K64", "K68"};
  lab.breaks = {Invariant::no_leak};
  lab.story = {
      "The guest says: \"I have finished.\" The waiter nods, and then forgets to clear the table. "
      "The guest goes home after a while. The table stays taken, and each evening there is one "
      "more of them.\n"
      "CLOSE-WAIT means: the peer has closed, and our own program has yet to. Nothing but the "
      "program ends that state; no timer does, for the program may still have much to send. A "
      "server that forgets close() after the end of the stream collects a connection in CLOSE-WAIT "
      "for each client that it ever had. On the clients' side FIN-WAIT-1 lasts but a round trip; "
      "FIN-WAIT-2, in which they wait for the FIN that never comes, is to be seen for a minute, "
      "until the client's own limit ends it. What is removed here is nothing of TCP: it is one "
      "call in "
      "the server's program.",
      "客人说：“我吃完了。”服务员点点头，却忘了收拾桌子。客人过一会儿就回家了，桌子却一直占着，"
      "而且每晚多一张。\n"
      "CLOSE-WAIT 的意思是：对方已经关闭，自己的程序还没有。除了程序，什么也结束不了这个状态；"
      "没有定时器，因为程序可能还有很多话要说。服务器程序如果在读到流的结尾之后忘了 close()，"
      "每来过一个客户端就积下一个 CLOSE-WAIT。在客户端一侧，FIN-WAIT-1 只持续一个往返时间；"
      "等不到对方 FIN 的 FIN-WAIT-2 则能看到一分钟，直到客户端自己的期限结束它。"
      "这里拿掉的不是 TCP 的什么机制，而是服务器程序中的一次调用。"};
  lab.removed = {"the application's close() after the end of the stream",
                 "应用程序读到流的结尾之后的 close()"};
  lab.sentence = {"CLOSE-WAIT is the application's debt: nobody else can pay it.",
                  "CLOSE-WAIT 是应用程序欠的债，别人无法代还。"};
  Case five;
  five.title = {"Five clients, one after the other", "先后来了五个客户端"};
  five.without = {"The server forgets to close", "服务器忘了关闭"};
  five.with = {"The server closes at the end", "服务器读到结尾就关闭"};
  five.run = [](bool with, std::uint64_t seed) {
    Script script;
    return serve(with, seed, script, 5);
  };
  lab.cases = {five};
  lab.search = SearchPlan{
      {"A client asks, reads the answer and closes; each of the first packets may be lost. Looked "
       "for: a record that is held for nobody (I6).",
       "一个客户端提问，读到回答后关闭；前几个报文可能丢失。要找的是：为不存在的对方保留的记录（I6"
       "）"
       "。"},
      {kLost},
      6,
      1,
      [](bool with, std::uint64_t seed, Director& director) {
        return serve(with, seed, director, 1);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
