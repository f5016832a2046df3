#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

// Three words, then the end; the server reads to the end.
Run converse(bool with, std::uint64_t seed, Director& director) {
  WorldOptions options;
  options.seed = seed;
  if (!with) options.ablation = tcp::AblationKey::without({tcp::Mechanism::retransmission});
  World world(options, director);
  world.listen([](Conn& conn) {
    conn.awaits_end = true;
    conn.close_on_end = true;
  });
  Conn* const client = world.connect([&world](Conn& conn) { world.write(conn, "Can you "); });
  client->close_on_end = true;
  world.run_until(100ms);
  world.write(*client, "hear me?");
  world.run_until(200ms);
  client->shut_when_written = true;
  world.run_until(90s);
  Run run;
  const Observation seen = world.observe();
  run.broken = check_all({Invariant::progress, Invariant::prefix}, seen);
  run.diagram = world.diagram();
  return run;
}

Case losing(std::uint16_t flags, bool with_data, Text title) {
  Case scenario;
  scenario.title = std::move(title);
  scenario.without = {"Nothing is ever sent again", "任何报文都不重发"};
  scenario.with = {"What is not acknowledged is sent again", "没有得到确认的就重发"};
  scenario.run = [flags, with_data](bool with, std::uint64_t seed) {
    bool done = false;
    Script script([&](const Crossing& packet) -> Accident {
      if (done || packet.from != Side::left || !packet.has(flags)) return {};
      if (with_data && packet.segment.length == 0) return {};
      done = true;
      return kLost;
    });
    return converse(with, seed, script);
  };
  return scenario;
}

}  // namespace

Experiment retransmission() {
  Experiment lab;
  lab.number = 1;
  lab.name = "retransmission";
  lab.claims = {"K51", "K90", "K139"};
  lab.breaks = {Invariant::progress};
  lab.story = {
      "Three friends for three failures: one wears headphones and does not hear you call, one "
      "hears "
      "but answers something that makes no sense, one understood and ran home before he could say "
      "so. Tutorials use them to explain why each message of the handshake is needed. The truth is "
      "simpler: each message can be lost, and the cure is the same for all: if no answer comes, "
      "say "
      "it again.\n"
      "Here one segment is lost, once: the opening SYN, a few bytes of data, the closing FIN. The "
      "network is perfect before and after. Without repeating, that one loss is enough for one "
      "end, "
      "or both, to wait for ever.",
      "三种失败，三个朋友：一个戴着耳机，听不见你叫他；一个听见了，却答非所问；一个听懂了，"
      "还没来得及回答就跑回家了。教程用他们来说明握手的每个报文为什么必不可少。事实更简单："
      "每个报文都可能丢失，而对策都一样：没有回音就再说一遍。\n"
      "这里只丢一个报文段，只丢一次：开头的 SYN、中间的几个字节，或者结尾的 "
      "FIN。此前此后网络都完好无损。"
      "如果不重传，仅仅这一次丢失，就足以让一方甚至双方永远等下去。"};
  lab.removed = {"sending again: no SYN, data or FIN goes out a second time (RFC 9293 3.8.1, 6298)",
                 "重传：SYN、数据和 FIN 都不发第二次（RFC 9293 3.8.1，RFC 6298）"};
  lab.sentence = {
      "Reliability is repeating: without it, one lost segment, whichever it is, stops "
      "the connection for ever.",
      "可靠来自重传：没有重传，无论丢的是哪个报文段，连接都会永远停住。"};
  lab.cases = {losing(wire::kSyn, false, {"The SYN is lost", "SYN 丢失"}),
               losing(wire::kAck, true, {"A segment with data is lost", "一个数据报文段丢失"}),
               losing(wire::kFin, false, {"The FIN is lost", "FIN 丢失"})};
  lab.search = SearchPlan{
      {"The client connects, writes twice and ends its direction; each of the first packets may be "
       "lost. Looked for: a call that has not ended after 60 s (I5).",
       "客户端建立连接、写两次、关闭自己的方向；前几个报文可能丢失。要找的是：60 "
       "秒后仍未结束的调用（I5）。"},
      {kLost},
      10,
      2,
      [](bool with, std::uint64_t seed, Director& director) {
        return converse(with, seed, director);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
