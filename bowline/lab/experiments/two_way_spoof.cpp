#include <fmt/format.h>

#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

constexpr std::size_t kForgeries = 6;

trace::Segment false_syn(std::size_t number) {
  trace::Segment segment;
  segment.source = {*IpAddress::parse(fmt::format("10.0.9.{}", number + 1)), 4'000};
  segment.destination = World::server_endpoint();
  segment.flags = wire::kSyn;
  segment.seq = SeqNumber(1'000);
  segment.window = 10'000;
  return segment;
}

Run attack(bool with, std::uint64_t seed, Director& director) {
  WorldOptions options;
  options.seed = seed;
  if (!with) options.ablation = tcp::AblationKey::without({tcp::Mechanism::third_segment});
  World world(options, director);
  std::size_t served = 0;
  world.listen([&world, &served](Conn& conn) {
    conn.on_read = [&world, &served](Conn& server) {
      if (server.remote.address == World::client_endpoint().address) return;
      ++served;
      world.remark(Side::right,
                   {"serves the request \"" + server.read + "\"", "执行请求“" + server.read + "”"});
    };
  });
  const std::size_t count =
      1 + director.choose({"six forged SYNs instead of one", "伪造的 SYN 不是一个而是六个"}, 2) *
              (kForgeries - 1);
  for (std::size_t i = 0; i < count; ++i) {
    world.forge(false_syn(i), "GET /lottery");
    world.run_until(world.now() - world.start() + 20ms);
  }
  world.run_until(5s);
  Run run;
  const Observation seen = world.observe();
  run.broken = check_all({Invariant::no_phantom, Invariant::bounded, Invariant::off_path}, seen);
  run.figures = {{{"requests served for nobody", "替不存在的人执行的请求"},
                  static_cast<double>(served),
                  {},
                  false},
                 {{"full connections held for nobody", "为不存在的人保留的完整连接"},
                  static_cast<double>(seen.unproven),
                  {},
                  false},
                 {{"half-open entries at the most", "半连接表项最多时"},
                  static_cast<double>(seen.half_open),
                  {},
                  false}};
  run.diagram = world.diagram();
  return run;
}

// All of them: what a director is not asked for a script decides.
class Six final : public Director {
 public:
  Accident fate(const Crossing&) override { return {}; }
  std::size_t choose(const Text&, std::size_t options) override { return options - 1; }
};

}  // namespace

Experiment two_way_spoof() {
  Experiment lab;
  lab.number = 26;
  lab.name = "two-way-spoof";
  lab.claims = {"K45", "K148"};
  lab.breaks = {Invariant::no_phantom, Invariant::off_path, Invariant::bounded};
  lab.story = {
      "\"Will you marry me?\" says a letter. Before saying yes it is wise to ask: \"Do you mean "
      "it?\" "
      "For anybody can write a letter and put another's name below.\n"
      "A SYN with a false source address costs its sender one packet. If it made a connection, and "
      "the data that it carries were served, one packet would be an order given in another's name; "
      "and what the server must hold for it is a whole connection, waiting to be accepted, instead "
      "of "
      "64 bytes. It is often said that three messages prove that each side can send and receive. "
      "That is a by-product. What the third one really proves is that whoever asks is reached at "
      "the "
      "address that he gives.",
      "一封信上写着：“你愿意嫁给我吗？”在答应之前，最好先问一句：“你是认真的吗？”"
      "因为谁都可以写一封信，署上别人的名字。\n"
      "源地址造假的 SYN 只花费发送者一个包。如果它就能建立连接，携带的数据也被执行，"
      "那么一个包就是一道冒名的命令；而服务器要为它保留的是一个等待 accept 的完整连接，而不是 64 "
      "字节。"
      "人们常说三次握手证明了双方都能收能发，那只是附带的结果。"
      "第三个报文真正证明的是：在所报的地址上确实找得到这个请求的人。"};
  lab.removed = {
      "waiting for the third segment: the SYN makes the connection, and its data is "
      "delivered (RFC 9293 3.4.1)",
      "等待第三个报文段：一个 SYN 就建立连接，携带的数据立即交付（RFC 9293 3.4.1）"};
  lab.sentence = {
      "The third message proves that the client is where it says it is; until then a "
      "server gives nothing but a small entry.",
      "第三个报文证明客户端确实在它自称的地址；在此之前，服务器只付出一个小小的表项。"};
  Case forged;
  forged.title = {"Six SYNs with false sources and a request in each",
                  "六个源地址造假的 SYN，各带一个请求"};
  forged.without = {"Two-way handshake", "两次握手"};
  forged.with = {"Three-way handshake", "三次握手"};
  forged.run = [](bool with, std::uint64_t seed) {
    Six six;
    return attack(with, seed, six);
  };
  lab.cases = {forged};
  lab.search = SearchPlan{
      {"An outsider sends one or six SYNs with false sources. Looked for: a connection that nobody "
       "asked for (I2, I10), or more held for it than an entry (I7).",
       "局外人发送一个或六个源地址造假的 "
       "SYN。要找的是：没有人请求过的连接（I2、I10），或为它占用的超过一个表项（I7）。"},
      {kLost},
      4,
      1,
      attack};
  return lab;
}

}  // namespace bowline::inline v0::lab
