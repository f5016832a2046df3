#include <algorithm>

#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

WorldOptions options(bool with, std::uint64_t seed) {
  WorldOptions world;
  world.seed = seed;
  if (!with) world.ablation = tcp::AblationKey::without({tcp::Mechanism::syn_ack_refusal});
  return world;
}

Script first_syn_late() {
  return Script([](const Crossing& packet) -> Accident {
    return packet.from == Side::left && packet.number == 1 ? delayed(10s) : Accident{};
  });
}

void call_and_cancel(World& world) {
  Conn* const call = world.connect([](Conn& conn) { conn.honest = false; });
  world.run_until(500ms);
  if (call == nullptr || call->established) return;
  world.remark(Side::left, {"gives up and cancels the call", "放弃，取消了连接请求"});
  world.cancel(*call);
}

Run entry_lifetime(bool with, std::uint64_t seed) {
  Script script = first_syn_late();
  World world(options(with, seed), script);
  world.listen([](Conn&) {});
  call_and_cancel(world);
  Duration held{};
  for (Duration at = 500ms; at < 100s; at += 1ms) {
    world.run_until(at);
    if (world.stack(Side::right).usage().half_open > 0) held += 1ms;
  }
  Run run;
  run.broken = check_all({Invariant::no_leak}, world.observe());
  run.figures = {{{"the entry is held for", "表项保留的时间"},
                  std::chrono::duration<double>(held).count(),
                  {"s", "秒"},
                  true},
                 {{"packets that the server sends", "服务器发出的报文"},
                  static_cast<double>(world.packets_of(Side::right)),
                  {},
                  true}};
  run.diagram = world.diagram();
  return run;
}

// One place in the queue, and somebody honest who wants it.
Run full_queue(bool with, std::uint64_t seed, Director& director) {
  World world(options(with, seed), director);
  ListenOptions listen;
  listen.syn_backlog = 1;
  world.listen([](Conn& conn) { conn.close_on_end = true; }, listen);
  call_and_cancel(world);
  world.run_until(10s + 500ms);
  world.remark(Side::left, {"an honest client connects, patient for 5 s",
                            "一个诚实的客户端来连接，耐心为 5 秒"});
  Conn* const honest =
      world.connect([](Conn& conn) { conn.patience = 5s; }, World::kClientPort + 1);
  world.run_until(80s);
  Run run;
  run.broken = check_all({Invariant::service}, world.observe());
  run.figures = {{{"the honest client waits for", "诚实的客户端等待的时间"},
                  std::chrono::duration<double>(
                      (honest->established ? honest->established_at : world.now()) - honest->opened)
                      .count(),
                  {"s", "秒"},
                  true}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment rst() {
  Experiment lab;
  lab.number = 16;
  lab.name = "rst";
  lab.claims = {"K42", "K50"};
  lab.breaks = {Invariant::service};
  lab.cost = true;
  lab.story = {
      "A telephone call that you never made: \"You rang?\" You can hang up in silence, or say: "
      "\"No, "
      "wrong number.\" Three of the tutorials have the client ignore a SYN+ACK that it did not ask "
      "for. A client that does so leaves the server in the dark: it repeats its SYN+ACK five times "
      "and holds the half-open entry for 63 seconds.\n"
      "In fact the client answers with a RST, from CLOSED as from SYN-SENT when the acknowledgment "
      "number is not its own (it looks at that number, not at the sequence number, to see that the "
      "segment is stale). So the entry is gone after one round trip. Where the queue is nearly "
      "full "
      "that decides whether an honest client gets in.",
      "有人打电话来：“是您刚才找我吗？”而你从没打过这个电话。你可以一声不吭地挂断，也可以说一句：“"
      "没有，打错了。”"
      "三篇教程都说，客户端对没有请求过的 SYN+ACK 不予理睬。那样的客户端会让服务器蒙在鼓里："
      "它把 SYN+ACK 重发五次，半连接表项保留 63 秒。\n"
      "事实上客户端会回答 RST：在 CLOSED 状态如此，在 SYN-SENT 状态下发现确认号不是自己的也如此"
      "（它看的是确认号，而不是序列号，由此判断报文段已经过时）。于是一个往返时间之后表项就删除了。"
      "队列快满的时候，这决定了诚实的客户端能不能进来。"};
  lab.removed = {
      "the RST to a SYN+ACK that nobody waits for (RFC 9293 3.5 figure 8, 3.10.7.1, "
      "3.10.7.3)",
      "对无人等待的 SYN+ACK 回答 RST（RFC 9293 3.5 图 8、3.10.7.1、3.10.7.3）"};
  lab.sentence = {
      "The client's RST frees the server's half-open entry after one round trip instead "
      "of after a minute.",
      "客户端的 RST 使服务器的半连接在一个往返时间之后就释放，而不是在一分钟之后。"};
  Case time;
  time.title = {"An old SYN arrives after the call was cancelled", "请求取消之后，旧的 SYN 才到达"};
  time.without = {"The client ignores the SYN+ACK", "客户端不理睬 SYN+ACK"};
  time.with = {"The client answers with RST", "客户端回答 RST"};
  time.expect = Expect::costs_without;
  time.run = entry_lifetime;
  Case queue = time;
  queue.title = {"The same, and the queue has a single place", "同上，而半连接队列只有一个位置"};
  queue.expect = Expect::breaks_without;
  queue.run = [](bool with, std::uint64_t seed) {
    Script script = first_syn_late();
    return full_queue(with, seed, script);
  };
  lab.cases = {time, queue};
  lab.search = SearchPlan{
      {"A client connects and gives up if it has got no answer in half a second; an honest one "
       "comes "
       "at 10.5 s; the queue has one place. Each of the first packets may come 10 s late. Looked "
       "for: "
       "an honest client that is not served within 5 s (I8).",
       "一个客户端请求连接，半秒内没有回答就放弃；10.5 秒时来了一个诚实的客户端；队列只有一个位置。"
       "前几个报文可能迟到 10 秒。要找的是：诚实的客户端 5 秒内得不到服务（I8）。"},
      {delayed(10s)},
      2,
      1,
      full_queue};
  return lab;
}

}  // namespace bowline::inline v0::lab
