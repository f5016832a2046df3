#include <cmath>

#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"

namespace bowline::inline v0::lab {
namespace {

// What becomes of the client, or of the way to it, once both have fallen silent.
enum class Event : std::uint8_t { power_fails, restarts, unplugged };

WorldOptions options(bool with, std::uint64_t seed) {
  WorldOptions world;
  world.seed = seed;
  world.bound = 8'000s;
  if (with) {
    // The default numbers: two hours, then ten probes 75 s apart (RFC 9293 3.8.4, RFC 1122).
    world.configure = [](StackConfig& config, Side side) {
      if (side == Side::right) config.tcp.keepalive.enabled = true;
    };
  }
  return world;
}

// A few words, then silence, in which something happens to the client.
Run fall_silent(bool with, std::uint64_t seed, Director& director, Event event) {
  World world(options(with, seed), director);
  Conn* server = nullptr;
  world.listen([&](Conn& conn) {
    conn.on_read = [&world](Conn& one) {
      if (one.written.empty()) world.write(one, "hello");
    };
    server = &conn;
  });
  world.connect([&world](Conn& conn) { world.write(conn, "hello"); });
  world.run_until(5s);
  const Time silent = server == nullptr ? world.now() : server->opened + 40ms;
  const std::uint64_t before = world.packets();
  switch (event) {
    case Event::power_fails:
      world.remark(Side::left, {"is gone: its power has failed", "断电，消失了"});
      world.power_off(Side::left);
      break;
    case Event::restarts:
      world.remark(Side::left, {"loses its power, and starts anew", "断电，又重新启动"});
      world.power_off(Side::left);
      world.run_until(60s);
      world.power_on(Side::left);
      break;
    case Event::unplugged:
      world.run_until(6'000s);
      world.remark(Side::left, {"the cable is pulled", "网线被拔掉"});
      world.unplug();
      world.run_until(7'600s);
      world.remark(Side::left, {"the cable is put back", "网线又接上"});
      world.plug();
      world.run_until(9'000s);
      world.remark(Side::left, {"has something to say again", "又有话要说"});
      world.write(world.connections().front(), ", again");
      break;
  }
  world.run_until(20'000s);
  Run run;
  run.broken =
      check_all({Invariant::no_leak, Invariant::told, Invariant::orderly}, world.observe());
  const bool told = server != nullptr && server->error;
  const double after =
      std::chrono::duration<double>((told ? server->ended_at : world.now()) - silent).count();
  run.figures = {{{"the server was told", "服务器得知"}, told ? 1.0 : 0.0, {}, false},
                 {{"after", "用时"}, std::round(after), {"s", "秒"}, false},
                 {{"packets since the last word", "最后一句话之后的报文"},
                  static_cast<double>(world.packets() - before),
                  {},
                  false}};
  run.diagram = world.diagram();
  return run;
}

Case when(Event event, Text title) {
  Case scenario;
  scenario.title = std::move(title);
  scenario.without = {"No keepalive", "没有 keepalive"};
  scenario.with = {"Keepalive: 7200 s, then 10 probes, 75 s apart",
                   "keepalive：7200 秒，然后 10 个探测，间隔 75 秒"};
  scenario.run = [event](bool with, std::uint64_t seed) {
    Script script;
    return fall_silent(with, seed, script, event);
  };
  return scenario;
}

}  // namespace

Experiment keepalive() {
  Experiment lab;
  lab.number = 22;
  lab.name = "keepalive";
  lab.claims = {"K112", "K113", "K117"};
  lab.breaks = {Invariant::no_leak, Invariant::told};
  lab.story = {
      "Two people hold a telephone line open and say nothing. How does the one know that the other "
      "is still there? He does not, and while neither speaks it makes no difference: a connection "
      "is only a record at both ends, nothing physical corresponds to it, and when it is idle it "
      "sends nothing. A cable may be pulled and put back in between, and nobody notices.\n"
      "But if one end loses its power, the other keeps its record for ever. So it may ask from "
      "time "
      "to time, after two hours of silence: a segment with an old number that must be answered. No "
      "answer to ten of them, 75 seconds apart, and the peer counts as dead, 7950 seconds after "
      "its "
      "last word (with Linux's nine it is 7875, with FreeBSD's eight 7800). A peer that has "
      "started "
      "anew knows nothing of the connection and answers the first probe with a RST.\n"
      "By default all this is off, which few tutorials say.",
      "两个人保持着电话线路，谁也不说话。一方怎么知道另一方还在？他不知道；而只要谁都不说话，"
      "这也无关紧要：连接只是两端各自的一条记录，没有任何实物与之对应，空闲时什么也不发送。"
      "其间网线拔掉又接上，谁也不会察觉。\n"
      "但如果一端断电，另一端就会永远保留它的记录。所以它可以在沉默两小时之后时时询问："
      "发一个用旧号码的报文段，对方必须回答。间隔 75 秒的十个探测都没有回答，就认为对方已死，"
      "即最后一句话之后 7950 秒（Linux 探测九次，是 7875 秒；FreeBSD 八次，是 7800 秒）。"
      "重新启动过的对方对这个连接一无所知，会用 RST 回答第一个探测。\n"
      "这一切默认是关闭的，而很少有教程提到这一点。"};
  lab.removed = {"keepalive, at the server (RFC 9293 3.8.4); it is off by default",
                 "服务器的 keepalive（RFC 9293 3.8.4）；默认就是关闭的"};
  lab.sentence = {
      "An idle connection outlives any outage unnoticed, its peer's death too; only who asks "
      "learns of that.",
      "空闲的连接能不知不觉地度过任何中断，也会不知不觉地度过对方的死亡；只有询问的人才会知道。"};
  Case unplugged = when(Event::unplugged, {"The cable is pulled for 1600 s and put back",
                                           "网线拔掉 1600 秒，又接上"});
  unplugged.expect = Expect::holds_both;
  lab.cases = {when(Event::power_fails, {"The client loses its power", "客户端断电"}),
               when(Event::restarts,
                    {"The client loses its power and starts anew", "客户端断电，又重新启动"}),
               unplugged};
  lab.search = SearchPlan{
      {"Both fall silent; then the client loses its power, or loses it and starts anew, or the "
       "cable is pulled for a while. Looked for: a record that is held for nobody (I6), a program "
       "that is not told (I11), a live connection that is ended (I9).",
       "双方都沉默下来；然后客户端断电，或断电后重新启动，或网线拔掉一阵。"
       "要找的是：为不存在的对方保留的记录（I6），没有得知的程序（I11），被终止的活连接（I9）。"},
      {},
      0,
      0,
      [](bool with, std::uint64_t seed, Director& director) {
        static constexpr Event kEvents[] = {Event::unplugged, Event::restarts, Event::power_fails};
        const std::size_t which = director.choose(
            {"the client loses its power, for a while or for ever", "客户端断电，或暂时或永久"}, 3);
        return fall_silent(with, seed, director, kEvents[which]);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
