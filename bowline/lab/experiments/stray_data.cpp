#include <algorithm>

#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

using tcp::AblationKey;
using tcp::Mechanism;

constexpr std::size_t kFile = 1'000'000;
constexpr std::uint32_t kStray = 900'000;  // about where the stray stands in the old file

// What stands between an old segment and a new connection of the same ports.
struct Guards {
  bool time_wait = false;
  bool clock = false;
  bool paws = false;
};

tcp::Ablation without(const Guards& guards) {
  tcp::Ablation ablation;
  if (!guards.time_wait) ablation = AblationKey::also(ablation, Mechanism::time_wait);
  if (!guards.clock) ablation = AblationKey::also(ablation, Mechanism::isn_clock);
  if (!guards.paws) ablation = AblationKey::also(ablation, Mechanism::paws);
  return ablation;
}

// Two files on the same ports, one after the other as soon as may be; a copy of one segment of the
// first comes while the second is under way. `lasts`: how long the first transfer takes.
Run two_files(const Guards& guards, std::uint64_t seed, Duration lasts) {
  bool chosen = false;
  SeqNumber first_number;
  Script script([&](const Crossing& packet) -> Accident {
    if (packet.from != Side::left) return {};
    if (packet.has(wire::kSyn) && !chosen) first_number = packet.segment.seq;
    const std::uint32_t offset = distance(first_number, packet.segment.seq);
    if (chosen || packet.segment.length == 0 || offset < kStray) return {};
    chosen = true;
    return repeated(lasts + 2s);
  });
  WorldOptions options;
  options.seed = seed;
  options.delay = 1ms;
  options.ablation = without(guards);
  options.configure = [](StackConfig& config, Side) {
    config.tcp.receive_buffer = config.tcp.receive_buffer_max = 2U << 20;
    config.tcp.send_buffer = config.tcp.send_buffer_max = 2U << 20;
  };
  World world(options, script);
  world.listen([](Conn& conn) { conn.close_on_end = true; });

  Conn* const old_file = world.connect();
  world.run_until(5ms);
  world.remark(Side::left, {"writes the old file: 1 MB of 'o'", "写旧文件：1 MB 的“o”"});
  world.stop_drawing();
  constexpr int kParts = 50;
  for (int i = 1; i <= kParts; ++i) {
    world.write(*old_file, std::string(kFile / kParts, 'o'));
    world.run_until(5ms + lasts * i / kParts);
  }
  world.run_until(lasts + 200ms);
  world.go_on_drawing();
  old_file->shut_when_written = true;
  old_file->close_on_end = true;
  world.run_until(lasts + 250ms);

  world.remark(Side::left,
               {"connects again from the same port as soon as it can", "用同一个端口尽快再次连接"});
  Conn* new_file = world.connect();
  Duration when = lasts + 250ms;
  while (new_file == nullptr && when < lasts + 100s) {
    when += 1s;
    world.run_until(when);
    new_file = world.connect();
  }
  Run run;
  if (new_file == nullptr) return run;
  world.run_until(when + 10ms);
  world.remark(Side::left, {"writes the first half of the new file: 'n'", "写新文件的前一半：“n”"});
  world.stop_drawing();
  world.write(*new_file, std::string(kFile / 10, 'n'));
  world.run_until(when + 1s);
  world.go_on_drawing();
  world.run_until(when + lasts + 4s);  // now the stray arrives, if it has not yet
  world.remark(Side::left, {"writes the second half", "写后一半"});
  world.stop_drawing();
  world.write(*new_file, std::string(2 * kFile, 'n'));
  world.run_until(when + lasts + 12s);
  new_file->shut_when_written = true;
  new_file->close_on_end = true;
  world.run_until(when + lasts + 14s);
  world.go_on_drawing();

  std::size_t strays = 0;
  for (const Conn& conn : world.connections()) {
    if (conn.side == Side::right && conn.incarnation == new_file->incarnation) {
      strays += static_cast<std::size_t>(std::ranges::count(conn.read, 'o'));
    }
  }
  world.remark(Side::right, {"the new file has " + std::to_string(strays) + " bytes of the old one",
                             "新文件中有 " + std::to_string(strays) + " 字节来自旧文件"});
  run.broken = check_all({Invariant::prefix}, world.observe());
  run.figures = {{{"bytes of the old file in the new one", "新文件里的旧文件字节"},
                  static_cast<double>(strays),
                  {},
                  false},
                 {{"until the port could be used again", "端口可以再次使用之前的等待"},
                  std::chrono::duration<double>(when - lasts - 250ms).count(),
                  {"s", "秒"},
                  false}};
  run.diagram = world.diagram();
  return run;
}

// The same with a few bytes, for the search: two words on each of two connections from one port.
Run two_talks(bool with, std::uint64_t seed, Director& director) {
  WorldOptions options;
  options.seed = seed;
  if (!with) options.ablation = without(Guards{});
  World world(options, director);
  world.listen([](Conn& conn) { conn.close_on_end = true; });
  Conn* const first = world.connect([&world](Conn& conn) { world.write(conn, "beer "); });
  world.run_until(50ms);
  world.write(*first, "please");
  first->shut_when_written = true;
  first->close_on_end = true;
  world.run_until(300ms);

  Duration when = 300ms;
  Conn* second = world.connect();
  while (second == nullptr && when < 100s) {  // TIME-WAIT has the port
    when += 1s;
    world.run_until(when);
    second = world.connect();
  }
  Run run;
  if (second == nullptr) return run;
  world.run_until(when + 50ms);
  world.write(*second, "cake ");
  world.run_until(when + 1500ms);
  world.write(*second, "at six");
  second->shut_when_written = true;
  second->close_on_end = true;
  world.run_until(when + 5s);
  run.broken = check_all({Invariant::prefix}, world.observe());
  run.diagram = world.diagram();
  return run;
}

constexpr Duration kFast = 500ms;  // 2 MB/s: faster than the ISN clock ticks
constexpr Duration kSlow = 8s;     // 125 kB/s: slower

Case alone(const Guards& guards, Duration lasts, Text title, Text with,
           Expect expect = Expect::breaks_without) {
  Case scenario;
  scenario.title = std::move(title);
  scenario.without = {"none of the three", "三者皆无"};
  scenario.with = std::move(with);
  scenario.expect = expect;
  scenario.brief = true;
  scenario.run = [guards, lasts](bool has, std::uint64_t seed) {
    return two_files(has ? guards : Guards{}, seed, lasts);
  };
  return scenario;
}

}  // namespace

Experiment stray_data() {
  Experiment lab;
  lab.number = 27;
  lab.name = "stray-data";
  lab.claims = {"K55", "K87", "K147"};
  lab.breaks = {Invariant::prefix};
  lab.story = {
      "Two friends had a drink, paid and left. They come back, sit down at the same table to talk "
      "about something else, and the waiter brings the drink of the earlier order. A segment that "
      "was held up in the network is such a drink: it belongs to a connection that is over, and "
      "finds "
      "a new one with the same addresses and ports. If its number happens to lie in the window, "
      "its "
      "bytes become part of a file that they have nothing to do with.\n"
      "Three things stand in its way. TIME-WAIT keeps the ports free until strays have died. The "
      "ISN "
      "clock moves the numbers on, so that the new window lies elsewhere. PAWS looks at the "
      "timestamps and drops what is older than the connection. Any one of them mostly stops it; "
      "the "
      "clock alone does not where the old connection sent faster than 250,000 bytes a second. With "
      "none of them it happens.",
      "两个朋友喝完饮料，结账离开。后来他们又回来，坐在同一张桌子旁谈别的事，服务员却端来了上次点的"
      "饮料。"
      "滞留在网络中的报文段就是这样一杯饮料：它属于已经结束的连接，却遇上了地址和端口都相同的新连接"
      "。"
      "如果它的号码恰好落在窗口里，它的字节就会混进一个与它毫不相干的文件。\n"
      "有三样东西挡在它前面。TIME-WAIT "
      "让端口空着，直到迷途的报文消亡；初始序列号的时钟把号码向前推移，"
      "使新窗口落在别处；PAWS 查看时间戳，丢弃比连接更老的报文。其中任何一样通常就够了；"
      "只有时钟而旧连接每秒发送超过 250,000 字节时，时钟挡不住。三样都没有，事情就会发生。"};
  lab.removed = {
      "TIME-WAIT, the clock in the ISN, and PAWS: all eight combinations (RFC 9293 3.4.1, "
      "3.4.3, 3.6; RFC 7323 5)",
      "TIME-WAIT、初始序列号的时钟和 PAWS：共八种组合（RFC 9293 3.4.1、3.4.3、3.6；RFC 7323 5）"};
  lab.sentence = {
      "TIME-WAIT, the ISN clock and PAWS keep segments of an old connection out of a new "
      "one; without all three, old bytes land in a new file.",
      "TIME-WAIT、初始序列号时钟和 PAWS "
      "把旧连接的报文挡在新连接之外；三者皆无，旧字节就会混进新文件。"};
  Case all;
  all.title = {"A fast sender; the new connection opens as soon as it can",
               "快速发送；新连接尽快建立"};
  all.without = {"None of the three", "三者皆无"};
  all.with = {"All three", "三者俱全"};
  all.run = [](bool with, std::uint64_t seed) {
    return two_files(with ? Guards{true, true, true} : Guards{}, seed, kFast);
  };
  lab.cases = {
      all,
      alone({true, false, false}, kFast, {"TIME-WAIT alone", "只有 TIME-WAIT"},
            {"TIME-WAIT alone", "只有 TIME-WAIT"}),
      alone({false, false, true}, kFast, {"PAWS alone", "只有 PAWS"}, {"PAWS alone", "只有 PAWS"}),
      alone({false, true, false}, kSlow,
            {"The ISN clock alone, a slow sender (125 kB/s)", "只有时钟，发送慢（125 kB/s）"},
            {"clock alone", "只有时钟"}),
      alone({false, true, false}, kFast,
            {"The ISN clock alone, a fast sender (2 MB/s): not enough",
             "只有时钟，发送快（2 MB/s）：挡不住"},
            {"clock alone", "只有时钟"}, Expect::breaks_both),
      alone({true, true, false}, kFast, {"TIME-WAIT and the clock", "TIME-WAIT 和时钟"},
            {"TIME-WAIT and clock", "TIME-WAIT 和时钟"}),
      alone({true, false, true}, kFast, {"TIME-WAIT and PAWS", "TIME-WAIT 和 PAWS"},
            {"TIME-WAIT and PAWS", "TIME-WAIT 和 PAWS"}),
      alone({false, true, true}, kFast, {"The clock and PAWS", "时钟和 PAWS"},
            {"clock and PAWS", "时钟和 PAWS"}),
  };
  lab.search = SearchPlan{{"The client says two words and closes, connects again from the same "
                           "port as soon as it can and says two "
                           "others; each of the first packets may come again 0.7 s later. Looked "
                           "for: a byte that was not written at "
                           "that place in this connection (I3).",
                           "客户端说两个词后关闭，尽快用同一个端口再次连接，再说另外两个词；前几个"
                           "报文可能在 0.7 秒后又来一次。"
                           "要找的是：读到的字节不是本次连接在该位置写的（I3）。"},
                          {repeated(700ms)},
                          8,
                          2,
                          two_talks};
  return lab;
}

}  // namespace bowline::inline v0::lab
