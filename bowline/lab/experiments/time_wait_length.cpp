#include <algorithm>

#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

using tcp::AblationKey;
using tcp::Mechanism;

// No packet lives longer in this network. (The standard says two minutes; this is quicker to look
// at, and a choice in any case.)
constexpr Duration kMsl = 15s;
constexpr Duration kLong = kMsl - 100ms;  // as late as a packet can be
constexpr std::size_t kFirst = 100;       // bytes of the old connection before its last words

// What opens a connection before the wait is over.
enum class Rule : std::uint8_t {
  none,
  newer_number,     // MAY-2: the SYN's number is beyond all old ones
  newer_timestamp,  // RFC 6191
};

// Which segment of the old connection comes so late.
enum class Stray : std::uint8_t {
  copy,    // a second copy of its last words
  repeat,  // their repetition, sent while the ACK was just as late
};

struct Wait {
  int half_msls = 4;  // how long TIME-WAIT lasts
  Rule rule = Rule::none;
};

WorldOptions options(const Wait& wait, std::uint64_t seed) {
  WorldOptions world;
  world.seed = seed;
  if (wait.half_msls == 0) world.ablation = AblationKey::without({Mechanism::time_wait});
  // The clock in the ISN would hide what the length does, and so would timestamps.
  if (wait.rule != Rule::newer_number) {
    world.ablation = AblationKey::also(world.ablation, Mechanism::isn_clock);
  }
  world.configure = [wait](StackConfig& config, Side) {
    if (wait.half_msls > 0) config.tcp.msl = wait.half_msls * kMsl / 4;
    config.tcp.timestamps = wait.rule == Rule::newer_timestamp;
    config.tcp.time_wait_reuse = wait.rule != Rule::none;
  };
  return world;
}

// The server closes first and has the TIME-WAIT; the client says its last words and closes. Then
// the client opens the same ports again as soon as it can.
Run twice(const Wait& wait, std::uint64_t seed, Director& director) {
  World world(options(wait, seed), director);
  std::size_t accepted = 0;
  world.listen([&](Conn& conn) {
    const bool old = accepted++ == 0;
    conn.close_on_end = true;
    conn.on_read = [&world, old](Conn& server) {
      if (old) {
        server.shut_when_written = true;
      } else if (server.written.empty()) {
        world.write(server, "ok");
      }
    };
  });
  world.connect([&world](Conn& conn) {
    world.write(conn, std::string(kFirst, 'o'));
    conn.on_end = [&world](Conn& client) {
      world.write(client, std::string(kFirst / 4, 'o'));
      client.close_when_written = true;
    };
  });
  Duration when = 200ms;
  world.run_until(when);
  world.remark(Side::left, {"tries to connect again from the same port, once a second",
                            "每秒一次，试着用同一个端口再次连接"});
  Conn* again = nullptr;
  const auto usable = [&] { return again != nullptr && again->established; };
  while (!usable() && when < 120s) {
    if (again != nullptr) world.cancel(*again);
    again =
        world.connect([&world](Conn& conn) { world.write(conn, std::string(kFirst / 2, 'n')); });
    if (when > 2s) world.stop_drawing();
    when += 1s;
    world.run_until(when);
  }
  Run run;
  if (!usable()) return run;
  world.go_on_drawing();
  const double waited =
      std::chrono::duration<double>(again->established_at - world.start()).count();
  world.remark(Side::left, {"has its new connection; has written half of what it wants to say",
                            "有了新连接，写了一半要说的话"});
  world.run_until(std::max(when + 1s, 2 * kMsl));
  world.remark(Side::left, {"writes the other half", "写另一半"});
  world.write(*again, std::string(4 * kFirst, 'n'));
  again->shut_when_written = true;
  again->close_on_end = true;
  world.run_until(std::max(when + 1s, 2 * kMsl) + 10s);
  std::size_t strays = 0;
  for (const Conn& conn : world.connections()) {
    if (conn.side == Side::right && conn.incarnation == again->incarnation) {
      strays += static_cast<std::size_t>(std::ranges::count(conn.read, 'o'));
    }
  }
  run.broken = check_all({Invariant::prefix}, world.observe());
  run.figures = {{{"bytes of the old connection in the new one", "新连接里的旧连接字节"},
                  static_cast<double>(strays),
                  {},
                  false},
                 {{"until the ports could be used again", "端口可以再次使用之前的等待"},
                  waited,
                  {"s", "秒"},
                  false}};
  run.diagram = world.diagram();
  return run;
}

// Lets a segment of the old connection be as late as one can be.
class Late final : public Director {
 public:
  explicit Late(Stray stray) : stray_(stray) {}

  Accident fate(const Crossing& packet) override {
    if (packet.from == Side::left && packet.has(wire::kFin) && !done_) return last_words(packet);
    if (packet.from == Side::right && said_ && !answered_) {
      answered_ = true;
      if (stray_ == Stray::repeat) return delayed(kLong);
    }
    return {};
  }

 private:
  Accident last_words(const Crossing& packet) {
    if (!said_) {
      said_ = true;
      at_ = packet.at;
      done_ = stray_ == Stray::copy;
      return done_ ? repeated(kLong) : Accident{};
    }
    // Repeated again and again; the last one before the ACK arrives is the stray.
    if (packet.at - at_ < kMsl / 2) return kLost;
    done_ = true;
    return delayed(kLong);
  }

  Stray stray_;
  bool said_ = false;
  bool answered_ = false;
  bool done_ = false;
  Time at_{};
};

Case compare(Wait shorter, Wait longer, Stray stray, Text title, Text without, Text with,
             Expect expect = Expect::breaks_without) {
  Case scenario;
  scenario.title = std::move(title);
  scenario.without = std::move(without);
  scenario.with = std::move(with);
  scenario.expect = expect;
  scenario.brief = true;
  scenario.run = [shorter, longer, stray](bool has, std::uint64_t seed) {
    Late late(stray);
    return twice(has ? longer : shorter, seed, late);
  };
  return scenario;
}

}  // namespace

Experiment time_wait_length() {
  Experiment lab;
  lab.number = 21;
  lab.name = "time-wait-length";
  lab.claims = {"K80", "K88", "K89"};
  lab.breaks = {Invariant::prefix};
  lab.story = {
      "After saying goodbye you wait outside the door. How long? Until nothing that was said "
      "inside "
      "can still come out. A word is on its way for one MSL at the most, the longest life of a "
      "segment. One MSL is enough for a copy of what was already under way. But your goodbye takes "
      "up to one MSL to arrive, and just before it does the other may say his last words once "
      "more, "
      "and these take one MSL in turn. Together that is 2 MSL.\n"
      "Here nothing else protects the new connection (the clock in the ISN stands still, and there "
      "are no timestamps), and the wait is 0, half, one and two MSL long. Two rules let a new "
      "connection begin before the wait is over, contrary to what some say: a SYN whose sequence "
      "number (MAY-2) or timestamp (RFC 6191) is newer than everything old. They open early and "
      "still let nothing old in.\n"
      "The MSL is 15 seconds here. The standard says two minutes, Linux waits 60 seconds in all; "
      "it "
      "is a choice, for no router counts seconds.",
      "说完再见，你在门外等。等多久？等到里面说过的话不可能再传出来为止。一句话在路上最多一个 MSL，"
      "即报文段的最长寿命。对于已经在路上的副本，一个 MSL 就够了。"
      "但你的再见最多要一个 MSL 才传到，而就在它传到之前，对方可能又把最后的话说了一遍，"
      "这一遍又要走最多一个 MSL。加起来就是 2 MSL。\n"
      "这里没有别的东西保护新连接（初始序列号的时钟停着，也没有时间戳），等待时间分别为 "
      "0、半个、一个和两个 MSL。与某些说法相反，有两条规则允许新连接在等待结束之前开始："
      "SYN 的序列号（MAY-2）或时间戳（RFC "
      "6191）比旧的一切都新。它们提前开放，仍然不放进任何旧东西。\n"
      "这里的 MSL 是 15 秒。标准说两分钟，Linux 总共等 60 "
      "秒；这只是一种选择，没有路由器按秒计数。"};
  lab.removed = {"parts of TIME-WAIT: it lasts 0, 1/2, 1 or 2 MSL (RFC 9293 3.4.2, 3.6.1)",
                 "TIME-WAIT 的一部分：持续 0、1/2、1 或 2 MSL（RFC 9293 3.4.2、3.6.1）"};
  lab.sentence = {
      "One MSL for the last ACK to arrive and one for what was repeated before: less than 2 "
      "MSL lets old bytes in.",
      "最后的 ACK 到达需要一个 MSL，此前重发的报文消亡又需要一个：短于 2 MSL，旧字节就会混进来。"};
  const Text two{"TIME-WAIT for 2 MSL", "TIME-WAIT 持续 2 MSL"};
  const Text none{"No TIME-WAIT", "没有 TIME-WAIT"};
  Case most = compare({2}, {4}, Stray::repeat,
                      {"The last ACK takes one MSL, and so does the repetition that it crosses",
                       "最后的 ACK 走了一个 MSL，与它交错的重发也走了一个 MSL"},
                      {"TIME-WAIT for 1 MSL", "TIME-WAIT 持续 1 MSL"}, two);
  most.brief = false;
  lab.cases = {
      most,
      compare(
          {0}, {4}, Stray::copy,
          {"A copy of the last words takes one MSL: no wait", "最后的话的副本走了一个 MSL：不等"},
          none, two),
      compare({1}, {4}, Stray::copy, {"The same: half an MSL", "同上：等半个 MSL"},
              {"1/2 MSL", "1/2 MSL"}, two),
      compare({2}, {4}, Stray::copy,
              {"The same: one MSL is enough for that", "同上：对这种情况一个 MSL 就够了"},
              {"1 MSL", "1 MSL"}, two, Expect::holds_both),
      compare(
          {0}, {4, Rule::newer_number}, Stray::repeat,
          {"Opened early by a newer sequence number (MAY-2)", "凭更新的序列号提前开放（MAY-2）"},
          none, {"2 MSL, and the rule", "2 MSL，加上该规则"}),
      compare(
          {0}, {4, Rule::newer_timestamp}, Stray::repeat,
          {"Opened early by a newer timestamp (RFC 6191)", "凭更新的时间戳提前开放（RFC 6191）"},
          none, {"2 MSL, and the rule", "2 MSL，加上该规则"}),
  };
  lab.search = SearchPlan{
      {"Two connections of the same ports, the second as soon as it can be; each of the first "
       "packets may come once more almost one MSL later. Looked for: a byte that was not written "
       "at "
       "that place in this connection (I3).",
       "用同样的端口先后建立两个连接，第二个尽快建立；前几个报文可能在将近一个 MSL "
       "之后又来一次。要找的是：读到的字节不是本次连接在该位置写的（I3）。"},
      {repeated(kLong)},
      8,
      1,
      [](bool with, std::uint64_t seed, Director& director) {
        return twice({with ? 4 : 0}, seed, director);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
