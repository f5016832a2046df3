#include "tests/random/scenario.hpp"

#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bowline/sim/simulation.hpp"
#include "tests/random/end.hpp"

namespace bowline::random_simulation {
namespace {

using sim::operator""_kbps;
using sim::operator""_mbps;
using sim::operator""_gbps;
using sim::operator""_percent;
using sim::operator""_KiB;
using sim::operator""_MiB;

constexpr Duration kLimit = 12h;  // virtual: within it every connection must have ended

template <class T, std::size_t N>
T pick(Random& random, const T (&choices)[N]) {
  return choices[random.index(N)];
}
bool one_in(Random& random, std::uint64_t n) { return random.below(n) == 0; }

/// A wire, and whether what it does may kill a connection.
struct DrawnWire {
  sim::Wire wire;
  bool harsh = false;
};

DrawnWire draw_wire(Random& random, bool ipv6) {
  DrawnWire drawn;
  sim::Wire& wire = drawn.wire;
  wire.rate = pick(random, {sim::Rate{}, 500_kbps, 1_mbps, 10_mbps, 100_mbps, 1_gbps});
  wire.delay = pick<Duration>(random, {0ms, 100us, 1ms, 10ms, 50ms, 300ms});
  if (one_in(random, 3)) wire.jitter = pick<Duration>(random, {100us, 1ms, 20ms});
  if (one_in(random, 2)) wire.loss = pick(random, {0.1_percent, 1_percent, 3_percent});
  if (one_in(random, 3)) {
    wire.reorder = pick(random, {1_percent, 5_percent, 20_percent});
    wire.reorder_by = pick<Duration>(random, {100us, 2ms, 30ms});
  }
  if (one_in(random, 4)) {
    wire.duplicate = pick(random, {1_percent, 5_percent});
    wire.duplicate_after = pick<Duration>(random, {0ms, 3ms, 200ms});
  }
  if (one_in(random, 4)) wire.corrupt = pick(random, {0.1_percent, 1_percent});
  if (one_in(random, 8)) {
    wire.bursts = {.enter = pick(random, {0.1_percent, 1_percent}),
                   .leave = pick(random, {20_percent, 50_percent}),
                   .loss_bad = pick(random, {50_percent, 100_percent})};
    drawn.harsh = true;
  }
  wire.mtu = pick<std::uint32_t>(random, {1'280, 1'400, 1'500, 1'500, 9'000});
  if (!ipv6 && one_in(random, 6)) wire.mtu = 576;
  wire.queue = pick(random, {20'000U, 64_KiB, 256_KiB, 1_MiB});
  if (one_in(random, 4)) {
    wire.codel = sim::Codel{.target = pick<Duration>(random, {1ms, 5ms, 20ms}),
                            .interval = pick<Duration>(random, {20ms, 100ms}),
                            .ecn = one_in(random, 2)};
  }
  if (one_in(random, 6)) wire.mark_above = pick(random, {3'000U, 30'000U});
  if (one_in(random, 8)) {
    const Time from{Duration(random.below(3'000)) * 1'000'000};
    wire.cuts.push_back({from, from + pick<Duration>(random, {100ms, 2s, 20s})});
    drawn.harsh = true;
  }
  return drawn;
}

sim::HostOptions draw_host(Random& random) {
  sim::HostOptions options;
  tcp::Settings& settings = options.stack.tcp;
  if (one_in(random, 3)) settings = tcp::Settings::of(tcp::Profile::linux);
  if (one_in(random, 3)) options.max_gso = 0;
  if (one_in(random, 4)) options.transmit_checksum = false;
  settings.timestamps = !one_in(random, 4);
  settings.window_scaling = !one_in(random, 4);
  settings.sack = !one_in(random, 4);
  if (one_in(random, 4)) settings.pacing = !settings.pacing;
  if (one_in(random, 4)) settings.cold_ack_at_once = !settings.cold_ack_at_once;
  if (one_in(random, 2)) {
    settings.congestion =
        pick(random, {tcp::CongestionAlgorithm::reno, tcp::CongestionAlgorithm::bbr});
  }
  settings.ecn = pick(random, {tcp::EcnMode::off, tcp::EcnMode::accept, tcp::EcnMode::request,
                               tcp::EcnMode::accurate});
  if (one_in(random, 6)) settings.mss_floor = 536;
  settings.receive_buffer = pick<std::uint32_t>(random, {4'000, 30'000, 200'000, 1U << 20});
  settings.send_buffer = pick<std::uint32_t>(random, {4'000, 30'000, 200'000, 1U << 20});
  // Below what they begin with they are fixed.
  settings.receive_buffer_max = pick<std::uint32_t>(random, {0, 100'000, 6U << 20});
  settings.send_buffer_max = pick<std::uint32_t>(random, {0, 100'000, 4U << 20});
  settings.mtu_probing =
      pick(random, {tcp::MtuProbing::off, tcp::MtuProbing::on_black_hole, tcp::MtuProbing::always});
  return options;
}

void draw_behaviour(EndPlan& plan, Random& random) {
  plan.largest_write = pick<std::uint32_t>(random, {30, 1'000, 20'000, 100'000});
  plan.largest_read = pick<std::uint32_t>(random, {100, 2'000, 50'000});
  if (one_in(random, 6)) plan.write_pause = pick<Duration>(random, {1ms, 20ms});
  if (one_in(random, 6)) plan.read_pause = pick<Duration>(random, {1ms, 20ms});
  // A program that is slow and petty at once would take days.
  if (plan.write_pause != Duration::zero()) plan.largest_write = 20'000;
  if (plan.read_pause != Duration::zero()) plan.largest_read = 50'000;
  if (one_in(random, 10)) plan.abort_after = 1 + random.below(100'000);
  if (one_in(random, 10)) plan.close_early = true;
  // Longer than an RTO, than probes, than most timers.
  if (one_in(random, 8)) plan.nap = pick<Duration>(random, {500ms, 5s, 100s});
  plan.socket.no_delay = one_in(random, 2);
  plan.socket.quick_ack = one_in(random, 4);
  plan.socket.cork = one_in(random, 12);
  // So that a connection whose peer has gone ends, though it only waits.
  plan.socket.keepalive = {.enabled = true, .idle = 60s, .interval = 10s, .probes = 6};
}

std::uint64_t draw_size(Random& random) {
  return pick<std::uint64_t>(random, {0, random.below(100), random.below(5'000),
                                      random.below(60'000), random.below(300'000)});
}

class Scenario {
 public:
  explicit Scenario(std::uint64_t seed, sim::Tap* tap)
      : seed_(seed), random_(Random::stream(seed, "scenario")), net_(seed) {
    if (tap != nullptr) net_.observe(*tap);
    lay_out();
    const std::uint64_t count = 1 + random_.below(4);
    // All from one pair of ports, each when the one before is over; or each with its own. (Where
    // an end may be left waiting it would take its successor for its own.)
    const bool successors = count > 1 && !harsh_ && one_in(random_, 3);
    if (successors) drawn_ += "one pair of ports for all connections\n";
    for (std::uint64_t i = 0; i < count; ++i) {
      add_connection(static_cast<std::uint16_t>(i), successors);
    }
  }

  Report run() {
    Report report;
    report.scenario = drawn_;
    report.connections = static_cast<std::uint32_t>(connections_);
    const bool over = net_.run_until([this] { return all_over(); }, Time{kLimit});
    if (!over) complain("a connection neither ends nor goes on");
    for (std::size_t i = 0; i < connections_; ++i) judge(i, report);
    tidy_up();
    for (sim::Host* host : {client_, server_}) check_empty(*host);
    report.packets = net_.packets();
    report.failure = std::move(failure_);
    return report;
  }

 private:
  void complain(std::string_view what) { failure_ += fmt::format("{}\n", what); }

  const End& end(const sim::Host& host, std::size_t i) const {
    return static_cast<const End&>(const_cast<sim::Host&>(host).actor(i));
  }

  // ---- drawing

  void lay_out() {
    const bool ipv6 = one_in(random_, 2);
    client_ = &net_.add_host("client", draw_host(random_));
    server_ = &net_.add_host("server", draw_host(random_));
    const std::uint64_t hops = random_.below(3);
    std::vector<sim::Node*> chain{client_};
    for (std::uint64_t i = 0; i < hops; ++i) {
      const std::string name = fmt::format("hop{}", i);
      const std::uint64_t kind = i == 0 ? random_.below(4) : 0;
      const sim::MiddleboxOptions box{.refusal = one_in(random_, 2) ? sim::Refusal::reset
                                                                    : sim::Refusal::silent};
      sim::Router& router = kind == 1   ? net_.add_firewall(name, box)
                            : kind == 2 ? net_.add_nat(name, box)
                                        : net_.add_router(name);
      has_middlebox_ = has_middlebox_ || kind == 1 || kind == 2;
      drawn_ += kind == 1 ? "firewall\n" : kind == 2 ? "NAT\n" : "router\n";
      chain.push_back(&router);
    }
    chain.push_back(server_);
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) lay_wire(*chain[i], *chain[i + 1], i, ipv6);
    net_.route_everything();
  }

  void lay_wire(sim::Node& a, sim::Node& b, std::size_t number, bool ipv6) {
    const auto address = [&](int host) {
      return *Cidr::parse(ipv6 ? fmt::format("fd00:{}::{}/64", number + 1, host)
                               : fmt::format("10.{}.0.{}/24", number + 1, host));
    };
    DrawnWire there = draw_wire(random_, ipv6);
    DrawnWire back = draw_wire(random_, ipv6);
    // Both ends of a wire agree on its MTU; only routers may find that the next one is smaller.
    back.wire.mtu = there.wire.mtu;
    harsh_ = harsh_ || there.harsh || back.harsh;
    for (const sim::Wire* wire : {&there.wire, &back.wire}) {
      instant_ = instant_ || (wire->delay == Duration::zero() && wire->rate == sim::Rate{});
      drawn_ += fmt::format(
          "wire {}: {} bit/s, {} + {} us, loss {}, bursts {}/{}, reorder {} by {} us, duplicate "
          "{}, "
          "corrupt {}, mtu {}, queue {}, codel {}, mark above {}, cuts {}\n",
          number, wire->rate.bits_per_second, wire->delay.count() / 1'000,
          wire->jitter.count() / 1'000, wire->loss.probability, wire->bursts.enter.probability,
          wire->bursts.leave.probability, wire->reorder.probability,
          wire->reorder_by.count() / 1'000, wire->duplicate.probability, wire->corrupt.probability,
          wire->mtu, wire->queue, wire->codel.has_value(), wire->mark_above, wire->cuts.size());
    }
    net_.connect(a, address(1), b, address(2), there.wire, back.wire);
    if (number == 0) first_address_ = address(1).address;
    last_address_ = address(2).address;
  }

  void add_connection(std::uint16_t i, bool successors) {
    EndPlan serving;
    const std::uint16_t number = successors ? std::uint16_t{0} : i;
    serving.local = {last_address_, static_cast<std::uint16_t>(80 + number)};
    serving.send_key = 100 * seed_ + 2 * i;
    serving.receive_key = serving.send_key + 1U;
    serving.send_bytes = draw_size(random_);
    serving.receive_bytes = draw_size(random_);
    EndPlan calling;
    calling.connect = serving.local;
    calling.local = {first_address_, static_cast<std::uint16_t>(successors ? 40'000 : 0)};
    calling.shares_addresses = serving.shares_addresses = successors;
    if (successors && i > 0) {
      calling.after = &end(*client_, i - 1U);
      serving.after = &end(*server_, i - 1U);
    }
    std::tie(calling.send_key, calling.receive_key) =
        std::pair(serving.receive_key, serving.send_key);
    std::tie(calling.send_bytes, calling.receive_bytes) =
        std::pair(serving.receive_bytes, serving.send_bytes);
    // At once, a little later, or when those before are mostly over.
    calling.start = Time{} + 1ms + pick<Duration>(random_, {0ms, 50ms, 5s}) * i;
    draw_behaviour(serving, random_);
    draw_behaviour(calling, random_);
    for (EndPlan* plan : {&serving, &calling}) {
      if (!successors) continue;
      plan->abort_after = 0;
      plan->close_early = false;
    }
    // Both open, and their SYNs cross (RFC 9293 figure 7); no middlebox lets that pass, and where a
    // SYN takes no time it finds nobody yet.
    if (!successors && !has_middlebox_ && !instant_ && one_in(random_, 6)) {
      calling.local.port = static_cast<std::uint16_t>(50'000 + i);
      serving.connect = calling.local;
      serving.start = calling.start;
      drawn_ += fmt::format("connection {} is opened by both ends\n", i);
    }
    serving.answer_last = one_in(random_, 4) && !calling.close_early;
    server_->start(std::make_unique<End>(serving, net_.random(fmt::format("server/{}", i))));
    client_->start(std::make_unique<End>(calling, net_.random(fmt::format("client/{}", i))));
    ++connections_;
  }

  // ---- judging

  /// A server whose client has gone before it came waits for ever, and may.
  bool all_over() const {
    for (std::size_t i = 0; i < connections_; ++i) {
      const End& client = end(*client_, i);
      const End& server = end(*server_, i);
      if (!client.is_over()) return false;
      if (!server.is_over() && !(server.outcome() == Outcome::waiting && gone(client)))
        return false;
    }
    return true;
  }
  static bool gone(const End& one) {
    return one.outcome() == Outcome::left || one.outcome() == Outcome::failed;
  }

  void judge(std::size_t i, Report& report) {
    const End& client = end(*client_, i);
    const End& server = end(*server_, i);
    report.bytes += client.received() + server.received();
    const bool both =
        client.outcome() == Outcome::finished && server.outcome() == Outcome::finished;
    report.finished += both;
    const auto rude = [](const End& one) {
      return one.plan().abort_after != 0 || one.plan().close_early;
    };
    const bool wrong = client.outcome() == Outcome::wrong || server.outcome() == Outcome::wrong;
    const bool may_end_otherwise = harsh_ || rude(client) || rude(server);
    if (wrong || !client.is_over() || (!both && !may_end_otherwise)) {
      complain(fmt::format("connection {}: {}; {}", i, client.describe(), server.describe()));
    }
  }

  void tidy_up() {
    for (std::size_t i = 0; i < connections_; ++i) {
      static_cast<End&>(client_->actor(i)).leave(client_->stack(), net_.now());
      static_cast<End&>(server_->actor(i)).leave(server_->stack(), net_.now());
    }
    net_.run_for(2h);  // TIME-WAIT, orphans, and whatever else has its time
  }

  void check_empty(const sim::Host& host) {
    const StackUsage usage = host.stack().usage();
    const std::uint64_t left = usage.connections + usage.half_open + usage.time_wait +
                               usage.listeners + usage.orphans + usage.buffer_bytes;
    if (left != 0 || host.stack().next_deadline() != kNever) {
      complain(
          fmt::format("{} is not empty: {} connections, {} half-open, {} TIME-WAIT, {} "
                      "listeners, {} orphans, {} buffer bytes, {}",
                      host.name(), usage.connections, usage.half_open, usage.time_wait,
                      usage.listeners, usage.orphans, usage.buffer_bytes,
                      host.stack().next_deadline() == kNever ? "no timer" : "a timer"));
    }
  }

  std::uint64_t seed_;
  Random random_;
  sim::Simulation net_;
  sim::Host* client_ = nullptr;
  sim::Host* server_ = nullptr;
  IpAddress first_address_;  // the client's
  IpAddress last_address_;   // the server's
  bool has_middlebox_ = false;
  bool instant_ = false;  // some wire takes no time
  bool harsh_ = false;
  std::size_t connections_ = 0;
  std::string drawn_;
  std::string failure_;
};

}  // namespace

Report run(std::uint64_t seed, sim::Tap* tap) {
  Scenario scenario(seed, tap);
  return scenario.run();
}

}  // namespace bowline::random_simulation
