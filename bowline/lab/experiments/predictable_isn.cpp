#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

using tcp::AblationKey;
using tcp::Mechanism;

constexpr std::uint16_t kTrustedPort = 1'023;

// Somebody whom the server trusts by his address, and who is switched off just now.
Endpoint trusted() { return {*IpAddress::parse("10.0.9.9"), kTrustedPort}; }

trace::Segment in_his_name(std::uint16_t flags, SeqNumber seq, SeqNumber ack) {
  trace::Segment segment;
  segment.source = trusted();
  segment.destination = World::server_endpoint();
  segment.flags = flags;
  segment.seq = seq;
  segment.ack = ack;
  segment.window = 10'000;
  return segment;
}

// How the outsider guesses the server's next number from the one that he was given.
enum class Rule { clock, same };

Run attack(tcp::Ablation ablation, std::uint64_t seed, Director& director, Rule rule) {
  WorldOptions options;
  options.seed = seed;
  options.ablation = ablation;
  options.left = {"outsider", "局外人"};
  World world(options, director);
  world.listen([&world](Conn& conn) {
    conn.on_read = [&world](Conn& server) {
      if (server.remote.address != trusted().address) return;
      world.remark(Side::right, {"carries out the order of 10.0.9.9: \"" + server.read + "\"",
                                 "执行 10.0.9.9 的命令：“" + server.read + "”"});
    };
  });
  // A connection of his own, in his own name, tells him a number and when it was drawn.
  const Time drawn = world.now();
  Conn* const own = world.connect();
  world.run_until(1s);
  const SeqNumber sample = own->irs;
  world.remark(Side::left, {"reads the server's number off his own connection",
                            "从自己的连接上读出服务器的序列号"});
  world.remark(Side::left, {"opens one in the name of 10.0.9.9, which is switched off",
                            "以已经关机的 10.0.9.9 的名义建立连接"});
  const Time asked = world.now();
  world.forge(in_his_name(wire::kSyn, SeqNumber(1), SeqNumber(0)));
  world.run_until(1s + 100ms);
  // He never sees the SYN,ACK: that goes to 10.0.9.9.
  const auto ticks = static_cast<std::uint32_t>((asked - drawn) / 4us);
  const SeqNumber expected = rule == Rule::clock ? sample + ticks : sample;
  for (std::int32_t off = -32; off < 32; ++off) {
    world.forge(
        in_his_name(wire::kAck, SeqNumber(2), expected + static_cast<std::uint32_t>(1 + off)),
        "open the vault");
  }
  world.run_until(3s);
  Run run;
  const Observation seen = world.observe();
  run.broken = check_all({Invariant::off_path}, seen);
  run.figures = {{{"forged packets", "伪造的报文数"}, static_cast<double>(seen.forged), {}, false}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment predictable_isn() {
  Experiment lab;
  lab.number = 25;
  lab.name = "predictable-isn";
  lab.claims = {"K54", "K55"};
  lab.breaks = {Invariant::off_path};
  lab.story = {
      "A bank's computer takes orders from one address, 10.0.9.9, and from nobody else. Somebody "
      "who is not on the path can send packets in that name, but the answers go to 10.0.9.9, and "
      "in "
      "them stands the number that he must confirm. One in four billion: hopeless, if the number "
      "is "
      "random. (10.0.9.9 must be silent, by the way: its RST would end the attempt.)\n"
      "If the number is a clock that all connections share, he asks in his own name first, reads "
      "the "
      "number off, adds the time that has passed, and confirms what he has never seen. If it is a "
      "constant he need not even add. So the number is not simply random either: it is a clock, "
      "which keeps the incarnations of one connection apart, plus a keyed hash of addresses and "
      "ports, which nobody outside can compute (RFC 6528).",
      "银行的一台计算机只接受 10.0.9.9 这个地址的命令。不在路径上的人可以冒用这个地址发包，"
      "但回答都送到 10.0.9.9，而他必须确认的号码就写在那些回答里。如果号码是随机的，"
      "猜中的机会是四十亿分之一，毫无希望。（另外，10.0.9.9 必须不出声，否则它的 RST "
      "会使企图落空。）\n"
      "如果号码是所有连接共用的一个时钟，他就先用自己的名义请求一次，读出号码，加上经过的时间，"
      "便能确认他从未见过的号码；如果号码是常数，连加法都不用做。所以初始序列号并不是单纯的随机数："
      "它是一个时钟（把同一连接的先后几次分开），再加上对地址和端口的带密钥散列（外人无法计算，RFC "
      "6528）。"};
  lab.removed = {
      "the secret in the initial sequence number (RFC 9293 3.4.1, RFC 6528); in the second "
      "scenario the clock as well",
      "初始序列号中的密钥（RFC 9293 3.4.1，RFC 6528）；第二个场景连时钟也拿掉"};
  lab.sentence = {
      "Who can predict the initial sequence number can speak in another's name without "
      "seeing a single answer.",
      "谁能预测初始序列号，谁就能冒名顶替，连一个回答都不用看见。"};
  Case clock;
  clock.title = {"A clock that all connections share", "所有连接共用的时钟"};
  clock.without = {"ISN = clock", "初始序列号 = 时钟"};
  clock.with = {"ISN = clock + keyed hash", "初始序列号 = 时钟 + 带密钥的散列"};
  clock.run = [](bool with, std::uint64_t seed) {
    Script script;
    return attack(with ? tcp::Ablation{} : AblationKey::without({Mechanism::isn_hash}), seed,
                  script, Rule::clock);
  };
  Case constant = clock;
  constant.title = {"A constant", "常数"};
  constant.without = {"ISN = constant", "初始序列号 = 常数"};
  constant.run = [](bool with, std::uint64_t seed) {
    Script script;
    return attack(
        with ? tcp::Ablation{} : AblationKey::without({Mechanism::isn_hash, Mechanism::isn_clock}),
        seed, script, Rule::same);
  };
  lab.cases = {clock, constant};
  lab.search = SearchPlan{
      {"An outsider learns a number on his own connection and guesses the next one: the same, or "
       "the "
       "same plus the time that has passed. Looked for: something that he opens in another's name "
       "(I10).",
       "局外人从自己的连接上得知一个号码，再猜下一个：相同，或加上经过的时间。要找的是：他以别人名"
       "义建立的连接（I10）。"},
      {kLost},
      1,
      1,
      [](bool with, std::uint64_t seed, Director& director) {
        const bool adds = director.choose({"he adds the time that has passed, 250,000 a second",
                                           "他加上经过的时间，每秒 250,000"},
                                          2) == 1;
        return attack(with ? tcp::Ablation{} : AblationKey::without({Mechanism::isn_hash}), seed,
                      director, adds ? Rule::clock : Rule::same);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
