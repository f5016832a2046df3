#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

Run converse(bool with, std::uint64_t seed, Director& director) {
  WorldOptions options;
  options.seed = seed;
  if (!with) options.ablation = tcp::AblationKey::without({tcp::Mechanism::joined_syn_ack});
  World world(options, director);
  world.listen([&world](Conn& conn) {
    conn.on_read = [&world](Conn& server) {
      if (server.written.empty()) world.write(server, "answer");
    };
  });
  Conn* const client = world.connect([&world](Conn& conn) { world.write(conn, "question"); });
  Time answered = kNever;
  std::uint64_t opening = 0;
  client->on_open = [&](Conn&) { opening = world.packets(); };
  client->on_read = [&](Conn&) { answered = world.now(); };
  world.run_until(2s);
  Run run;
  run.broken =
      check_all({Invariant::agreement, Invariant::no_phantom, Invariant::prefix}, world.observe());
  const auto seconds = [&](Time when) {
    return std::chrono::duration<double>((when == kNever ? world.now() : when) - world.start())
        .count();
  };
  run.figures = {{{"packets until both are ESTABLISHED", "到双方 ESTABLISHED 为止的报文数"},
                  static_cast<double>(opening + 1),  // the ACK that the client now sends
                  {},
                  true},
                 {{"until the first answer", "到第一个回答为止的时间"},
                  seconds(answered),
                  {"s", "秒"},
                  false}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment four_way_handshake() {
  Experiment lab;
  lab.number = 5;
  lab.name = "four-way-handshake";
  lab.claims = {"K46", "K142"};
  lab.cost = true;
  lab.story = {
      "You try out a karaoke set: \"Can you hear me?\" \"Yes.\" \"Can you hear me?\" \"Yes.\" Four "
      "sentences; but the answer and the question back fit into one breath: \"Yes, can you hear "
      "me?\" That makes three.\n"
      "The logical handshake has four steps: a number is told and confirmed, in each direction. "
      "Nothing lies between the server's confirmation and its own number, so the two go in one "
      "segment. Here they are sent apart. What does the fourth message buy? Count the packets, "
      "look "
      "at the clock, and look for an invariant that holds now and did not before.",
      "试卡拉OK的话筒和音箱：“听得见我吗？”“听得见。”“你听得见我吗？”“听得见。”一共四句；"
      "但中间的回答和反问一口气就能说完：“听得见，你听得见我吗？”于是只要三句。\n"
      "从道理上说，握手有四步：每个方向都要通告一个号码并得到确认。服务器的确认和它自己的号码之间没"
      "有别的事，"
      "所以合成一个报文段。这里把它们拆开发送。第四个报文换来了什么？数一数报文，看一看时间，"
      "再找一找有没有哪一条原来不成立、现在成立的性质。"};
  lab.removed = {
      "the joining of ACK and SYN: the server sends its ACK, then its SYN (RFC 9293 3.4.1, "
      "steps 2 and 3)",
      "ACK 与 SYN 的合并：服务器先发 ACK，再发 SYN（RFC 9293 3.4.1 第 2、3 步）"};
  lab.sentence = {
      "A fourth message costs a packet and buys nothing: the ACK and the SYN in the "
      "middle fit into one.",
      "第四个报文多花一个包而一无所获：中间的 ACK 和 SYN 完全可以合成一个。"};
  Case open;
  open.title = {"A question and an answer", "一问一答"};
  open.without = {"Four messages", "四次握手"};
  open.with = {"Three messages", "三次握手"};
  open.expect = Expect::costs_without;
  open.run = [](bool with, std::uint64_t seed) {
    Script script;
    return converse(with, seed, script);
  };
  lab.cases = {open};
  return lab;
}

}  // namespace bowline::inline v0::lab
