#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

WorldOptions options(bool with, std::uint64_t seed) {
  WorldOptions world;
  world.seed = seed;
  if (!with) world.ablation = tcp::AblationKey::without({tcp::Mechanism::time_wait});
  return world;
}

// The client says goodbye first. Returns when it has read the server's end of the stream.
void converse(World& world) {
  world.listen([](Conn& conn) { conn.close_on_end = true; });
  Conn* const client = world.connect([&world](Conn& conn) { world.write(conn, "Goodbye."); });
  client->close_on_end = true;
  client->shut_when_written = true;
}

// The last ACK is the client's first packet after the server's FIN.
Script losing_last_ack(bool& fin_seen, bool& done) {
  return Script([&fin_seen, &done](const Crossing& packet) -> Accident {
    if (packet.from == Side::right && packet.has(wire::kFin)) fin_seen = true;
    if (packet.from == Side::left && fin_seen && !done && packet.has(wire::kAck) &&
        !packet.has(wire::kFin)) {
      done = true;
      return kLost;
    }
    return {};
  });
}

Run lose_last_ack(bool with, std::uint64_t seed) {
  bool fin_seen = false;
  bool done = false;
  Script script = losing_last_ack(fin_seen, done);
  World world(options(with, seed), script);
  converse(world);
  world.run_until(120s);
  Run run;
  run.broken = check_all({Invariant::orderly}, world.observe());
  run.diagram = world.diagram();
  return run;
}

// The same, and the next connection is wanted at once.
Run open_again(bool with, std::uint64_t seed) {
  bool fin_seen = false;
  bool done = false;
  Script script = losing_last_ack(fin_seen, done);
  World world(options(with, seed), script);
  converse(world);
  world.run_until(90ms);
  world.remark(Side::left, {"connects again, from the same port if it is free",
                            "再次连接；原来的端口若空闲就用原来的端口"});
  const Time asked = world.now();
  Conn* again = world.connect();
  const bool same = again != nullptr;
  if (again == nullptr) {
    world.remark(Side::left, {"the port is held by TIME-WAIT: takes another one",
                              "该端口处于 TIME-WAIT：换一个端口"});
    again = world.connect({}, World::kClientPort + 1);
  }
  world.run_until(5s);
  Run run;
  const double waited = std::chrono::duration<double>(
                            (again->established ? again->established_at : world.now()) - asked)
                            .count();
  run.figures = {
      {{"until the new connection can be used", "新连接可用之前的等待"}, waited, {"s", "秒"}, true},
      {{"on the same port", "使用原来的端口"}, same ? 1.0 : 0.0, {}, false}};
  run.diagram = world.diagram();
  return run;
}

Run explore(bool with, std::uint64_t seed, Director& director) {
  World world(options(with, seed), director);
  converse(world);
  world.run_until(20s);
  Run run;
  run.broken = check_all({Invariant::orderly}, world.observe());
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment time_wait() {
  Experiment lab;
  lab.number = 20;
  lab.name = "time-wait";
  lab.claims = {"K81", "K85", "K86", "K146"};
  lab.breaks = {Invariant::orderly};
  lab.story = {
      "After the last goodbye you step out of the door, and wait outside for a while. Perhaps your "
      "goodbye was not heard; then the other will call once more, and somebody should be there to "
      "answer. That is TIME-WAIT: whoever closed first stays for 2 MSL, to acknowledge the peer's "
      "FIN again if the last ACK was lost.\n"
      "Without it the repeated FIN meets nobody and is answered with a RST. The server sees a "
      "broken "
      "connection where everything had gone well; it cannot tell any more that all has arrived. "
      "(Its "
      "program seldom notices: LAST-ACK ends in silence. So the judge here is what is on the "
      "wire.) "
      "And the server's port is never held up, as some say: one connection lingers in LAST-ACK. "
      "But "
      "whoever connects again at once from the same port meets just that one, and is a second "
      "later for it.",
      "说完最后一声再见，你走出门去，但在门外再站一会儿。也许那声再见没被听见，对方会再喊一次，"
      "这时应当有人回答。这就是 TIME-WAIT（时间等待）：先关闭的一方停留 2 MSL，万一最后的 ACK "
      "丢失，"
      "好再次确认对方重发的 FIN。\n"
      "没有它，重发的 FIN 遇不到人，得到的回答是 "
      "RST。明明一切顺利，服务器看到的却是一个断掉的连接，"
      "再也无法确定数据是否全部送达。（服务器程序往往毫无察觉：LAST-ACK "
      "悄悄结束。所以这里以线路上的报文为准。）"
      "也不像有人说的那样服务器端口会一直关不掉：只是有一个连接滞留在 LAST-ACK。"
      "但谁若立刻用同一个端口再次连接，碰上的正是它，于是要多等一秒。"};
  lab.removed = {
      "TIME-WAIT: whoever closed first forgets the connection with the last ACK (RFC 9293 "
      "3.3.2, 3.6)",
      "TIME-WAIT：先关闭的一方发出最后的 ACK 就忘掉连接（RFC 9293 3.3.2、3.6）"};
  lab.sentence = {
      "TIME-WAIT keeps somebody there to answer a repeated FIN, so that a lost ACK does "
      "not turn an orderly close into a reset.",
      "TIME-WAIT 让重发的 FIN 有人回答，丢失一个 ACK 不会把正常的关闭变成复位。"};
  Case lost;
  lost.title = {"The last ACK is lost", "最后的 ACK 丢失"};
  lost.without = {"No TIME-WAIT", "没有 TIME-WAIT"};
  lost.with = {"TIME-WAIT for 2 MSL", "TIME-WAIT 持续 2 MSL"};
  lost.run = lose_last_ack;
  Case again = lost;
  again.title = {"The last ACK is lost, and the client connects again at once",
                 "最后的 ACK 丢失，客户端立刻再次连接"};
  again.expect = Expect::costs_without;
  again.run = open_again;
  lab.cases = {lost, again};
  lab.search = SearchPlan{
      {"The client connects, says goodbye and closes first; each of the first packets may be lost "
       "or come again 0.5 s later. Looked for: a RST that meets a live connection (I9).",
       "客户端建立连接，说再见，先关闭；前几个报文可能丢失，或 0.5 "
       "秒后又来一次。要找的是：活着的连接收到 "
       "RST（I9）。"},
      {kLost, repeated(500ms)},
      8,
      2,
      explore};
  return lab;
}

}  // namespace bowline::inline v0::lab
