#include "bowline/scenario/reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "bowline/scenario/toml_table.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::scenario {
namespace {

constexpr std::uint32_t kLargest = 1U << 30;  // what sim::parse_size() takes

template <class T, class U>
void set(T& field, const std::optional<U>& value) {
  if (value) field = static_cast<T>(*value);
}

// In the order of tcp::CongestionAlgorithm.
const std::vector<std::string> kCongestion{"reno", "cubic", "bbr"};

std::string stem(std::string_view path) {
  if (const auto slash = path.rfind('/'); slash != path.npos) path.remove_prefix(slash + 1);
  if (const auto dot = path.rfind('.'); dot != path.npos && dot > 0) path = path.substr(0, dot);
  return std::string(path);
}

class Reader {
 public:
  Reader(const toml::table& root, std::string_view file) : root_(root, "a scenario") {
    scenario_.name = stem(file);
  }

  Scenario read() {
    set(scenario_.title, root_.text("title"));
    set(scenario_.seed, root_.number("seed", 0, INT64_MAX));
    set(scenario_.duration, root_.duration("duration"));
    if (root_.choice("family", {"ipv4", "ipv6"}) == 1U) scenario_.family = Family::ipv6;
    if (scenario_.duration <= Duration::zero())
      root_.wrong("duration", "duration = 0: allowed is more");
    hosts();
    routers();
    wires();
    changes();
    flows();
    root_.finish();
    return std::move(scenario_);
  }

 private:
  void hosts() {
    auto hosts = root_.table("hosts");
    if (!hosts) root_.wrong("hosts", "no hosts: each needs a table, [hosts.NAME]");
    for (const std::string& name : hosts->keys()) {
      auto table = hosts->table(name);
      scenario_.hosts.push_back(host(*table, name));
    }
    if (scenario_.hosts.size() < 2 || scenario_.hosts.size() > kMostHosts) {
      root_.wrong("hosts",
                  fmt::format("{} hosts: allowed are 2 to {}", scenario_.hosts.size(), kMostHosts));
    }
  }

  void routers() {
    auto routers = root_.table("routers");
    if (!routers) return;
    for (const std::string& name : routers->keys()) {
      auto table = routers->table(name);
      for (const HostPlan& host : scenario_.hosts) {
        if (host.name == name)
          table->wrong("kind",
                       fmt::format("{} is a host's name already: allowed is another", name));
      }
      scenario_.routers.push_back({name, router(*table)});
    }
    if (scenario_.routers.size() > kMostHosts) {
      root_.wrong("routers", fmt::format("{} routers: allowed are at most {}",
                                         scenario_.routers.size(), kMostHosts));
    }
  }

  static sim::RouterOptions router(TomlTable& table) {
    sim::RouterOptions how;
    const std::size_t kind = table.choice("kind", {"router", "firewall", "nat"}).value_or(0);
    sim::MiddleboxOptions middlebox;
    middlebox.translate = kind == 2;
    set(middlebox.idle_limit, table.duration("idle_limit"));
    if (table.choice("refusal", {"silent", "reset"}) == 1U) middlebox.refusal = sim::Refusal::reset;
    if (const auto icmp = table.boolean("icmp"); icmp == false) how.icmp_rate = 0;
    if (kind != 0) how.middlebox = middlebox;
    table.finish();
    return how;
  }

  // A size alone is fixed, as a socket's own is; with a most beside it the buffer begins there.
  static void buffer(TomlTable& table, const std::string& key, std::uint32_t& first,
                     std::uint32_t& most) {
    const auto size = table.size(key, 4096, kLargest);
    const auto max = table.size(key + "_max", 4096, kLargest);
    set(first, size);
    if (size && !max) most = *size;
    set(most, max);
  }

  static HostPlan host(TomlTable& table, const std::string& name) {
    HostPlan plan;
    plan.name = name;
    const auto profile = table.choice("profile", {"rfc", "linux"});
    plan.tcp = tcp::Settings::of(profile == 1U ? tcp::Profile::linux : tcp::Profile::rfc);
    tcp::Settings& tcp = plan.tcp;
    set(tcp.congestion, table.choice("congestion_control", kCongestion));
    set(tcp.ecn, table.choice("ecn", {"off", "accept", "request", "accurate"}));
    set(tcp.mtu_probing, table.choice("mtu_probing", {"off", "on_black_hole", "always"}));
    set(tcp.syn_cookies, table.choice("syn_cookies", {"never", "under_pressure", "always"}));
    set(tcp.pacing, table.boolean("pacing"));
    buffer(table, "send_buffer", tcp.send_buffer, tcp.send_buffer_max);
    buffer(table, "receive_buffer", tcp.receive_buffer, tcp.receive_buffer_max);
    set(tcp.initial_window_segments, table.number("initial_window", 1, 100));
    set(tcp.sack, table.boolean("sack"));
    set(tcp.timestamps, table.boolean("timestamps"));
    set(tcp.window_scaling, table.boolean("window_scaling"));
    if (const auto delay = table.duration("delayed_ack")) {
      if (*delay > 500ms)
        table.wrong("delayed_ack", "delayed_ack: allowed is up to 500 ms (RFC 9293 MUST-40)");
      tcp.delayed_ack = *delay;
    }
    if (const auto least = table.duration("rto_min")) {
      if (*least <= Duration::zero() || *least > tcp.rto_max) {
        table.wrong("rto_min", "rto_min: allowed is more than 0 and at most 60 s");
      }
      tcp.rto_min = *least;
    }
    keepalive(table, tcp.keepalive);
    plan.socket.keepalive = tcp.keepalive;
    set(plan.socket.no_delay, table.boolean("no_delay"));
    set(plan.socket.quick_ack, table.boolean("quick_ack"));
    set(plan.offload, table.boolean("offload"));
    table.finish();
    return plan;
  }

  static void keepalive(TomlTable& table, tcp::Keepalive& keepalive) {
    if (const auto idle = table.duration("keepalive")) {
      if (*idle <= Duration::zero()) {
        table.wrong("keepalive", "keepalive = 0: allowed is more; without the key there is none");
      }
      keepalive.enabled = true;
      keepalive.idle = *idle;
    }
    if (const auto interval = table.duration("keepalive_interval")) {
      if (*interval <= Duration::zero()) {
        table.wrong("keepalive_interval", "keepalive_interval = 0: allowed is more");
      }
      keepalive.interval = *interval;
    }
    set(keepalive.probes, table.number("keepalive_probes", 1, 255));
  }

  void wires() {
    for (TomlTable& table : root_.tables("wires")) {
      WirePlan plan;
      const auto ends = table.two_names("between");
      if (!ends) table.wrong("between", "a wire without between = [\"NODE\", \"NODE\"]");
      plan.a = find_node(table, "between", ends->first, true);
      plan.b = find_node(table, "between", ends->second, true);
      if (plan.a == plan.b) table.wrong("between", "between: allowed are two different ones");
      plan.name = table.name("name").value_or(ends->first + "-" + ends->second);
      for (const WirePlan& other : scenario_.wires) {
        if (other.name == plan.name) {
          table.wrong("name",
                      fmt::format("a second wire {}: allowed is a name of its own", plan.name));
        }
      }
      both_ways(table, plan.there, plan.back);
      if (scenario_.family == Family::ipv6 &&
          std::min(plan.there.mtu, plan.back.mtu) < wire::kIpv6MinMtu) {
        table.wrong("mtu", "mtu: allowed is 1280 or more where the family is ipv6 (RFC 8200 5)");
      }
      table.finish();
      scenario_.wires.push_back(std::move(plan));
    }
    if (scenario_.wires.empty() || scenario_.wires.size() > kMostWires) {
      root_.wrong("wires",
                  fmt::format("{} wires: allowed are 1 to {}, each under its own [[wires]]",
                              scenario_.wires.size(), kMostWires));
    }
  }

  // What a table says of both directions, then what it says of each in `there` and `back`.
  static void both_ways(TomlTable& table, sim::Wire& there, sim::Wire& back) {
    impairments(table, there, &back);
    const auto both = table.queue("queue");
    auto queue_there = both;
    auto queue_back = both;
    const auto direction = [&](const char* key, sim::Wire& wire, auto& queue) {
      auto one_way = table.table(key);
      if (!one_way) return;
      impairments(*one_way, wire, nullptr);
      if (const auto own = one_way->queue("queue")) queue = own;
      one_way->finish();
    };
    direction("there", there, queue_there);
    direction("back", back, queue_back);
    // A queue in round trips needs everything else.
    const Duration round_trip = there.delay + back.delay;
    if (queue_there) there.queue = queue_there->bytes(there.rate, there.mtu, round_trip);
    if (queue_back) back.queue = queue_back->bytes(back.rate, back.mtu, round_trip);
  }

  static void impairments(TomlTable& table, sim::Wire& wire, sim::Wire* other) {
    const auto both = [&](auto sim::Wire::* field, const auto& value) {
      if (!value) return;
      wire.*field = *value;
      if (other != nullptr) other->*field = *value;
    };
    both(&sim::Wire::rate, table.rate("rate"));
    both(&sim::Wire::delay, table.duration("delay"));
    both(&sim::Wire::jitter, table.duration("jitter"));
    both(&sim::Wire::loss, table.chance("loss"));
    both(&sim::Wire::reorder, table.chance("reorder"));
    both(&sim::Wire::reorder_by, table.duration("reorder_by"));
    both(&sim::Wire::duplicate, table.chance("duplicate"));
    both(&sim::Wire::duplicate_after, table.duration("duplicate_after"));
    both(&sim::Wire::corrupt, table.chance("corrupt"));
    both(&sim::Wire::mark_above, table.size("mark_above", 0, kLargest));
    both(&sim::Wire::mtu, table.size("mtu", 68, 65'535));
    both(&sim::Wire::bursts, bursts(table));
    both(&sim::Wire::codel, codel(table));
    both(&sim::Wire::cuts, cuts(table));
  }

  static std::optional<sim::GilbertElliott> bursts(TomlTable& wire) {
    auto table = wire.table("bursts");
    if (!table) return std::nullopt;
    sim::GilbertElliott bursts;
    const auto enter = table->chance("enter");
    const auto leave = table->chance("leave");
    if (!enter || !leave)
      table->wrong("enter",
                   "bursts need enter and leave, such as { enter = \"0.5%\", leave = \"25%\" }");
    bursts.enter = *enter;
    bursts.leave = *leave;
    set(bursts.loss_good, table->chance("loss_good"));
    set(bursts.loss_bad, table->chance("loss_bad"));
    table->finish();
    return bursts;
  }

  // Nothing: the key is not there. An empty optional inside: CoDel is off.
  static std::optional<std::optional<sim::Codel>> codel(TomlTable& wire) {
    if (wire.is_boolean("codel")) {
      const bool on = *wire.boolean("codel");
      return on ? std::optional(sim::Codel{}) : std::optional<sim::Codel>();
    }
    auto table = wire.table("codel");
    if (!table) return std::nullopt;
    sim::Codel codel;
    set(codel.target, table->duration("target"));
    set(codel.interval, table->duration("interval"));
    if (codel.target <= Duration::zero() || codel.interval <= Duration::zero()) {
      table->wrong("target", "codel: allowed are a target and an interval above 0");
    }
    set(codel.ecn, table->boolean("ecn"));
    table->finish();
    return std::optional(codel);
  }

  static std::optional<std::vector<sim::Cut>> cuts(TomlTable& wire) {
    std::vector<sim::Cut> cuts;
    for (TomlTable& table : wire.tables("cuts")) {
      const auto at = table.duration("at");
      const auto length = table.duration("for");
      if (!at || !length)
        table.wrong("at", "a cut needs at and for, such as { at = \"5s\", for = \"2s\" }");
      cuts.push_back({Time{} + *at, Time{} + *at + *length});
      table.finish();
    }
    if (cuts.empty()) return std::nullopt;
    return cuts;
  }

  void changes() {
    // Each starts from what the wire is like by then, so they are read in the order of the file,
    // which must be that of time.
    std::vector<std::pair<sim::Wire, sim::Wire>> now;
    for (const WirePlan& wire : scenario_.wires) now.emplace_back(wire.there, wire.back);
    std::vector<Time> last(now.size(), Time{});
    for (TomlTable& table : root_.tables("changes")) {
      ChangePlan plan;
      const auto at = table.duration("at");
      if (!at) table.wrong("at", "a change without at = \"TIME\"");
      plan.at = Time{} + *at;
      plan.wire = find_wire(table, table.name("wire"));
      if (plan.at < last[plan.wire]) {
        table.wrong("at", "at: allowed is not before the change of the same wire above it");
      }
      last[plan.wire] = plan.at;
      auto& [there, back] = now[plan.wire];
      const std::uint32_t mtu_there = there.mtu;
      const std::uint32_t mtu_back = back.mtu;
      both_ways(table, there, back);
      if (there.mtu > mtu_there || back.mtu > mtu_back) {
        table.wrong("mtu", "mtu: allowed is no more than before, which is the interfaces' own");
      }
      plan.there = there;
      plan.back = back;
      table.finish();
      scenario_.changes.push_back(plan);
    }
    if (scenario_.changes.size() > kMostChanges) {
      root_.wrong("changes", fmt::format("{} changes: allowed are at most {}",
                                         scenario_.changes.size(), kMostChanges));
    }
    std::stable_sort(scenario_.changes.begin(), scenario_.changes.end(),
                     [](const ChangePlan& a, const ChangePlan& b) { return a.at < b.at; });
  }

  void flows() {
    for (TomlTable& table : root_.tables("flows")) {
      const auto count = table.number("count", 1, kMostFlows).value_or(1);
      const auto apart = table.duration("apart").value_or(Duration::zero());
      FlowPlan plan = flow(table, count);
      table.finish();
      for (std::uint64_t i = 0; i < count; ++i) {
        FlowPlan one = plan;
        if (count > 1) one.name += fmt::format("-{}", i + 1);
        one.start = saturating_add(plan.start, apart * static_cast<Duration::rep>(i));
        for (const FlowPlan& other : scenario_.flows) {
          if (other.name == one.name) {
            table.wrong("name",
                        fmt::format("a second flow {}: allowed is a name of its own", one.name));
          }
        }
        scenario_.flows.push_back(std::move(one));
        if (scenario_.flows.size() > kMostFlows) {
          table.wrong("count", fmt::format("more than {} flows", kMostFlows));
        }
      }
    }
    if (scenario_.flows.empty()) {
      root_.wrong("flows", "no flows: allowed are 1 to 1000, each under its own [[flows]]");
    }
  }

  FlowPlan flow(TomlTable& table, std::uint64_t count) {
    FlowPlan plan;
    plan.kind = static_cast<FlowKind>(table.choice("kind", {"bulk", "request"}).value_or(0));
    const auto from = table.name("from");
    const auto to = table.name("to");
    if (!from || !to)
      table.wrong(from ? "to" : "from", "a flow needs from = \"HOST\" and to = \"HOST\"");
    plan.from = find_node(table, "from", *from, false);
    plan.to = find_node(table, "to", *to, false);
    plan.path = find_path(scenario_, plan.from, plan.to);
    if (plan.path.empty()) {
      table.wrong("to", fmt::format("no wire leads from {} to {}: allowed are hosts that [[wires]] "
                                    "join, over routers if need be",
                                    *from, *to));
    }
    plan.name = table.name("name").value_or(fmt::format("flow{}", scenario_.flows.size() + 1));
    if (count > 1 && plan.name.size() > 34)
      table.wrong("name", "name: allowed are at most 34 letters beside count");
    set(plan.expect, table.choice("expect", {"done", "failed", "unfinished"}));
    plan.start = Time{} + table.duration("start").value_or(Duration::zero());
    if (const auto which = table.choice("congestion_control", kCongestion)) {
      plan.congestion = static_cast<tcp::CongestionAlgorithm>(*which);
    }
    if (plan.kind == FlowKind::bulk) {
      plan.size = table.size("size", 1, kLargest);
      plan.duration = table.duration("duration");
      if (!plan.size && !plan.duration) {
        table.wrong("size", "a bulk flow needs size = \"SIZE\" or duration = \"TIME\"");
      }
      set(plan.answer, table.size("answer", 0, kLargest));
    } else {
      plan.request = table.size("request", 1, kLargest).value_or(100);
      plan.response = table.size("response", 1, kLargest).value_or(10'000);
      set(plan.repeat, table.number("repeat", 1, 1'000'000));
      set(plan.pause, table.duration("pause"));
    }
    return plan;
  }

  std::size_t find_node(const TomlTable& table, std::string_view key, const std::string& name,
                        bool routers) {
    std::vector<std::string_view> known;
    const std::size_t count = scenario_.hosts.size() + (routers ? scenario_.routers.size() : 0);
    for (std::size_t i = 0; i < count; ++i) {
      if (scenario_.node_name(i) == name) return i;
      known.push_back(scenario_.node_name(i));
    }
    table.wrong(key, fmt::format("{}: there is no such {}: allowed are {}", key,
                                 routers ? "node" : "host", fmt::join(known, ", ")));
  }

  std::size_t find_wire(const TomlTable& table, const std::optional<std::string>& name) {
    std::vector<std::string_view> known;
    for (std::size_t i = 0; i < scenario_.wires.size(); ++i) {
      if (scenario_.wires[i].name == name) return i;
      known.push_back(scenario_.wires[i].name);
    }
    table.wrong("wire", fmt::format("wire: {}: allowed are {}",
                                    name ? "there is no such wire" : "it is missing",
                                    fmt::join(known, ", ")));
  }

  TomlTable root_;
  Scenario scenario_;
};

std::string located(std::string_view file, toml::source_position at, std::string_view what) {
  std::string text =
      fmt::format("{}:{}:{}: {}", file, std::max(at.line, 1U), std::max(at.column, 1U), what);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

}  // namespace

std::expected<Scenario, std::string> read_scenario(std::string_view text, std::string_view name) {
  try {
    const toml::table root = toml::parse(text);
    return Reader(root, name).read();
  } catch (const WrongFile& error) {
    return std::unexpected(located(name, error.at(), error.what()));
  } catch (const toml::parse_error& error) {
    return std::unexpected(located(name, error.source().begin,
                                   fmt::format("{}: allowed is TOML 1.0", error.description())));
  }
}

}  // namespace bowline::inline v0::scenario
