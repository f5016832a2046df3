#include <array>

#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"

namespace bowline::inline v0::lab {
namespace {

constexpr std::size_t kPieces = 5;
constexpr std::size_t kPiece = 1'000;

std::string file() {
  std::string text;
  for (std::size_t i = 0; i < kPieces; ++i) text += std::string(kPiece, static_cast<char>('A' + i));
  return text;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The file in datagrams, one after the other.
void by_udp(World& world) {
  const Time now = world.now();
  UdpOptions to;
  to.local = World::server_endpoint();
  const auto server = world.stack(Side::right).open_udp(to, now);
  UdpOptions from;
  from.local = World::client_endpoint();
  const auto client = world.stack(Side::left).open_udp(from, now);
  if (!server || !client) return;
  const std::string whole = file();
  for (std::size_t i = 0; i < kPieces; ++i) {
    const auto piece = std::string_view(whole).substr(i * kPiece, kPiece);
    static_cast<void>(
        world.stack(Side::left)
            .send_to(*client, bytes_of(piece), World::server_endpoint(), world.now()));
    world.run_until(world.now() - world.start() + 5ms);
  }
  world.run_until(70s);
  Conn& writer = world.connections().emplace_back();
  writer.opened = now;
  writer.local = World::client_endpoint();
  writer.remote = World::server_endpoint();
  writer.written = whole;
  writer.closed = true;  // there is no more to it; the world need not look after it
  writer.error = world.stack(Side::left).take_error(*client);
  Conn& reader = world.connections().emplace_back();
  reader.side = Side::right;
  reader.incarnation = writer.incarnation = 1;
  reader.opened = now;
  reader.local = World::server_endpoint();
  reader.remote = World::client_endpoint();
  reader.closed = true;
  std::array<std::byte, 2 * kPiece> room{};
  while (const auto got = world.stack(Side::right).receive_from(*server, room, world.now())) {
    reader.read.append(reinterpret_cast<const char*>(room.data()), got->size);
  }
}

void by_tcp(World& world) {
  world.listen([](Conn& conn) { conn.close_on_end = true; });
  Conn* const client = world.connect([&world](Conn& conn) {
    conn.shut_when_written = true;
    conn.close_on_end = true;
    world.write(conn, file());
  });
  static_cast<void>(client);
  world.run_until(70s);
}

Run send_file(bool with, std::uint64_t seed, Director& director) {
  WorldOptions options;
  options.seed = seed;
  World world(options, director);
  if (with) {
    by_tcp(world);
  } else {
    by_udp(world);
  }
  std::string read;
  for (const Conn& conn : world.connections()) {
    if (conn.side == Side::right) read = conn.read;
  }
  Run run;
  run.broken = check_all({Invariant::prefix, Invariant::told}, world.observe());
  run.figures = {{{"bytes that arrived", "到达的字节数"},
                  static_cast<double>(read.size()),
                  {"of 5000", "共 5000"},
                  false},
                 {{"packets", "报文数"}, static_cast<double>(world.packets()), {}, false}};
  run.diagram = world.diagram();
  return run;
}

}  // namespace

Experiment udp() {
  Experiment lab;
  lab.number = 4;
  lab.name = "udp";
  lab.claims = {"K48"};
  lab.breaks = {Invariant::prefix, Invariant::told};
  lab.story = {
      "The same file twice: once over TCP, once cut into datagrams and sent by UDP. The network "
      "treats both alike: one packet with data is lost, another is overtaken.\n"
      "UDP needs no handshake, and where nothing is lost, or a loss does not matter (a word in a "
      "telephone call), it will do. But who sends a file by it has to do by himself what TCP does: "
      "notice the hole, keep the order, tell somebody if it could not be done. Here nobody does. "
      "The "
      "reader has a file with a hole and with pages swapped, and the writer believes that all is "
      "well.",
      "同一个文件发两次：一次用 TCP，一次切成数据报用 UDP 发送。网络一视同仁："
      "一个带数据的报文丢失，另一个被后面的超过。\n"
      "UDP 不需要握手；在不丢包的地方，或者丢了也无所谓的场合（电话里的一个字），它就够用了。"
      "但谁用它传文件，谁就得自己做 TCP "
      "所做的事：发现缺口，保持顺序，做不到时告诉别人。这里没有人做。"
      "读的人得到一个有缺口、次序颠倒的文件，写的人还以为一切正常。"};
  lab.removed = {"TCP: the same file goes in datagrams (RFC 768)",
                 "TCP：同一个文件用数据报发送（RFC 768）"};
  lab.sentence = {
      "Without TCP, or something like it, holes and disorder reach the file and nobody "
      "is told.",
      "没有 TCP 或类似的机制，缺口和乱序就会进入文件，而且无人知晓。"};
  Case lost;
  lost.title = {"The second packet with data is lost, the fourth is overtaken",
                "第二个数据报文丢失，第四个被后面的超过"};
  lost.without = {"UDP", "UDP"};
  lost.with = {"TCP", "TCP"};
  lost.run = [](bool with, std::uint64_t seed) {
    std::uint32_t data = 0;
    Script script([&data](const Crossing& packet) -> Accident {
      if (packet.from != Side::left || packet.segment.length == 0) return {};
      ++data;
      if (data == 2) return kLost;
      return data == 4 ? delayed(8ms) : Accident{};
    });
    return send_file(with, seed, script);
  };
  lab.cases = {lost};
  lab.search = SearchPlan{
      {"The file is sent; each of the first packets may be lost, come 8 ms late, or twice. Looked "
       "for: a reader whose bytes are not those that were written (I3), or a writer who is not "
       "told "
       "(I11).",
       "发送文件；前几个报文可能丢失、迟到 8 "
       "毫秒或到达两次。要找的是：读到的字节与写入的不同（I3），或写的人没有得知（I11）。"},
      {kLost, delayed(8ms), repeated(8ms)},
      8,
      2,
      send_file};
  return lab;
}

}  // namespace bowline::inline v0::lab
