#include <algorithm>

#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"

namespace bowline::inline v0::lab {
namespace {

constexpr Duration kForgets = 300s;  // the firewall, what has been idle for so long
constexpr Duration kBeat = 60s;
constexpr Duration kEnd = 900s;

void beat(World& world, Conn& client) {
  world.after(kBeat, [&world, &client] {
    if (client.closed || client.error) return;
    world.write(client, ".");
    beat(world, client);
  });
}

// A terminal: a line is typed, somebody thinks for `pause`, and types another one.
Run type(bool with, std::uint64_t seed, Director& director, Duration pause) {
  WorldOptions options;
  options.seed = seed;
  sim::MiddleboxOptions firewall;
  firewall.idle_limit = kForgets;
  options.firewall = firewall;
  World world(options, director);
  world.listen([&world](Conn& conn) {
    conn.on_read = [&world](Conn& server) {
      if (!server.read.ends_with('.')) world.write(server, "$ ");
    };
  });
  Conn* const client = world.connect([&world, with](Conn& conn) {
    world.write(conn, "ls\n");
    if (with) beat(world, conn);
  });
  world.run_until(1s);
  world.remark(Side::left, {"its user thinks", "用户在思考"});
  world.run_until(1s + pause);
  world.remark(Side::left, {"types the next line", "输入下一行"});
  world.write(*client, "pwd\n");
  world.run_until(kEnd);
  Run run;
  run.broken = check_all({Invariant::orderly}, world.observe());
  std::size_t lines = 0;
  for (const Conn& conn : world.connections()) {
    if (conn.side == Side::right) {
      lines += static_cast<std::size_t>(std::ranges::count(conn.read, '\n'));
    }
  }
  run.figures = {
      {{"lines that the server got", "服务器收到的行数"},
       static_cast<double>(lines),
       {"of 2", "共 2"},
       false},
      {{"until the user was told of a failure", "用户得知失败之前的时间"},
       client->error
           ? std::chrono::duration<double>(client->ended_at - (world.start() + 1s + pause)).count()
           : 0.0,
       {"s; 0: of none", "秒；0 表示没有失败"},
       false},
      {{"packets", "报文数"}, static_cast<double>(world.packets()), {}, false}};
  run.diagram = world.diagram();
  return run;
}

Case thinking(Duration pause, Text title, Expect expect) {
  Case scenario;
  scenario.title = std::move(title);
  scenario.without = {"Silent while idle", "空闲时沉默"};
  scenario.with = {"A heartbeat every 60 s", "每 60 秒一次心跳"};
  scenario.expect = expect;
  scenario.brief = expect == Expect::holds_both;
  scenario.run = [pause](bool with, std::uint64_t seed) {
    Script script;
    return type(with, seed, script, pause);
  };
  return scenario;
}

}  // namespace

Experiment idle_firewall() {
  Experiment lab;
  lab.number = 24;
  lab.name = "idle-firewall";
  lab.claims = {"K127", "K133"};
  lab.breaks = {Invariant::orderly};
  lab.story = {
      "A porter lets in letters for those tenants only who have written out lately. You go away "
      "for "
      "a while; when you come back he has forgotten you, and throws away your letters without a "
      "word, yours and those to you. Nobody did anything wrong, and nobody is told.\n"
      "A stateful firewall, or a NAT, remembers each connection that passes, and forgets it when "
      "nothing has passed for long enough: 2 hours and 4 minutes at the least, says RFC 5382; "
      "those "
      "of clouds forget after 4 to 20 minutes. An idle connection sends nothing, so it is idle "
      "exactly when it should say that it is still wanted. The next line typed goes nowhere, again "
      "and again, until the limit R2. So somebody must keep it active: the program, by heartbeats, "
      "as chat programs do whose polls also tell the server who is online; or keepalive with an "
      "interval below the firewall's.",
      "门房只给最近寄过信的房客收信。你离开了一阵，回来时他已经把你忘了，"
      "你的信和寄给你的信统统被悄悄扔掉。谁也没有做错什么，谁也没有被告知。\n"
      "有状态的防火墙或 NAT 记住经过的每个连接，足够久没有报文经过就忘掉：RFC 5382 "
      "说至少 2 小时 4 分钟，云厂商的往往 4 到 20 分钟就忘。空闲的连接什么也不发送，"
      "于是恰恰在应该声明自己仍然有用的时候沉默着。下一行输入石沉大海，一遍遍重发，直到上限 R2。"
      "所以必须有人让连接保持活跃：或者程序发心跳（聊天程序的轮询正是如此，服务器还借此知道谁在线）"
      "，"
      "或者用间隔短于防火墙期限的 keepalive。"};
  lab.removed = {"heartbeats across a firewall that forgets a connection after 300 s",
                 "穿过防火墙的心跳；该防火墙 300 秒后就忘掉空闲的连接"};
  lab.sentence = {
      "What stands in the middle forgets the silent; a connection that is to last must say so "
      "from time to time.",
      "路径中间的设备会忘掉沉默的连接；想要长存，就得时时出声。"};
  lab.cases = {
      thinking(400s, {"The user thinks for 400 s", "用户思考 400 秒"}, Expect::breaks_without),
      thinking(200s,
               {"The user thinks for 200 s: below the firewall's limit",
                "用户思考 200 秒：短于防火墙的期限"},
               Expect::holds_both)};
  lab.search = SearchPlan{
      {"A line is typed, and another one after 60, 200 or 400 s; each of the first packets may be "
       "lost. Looked for: a live connection that is ended (I9).",
       "输入一行，60、200 或 400 "
       "秒后再输入一行；前几个报文可能丢失。要找的是：被终止的活连接（I9）。"},
      {kLost},
      4,
      1,
      [](bool with, std::uint64_t seed, Director& director) {
        static constexpr Duration kPauses[] = {60s, 200s, 400s};
        const std::size_t which =
            director.choose({"the user thinks for longer", "用户思考得更久"}, 3);
        return type(with, seed, director, kPauses[which]);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
