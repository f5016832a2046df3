#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

const std::vector<Invariant> kJudged{Invariant::no_phantom, Invariant::no_leak};

WorldOptions options(bool with, std::uint64_t seed) {
  WorldOptions world;
  world.seed = seed;
  if (!with) world.ablation = tcp::AblationKey::without({tcp::Mechanism::third_segment});
  return world;
}

// A call, given up before it was answered; what was sent of it may come later.
void call_and_cancel(World& world) {
  world.remark(Side::left, {"connect()", "调用 connect()"});
  Conn* const call = world.connect();
  world.run_until(500ms);
  if (call == nullptr || call->established) return;
  world.remark(Side::left, {"gives up and cancels the call", "放弃，取消了连接请求"});
  world.cancel(*call);
}

void serve(World& world) {
  world.listen([&world](Conn&) {
    world.remark(Side::right, {"accept() hands up a connection; the application waits for its "
                               "request",
                               "accept() 交出一个连接；应用开始等待请求"});
  });
}

Run tell(bool with, std::uint64_t seed, bool reset_is_lost) {
  bool lost = false;
  Script script([&lost, reset_is_lost](const Crossing& packet) -> Accident {
    if (packet.from == Side::left && packet.number == 1) return delayed(30s);
    if (reset_is_lost && !lost && packet.has(wire::kRst)) {
      lost = true;
      return kLost;
    }
    return {};
  });
  World world(options(with, seed), script);
  serve(world);
  call_and_cancel(world);
  world.run_until(150s);
  Run run;
  const Observation seen = world.observe();
  run.broken = check_all(kJudged, seen);
  run.diagram = world.diagram();
  return run;
}

Run explore(bool with, std::uint64_t seed, Director& director) {
  World world(options(with, seed), director);
  world.listen([&world](Conn& conn) {
    world.remark(Side::right, {"accept() hands up a connection", "accept() 交出一个连接"});
    conn.close_on_end = true;
  });
  const bool cancels =
      director.choose({"the client gives up its call after 0.5 s", "客户端 0.5 秒后取消请求"}, 2) ==
      1;
  Conn* const call = world.connect([&world](Conn& conn) {
    world.write(conn, "one question");
    conn.shut_when_written = true;
    conn.close_on_end = true;
  });
  world.run_until(500ms);
  if (cancels && call != nullptr && !call->closed) {
    world.remark(Side::left, {"gives up and cancels the call", "放弃，取消了连接请求"});
    if (call->established) {
      world.close(*call);
    } else {
      world.cancel(*call);
    }
  }
  world.run_until(80s);
  Run run;
  const Observation seen = world.observe();
  run.broken = check_all({Invariant::no_phantom}, seen);
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment two_way_handshake() {
  Experiment lab;
  lab.number = 17;
  lab.name = "two-way-handshake";
  lab.claims = {"K40", "K41", "K140"};
  lab.breaks = {Invariant::no_phantom, Invariant::no_leak};
  lab.story = {
      "You call out a greeting across a windy field. Nobody answers, so you give up and go home. "
      "Half a minute later the wind drops and your greeting arrives after all. The man over there "
      "hears it, believes that you are talking to him, and sits down to listen.\n"
      "So it is with a SYN that was held up on its way. The client asked, gave up, and wants "
      "nothing "
      "any more; then its SYN reaches the server. If two messages made a connection, the server "
      "would have one now, its application would be handed it, and memory, perhaps a thread, would "
      "wait for a request that never comes. With three messages the server asks back first, and "
      "the client says no.\n"
      "Tutorials often say that the client ignores the unexpected SYN+ACK and that the server "
      "waits "
      "for ever. A client that is alive answers with a RST, so the phantom lasts a round trip; it "
      "stays only if that RST is lost (second scenario). The harm at once is the accepted "
      "connection that nobody asked for.",
      "你在大风里隔着田野向对面喊了一声“你好”，没有回音，于是你放弃了，回家去了。半分钟后风停了，"
      "那一声“你好”才飘到对面。对面的人听见了，以为你正在跟他说话，便坐下来等你开口。\n"
      "在网络中滞留的 SYN 就是这样。客户端请求过、放弃了，什么都不再需要；这时它的 SYN "
      "才到达服务器。"
      "如果两次握手就算建立连接，服务器此刻就有了一个连接并交给应用程序，内存（也许还有一个线程）就"
      "为一个"
      "永远不会来的请求空等着。而三次握手时，服务器要先反问一次，客户端会说“没有这回事”。\n"
      "教程常说客户端对意外的 SYN+ACK 不予理睬，服务器便一直空等。其实活着的客户端会回答 RST，"
      "幽灵连接只存在一个往返时间；只有这个 RST 丢失时它才会一直留着（见第二个场景）。"
      "当即发生的危害，是应用得到了一个没有人请求过的连接。"};
  lab.removed = {
      "waiting for the third segment: the server counts the connection as established "
      "when the SYN comes (RFC 9293 3.4.1, 3.10.7.4)",
      "等待第三个报文段：服务器一收到 SYN 就认为连接已建立（RFC 9293 3.4.1、3.10.7.4）"};
  lab.sentence = {
      "The third message keeps a SYN that was delayed until after its call was over from "
      "becoming a connection.",
      "第三次握手使迟到的、请求早已作废的 SYN 不会变成一个连接。"};
  Case late;
  late.title = {"The SYN is held up for 30 s; the client has given up long before",
                "SYN 在网络中滞留 30 秒，客户端早已放弃"};
  late.without = {"Two-way handshake", "两次握手"};
  late.with = {"Three-way handshake", "三次握手"};
  late.run = [](bool with, std::uint64_t seed) { return tell(with, seed, false); };
  Case silent = late;
  silent.title = {"The same, and the client's RST is lost", "同上，而且客户端的 RST 也丢失了"};
  silent.run = [](bool with, std::uint64_t seed) { return tell(with, seed, true); };
  lab.cases = {late, silent};
  lab.search = SearchPlan{
      {"The client connects, sends a question and closes, or gives up after half a second; each of "
       "the first packets may be lost or come 30 s late. Looked for: a listener that hands up a "
       "connection which nobody wants (I2).",
       "客户端建立连接、发一个问题、关闭，或者半秒后放弃；前几个报文可能丢失或迟到 30 "
       "秒。要找的是：监听者交出一个没有人要的连接（I2）。"},
      {kLost, delayed(30s)},
      4,
      2,
      explore};
  return lab;
}

}  // namespace bowline::inline v0::lab
