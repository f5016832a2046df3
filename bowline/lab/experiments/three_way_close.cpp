#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

WorldOptions options(bool with, std::uint64_t seed) {
  WorldOptions world;
  world.seed = seed;
  if (!with) world.ablation = tcp::AblationKey::without({tcp::Mechanism::separate_fin_ack});
  world.configure = [](StackConfig& config, Side) { config.tcp.initial_window_segments = 2; };
  return world;
}

Run converse(bool with, std::uint64_t seed, Director& director, std::size_t answer) {
  World world(options(with, seed), director);
  world.listen([&world, answer](Conn& conn) {
    conn.close_on_end = true;
    conn.on_read = [&world, answer](Conn& server) {
      if (!server.written.empty()) return;
      world.remark(Side::right, {"answers " + std::to_string(answer) + " bytes",
                                 "回答 " + std::to_string(answer) + " 字节"});
      world.write(server, std::string(answer, 'a'));
    };
  });
  Conn* const client = world.connect([&world](Conn& conn) { world.write(conn, "Anything else?"); });
  client->close_on_end = true;
  world.run_until(answer > 1'460 ? 45ms : 200ms);
  world.remark(Side::left, {"shutdown()", "调用 shutdown()"});
  const std::uint64_t before = world.packets();
  client->shut_when_written = true;
  world.run_until(100s);
  Run run;
  run.broken = check_all({Invariant::whole, Invariant::prefix}, world.observe());
  run.figures = {{{"packets from the FIN on", "从 FIN 起的报文数"},
                  static_cast<double>(world.packets() - before),
                  {},
                  false},
                 {{"bytes of the answer read", "读到的回答字节数"},
                  static_cast<double>(client->read.size()),
                  {"of " + std::to_string(answer), "共 " + std::to_string(answer)},
                  false}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment three_way_close() {
  Experiment lab;
  lab.number = 13;
  lab.name = "three-way-close";
  lab.claims = {"K71", "K72"};
  lab.breaks = {Invariant::whole};
  lab.story = {
      "If the handshake can put its ACK and its SYN into one message, why does the close not put "
      "its "
      "ACK and its FIN into one? Because between the two somebody may still want to speak. The ACK "
      "is the stack's: your FIN has come. The FIN is the application's: I have finished, too. Only "
      "the application knows when that is.\n"
      "Force them together, and the stack closes in the application's name, in the middle of what "
      "it was sending (first scenario). Where the application has really finished, nothing is lost "
      "(second scenario), and that is why a close of three segments is quite usual: the ACK waits "
      "a "
      "little, the application closes meanwhile, and both go out in one.",
      "握手时可以把 ACK 和 SYN 合成一个报文，为什么挥手时不把 ACK 和 FIN 合成一个？因为这两者之间，"
      "也许还有人想说话。ACK 是协议栈的话：你的 FIN 收到了；FIN 是应用的话：我也说完了。"
      "什么时候说完，只有应用知道。\n"
      "强行合并，就是协议栈替应用关闭，把它正在发送的内容拦腰截断（第一个场景）。如果应用确实已经说"
      "完，"
      "就什么也不会丢（第二个场景），所以三次挥手在实际中很常见：ACK "
      "稍等片刻，应用此时恰好关闭，两者便一起发出。"};
  lab.removed = {
      "the ACK of its own: a FIN is answered with FIN+ACK at once, and what was not sent "
      "by then is dropped (RFC 9293 3.6)",
      "单独的 ACK：收到 FIN 立即回答 FIN+ACK，此前没有发出的数据被丢弃（RFC 9293 3.6）"};
  lab.sentence = {
      "ACK and FIN of the passive side must be two messages unless its application has "
      "nothing left to send.",
      "除非应用已经没有数据要发，被动关闭方的 ACK 与 FIN 必须分成两个报文。"};
  Case left;
  left.title = {"The server has data left when the FIN comes", "FIN 到来时，服务器还有数据要发"};
  left.without = {"FIN is answered with FIN+ACK at once", "立即以 FIN+ACK 回答 FIN"};
  left.with = {"ACK first, FIN when the application closes", "先 ACK，应用关闭时再发 FIN"};
  left.run = [](bool with, std::uint64_t seed) {
    Script script;
    return converse(with, seed, script, 8 * 1'460);
  };
  Case finished = left;
  finished.title = {"The server had finished before the FIN came", "FIN 到来时，服务器早已说完"};
  finished.expect = Expect::holds_both;
  finished.run = [](bool with, std::uint64_t seed) {
    Script script;
    return converse(with, seed, script, 14);
  };
  lab.cases = {left, finished};
  lab.search = SearchPlan{
      {"The client asks and ends its direction; the server answers with 14 bytes or with 8 full "
       "segments. Each of the first packets may be lost or come 0.3 s late. Looked for: bytes that "
       "are lost in a close that both call orderly (I4).",
       "客户端提问并关闭自己的方向；服务器回答 14 字节或 8 个满报文段。前几个报文可能丢失或迟到 "
       "0.3 "
       "秒。要找的是：双方都认为正常的关闭中丢失了字节（I4）。"},
      {kLost, delayed(300ms)},
      6,
      1,
      [](bool with, std::uint64_t seed, Director& director) {
        const bool large =
            director.choose({"the answer takes 8 segments", "回答需要 8 个报文段"}, 2) == 1;
        return converse(with, seed, director, large ? 8 * 1'460 : 14);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
