#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

// Both say goodbye at the same moment, or one a little later, and wait for the other's.
Run part(bool with, std::uint64_t seed, Director& director, Duration later) {
  WorldOptions options;
  options.seed = seed;
  if (!with) options.ablation = tcp::AblationKey::without({tcp::Mechanism::closing_state});
  World world(options, director);
  Conn* server = nullptr;
  bool server_closes = false;
  world.listen([&](Conn& conn) {
    server = &conn;
    conn.awaits_end = true;
    conn.shut_when_written = server_closes;  // it was accepted late
  });
  Conn* const client = world.connect();
  client->awaits_end = true;
  world.run_until(100ms);
  if (client->established) client->shut_when_written = true;
  world.run_until(100ms + later);
  server_closes = true;
  if (server != nullptr) server->shut_when_written = true;
  client->shut_when_written = true;
  world.run_until(150s);
  Run run;
  run.broken = check_all({Invariant::progress, Invariant::no_leak}, world.observe());
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment closing_state() {
  Experiment lab;
  lab.number = 14;
  lab.name = "closing-state";
  lab.claims = {"K69", "K70"};
  lab.breaks = {Invariant::progress, Invariant::no_leak};
  lab.story = {
      "Two people say goodbye at the same moment. Each hears the other's goodbye, but neither "
      "knows "
      "yet whether his own was heard. Tutorials that count six closing states leave this one out: "
      "CLOSING. A FIN that comes while our own is not acknowledged yet does not mean that we are "
      "done.\n"
      "Suppose it led straight to TIME-WAIT. If our FIN was lost, nobody would send it again: "
      "TIME-WAIT repeats nothing. The other end has our ACK of its FIN, is in FIN-WAIT-2, and "
      "waits "
      "for a FIN that will never come. (A FIN that does acknowledge ours leads to TIME-WAIT, and "
      "rightly so.)",
      "两个人同时说再见。各自都听见了对方的再见，却不知道自己的那一声对方听见没有。"
      "数出六个关闭状态的教程漏掉的就是这一个：CLOSING。自己的 FIN 还没有得到确认时收到对方的 FIN，"
      "并不表示事情已经了结。\n"
      "假如这时直接进入 TIME-WAIT：如果我们的 FIN 丢了，就不会再有人重发，因为 TIME-WAIT "
      "不重传任何东西。"
      "而对方的 FIN 已被我们确认，它停在 FIN-WAIT-2，等一个永远不会来的 FIN。"
      "（如果对方的 FIN 同时确认了我们的 FIN，那么直接进入 TIME-WAIT 是对的。）"};
  lab.removed = {
      "CLOSING: a FIN that crosses ours leads to TIME-WAIT (RFC 9293 3.6 figure 13, "
      "3.10.7.4 eighth)",
      "CLOSING 状态：收到与自己的 FIN 交错的 FIN 就进入 TIME-WAIT（RFC 9293 3.6 图 13、"
      "3.10.7.4 第八步）"};
  lab.sentence = {
      "As long as our FIN is not acknowledged it must be repeated, whatever the peer has "
      "sent: that is what CLOSING is for.",
      "只要自己的 FIN 还没有得到确认，无论对方发来什么，都必须继续重传：这就是 CLOSING 的用处。"};
  Case crossed;
  crossed.title = {"Both close at once, and the client's FIN is lost",
                   "双方同时关闭，客户端的 FIN 丢失"};
  crossed.without = {"The peer's FIN leads to TIME-WAIT", "收到对方的 FIN 就进入 TIME-WAIT"};
  crossed.with = {"It leads to CLOSING", "进入 CLOSING"};
  crossed.run = [](bool with, std::uint64_t seed) {
    bool done = false;
    Script script([&done](const Crossing& packet) -> Accident {
      if (done || packet.from != Side::left || !packet.has(wire::kFin)) return {};
      done = true;
      return kLost;
    });
    return part(with, seed, script, Duration::zero());
  };
  lab.cases = {crossed};
  lab.search = SearchPlan{
      {"Client and server close at the same moment, or the server 5 ms or 40 ms later; each of the "
       "first packets may be lost. Looked for: a call that does not end (I5), a record that stays "
       "(I6).",
       "客户端与服务器同时关闭，或服务器晚 5 毫秒、40 "
       "毫秒；前几个报文可能丢失。要找的是：不结束的调用（I5）、"
       "留下不走的记录（I6）。"},
      {kLost},
      6,
      2,
      [](bool with, std::uint64_t seed, Director& director) {
        static constexpr Duration kLater[] = {40ms, 5ms, 0ms};
        const std::size_t which = director.choose(
            {"the server closes within the client's round trip", "服务器在一个往返时间之内关闭"},
            3);
        return part(with, seed, director, kLater[which]);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
