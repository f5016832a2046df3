#include <algorithm>
#include <string>
#include <utility>

#include "bowline/base/random.hpp"
#include "bowline/lab/experiments.hpp"
#include "bowline/lab/world.hpp"
#include "bowline/tcp/ablation_key.hpp"
#include "bowline/tcp/syn_queue.hpp"

namespace bowline::inline v0::lab {
namespace {

constexpr std::uint32_t kQueue = 16;       // half-open entries, where nothing else is said
constexpr std::uint32_t kLongQueue = 256;  // where the defence is a longer queue
constexpr Duration kFlood = 40s;           // it begins at once and lasts so long
constexpr Duration kPatience = 5s;
constexpr int kHonest = 10;          // clients, one a second from the 20th second on
constexpr std::uint32_t kLow = 2;    // forged SYNs a second
constexpr std::uint32_t kHigh = 20;  // the same

// What the server has against it.
struct Defences {
  bool timeout = false;  // half-open entries end: the sooner, the fuller the queue
  std::uint32_t queue = kQueue;
  bool cookies = false;  // once the queue is full
  bool gateway = false;  // a SYN proxy stands before the server
};

constexpr Defences kNone{};
constexpr Defences kTimeout{.timeout = true};
constexpr Defences kQueueOnly{.queue = kLongQueue};
constexpr Defences kCookies{.cookies = true};
constexpr Defences kGateway{.gateway = true};
constexpr Defences kAll{.timeout = true, .queue = kLongQueue, .cookies = true, .gateway = true};
constexpr Defences kEndless{.queue = 16'384};  // nobody is turned away, whatever it costs

WorldOptions options(const Defences& defences, std::uint64_t seed) {
  WorldOptions world;
  world.seed = seed;
  world.shown_port = World::kClientPort;
  world.syn_gateway = defences.gateway;
  if (!defences.timeout) {
    world.ablation = tcp::AblationKey::without({tcp::Mechanism::half_open_timeout});
  }
  world.configure = [defences](StackConfig& config, Side side) {
    if (side == Side::left) return;
    // Two repeats: 7 s, 3 s from a half-full queue on, 1 s from three quarters (RFC 4987 3.3).
    if (defences.timeout) config.tcp.syn_ack_retries = 2;
    if (defences.cookies) config.tcp.syn_cookies = tcp::SynCookies::under_pressure;
  };
  return world;
}

// SYNs in the names of hosts that are not there (RFC 4987 section 2): 198.18.0.0/15 is nobody's.
class Flood {
 public:
  Flood(World& world, std::uint64_t seed, std::uint32_t rate)
      : world_(world),
        random_(Random::stream(seed, "flood")),
        gap_(Duration(1s) / std::max(rate, 1U)) {}

  void begin() {
    forge();
    if (world_.now() - world_.start() + gap_ < kFlood) {
      world_.after(gap_, [this] { begin(); });
    }
  }

 private:
  void forge() {
    const std::uint64_t drawn = random_.next();
    trace::Segment syn;
    syn.source = {IpAddress::v4(0xc612'0000U | (static_cast<std::uint32_t>(drawn) & 0x1'ffffU)),
                  static_cast<std::uint16_t>(1'024 + (drawn >> 32) % 60'000)};
    syn.destination = World::server_endpoint();
    syn.flags = wire::kSyn;
    syn.seq = SeqNumber(static_cast<std::uint32_t>(random_.next()));
    syn.window = 65'535;
    world_.forge(syn);
  }

  World& world_;
  Random random_;
  Duration gap_;
};

// The flood, and honest clients in the midst of it. `budget`: half-open entries that the server is
// meant to hold at the most.
Run flooded(const Defences& defences, std::uint64_t seed, Director& director, std::uint32_t rate,
            std::uint32_t budget) {
  World world(options(defences, seed), director);
  ListenOptions listen;
  listen.syn_backlog = defences.queue;
  world.listen([](Conn& conn) { conn.close_on_end = true; }, listen);
  Flood flood(world, seed, rate);
  if (rate > 0) {
    world.remark(Side::right, {std::to_string(rate) + " forged SYNs a second begin to arrive",
                               "每秒 " + std::to_string(rate) + " 个伪造的 SYN 开始到来"});
    flood.begin();
  }
  world.run_until(20s);
  world.remark(Side::left, {"the first of ten honest clients connects, patient for 5 s",
                            "十个诚实客户端中的第一个来连接，耐心为 5 秒"});
  for (int i = 0; i < kHonest; ++i) {
    world.connect(
        [](Conn& conn) {
          conn.patience = kPatience;
          conn.close_when_written = true;
        },
        static_cast<std::uint16_t>(World::kClientPort + i));
    world.run_until(20s + 1s * (i + 1));
  }
  world.run_until(kFlood);
  int served[] = {0, 0};
  for (const Conn& conn : world.connections()) {
    if (conn.passive || !conn.established) continue;
    const Duration waited = conn.established_at - conn.opened;
    served[0] += waited <= 500ms ? 1 : 0;
    served[1] += waited <= kPatience ? 1 : 0;
  }
  Observation seen = world.observe();
  seen.half_open_bound = budget;
  Run run;
  run.broken = check_all({Invariant::service, Invariant::bounded}, seen);
  run.figures = {{{"honest clients served within 0.5 s", "0.5 秒内得到服务的诚实客户端"},
                  static_cast<double>(served[0]),
                  {"of 10", "共 10"},
                  false},
                 {{"within their patience of 5 s", "在 5 秒的耐心之内"},
                  static_cast<double>(served[1]),
                  {"of 10", "共 10"},
                  false},
                 {{"bytes held for unproven peers, at the most", "为未经证实者所占的字节，最多"},
                  static_cast<double>(world.half_open() * sizeof(tcp::SynEntry)),
                  {},
                  false},
                 {{"forged SYNs", "伪造的 SYN"}, static_cast<double>(seen.forged), {}, false}};
  run.diagram = world.diagram();
  return run;
}

Case against(const Defences& without, const Defences& with, std::uint32_t rate, Text title,
             Text with_title, Expect expect = Expect::breaks_without, bool brief = true) {
  Case scenario;
  scenario.title = std::move(title);
  scenario.without = {"No defence: 16 entries, and they never end",
                      "没有防御：16 个表项，永不到期"};
  scenario.with = std::move(with_title);
  scenario.expect = expect;
  scenario.brief = brief;
  scenario.run = [without, with, rate](bool has, std::uint64_t seed) {
    Script script;
    return flooded(has ? with : without, seed, script, rate, kLongQueue);
  };
  return scenario;
}

}  // namespace

Experiment syn_flood() {
  Experiment lab;
  lab.number = 28;
  lab.name = "syn-flood";
  lab.claims = {"K101", "K102", "K104", "K105", "K106", "K107", "K108"};
  lab.breaks = {Invariant::bounded, Invariant::service};
  lab.story = {
      "Somebody rings at all the doors of a house, again and again, and runs away. At each door a "
      "servant stands waiting. Soon all servants stand at doors, and a real guest "
      "finds nobody to let him in.\n"
      "The attacker sends SYNs in the names of hosts that are not there. The server answers each "
      "into the void, repeats its answers, and keeps an entry for each meanwhile; when its queue "
      "is full it drops what comes, honest clients among it. A bounded queue loses no more than "
      "these newcomers; nothing crashes. Two of the defences that a tutorial lists are weak: to "
      "end entries sooner and to have more of them only moves the rate at which it happens, and a "
      "queue without end pays by memory for strangers. Two hold: a gateway "
      "that opens to the server only for clients that have answered, and SYN cookies, with which "
      "the server's number says all that an entry would, so that nothing is kept. It is said that "
      "the attack cannot be prevented unless TCP is redesigned; cookies end the exhaustion without "
      "that. What they cannot end is the flood of packets itself.",
      "有人挨着按一栋房子所有的门铃，按完就跑，一遍又一遍。每扇门后都有一个仆人开门站着等。"
      "不久所有仆人都站在门口，真正的客人来了，却没有人给他开门。\n"
      "攻击者冒充并不存在的主机发送 SYN。服务器对每一个都向虚空作答，一再重发，"
      "同时各保留一个表项；队列满了，后来的就丢弃，诚实的客户端也在其中。"
      "有界的队列损失的只是这些后来者，不会有什么崩溃。有教程列出的防御手段中，两种较弱（它没有说明"
      "）："
      "让表项早些到期、增加表项数目，都只是把出事的速率推高一些；而没有尽头的队列，"
      "是用内存为陌生人付账。两种有效：网关，只为回答过的客户端向服务器建立连接；SYN cookie，"
      "让服务器的序列号说明表项所要记的一切，于是什么也不必保留。"
      "有人说除非重新设计 TCP，否则这种攻击无法防范；cookie 不必重新设计就结束了队列的耗尽。"
      "它结束不了的是报文洪流本身。"};
  lab.removed = {"every defence against forged SYNs, then all but one (RFC 4987 section 3)",
                 "对伪造 SYN 的所有防御，然后只留其中一种（RFC 4987 第 3 节）"};
  lab.sentence = {
      "Shorter timeouts and longer queues move the rate at which a flood shuts honest clients "
      "out; to keep nothing for strangers ends it.",
      "缩短超时、加长队列只是推高洪水把诚实客户端挡在门外的速率；不为陌生人保留任何东西才能结束它"
      "。"};
  const Text timeout{"Entries end after 1 to 7 s", "表项 1 到 7 秒到期"};
  const Text longer{"256 entries", "256 个表项"};
  const Text cookies{"SYN cookies when the queue is full", "队列满时使用 SYN cookie"};
  const Text gateway{"A SYN proxy before the server", "服务器前面有 SYN 代理"};
  const Text all{"Timeout, queue, cookies, gateway", "超时、队列、cookie、网关"};
  lab.cases = {
      against(kNone, kCookies, kHigh,
              {"20 forged SYNs a second: cookies", "每秒 20 个伪造的 SYN：cookie"}, cookies,
              Expect::breaks_without, false),
      against(kNone, kTimeout, kLow, {"2 a second: a timeout is enough", "每秒 2 个：超时就够了"},
              timeout),
      against(kNone, kTimeout, kHigh, {"20 a second: a timeout is not", "每秒 20 个：超时不够"},
              timeout, Expect::breaks_both),
      against(kNone, kQueueOnly, kLow,
              {"2 a second: a longer queue is enough", "每秒 2 个：加长队列就够了"}, longer),
      against(kNone, kQueueOnly, kHigh,
              {"20 a second: a longer queue is not", "每秒 20 个：加长队列不够"}, longer,
              Expect::breaks_both),
      against(kNone, kGateway, kHigh, {"20 a second: a gateway", "每秒 20 个：网关"}, gateway,
              Expect::breaks_without, false),
      against(kNone, kAll, kHigh, {"20 a second: all together", "每秒 20 个：全部手段"}, all),
  };
  Case endless = against(kEndless, kCookies, kHigh,
                         {"20 a second: a queue without end serves everybody, and pays by memory",
                          "每秒 20 个：没有尽头的队列人人都服务，代价是内存"},
                         cookies);
  endless.without = {"A queue without end", "没有尽头的队列"};
  lab.cases.push_back(endless);
  lab.search = SearchPlan{
      {"Ten honest clients, patient for 5 s, and 0, 2 or 20 forged SYNs a second; the server has "
       "no "
       "defence, or all of them. Looked for: an honest client that is not served (I8), memory for "
       "strangers beyond 256 entries (I7).",
       "十个耐心为 5 秒的诚实客户端，每秒 0、2 或 20 个伪造的 "
       "SYN；服务器没有防御，或有全部防御。要找的是：得不到服务的诚实客户端（I8），为陌生人占用超过"
       " "
       "256 个表项的内存（I7）。"},
      {},
      0,
      0,
      [](bool with, std::uint64_t seed, Director& director) {
        static constexpr std::uint32_t kRates[] = {0, kLow, kHigh};
        const std::size_t which = director.choose({"forged SYNs arrive", "伪造的 SYN 到来"}, 3);
        return flooded(with ? kAll : kNone, seed, director, kRates[which], kLongQueue);
      }};
  return lab;
}

}  // namespace bowline::inline v0::lab
