#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

constexpr std::uint32_t kWindow = 4U << 20;

WorldOptions options(bool with, std::uint64_t seed) {
  WorldOptions world;
  world.seed = seed;
  if (!with) world.ablation = tcp::AblationKey::without({tcp::Mechanism::challenge_ack});
  world.configure = [](StackConfig& config, Side) {
    config.tcp.receive_buffer = config.tcp.receive_buffer_max = kWindow;
  };
  return world;
}

trace::Segment guess(std::uint16_t flags, SeqNumber seq) {
  trace::Segment segment;
  segment.source = World::client_endpoint();
  segment.destination = World::server_endpoint();
  segment.flags = flags;
  segment.seq = seq;
  segment.window = 1'000;
  return segment;
}

void chat(World& world) {
  world.listen([&world](Conn& conn) {
    conn.on_read = [&world](Conn& server) { world.write(server, "yes?"); };
  });
  world.connect([&world](Conn& conn) { world.write(conn, "hello"); });
  world.run_until(200ms);
}

Run finish(World& world) {
  Conn& client = world.connections().front();
  world.go_on_drawing();
  world.remark(Side::left, {"goes on with the chat", "继续聊天"});
  world.write(client, "still there?");
  world.run_until(world.now() - world.start() + 10s);
  Run run;
  const Observation seen = world.observe();
  run.broken = check_all({Invariant::orderly, Invariant::off_path}, seen);
  run.figures = {
      {{"forged packets sent", "伪造的报文数"}, static_cast<double>(seen.forged), {}, false},
      {{"bytes of the chat that the client has read", "客户端读到的聊天字节数"},
       static_cast<double>(client.read.size()),
       {"of 8", "共 8"},
       false}};
  run.diagram = world.diagram();
  return run;
}

// Somebody who sees no packet, but knows the two ends, tries one number in each window.
Run attack(bool with, std::uint64_t seed, std::uint16_t flags) {
  Script script;
  World world(options(with, seed), script);
  chat(world);
  world.remark(Side::right,
               {"an outsider sends forged segments in the client's name, one into each "
                "window's width of numbers",
                "路径外的人冒充客户端发送伪造的报文段，每个窗口宽度试一个号码"});
  world.stop_drawing();
  for (std::uint64_t seq = 0; seq < (std::uint64_t{1} << 32); seq += kWindow / 2) {
    trace::Segment segment = guess(flags, SeqNumber(static_cast<std::uint32_t>(seq)));
    if (flags == wire::kSyn) {
      // It must pass PAWS: of two timestamps half the circle apart, one is new enough.
      segment.options.timestamps = {0, 0};
      world.forge(segment);
      segment.options.timestamps = {std::uint32_t{1} << 31, 0};
    }
    world.forge(segment);
    world.run_until(world.now() - world.start() + 1ms);
  }
  return finish(world);
}

// One forged segment: where its number lies is the choice.
Run explore(bool with, std::uint64_t seed, Director& director) {
  World world(options(with, seed), director);
  chat(world);
  const std::size_t where = director.choose(
      {"an outsider's RST hits a number in the window", "路径外的 RST 落在窗口之内"}, 4);
  static constexpr std::int32_t kOffsets[] = {-1'000, 1, 5'000, 3 << 20};
  const auto server = world.stack(Side::right).inspect(world.connections().back().handle);
  if (server) {
    world.forge(guess(wire::kRst, server->rcv_nxt + static_cast<std::uint32_t>(kOffsets[where])));
  }
  return finish(world);
}

}  // namespace

Experiment challenge_ack() {
  Experiment lab;
  lab.number = 19;
  lab.name = "challenge-ack";
  lab.claims = {"K20", "K49", "K143"};
  lab.breaks = {Invariant::orderly, Invariant::off_path};
  lab.story = {
      "A friend request sent at 9:00 gets lost, the one of 9:05 is accepted, you chat, and at 9:30 "
      "the first one turns up in the middle of the conversation. What should your friend do? Cut "
      "the conversation off, because somebody asks to begin it? The old standard, RFC 793, came "
      "near to that: a SYN inside the window was an error that ended the connection, and any RST "
      "inside the window was believed.\n"
      "An outsider who sees no packet can use that. He knows the two addresses and ports; the "
      "window is a few megabytes wide; so one forged segment for each window's width of numbers is "
      "sure to hit, a few thousand instead of four billion. Today only a RST that is exactly at "
      "RCV.NXT counts. Everything else, a SYN among it, is answered with a challenge ACK: the real "
      "peer, if it has really started over, answers that with a RST of the exact number (RFC "
      "5961).",
      "9:00 发出的好友申请丢失了，9:05 的那份被接受，你们聊了起来，9:30 第一份才出现在聊天当中。"
      "你的朋友该怎么办？因为有人请求开始，就把正在进行的谈话切断吗？旧标准 RFC 793 "
      "差不多就是这样："
      "窗口内的 SYN 是错误，连接就此终止；窗口内的任何 RST 都会被相信。\n"
      "一个看不到报文的外人正可以利用这一点。他知道双方的地址和端口，窗口有几兆字节宽，"
      "所以每个窗口宽度试一个号码，必有一个命中：只要几千个伪造的报文，而不是四十亿个。"
      "如今只有恰好等于 RCV.NXT 的 RST 才算数；其他的，包括 SYN，一律以挑战 ACK（challenge "
      "ACK）回答："
      "真正的对方若确实重新开始了，会用号码精确的 RST 来回应（RFC 5961）。"};
  lab.removed = {
      "RFC 5961: a RST or a SYN anywhere in the window ends the connection, as RFC 793 had "
      "it",
      "RFC 5961：像 RFC 793 那样，窗口内任何位置的 RST 或 SYN 都会终止连接"};
  lab.sentence = {
      "A challenge instead of obedience: only who knows the exact number can end a "
      "connection.",
      "不轻信，先质询：只有知道精确号码的人才能终止连接。"};
  Case reset;
  reset.title = {"Forged RSTs, one for each half window of numbers",
                 "伪造的 RST，每半个窗口宽度一个"};
  reset.without = {"RFC 793: any RST in the window counts", "RFC 793：窗口内的 RST 都算数"};
  reset.with = {"RFC 5961: the exact one counts", "RFC 5961：只有精确的才算数"};
  reset.run = [](bool with, std::uint64_t seed) { return attack(with, seed, wire::kRst); };
  Case syn = reset;
  syn.title = {"The same with SYNs", "同样的事，用 SYN"};
  syn.without = {"RFC 793: a SYN in the window is an error", "RFC 793：窗口内的 SYN 是错误"};
  syn.with = {"RFC 5961: a challenge ACK", "RFC 5961：挑战 ACK"};
  syn.run = [](bool with, std::uint64_t seed) { return attack(with, seed, wire::kSyn); };
  lab.cases = {reset, syn};
  lab.search = SearchPlan{
      {"A chat, and one forged RST whose number lies before the window, or in it but not at its "
       "beginning; each of the first packets may be lost. Looked for: a connection that an "
       "outsider "
       "ends (I9, I10).",
       "聊天之中来了一个伪造的 "
       "RST，号码在窗口之前，或在窗口之内但不在开头；前几个报文可能丢失。要找的是：被外人终止的连接"
       "（I9、I10）。"},
      {kLost},
      4,
      1,
      explore};
  return lab;
}

}  // namespace bowline::inline v0::lab
