// Exchanges in memory: a request of 64 bytes, an answer of 64 bytes, on one connection and on very
// many, two Stacks in one thread.
//
// With one connection this is the cost of a round trip. With many, requests go round all of them,
// 32 under way at a time, so that each meets a connection whose memory has long left the cache: the
// cost of scale. Also: what opening so many took, and the memory that each holds.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/two_hosts.hpp"

namespace bowline::bench {
namespace {

constexpr std::size_t kMessage = 64;
constexpr std::uint32_t kUnderWay = 32;
constexpr std::uint16_t kFirstServerPort = 10'000;
constexpr std::uint16_t kFirstClientPort = 1'024;
constexpr std::uint32_t kPortsPerServer = 60'000;

/// Answers each message.
class Answerer {
 public:
  void operator()(Stack& stack, Time now) {
    while (const auto ready = stack.poll_ready()) {
      if (ready->handle.kind == HandleKind::listener) {
        while (stack.accept(ready->handle, now)) ++accepted_;
      } else if ((ready->mask & kReadable) != 0) {
        while (const auto count = stack.read(ready->handle, message_, now)) {
          must(stack.write(ready->handle, std::span(message_).first(*count), now), "answer");
        }
      }
    }
  }
  [[nodiscard]] std::uint32_t accepted() const { return accepted_; }

 private:
  std::array<std::byte, kMessage> message_{};
  std::uint32_t accepted_ = 0;
};

/// Asks, on one connection after the other.
class Asker {
 public:
  /// Opens connections until there are `wanted`.
  void open(Stack& stack, std::uint32_t wanted, Time now) {
    while (sockets_.size() < wanted) {
      const auto number = static_cast<std::uint32_t>(sockets_.size());
      ConnectOptions options;
      options.remote = {kServerAddress,
                        static_cast<std::uint16_t>(kFirstServerPort + number / kPortsPerServer)};
      options.local = {kClientAddress,
                       static_cast<std::uint16_t>(kFirstClientPort + number % kPortsPerServer)};
      sockets_.push_back(must(stack.connect(options, now), "connect"));
    }
  }

  void operator()(Stack& stack, Time now) {
    while (const auto ready = stack.poll_ready()) {
      if ((ready->mask & kError) != 0) {
        give_up("exchange", stack.take_error(ready->handle).message());
      }
      if ((ready->mask & kReadable) == 0) continue;
      while (stack.read(ready->handle, message_, now)) {
      }
      ++exchanges_;
      --under_way_;
    }
    while (running_ && under_way_ < std::min<std::size_t>(kUnderWay, sockets_.size())) {
      must(stack.write(sockets_[next_], message_, now), "ask");
      ++under_way_;
      if (++next_ == sockets_.size()) next_ = 0;
    }
  }
  void start() { running_ = true; }
  [[nodiscard]] std::uint64_t exchanges() const { return exchanges_; }

 private:
  std::vector<Handle> sockets_;
  std::array<std::byte, kMessage> message_{};
  std::uint64_t exchanges_ = 0;
  std::size_t next_ = 0;
  std::uint32_t under_way_ = 0;
  bool running_ = false;
};

struct Figures {
  double opens;      // thousand a second
  double exchanges;  // million a second
  double bytes;      // both ends of a connection, as opened
  std::uint64_t allocations;
};

Figures measure(std::uint32_t connections, double seconds) {
  StackConfig config;
  config.limits.connections = connections;
  config.limits.buffer_bytes = 8ULL << 30;
  MemoryLinkOptions link;
  link.wire = MemoryWire::cut;
  TwoHosts hosts(config, link);
  for (std::uint32_t i = 0; i * kPortsPerServer < connections; ++i) {
    static_cast<void>(hosts.listen(static_cast<std::uint16_t>(kFirstServerPort + i), 1'024));
  }
  const auto allocations = [&] {
    return hosts.client.memory.allocations() + hosts.server.memory.allocations();
  };
  const std::uint64_t empty = hosts.client.memory.held() + hosts.server.memory.held();

  Asker asker;
  Answerer answerer;
  const double opening = cpu_seconds();
  while (answerer.accepted() < connections) {
    asker.open(hosts.client.stack, std::min(connections, answerer.accepted() + kUnderWay),
               hosts.now());
    hosts.step(asker, answerer);
  }
  const double opened = cpu_seconds();
  const std::uint64_t held = hosts.client.memory.held() + hosts.server.memory.held() - empty;

  const auto run_until = [&](double end, std::uint64_t least) {
    while (cpu_seconds() < end || asker.exchanges() < least) {
      for (int i = 0; i < 64; ++i) hosts.step(asker, answerer);
    }
  };
  asker.start();
  // Every connection once, so that each has had its first exchange, and the time to settle.
  run_until(cpu_seconds() + 0.1, connections);
  const std::uint64_t exchanges = asker.exchanges();
  const std::uint64_t allocated = allocations();
  const double began = cpu_seconds();
  run_until(began + seconds, exchanges + connections);
  const double took = cpu_seconds() - began;
  return {connections * 1e-3 / (opened - opening),
          static_cast<double>(asker.exchanges() - exchanges) * 1e-6 / took,
          static_cast<double>(held) / connections, allocations() - allocated};
}

void run(int argc, char** argv) {
  check_arguments(argc, argv, {"rounds", "milliseconds", "most"},
                  "exchange_bench [rounds=N] [milliseconds=N] [most=CONNECTIONS]");
  const auto rounds = argument(argc, argv, "rounds", 3);
  const double seconds = static_cast<double>(argument(argc, argv, "milliseconds", 500)) * 1e-3;
  const auto most = argument(argc, argv, "most", 1'000'000);

  struct Row {
    std::uint32_t connections;
    Rounds opens, exchanges, bytes;
    std::uint64_t allocations = 0;
  };
  std::array<Row, 4> rows{
      {{1, {}, {}, {}}, {10'000, {}, {}, {}}, {100'000, {}, {}, {}}, {1'000'000, {}, {}, {}}}};
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (Row& row : rows) {
      if (row.connections > most) continue;
      const Figures figures = measure(row.connections, seconds);
      row.opens.add(figures.opens);
      row.exchanges.add(figures.exchanges);
      row.bytes.add(figures.bytes);
      row.allocations += figures.allocations;
    }
  }
  fmt::print(
      "Exchanges of {} bytes each way in memory: both ends and all calls on one core, by processor "
      "time; median of {} rounds\n\n",
      kMessage, rounds);
  fmt::print(
      "| connections | M exchanges/s | lowest to highest | opened, thousand/s | bytes held, both "
      "ends | allocations |\n");
  fmt::print("|---:|---:|---:|---:|---:|---:|\n");
  for (const Row& row : rows) {
    if (row.connections > most) continue;
    // A single opening is no rate.
    const std::string opens =
        row.connections < 1'000 ? "" : fmt::format("{:.0f}", row.opens.median());
    fmt::print("| {} | {:.2f} | {:.2f} to {:.2f} | {} | {:.0f} | {} |\n", row.connections,
               row.exchanges.median(), row.exchanges.lowest(), row.exchanges.highest(), opens,
               row.bytes.median(), row.allocations);
  }
}

}  // namespace
}  // namespace bowline::bench

int main(int argc, char** argv) { bowline::bench::run(argc, argv); }
