#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

constexpr Duration kEnd = 400s;  // of the run

// The client writes; the cable is pulled at `cut` and, perhaps, put back.
Run write_into(bool with, std::uint64_t seed, Director& director, Duration cut, Duration mend) {
  WorldOptions options;
  options.seed = seed;
  options.bound = 120s;
  if (!with) options.ablation = tcp::AblationKey::without({tcp::Mechanism::give_up});
  World world(options, director);
  world.listen([](Conn&) {});
  Conn* const writer = world.connect([&world](Conn& conn) { world.write(conn, "Dear "); });
  world.run_until(cut);
  world.remark(Side::left, {"the cable is pulled", "网线被拔掉"});
  world.unplug();
  world.run_until(cut + 10ms);
  world.write(*writer, "friend");
  world.run_until(mend);
  if (mend < kEnd) {
    world.remark(Side::left, {"the cable is put back", "网线又接上"});
    world.plug();
  }
  world.run_until(kEnd);
  Run run;
  // A cable that comes back is loss, and must not end the connection.
  std::vector<Invariant> judges{Invariant::told};
  if (mend < kEnd) judges.push_back(Invariant::orderly);
  run.broken = check_all(judges, world.observe());
  const Time told = writer->error ? writer->ended_at : world.now();
  run.figures = {{{"the writer was told", "写的一方得知"}, writer->error ? 1.0 : 0.0, {}, false},
                 {{"after", "用时"},
                  std::chrono::duration<double>(told - (world.start() + cut)).count(),
                  {"s", "秒"},
                  false},
                 {{"packets that the writer sent", "写的一方发出的报文"},
                  static_cast<double>(world.packets_of(Side::left)),
                  {},
                  false}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment give_up() {
  Experiment lab;
  lab.number = 9;
  lab.name = "give-up";
  lab.claims = {"K97"};
  lab.breaks = {Invariant::told};
  lab.story = {
      "Nobody can promise that a letter arrives. What a good messenger promises is this: either it "
      "arrives, or I come back and say that I could not deliver it.\n"
      "TCP repeats what is not acknowledged, less and less often. But if the cable is cut for good "
      "it must stop one day and tell the program: that is the limit R2, here 100 seconds. What "
      "became of the last bytes stays unknown even then: they may have arrived and the "
      "acknowledgment may be what was lost. Without the limit the messenger never comes back, and "
      "the program believes for ever that its letter is under way.",
      "谁也不能保证一封信必定送到。好的信使保证的是：要么送到，要么回来告诉你没能送到。\n"
      "TCP 把没有得到确认的数据一再重发，间隔越来越长。但如果线路永远断了，它总有一天要停下来"
      "并告诉程序：这就是上限 R2，这里是 100 秒。即使到那时，最后几个字节的下落仍然不明："
      "也许已经到达，丢失的只是确认。没有这个上限，信使永远不回来，程序就永远以为信还在路上。"};
  lab.removed = {"the limit R2: what is not acknowledged is repeated for ever (RFC 9293 3.8.3)",
                 "上限 R2：没有得到确认的数据永远重发下去（RFC 9293 3.8.3）"};
  lab.sentence = {
      "TCP cannot promise that bytes arrive; it promises that you are told when they do not.",
      "TCP 不能保证字节送到；它保证送不到时会告诉你。"};
  Case cut;
  cut.title = {"The cable is pulled with data under way", "数据发送途中网线被拔掉"};
  cut.without = {"Repeated for ever", "永远重发"};
  cut.with = {"Given up after 100 s", "100 秒后放弃"};
  cut.run = [](bool with, std::uint64_t seed) {
    Script script;
    return write_into(with, seed, script, 100ms, kEnd);
  };
  Case mended = cut;
  mended.title = {"The same, but the cable is put back after 40 s", "同上，但 40 秒后网线又接上"};
  mended.expect = Expect::holds_both;
  mended.brief = true;
  mended.run = [](bool with, std::uint64_t seed) {
    Script script;
    return write_into(with, seed, script, 100ms, 40s);
  };
  lab.cases = {cut, mended};
  lab.search = SearchPlan{
      {"The client writes, the cable is pulled, the client writes again; the cable is put back "
       "after 1 or 40 s, or never. Looked for: bytes that do not arrive and a writer who is not "
       "told within two minutes (I11).",
       "客户端写数据，网线被拔掉，客户端再写；网线 1 秒或 40 "
       "秒后接上，或者再也不接。要找的是：字节没有到达，而写的一方两分钟内没有得知（I11）。"},
      {},
      0,
      0,
      [](bool with, std::uint64_t seed, Director& director) {
        static constexpr Duration kMends[] = {1s, 40s, kEnd};
        const std::size_t which =
            director.choose({"the cable stays unplugged for longer", "网线断开得更久"}, 3);
        return write_into(with, seed, director, 100ms, kMends[which]);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
