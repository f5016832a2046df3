#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"

namespace bowline::inline v0::lab {
namespace {

Run converse(bool with, std::uint64_t seed, Director& director) {
  WorldOptions options;
  options.seed = seed;
  if (!with) options.ablation = tcp::AblationKey::without({tcp::Mechanism::sequence_numbers});
  // PAWS would catch a copy by its timestamp, and hide what is to be seen.
  options.configure = [](StackConfig& config, Side) { config.tcp.timestamps = false; };
  World world(options, director);
  Conn* server = nullptr;
  world.listen([&server](Conn& conn) {
    server = &conn;
    conn.close_on_end = true;
  });
  Conn* const client = world.connect();
  client->close_on_end = true;
  tcp::SocketOptions socket;
  socket.no_delay = true;  // a segment for each word
  static_cast<void>(world.stack(Side::left).set_options(client->handle, socket, world.now()));
  for (const char* const word : {"feed ", "the ", "cat ", "first"}) {
    world.run_until(world.now() - world.start() + 30ms);
    world.write(*client, word);
  }
  world.run_until(300ms);
  client->shut_when_written = true;
  world.run_until(20s);
  Run run;
  run.broken = check_all({Invariant::prefix}, world.observe());
  if (server != nullptr) {
    world.remark(Side::right, {"has read \"" + server->read + "\"", "读到“" + server->read + "”"});
  }
  run.diagram = world.diagram();
  return run;
}

Case with_accident(Accident accident, Text title) {
  Case scenario;
  scenario.title = std::move(title);
  scenario.without = {"Bytes go up as they arrive", "字节按到达的先后上交"};
  scenario.with = {"Bytes go up by their numbers", "字节按序列号上交"};
  scenario.run = [accident](bool with, std::uint64_t seed) {
    std::uint32_t data = 0;
    Script script([&data, accident](const Crossing& packet) -> Accident {
      if (packet.from != Side::left || packet.segment.length == 0) return {};
      return ++data == 2 ? accident : Accident{};
    });
    return converse(with, seed, script);
  };
  return scenario;
}

}  // namespace

Experiment sequence_numbers() {
  Experiment lab;
  lab.number = 2;
  lab.name = "sequence-numbers";
  lab.claims = {"K10", "K91", "K92"};
  lab.breaks = {Invariant::prefix};
  lab.story = {
      "You send a friend a letter as four postcards. The post loses none, but it may bring them in "
      "another order, or one of them twice. Without page numbers your friend reads \"feed cat the "
      "first\", or \"feed the the cat first\".\n"
      "TCP numbers every byte (not every packet, as some write). The receiver puts each byte where "
      "its number says, and throws away what it has. It is these numbers that keep the order and "
      "shut out duplicates; the cumulative acknowledgment only reports what they have achieved.",
      "你用四张明信片给朋友寄一封信。邮局一张也没弄丢，但可能打乱先后，或者把同一张送两次。没有页码"
      "，"
      "朋友读到的就会是“feed cat the first”，或者“feed the the cat first”。\n"
      "TCP 给每个字节编号（不是像有些文章说的给每个包编号）。接收方按号码把字节放到该放的地方，"
      "已经有的就丢掉。保证顺序、排除重复的正是这些号码；累积确认只是报告它们的成果。"};
  lab.removed = {
      "placing by sequence number: what arrives goes up as it comes (RFC 9293 3.4, "
      "3.10.7.4 seventh)",
      "按序列号放置：数据到了就直接上交（RFC 9293 3.4、3.10.7.4 第七步）"};
  lab.sentence = {
      "Sequence numbers, one for each byte, are what puts swapped segments in order and "
      "keeps repeated ones out.",
      "是每个字节的序列号，使乱序的报文段恢复顺序，使重复的报文段被排除。"};
  lab.cases = {
      with_accident(delayed(35ms),
                    {"The second segment is overtaken by the third", "第二个报文段被第三个超过"}),
      with_accident(repeated(35ms), {"The second segment comes twice", "第二个报文段到达两次"})};
  lab.search = SearchPlan{
      {"The client writes four words, each in a segment of its own; each of the first packets may "
       "come 35 ms late or twice. Looked for: a reader whose bytes are not those that were written "
       "(I3).",
       "客户端写四个词，每个词一个报文段；前几个报文可能迟到 35 "
       "毫秒或到达两次。要找的是：读到的字节与写入的不同（I3）。"},
      {delayed(35ms), repeated(35ms)},
      9,
      2,
      converse};
  return lab;
}

}  // namespace bowline::inline v0::lab
