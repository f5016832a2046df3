#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

constexpr std::uint32_t kBuffer = 4'096;
constexpr std::size_t kText = 10'000;

// A reader who is busy with something else for two seconds, and a writer who has more to say than
// fits into his buffer.
Run write_much(bool with, std::uint64_t seed, Director& director) {
  WorldOptions options;
  options.seed = seed;
  options.windows = true;
  if (!with) options.ablation = tcp::AblationKey::without({tcp::Mechanism::window_probe});
  options.configure = [](StackConfig& config, Side side) {
    if (side == Side::right) config.tcp.receive_buffer = config.tcp.receive_buffer_max = kBuffer;
  };
  World world(options, director);
  Conn* reader = nullptr;
  world.listen([&reader](Conn& conn) {
    conn.reads = false;
    conn.awaits_end = true;
    conn.close_on_end = true;
    reader = &conn;
  });
  Conn* const writer = world.connect([&world](Conn& conn) {
    world.write(conn, std::string(kText, 'x'));
    conn.shut_when_written = true;
    conn.close_on_end = true;
  });
  world.run_until(2s);
  if (reader != nullptr) {
    world.remark(Side::right, {"its program reads again", "程序又开始读了"});
    reader->reads = true;
  }
  world.run_until(240s);
  Run run;
  run.broken = check_all({Invariant::progress, Invariant::prefix}, world.observe());
  run.figures = {{{"bytes that were read", "读到的字节数"},
                  reader == nullptr ? 0.0 : static_cast<double>(reader->read.size()),
                  {"of 10000", "共 10000"},
                  false},
                 {{"the writer was told of a failure", "写的一方得知失败"},
                  writer->error ? 1.0 : 0.0,
                  {},
                  false}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment window_probe() {
  Experiment lab;
  lab.number = 7;
  lab.name = "window-probe";
  lab.claims = {"K94"};
  lab.breaks = {Invariant::progress};
  lab.story = {
      "You say: \"Wait, I can take no more; I will call when there is room.\" So the other waits. "
      "When there is room you call, but a lorry drives past and he does not hear you. He waits for "
      "your call, you wait for what he has, and neither has a reason to speak first.\n"
      "A receiver whose buffer is full offers a window of 0. When its program has read, it says so "
      "in an ACK that offers a window again, and that ACK is not repeated if it is lost: nothing "
      "acknowledges an acknowledgment. So the sender must ask by himself from time to time, with a "
      "byte that does not fit; the answer says how large the window is now. Here that one window "
      "update is lost.",
      "你说：“等一下，我这儿放不下了，有地方了再叫你。”对方就等着。等有了地方，你叫了一声，"
      "偏偏一辆卡车开过，他没有听见。他在等你叫他，你在等他的东西，谁都没有理由先开口。\n"
      "缓冲区满了的接收方通告窗口为 0。它的程序读过之后，它用一个 ACK 再次通告窗口；这个 ACK "
      "丢了不会重发，因为没有人确认一个确认。所以发送方必须自己时时探问：发一个放不下的字节，"
      "对方的回答就说明了现在的窗口有多大。这里丢失的正是那一个窗口更新。"};
  lab.removed = {"the probe of a window that is shut (RFC 9293 3.8.6.1, MUST-36)",
                 "对关闭窗口的探测（RFC 9293 3.8.6.1，MUST-36）"};
  lab.sentence = {
      "A window that opened unheard stays shut for ever, unless the sender asks from time "
      "to time.",
      "窗口重新打开的消息若没有被听到，窗口就永远关着，除非发送方时时探问。"};
  Case lost;
  lost.title = {"The ACK that opens the window again is lost", "重新打开窗口的 ACK 丢失"};
  lost.without = {"The writer waits to be called", "发送方只等对方通知"};
  lost.with = {"The writer asks by probes", "发送方发探测报文询问"};
  lost.run = [](bool with, std::uint64_t seed) {
    bool shut = false;
    bool done = false;
    Script script([&](const Crossing& packet) -> Accident {
      if (packet.from != Side::right || packet.has(wire::kSyn)) return {};
      if (packet.segment.window == 0) {
        shut = true;
        return {};
      }
      if (!shut || done) return {};
      done = true;
      return kLost;
    });
    return write_much(with, seed, script);
  };
  lab.cases = {lost};
  lab.search = SearchPlan{
      {"The client writes 10000 bytes to a server with a buffer of 4096, whose program reads after "
       "two seconds; each of the first packets may be lost. Looked for: a call that never ends "
       "(I5).",
       "客户端写 10000 字节，服务器的缓冲区只有 4096 "
       "字节，程序两秒后才读；前几个报文可能丢失。要找的是：永远不结束的调用（I5）。"},
      {kLost},
      14,
      1,
      write_much};
  return lab;
}

}  // namespace bowline::inline v0::lab
