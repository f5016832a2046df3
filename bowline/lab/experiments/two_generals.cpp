#include <optional>
#include <utility>

#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

using tcp::AblationKey;
using tcp::Mechanism;

// Lets the first `whole` messages of a ceremony pass and, where it says so, one more; then the
// messengers are caught, all of them. Messages count from the first one with `begins`.
class Messengers final : public Director {
 public:
  Messengers(std::uint16_t begins, std::size_t whole, bool one_more)
      : begins_(begins), whole_(whole), one_more_(one_more) {}

  Accident fate(const Crossing& packet) override {
    if (seen_ == 0 && !packet.has(begins_)) return {};
    ++seen_;
    if (seen_ <= whole_) return {};
    if (seen_ > whole_ + 1) return kLost;
    speaker_ = packet.from;
    return one_more_ ? Accident{} : kLost;
  }
  [[nodiscard]] std::optional<Side> speaker() const { return speaker_; }

 private:
  std::uint16_t begins_;
  std::size_t whole_;
  bool one_more_;
  std::size_t seen_ = 0;
  std::optional<Side> speaker_;
};

WorldOptions options(std::uint64_t seed, std::optional<Mechanism> removed) {
  WorldOptions world;
  world.seed = seed;
  if (removed) world.ablation = AblationKey::without({*removed});
  // An acknowledgment of its own would be a message more than the ceremony has.
  world.configure = [](StackConfig& config, Side) { config.tcp.cold_ack_at_once = false; };
  return world;
}

Run result_of(World& world, const Messengers& messengers) {
  Run run;
  run.views = {world.view(Side::left), world.view(Side::right)};
  run.last_speaker = messengers.speaker();
  run.diagram = world.diagram();
  return run;
}

// A handshake of `length` messages, the last of which arrives or not: the SYN alone is believed
// (2), the usual one (3), the SYN of the server apart (4), and with it words of the programs that
// confirm once more (5, 6).
Run open(std::size_t length, bool arrives, std::uint64_t seed) {
  std::optional<Mechanism> removed;
  if (length == 2) removed = Mechanism::third_segment;
  if (length >= 4) removed = Mechanism::joined_syn_ack;
  Messengers messengers(wire::kSyn, length - 1, arrives);
  World world(options(seed, removed), messengers);
  world.listen([&world, length](Conn& conn) {
    if (length >= 5) world.write(conn, "I have your ACK.");
  });
  world.connect([&world, length](Conn& conn) {
    if (length < 6) return;
    conn.on_read = [&world](Conn& client) { world.write(client, "I know."); };
  });
  world.run_until(1s);
  return result_of(world, messengers);
}

// A close of `length` messages, counted from the first FIN: one FIN closes both directions (2), a
// FIN is answered by FIN+ACK (3), the usual one (4), and with last words of the server between (5:
// its FIN behind them at once; 6: once they are acknowledged).
Run close(std::size_t length, bool arrives, std::uint64_t seed) {
  std::optional<Mechanism> removed;
  if (length == 2) removed = Mechanism::half_close;
  if (length == 3) removed = Mechanism::separate_fin_ack;
  Messengers messengers(wire::kFin, length - 1, arrives);
  World world(options(seed, removed), messengers);
  world.listen([&world, length](Conn& conn) {
    conn.on_end = [&world, length](Conn& server) {
      if (length >= 5) world.after(50ms, [&world, &server] { world.write(server, "Farewell."); });
      const Duration until = length == 5 ? 52ms : 200ms;
      world.after(until, [&world, &server] { world.shutdown(server); });
    };
  });
  Conn* const client = world.connect();
  world.run_until(100ms);
  world.shutdown(*client);
  world.run_until(1s);
  return result_of(world, messengers);
}

// The usual handshake and the usual close; what is lost is lost once. Repeating does the rest.
Run repaired(bool loses, std::uint64_t seed) {
  bool opened = false;
  bool closed = false;
  bool fin = false;
  Script script([&](const Crossing& packet) -> Accident {
    if (packet.from == Side::right) {
      fin = fin || packet.has(wire::kFin);
      return {};
    }
    if (!loses || packet.has(wire::kSyn)) return {};
    bool& done = fin ? closed : opened;
    return std::exchange(done, true) ? Accident{} : kLost;
  });
  World world(options(seed, std::nullopt), script);
  // The server speaks first: nothing of the client's comes after the ACK that is lost.
  world.listen([&world](Conn& conn) {
    world.write(conn, "welcome");
    conn.awaits_end = true;
    conn.close_on_end = true;
  });
  Conn* const client = world.connect([](Conn& conn) {
    conn.awaits_end = true;
    conn.close_on_end = true;
  });
  world.run_until(5s);
  world.shutdown(*client);
  world.run_until(120s);
  Run run;
  run.broken =
      check_all({Invariant::agreement, Invariant::whole, Invariant::progress, Invariant::no_leak},
                world.observe());
  run.figures = {{{"packets", "报文数"}, static_cast<double>(world.packets()), {}, false}};
  run.diagram = world.diagram();
  return run;
}

Case ceremony(std::size_t length, Text title, Run (*perform)(std::size_t, bool, std::uint64_t),
              bool brief) {
  Case scenario;
  scenario.title = std::move(title);
  scenario.without = {"The last one is lost", "最后一个丢失"};
  scenario.with = {"The last one arrives", "最后一个送到"};
  scenario.expect = Expect::cannot_tell;
  scenario.brief = brief;
  scenario.run = [length, perform](bool arrives, std::uint64_t seed) {
    return perform(length, arrives, seed);
  };
  return scenario;
}

}  // namespace

Experiment two_generals() {
  Experiment lab;
  lab.number = 29;
  lab.name = "two-generals";
  lab.claims = {"K47", "K83"};
  lab.story = {
      "Two generals on two hills want to attack at dawn, both or neither. Their messengers cross "
      "the enemy's valley, and some are caught. The first sends: \"At dawn.\" He dares not move "
      "before he knows that it arrived, so the second sends: \"Agreed.\" Now he dares not move "
      "before he knows that this arrived. And so on: whoever sent last cannot know. One more "
      "message passes the doubt on to the other, and takes it from nobody.\n"
      "A tutorial says that three messages are the theoretical minimum for agreement over an "
      "unreliable channel. There is no such minimum. Here are openings and closes of two to six "
      "messages, each twice: once the last message arrives, once it does not, and after it all "
      "messengers are caught. If one end sees the very same in both runs, it cannot know in which "
      "it "
      "is. What three messages do buy is less, and enough: each has the other's number confirmed. "
      "The rest is done by repeating, for as long as somebody is there to answer. So TIME-WAIT, "
      "too, guarantees nothing; it answers while FINs keep coming.",
      "两位将军在两座山头上，约定拂晓进攻，要么一起，要么都不动。信使要穿过敌人的山谷，有的会被抓住"
      "。"
      "第一位送信说：“拂晓进攻。”在知道信已送到之前他不敢动，于是第二位回信：“同意。”"
      "现在轮到他在知道回信送到之前不敢动了。如此下去：最后送信的人永远无法知道。"
      "多送一封信，只是把疑问转给对方，谁的疑问也没有消除。\n"
      "有教程说，三次是在不可靠信道上达成一致的理论最小值。并不存在这样的最小值。"
      "这里有两到六个报文的建立和关闭，每种运行两次：一次最后的报文送到，一次没有送到，"
      "此后所有信使都被抓住。如果某一端在两次运行中看到的完全相同，它就无从知道自己身处哪一次。"
      "三个报文换来的东西要少一些，但已经够用：双方的号码都得到了确认。"
      "其余的靠重发，只要还有人回答。所以 TIME-WAIT 也不保证什么；它只是在还有 FIN "
      "到来时作出回答。"};
  lab.removed = {"nothing; the last message of each opening and close is lost, or arrives",
                 "什么也没拿掉；每种建立和关闭的最后一个报文，或者丢失，或者送到"};
  lab.sentence = {
      "No number of messages makes both sure that both are; three confirm both numbers, and "
      "repeating does the rest.",
      "多少个报文也不能使双方都确信双方已经确信；三个报文确认了两个号码，其余的靠重发。"};
  lab.cases = {
      ceremony(3, {"Opening in three messages", "三个报文的建立"}, open, false),
      ceremony(
          2, {"Opening in two: the server believes the SYN", "两个报文的建立：服务器凭 SYN 就相信"},
          open, true),
      ceremony(4, {"In four: ACK and SYN apart", "四个：ACK 与 SYN 分开"}, open, true),
      ceremony(5, {"In five: the server's program confirms", "五个：服务器程序再确认一次"}, open,
               true),
      ceremony(6, {"In six: the client's program confirms that", "六个：客户端程序再确认这次确认"},
               open, true),
      ceremony(4, {"Close in four messages", "四个报文的关闭"}, close, false),
      ceremony(
          2,
          {"Close in two: a FIN closes both directions", "两个报文的关闭：一个 FIN 关闭两个方向"},
          close, true),
      ceremony(3, {"In three: FIN and FIN+ACK", "三个：FIN 和 FIN+ACK"}, close, true),
      ceremony(5, {"In five: last words, and the FIN behind them", "五个：临别的话之后紧跟 FIN"},
               close, true),
      ceremony(6, {"In six: the FIN once they are acknowledged", "六个：话得到确认之后再发 FIN"},
               close, true),
  };
  Case mended;
  mended.title = {"The last message of both is lost once, and then the network is well",
                  "建立和关闭的最后一个报文各丢一次，此后网络正常"};
  mended.without = {"The two ACKs are lost", "两个 ACK 丢失"};
  mended.with = {"Nothing is lost", "没有丢失"};
  mended.expect = Expect::holds_both;
  mended.run = [](bool with, std::uint64_t seed) { return repaired(!with, seed); };
  lab.cases.push_back(mended);
  return lab;
}

}  // namespace bowline::inline v0::lab
