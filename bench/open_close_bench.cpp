// Opening and closing in memory: a connection is opened, accepted, finished by the client and then
// by the server, again and again, two Stacks in one thread.
//
// The client's end goes through TIME-WAIT, whose records are soon at their limit: from then on each
// new one takes the place of the oldest.

#include <array>
#include <cstddef>
#include <cstdint>

#include "bench/two_hosts.hpp"

namespace bowline::bench {
namespace {

constexpr std::uint16_t kFirstPort = 10'000;
constexpr std::uint16_t kPorts = 32;  // of the server; so many times the ephemeral ports
constexpr std::uint32_t kUnderWay = 16;

/// Accepts, and closes when the other side has.
class Server {
 public:
  void operator()(Stack& stack, Time now) {
    while (const auto ready = stack.poll_ready()) {
      if (ready->handle.kind == HandleKind::listener) {
        while (stack.accept(ready->handle, now)) {
        }
      } else if ((ready->mask & kPeerClosed) != 0) {
        must(stack.close(ready->handle, now), "close");
        ++closed_;
      }
    }
  }
  [[nodiscard]] std::uint64_t closed() const { return closed_; }

 private:
  std::uint64_t closed_ = 0;
};

/// Opens, and closes at once.
class Client {
 public:
  explicit Client(const Server& server) : server_(server) {}

  void operator()(Stack& stack, Time now) {
    while (const auto ready = stack.poll_ready()) {
      if ((ready->mask & kError) != 0) {
        give_up("open", stack.take_error(ready->handle).message());
      }
      if ((ready->mask & kWritable) != 0) must(stack.close(ready->handle, now), "close");
    }
    for (; opened_ - server_.closed() < kUnderWay; ++opened_) {
      ConnectOptions options;
      options.remote = {kServerAddress, static_cast<std::uint16_t>(kFirstPort + opened_ % kPorts)};
      must(stack.connect(options, now), "connect");
    }
  }

 private:
  const Server& server_;
  std::uint64_t opened_ = 0;
};

struct Figures {
  double closed;  // thousand a second
  std::uint64_t allocations;
  std::uint64_t count;
};

Figures measure(double seconds) {
  TwoHosts hosts(StackConfig{}, MemoryLinkOptions{});
  for (std::uint16_t i = 0; i < kPorts; ++i) {
    static_cast<void>(hosts.listen(static_cast<std::uint16_t>(kFirstPort + i), 1'024));
  }
  Server server;
  Client client(server);
  const auto allocations = [&] {
    return hosts.client.memory.allocations() + hosts.server.memory.allocations();
  };
  const auto run_until = [&](double end, std::uint64_t least) {
    while (cpu_seconds() < end || server.closed() < least) {
      for (int i = 0; i < 64; ++i) hosts.step(client, server);
    }
  };
  run_until(0, 2 * Limits{}.time_wait);
  const std::uint64_t before = server.closed();
  const std::uint64_t allocated = allocations();
  const double began = cpu_seconds();
  run_until(began + seconds, 0);
  const double took = cpu_seconds() - began;
  const std::uint64_t count = server.closed() - before;
  return {static_cast<double>(count) * 1e-3 / took, allocations() - allocated, count};
}

void run(int argc, char** argv) {
  check_arguments(argc, argv, {"rounds", "milliseconds"},
                  "open_close_bench [rounds=N] [milliseconds=N]");
  const auto rounds = argument(argc, argv, "rounds", 5);
  const double seconds = static_cast<double>(argument(argc, argv, "milliseconds", 500)) * 1e-3;
  Rounds closed;
  Rounds allocations;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const Figures figures = measure(seconds);
    closed.add(figures.closed);
    allocations.add(static_cast<double>(figures.allocations) / static_cast<double>(figures.count));
  }
  fmt::print(
      "Opening and closing in memory: both ends and all calls on one core, by processor time; "
      "median of {} rounds\n\n",
      rounds);
  fmt::print(
      "| connections opened and closed, thousand/s | lowest to highest | allocations for each |\n");
  fmt::print("|---:|---:|---:|\n");
  fmt::print("| {:.0f} | {:.0f} to {:.0f} | {:.2f} |\n", closed.median(), closed.lowest(),
             closed.highest(), allocations.median());
}

}  // namespace
}  // namespace bowline::bench

int main(int argc, char** argv) { bowline::bench::run(argc, argv); }
