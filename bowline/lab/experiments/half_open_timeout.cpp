#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

// A network whose left end may lose its power: then nothing leaves it or reaches it.
class Mains final : public Director {
 public:
  explicit Mains(Director& network) : network_(network) {}
  Accident fate(const Crossing& packet) override { return off_ ? kLost : network_.fate(packet); }
  void fail() { off_ = true; }

 private:
  Director& network_;
  bool off_ = false;
};

// A client that asks for a connection; its machine may lose its power meanwhile.
Run knock(bool with, std::uint64_t seed, Director& director, bool power_fails) {
  Mains mains(director);
  WorldOptions options;
  options.seed = seed;
  options.bound = 180s;
  if (!with) options.ablation = tcp::AblationKey::without({tcp::Mechanism::half_open_timeout});
  World world(options, mains);
  world.listen([](Conn& conn) { conn.close_on_end = true; });
  Conn* const client = world.connect([](Conn& conn) { conn.close_when_written = true; });
  world.run_until(5ms);
  if (power_fails) {
    world.remark(Side::left, {"is gone: its power has failed", "断电，消失了"});
    mains.fail();
  }
  world.run_until(500ms);
  if (!client->established) world.cancel(*client);
  world.run_until(400s);
  Run run;
  run.broken = check_all({Invariant::no_leak}, world.observe());
  run.figures = {{{"half-open entries after 400 s", "400 秒后的半连接数"},
                  static_cast<double>(world.stack(Side::right).usage().half_open),
                  {},
                  false}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment half_open_timeout() {
  Experiment lab;
  lab.number = 15;
  lab.name = "half-open-timeout";
  lab.claims = {"K99", "K100"};
  lab.breaks = {Invariant::no_leak};
  lab.story = {
      "Somebody knocks, you call \"come in\", and nobody enters. How long do you stand at the open "
      "door? Between the SYN+ACK and the ACK the connection is half-open: an entry in the SYN "
      "queue, of which there is a limited number. If the ACK does not come the SYN+ACK is "
      "repeated, "
      "after 1, 2, 4, 8 and 16 seconds, and after 63 seconds the entry goes.\n"
      "Without that end, a single SYN from a client that lost its power keeps its place for ever; "
      "and a few hundred of them, sent by somebody who means harm, keep all places (experiment "
      "28).",
      "有人敲门，你喊了一声“请进”，却没有人进来。你要在门口站多久？从发出 SYN+ACK 到收到 ACK 之间，"
      "连接处于半连接状态，在半连接队列（SYN 队列）中占一个表项，而表项的数目有限。ACK 不来就重发 "
      "SYN+ACK，"
      "间隔 1、2、4、8、16 秒，63 秒后删除表项。\n"
      "如果没有这个期限，一台断电的客户端发来的一个 SYN 就会永远占住一个位置；若有人存心发几百个，"
      "所有位置都会被占满（见实验 28）。"};
  lab.removed = {"the end of half-open entries: they are repeated for ever (RFC 9293 3.8.3)",
                 "半连接表项的期限：一直重发下去（RFC 9293 3.8.3）"};
  lab.sentence = {"A half-open entry must end by itself, for nobody else will end it.",
                  "半连接必须自己到期，因为不会有别人来结束它。"};
  Case vanish;
  vanish.title = {"The client loses its power after its SYN", "客户端发出 SYN 之后断电"};
  vanish.without = {"Entries have no end", "表项没有期限"};
  vanish.with = {"Entries end after five repeats", "重发五次之后删除表项"};
  vanish.run = [](bool with, std::uint64_t seed) {
    Script script;
    return knock(with, seed, script, true);
  };
  lab.cases = {vanish};
  lab.search = SearchPlan{
      {"The client connects and closes, gives up if it has got no answer in half a second, or "
       "loses "
       "its power after its SYN; each of the first packets may be lost. Looked for: a record that "
       "is "
       "held for nobody (I6).",
       "客户端建立连接并关闭，半秒内没有回答就放弃，或者发出 SYN "
       "之后断电；前几个报文可能丢失。要找的是：为不存在的对方保留的记录（I6）。"},
      {kLost},
      4,
      2,
      [](bool with, std::uint64_t seed, Director& director) {
        const bool fails = director.choose({"the client's machine loses its power after the SYN",
                                            "客户端发出 SYN 之后断电"},
                                           2) == 1;
        return knock(with, seed, director, fails);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
