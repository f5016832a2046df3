#include <fmt/format.h>

#include <string_view>

#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"

namespace bowline::inline v0::lab {
namespace {

constexpr std::size_t kFiles = 8;
constexpr std::size_t kFile = 1'000;

enum class Way : std::uint8_t { one_each, kept, pipelined };

// Files named by one letter, full of it.
std::string file(char name) { return std::string(kFile, name); }

std::string request(char name, bool old) {
  return fmt::format("GET /{} HTTP/1.{}\r\nHost: server.example\r\n\r\n", name, old ? 0 : 1);
}

// The server's program: answers each request that is whole, in order (RFC 9112 9.3.2), and after
// one of HTTP/1.0 closes (RFC 1945 1.3). Returns how much of `text` it has dealt with.
std::size_t answer(World& world, Conn& server, std::string_view text) {
  std::size_t done = 0;
  for (;;) {
    const std::size_t end = text.find("\r\n\r\n", done);
    if (end == std::string_view::npos) return done;
    const std::string_view head = text.substr(done, end - done);
    done = end + 4;
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const bool old = line.ends_with("HTTP/1.0");
    const bool good = line.starts_with("GET /") && line.size() > 5;
    const std::string body = good ? file(line[5]) : "";
    world.write(server, fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n{}",
                                    good ? "200 OK" : "400 Bad Request", body.size(),
                                    old ? "Connection: close\r\n" : "", body));
    if (old) server.close_when_written = true;
  }
}

// The client's: takes answers apart, and asks for the next file.
class Browser {
 public:
  Browser(World& world, Way way) : world_(world), way_(way) {}

  void start() {
    Conn* const conn = open();
    if (conn == nullptr || way_ != Way::pipelined) return;
    while (asked_ < kFiles) ask(*conn);
  }
  [[nodiscard]] std::size_t right() const { return right_; }
  [[nodiscard]] Time done_at() const { return done_at_; }

 private:
  static char name(std::size_t number) { return static_cast<char>('a' + number); }
  void ask(Conn& conn) { world_.write(conn, request(name(asked_++), way_ == Way::one_each)); }

  Conn* open() {
    return world_.connect(
        [this](Conn& conn) {
          ask(conn);
          conn.on_read = [this](Conn& client) { take(client); };
          conn.close_on_end = true;
        },
        static_cast<std::uint16_t>(World::kClientPort + asked_));
  }

  void take(Conn& conn) {
    // An answer is whole when its head is there, and so many bytes behind it.
    const std::string_view text =
        std::string_view(conn.read).substr(way_ == Way::one_each ? 0 : used_);
    const std::size_t head = text.find("\r\n\r\n");
    if (head == std::string_view::npos) return;
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t at = text.find(kLength);
    const std::size_t size =
        at < head ? std::stoul(std::string(text.substr(at + kLength.size(), 8))) : 0;
    if (text.size() < head + 4 + size) return;
    if (text.substr(head + 4, size) == file(name(answered_))) ++right_;
    ++answered_;
    used_ += head + 4 + size;
    if (answered_ == kFiles) {
      done_at_ = world_.now();
      if (way_ != Way::one_each) world_.close(conn);
      return;
    }
    if (way_ == Way::one_each) {
      world_.after(Duration::zero(), [this] { open(); });
    } else {
      if (asked_ < kFiles) ask(conn);
      take(conn);
    }
  }

  World& world_;
  Way way_;
  std::size_t asked_ = 0;
  std::size_t answered_ = 0;
  std::size_t right_ = 0;
  std::size_t used_ = 0;
  Time done_at_ = kNever;
};

std::size_t time_waits(World& world, Side side) { return world.stack(side).usage().time_wait; }

Run fetch(Way way, std::uint64_t seed) {
  Script script;
  WorldOptions options;
  options.seed = seed;
  options.delay = 20ms;
  World world(options, script);
  world.listen([&world](Conn& conn) {
    conn.close_on_end = true;
    conn.on_read = [&world, used = std::size_t{0}](Conn& server) mutable {
      used += answer(world, server, std::string_view(server.read).substr(used));
    };
  });
  Browser browser(world, way);
  browser.start();
  world.run_until(10s);
  Run run;
  run.broken = check_all({Invariant::prefix, Invariant::orderly}, world.observe());
  const Time done = browser.done_at() == kNever ? world.now() : browser.done_at();
  run.figures = {
      {{"files that came whole", "完整收到的文件"},
       static_cast<double>(browser.right()),
       {"of 8", "共 8"},
       false},
      {{"until the last one was there", "到最后一个收到为止的时间"},
       std::chrono::duration<double>(done - world.start()).count(),
       {"s", "秒"},
       true},
      {{"packets", "报文数"}, static_cast<double>(world.packets()), {}, true},
      {{"TIME-WAIT records left behind", "留下的 TIME-WAIT 记录"},
       static_cast<double>(time_waits(world, Side::left) + time_waits(world, Side::right)),
       {},
       true}};
  run.diagram = world.diagram();
  return run;
}

Case compare(Way worse, Way better, Text title, Text without, Text with) {
  Case scenario;
  scenario.title = std::move(title);
  scenario.without = std::move(without);
  scenario.with = std::move(with);
  scenario.expect = Expect::costs_without;
  scenario.run = [worse, better](bool with_it, std::uint64_t seed) {
    return fetch(with_it ? better : worse, seed);
  };
  return scenario;
}

}  // namespace

Experiment persistent_http() {
  Experiment lab;
  lab.number = 10;
  lab.name = "persistent-http";
  lab.claims = {"K129", "K130", "K131"};
  lab.cost = true;
  lab.story = {
      "To ask eight questions you may make eight telephone calls, or one. Eight calls mean eight "
      "times to dial and eight times to say goodbye. In one call you may wait for each answer "
      "before you ask the next question, or ask all eight in one breath and then listen.\n"
      "HTTP/1.0 makes a connection for each file; the server closes it to mark the end, and so is "
      "left with a TIME-WAIT each time. HTTP/1.1 says how long an answer is and keeps the "
      "connection unless told otherwise (RFC 9112 9.3): to say that HTTP closes after each request "
      "has been wrong since 1997. Requests may also overlap: that is pipelining. The answers come "
      "in the order of the requests, and only harmless requests may be sent so; browsers do not "
      "use "
      "it, because one slow answer holds up all behind it.",
      "要问八个问题，可以打八次电话，也可以只打一次。打八次就要拨八次号、道八次别。"
      "在一次通话里，可以每问一句等一句回答，也可以一口气把八个问题都问完，再听回答。\n"
      "HTTP/1.0 为每个文件建立一个连接；服务器用关闭连接表示结束，于是每次都留下一个 TIME-WAIT。"
      "HTTP/1.1 说明回答的长度，除非另有说明就保持连接（RFC 9112 9.3）：说 HTTP "
      "每次请求之后都关闭连接，从 1997 "
      "年起就不对了。请求还可以重叠，这就是流水线：回答按请求的次序到来，"
      "而且只有无害的请求才能这样发；浏览器并不使用它，因为一个慢的回答会挡住后面所有的回答。"};
  lab.removed = {"keeping the connection: one for each file, as HTTP/1.0 does (RFC 1945)",
                 "保持连接：像 HTTP/1.0 那样每个文件一个连接（RFC 1945）"};
  lab.sentence = {
      "A connection that is kept saves a handshake, a close and a TIME-WAIT for each file.",
      "保持连接，每个文件就省下一次握手、一次挥手和一个 TIME-WAIT。"};
  const Text old{"HTTP/1.0: a connection each", "HTTP/1.0：每个文件一个连接"};
  const Text kept{"HTTP/1.1: one connection", "HTTP/1.1：一个连接"};
  const Text pipelined{"HTTP/1.1, pipelined", "HTTP/1.1，流水线"};
  Case third =
      compare(Way::kept, Way::pipelined,
              {"The same connection, and pipelining", "同一个连接，再加上流水线"}, kept, pipelined);
  lab.cases = {compare(Way::one_each, Way::kept,
                       {"Eight files of 1000 bytes", "八个 1000 字节的文件"}, old, kept),
               third};
  return lab;
}

}  // namespace bowline::inline v0::lab
