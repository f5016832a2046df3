#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"

namespace bowline::inline v0::lab {
namespace {

enum class Event : std::uint8_t { nothing, hangs, power_fails };

constexpr Duration kBeat = 60s;
constexpr Duration kPatience = 20s;  // for the answer to a beat

// The server's program asks each minute, and holds the client for dead that does not answer.
void beat(World& world, Conn& server) {
  world.after(kBeat, [&world, &server] {
    if (server.closed || server.error) return;
    const std::size_t heard = server.read.size();
    world.write(server, "ping ");
    world.after(kPatience, [&world, &server, heard] {
      if (server.closed || server.error) return;
      if (server.read.size() > heard) return beat(world, server);
      world.remark(Side::right, {"no answer to its heartbeat: holds the client's program for dead",
                                 "心跳没有回答：认为客户端程序已死"});
      world.abort(server, std::make_error_code(std::errc::timed_out));
    });
  });
}

// Both ends have keepalive in any case; with the mechanism, the server's program has heartbeats.
Run watch(bool with, std::uint64_t seed, Director& director, Event event) {
  WorldOptions options;
  options.seed = seed;
  options.bound = 300s;
  options.configure = [](StackConfig& config, Side) {
    config.tcp.keepalive.enabled = true;
    config.tcp.keepalive.idle = 60s;  // two hours are the default, and too long to look at
    config.tcp.keepalive.interval = 10s;
  };
  World world(options, director);
  Conn* server = nullptr;
  world.listen([&](Conn& conn) {
    server = &conn;
    if (with) beat(world, conn);
  });
  Conn* const client = world.connect([&world](Conn& conn) {
    world.write(conn, "here ");
    conn.on_read = [&world](Conn& one) { world.write(one, "pong "); };
  });
  world.run_until(100s);
  const Time when = world.now();
  if (event == Event::hangs) {
    world.remark(Side::left, {"its program hangs; its stack is well", "程序停止响应；协议栈正常"});
    world.hang(*client);
  } else if (event == Event::power_fails) {
    world.remark(Side::left, {"is gone: its power has failed", "断电，消失了"});
    world.power_off(Side::left);
  }
  world.run_until(1'000s);
  Run run;
  run.broken = check_all({Invariant::told, Invariant::orderly}, world.observe());
  const bool told = server != nullptr && server->error;
  run.figures = {
      {{"the server's program was told", "服务器程序得知"}, told ? 1.0 : 0.0, {}, false},
      {{"after", "用时"},
       std::chrono::duration<double>((told ? server->ended_at : world.now()) - when).count(),
       {"s", "秒"},
       false},
      {{"packets", "报文数"}, static_cast<double>(world.packets()), {}, false}};
  run.diagram = world.diagram();
  return run;
}

Case when(Event event, Text title, Expect expect) {
  Case scenario;
  scenario.title = std::move(title);
  scenario.without = {"Keepalive alone", "只有 keepalive"};
  scenario.with = {"Keepalive, and heartbeats of the program", "keepalive，加上程序自己的心跳"};
  scenario.expect = expect;
  scenario.brief = expect == Expect::holds_both;
  scenario.run = [event](bool with, std::uint64_t seed) {
    Script script;
    return watch(with, seed, script, event);
  };
  return scenario;
}

}  // namespace

Experiment heartbeat() {
  Experiment lab;
  lab.number = 23;
  lab.name = "heartbeat";
  lab.claims = {"K120"};
  lab.breaks = {Invariant::told};
  lab.story = {
      "You knock at a door each hour and the porter answers: \"Yes, all is well here.\" The tenant "
      "has been lying on the floor for days. The porter is no liar; he was asked whether the house "
      "stands, not how the tenant is.\n"
      "Keepalive is answered by the peer's kernel. A program that hangs in an endless loop leaves "
      "its connection in the best of health: each probe gets its ACK, and even what is written to "
      "it is acknowledged as long as its buffer has room. Whether the program still lives, only "
      "the "
      "program can say; so protocols have heartbeats of their own, a question that the program "
      "itself must answer in time.",
      "你每隔一小时敲一次门，门房回答：“一切正常。”而房客已经在地上躺了好几天。"
      "门房没有撒谎，你问的是房子还在不在，不是房客好不好。\n"
      "回答 keepalive 的是对方的内核。一个陷入死循环的程序，它的连接健康得很：每个探测都有 ACK，"
      "只要缓冲区还有空间，连写给它的数据也会得到确认。程序是否还活着，只有程序自己能说；"
      "所以许多协议有自己的心跳：一个必须由程序亲自按时回答的问题。"};
  lab.removed = {"the application's heartbeat; keepalive stays on at both ends",
                 "应用程序的心跳；两端的 keepalive 仍然开启"};
  lab.sentence = {"Keepalive asks the kernel; only a heartbeat asks the program.",
                  "keepalive 问的是内核，只有心跳才问到程序。"};
  lab.cases = {when(Event::hangs, {"The client's program hangs", "客户端程序停止响应"},
                    Expect::breaks_without),
               when(Event::power_fails,
                    {"The client's machine loses its power: both find out",
                     "客户端机器断电：两种办法都能发现"},
                    Expect::holds_both),
               when(Event::nothing, {"Nothing happens: no false alarm", "什么也没发生：没有误报"},
                    Expect::holds_both)};
  lab.search = SearchPlan{
      {"The client connects and says a word; then its program hangs, or its machine loses its "
       "power, or nothing happens; each of the first packets may be lost. Looked for: a server's "
       "program that is not told within five minutes (I11), or a live connection that is ended "
       "(I9).",
       "客户端建立连接，说一个词；然后程序停止响应，或机器断电，或什么也没发生；前几个报文可能丢失"
       "。要找的是：五分钟内没有得知的服务器程序（I11），或被终止的活连接（I9）。"},
      {kLost},
      4,
      1,
      [](bool with, std::uint64_t seed, Director& director) {
        static constexpr Event kEvents[] = {Event::nothing, Event::power_fails, Event::hangs};
        const std::size_t which =
            director.choose({"the client's machine loses its power, or its program hangs",
                             "客户端机器断电，或程序停止响应"},
                            3);
        return watch(with, seed, director, kEvents[which]);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
