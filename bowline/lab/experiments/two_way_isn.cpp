#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

// The server greets whoever it accepts; the client waits for the greeting.
Run converse(bool with, std::uint64_t seed, Director& director) {
  WorldOptions options;
  options.seed = seed;
  if (!with) options.ablation = tcp::AblationKey::without({tcp::Mechanism::third_segment});
  World world(options, director);
  world.listen([&world](Conn& conn) {
    world.remark(Side::right, {"accepts, and sends its greeting", "接受连接，发送问候"});
    world.write(conn, "220 welcome");
  });
  Conn* const client = world.connect();
  world.run_until(70s);
  Run run;
  const Observation seen = world.observe();
  run.broken = check_all({Invariant::agreement}, seen);
  run.figures = {{{"bytes of the greeting that the client has read", "客户端读到的问候字节数"},
                  static_cast<double>(client->read.size()),
                  {"of 11", "共 11"},
                  false}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment two_way_isn() {
  Experiment lab;
  lab.number = 18;
  lab.name = "two-way-isn";
  lab.claims = {"K44", "K56", "K141", "K144"};
  lab.breaks = {Invariant::agreement};
  lab.story = {
      "Two people agree on code numbers: \"I count from 100\", says A; \"and I from 200\", says B. "
      "From then on every page that one sends bears a number, and only who knows where the count "
      "began can put the pages in order, or say which of them have come. A's number is confirmed "
      "by "
      "B's answer. But who confirms B's? If B's answer is lost, B counts on from 200, and A has no "
      "idea what 201 is the number of.\n"
      "The third message confirms it. It is not there to prove that A can answer, nor to spare B a "
      "wait: those are by-products. Here the SYN+ACK is lost. A server that waits for the third "
      "message repeats it. One that does not starts to talk to somebody who never learnt y, and "
      "both "
      "wait until they give up.",
      "两个人约定编号：甲说“我从 100 数起”，乙说“我从 200 数起”。此后每一页纸上都有编号，"
      "只有知道从哪里数起的人，才能排好顺序，说出收到了哪几页。甲的号码由乙的回答确认，那么谁来确认"
      "乙的号码？"
      "如果乙的回答丢了，乙从 200 接着往下数，而甲根本不知道 201 是什么。\n"
      "第三次握手就是为了确认它。它的目的不是证明甲能回答，也不是让乙少等一会儿，那些只是附带的好处"
      "。"
      "这里丢失的是 SYN+ACK。等待第三个报文的服务器会重发它；不等待的服务器则开始对一个从不知道 y "
      "的人说话，双方一直等到放弃为止。"};
  lab.removed = {
      "waiting for the third segment: the server counts its own number as confirmed when "
      "the SYN comes (RFC 9293 3.4.1)",
      "等待第三个报文段：服务器一收到 SYN 就当自己的号码已被确认（RFC 9293 3.4.1）"};
  lab.sentence = {
      "Three is the least number of messages after which both initial sequence numbers "
      "are confirmed.",
      "要让双方的初始序列号都得到确认，至少需要三个报文。"};
  Case lost;
  lost.title = {"The first SYN+ACK is lost", "第一个 SYN+ACK 丢失"};
  lost.without = {"Two-way handshake", "两次握手"};
  lost.with = {"Three-way handshake", "三次握手"};
  lost.run = [](bool with, std::uint64_t seed) {
    Script script([](const Crossing& packet) -> Accident {
      return packet.from == Side::right && packet.number == 1 ? kLost : Accident{};
    });
    return converse(with, seed, script);
  };
  lab.cases = {lost};
  lab.search = SearchPlan{
      {"The client connects and the server greets it; each of the first packets may be lost or "
       "come "
       "0.5 s late. Looked for: an ESTABLISHED end whose peer has not received its number (I1).",
       "客户端建立连接，服务器问候；前几个报文可能丢失或迟到 0.5 秒。要找的是：一端已是 "
       "ESTABLISHED，对方却没有收到它的号码（I1）。"},
      {kLost, delayed(500ms)},
      5,
      2,
      converse};
  return lab;
}

}  // namespace bowline::inline v0::lab
