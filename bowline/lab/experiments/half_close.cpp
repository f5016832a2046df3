#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

WorldOptions options(bool with, std::uint64_t seed) {
  WorldOptions world;
  world.seed = seed;
  if (!with) world.ablation = tcp::AblationKey::without({tcp::Mechanism::half_close});
  // A small first flight, so that the answer is still under way when the FIN comes.
  world.configure = [](StackConfig& config, Side) { config.tcp.initial_window_segments = 2; };
  return world;
}

constexpr std::size_t kAnswer = 8 * 1'460;

// A question, then the end of the client's direction; the answer takes longer than that.
Run converse(bool with, std::uint64_t seed, Director& director, std::size_t answer) {
  World world(options(with, seed), director);
  world.listen([&world, answer](Conn& conn) {
    conn.close_on_end = true;
    conn.on_read = [&world, answer](Conn& server) {
      if (!server.written.empty()) return;
      world.remark(Side::right, {"begins its answer", "开始回答"});
      world.write(server, std::string(answer, 'a'));
    };
  });
  Conn* const client = world.connect([&world](Conn& conn) { world.write(conn, "What do I owe?"); });
  client->close_on_end = true;
  world.run_until(45ms);
  world.remark(Side::left, {"has nothing more to say: shutdown(); goes on listening",
                            "说完了：调用 shutdown()，继续听"});
  client->shut_when_written = true;
  world.run_until(100s);
  Run run;
  const Observation seen = world.observe();
  run.broken = check_all({Invariant::whole, Invariant::prefix}, seen);
  run.figures = {{{"bytes of the answer read", "读到的回答字节数"},
                  static_cast<double>(client->read.size()),
                  {"of " + std::to_string(answer), "共 " + std::to_string(answer)},
                  false}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment half_close() {
  Experiment lab;
  lab.number = 12;
  lab.name = "half-close";
  lab.claims = {"K22", "K63", "K73", "K145"};
  lab.breaks = {Invariant::whole};
  lab.story = {
      "Two people settle their accounts before they part. One asks: \"What do I owe you?\" and "
      "adds: "
      "\"That was all from me.\" The other is still reading out the list. If \"that was all from "
      "me\" meant \"the conversation is over\", he would stop in the middle of a line, and both "
      "would go home in the belief that everything was said.\n"
      "A FIN says only that its sender will send no more. The other direction stays open for as "
      "long as its owner needs: that is why a close takes a FIN and an ACK from each side, four "
      "messages. A two-way close, one FIN and one ACK for both directions, throws away whatever "
      "the "
      "other side still had to say.",
      "两个人分手之前要把账算清。一个问：“我还欠你多少？”又补一句：“我要说的就这些。”另一个正在一行"
      "一行地"
      "念账单。假如“我要说的就这些”等于“谈话结束”，他就会念到一半停住，两人各自回家，都以为话已经说"
      "完了。\n"
      "FIN "
      "只表示发送方不再发送数据。另一个方向在它的主人需要时一直开着，所以关闭连接要双方各发一个 "
      "FIN、"
      "各得一个 ACK，共四次挥手。两次挥手（一个 FIN、一个 ACK "
      "就关掉两个方向）会把对方还没说完的话全部丢掉。"};
  lab.removed = {"the second direction of the close: a FIN ends both (RFC 9293 3.6)",
                 "关闭的第二个方向：一个 FIN 同时结束两个方向（RFC 9293 3.6）"};
  lab.sentence = {
      "A FIN must end one direction only, or the answer that was still to come is lost "
      "while both believe that they closed in good order.",
      "FIN 只能结束一个方向，否则尚未送完的回答会丢失，而双方都以为已经正常关闭。"};
  Case answer;
  answer.title = {"The client asks and ends its direction while the answer is under way",
                  "客户端提问之后关闭自己的方向，回答还在路上"};
  answer.without = {"Two-way close: a FIN ends both directions", "两次挥手：一个 FIN 结束两个方向"};
  answer.with = {"Four-way close: each direction by itself", "四次挥手：两个方向各自关闭"};
  answer.run = [](bool with, std::uint64_t seed) {
    Script script;
    return converse(with, seed, script, kAnswer);
  };
  lab.cases = {answer};
  lab.search = SearchPlan{
      {"The client asks, ends its direction 45 ms after the beginning, and reads to the end; the "
       "server answers with 1, 2 or 8 full segments. Each of the first packets may be lost or come "
       "0.3 s late. Looked for: bytes that are lost in a close that both call orderly (I4).",
       "客户端提问，开始后 45 毫秒关闭自己的方向，并读到结尾；服务器的回答为 1、2 或 8 "
       "个满报文段。前几个报文可能丢失或迟到 0.3 "
       "秒。要找的是：双方都认为正常的关闭中丢失了字节（I4）。"},
      {kLost, delayed(300ms)},
      6,
      1,
      [](bool with, std::uint64_t seed, Director& director) {
        static constexpr std::size_t kSizes[] = {1'460, 2 * 1'460, 8 * 1'460};
        const std::size_t size = kSizes[director.choose(
            {"the answer takes more than one segment", "回答不止一个报文段"}, 3)];
        return converse(with, seed, director, size);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
