#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

Run converse(bool with, std::uint64_t seed, Director& director) {
  WorldOptions options;
  options.seed = seed;
  if (!with) options.ablation = tcp::AblationKey::without({tcp::Mechanism::checksum});
  World world(options, director);
  Conn* server = nullptr;
  world.listen([&server](Conn& conn) {
    server = &conn;
    conn.close_on_end = true;
  });
  world.connect([&world](Conn& conn) {
    world.write(conn, "pay 100");
    conn.close_on_end = true;
    conn.shut_when_written = true;
  });
  world.run_until(20s);
  Run run;
  run.broken = check_all({Invariant::prefix, Invariant::whole}, world.observe());
  if (server != nullptr) {
    world.remark(Side::right, {"has read \"" + server->read + "\"", "读到“" + server->read + "”"});
  }
  run.diagram = world.diagram();
  return run;
}

constexpr Accident kFlip{Accident::Kind::corrupt, {}, 4};  // the 1 of 100

}  // namespace

Experiment checksum() {
  Experiment lab;
  lab.number = 3;
  lab.name = "checksum";
  lab.claims = {"K24"};
  lab.breaks = {Invariant::prefix};
  lab.story = {
      "A transfer order says \"pay 100\". On its way, in some router's memory, one bit flips, and "
      "the 1 becomes a 9. The link's check sequence does not see it: that is computed anew on each "
      "link. Who notices?\n"
      "The receiver sums up header, data and the addresses (the pseudo-header: 12 bytes for IPv4, "
      "40 for IPv6), and drops what does not come out right. Then it is as if the segment had been "
      "lost, and a lost segment is sent again.",
      "一份汇款单上写着“pay 100”。途中，在某台路由器的内存里，有一位翻转，1 变成了 9。"
      "链路层的校验序列看不出来：它在每段链路上都重新计算。那么谁会发现？\n"
      "接收方把首部、数据和地址（伪首部：IPv4 是 12 字节，IPv6 是 40 字节）加在一起求和，"
      "结果不对就丢弃。这样一来就等于报文段丢了，而丢了的报文段会重传。"};
  lab.removed = {"the receiver's check: a segment is believed as it comes (RFC 9293 3.1, MUST-3)",
                 "接收方的校验：报文段来了就信（RFC 9293 3.1，MUST-3）"};
  lab.sentence = {"The checksum turns a damaged segment into a lost one, and those are repaired.",
                  "检验和把损坏的报文段变成丢失的报文段，而丢失是可以修复的。"};
  Case flip;
  flip.title = {"One bit of the data flips on the way", "数据在途中有一位翻转"};
  flip.without = {"No check", "不校验"};
  flip.with = {"Wrong sums are dropped", "校验和不对就丢弃"};
  flip.run = [](bool with, std::uint64_t seed) {
    bool done = false;
    Script script([&done](const Crossing& packet) -> Accident {
      if (done || packet.from != Side::left || packet.segment.length == 0) return {};
      done = true;
      return kFlip;
    });
    return converse(with, seed, script);
  };
  lab.cases = {flip};
  lab.search = SearchPlan{
      {"The client sends an order; a bit of any packet with data may flip. Looked for: a reader "
       "whose bytes are not those that were written (I3).",
       "客户端发出指令；任何带数据的报文都可能有一位翻转。要找的是：读到的字节与写入的不同（I3）"
       "。"},
      {kFlip, kLost},
      8,
      2,
      converse};
  return lab;
}

}  // namespace bowline::inline v0::lab
