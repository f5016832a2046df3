// The simulator's speed: one bulk flow over 10 Gbit/s and 1 ms, with buffers and queue of 16 MB.
//
// Each wire packet is of 1500 bytes at most, and queued, timed and delivered singly; it is the
// production stack at both ends. Figures: wire packets (data and acknowledgments) per second, of
// wall time and of this thread's processor time. docs/performance.md sets them beside ns-3's.
//
//     sim_bench [rounds=3] [ms=1000]

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "bench/measure.hpp"
#include "bowline/sim/simulation.hpp"

namespace bowline::bench {
namespace {

using sim::operator""_gbps;

constexpr std::uint32_t kBuffer = 16U << 20;
constexpr std::uint32_t kPiece = 64U << 10;
const Endpoint kService{*IpAddress::parse("10.0.0.2"), 80};

/// Writes as much as there is room for, by reference.
class Source final : public sim::CopyableActor<Source> {
 public:
  explicit Source(Slice piece) : piece_(std::move(piece)) {}
  Time act(Stack& stack, std::span<const Ready>, Time now) override {
    if (!socket_) socket_ = must(stack.connect({.remote = kService}, now), "connect");
    while (stack.write_owned(socket_, piece_, now)) {
    }
    return kNever;
  }

 private:
  Slice piece_;
  Handle socket_;
};

/// Reads whatever is there, by reference.
class Sink final : public sim::CopyableActor<Sink> {
 public:
  Time act(Stack& stack, std::span<const Ready>, Time now) override {
    if (!listener_) listener_ = must(stack.listen({.local = kService}, now), "listen");
    if (!socket_) {
      const auto accepted = stack.accept(listener_, now);
      if (!accepted) return kNever;
      socket_ = *accepted;
    }
    for (;;) {
      const auto slice = stack.read_slice(socket_, kBuffer, now);
      if (!slice || slice->empty()) return kNever;
      received_ += slice->size();
    }
  }
  /// Bytes.
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }

 private:
  Handle listener_;
  Handle socket_;
  std::uint64_t received_ = 0;
};

void round(double seconds) {
  sim::Simulation net(1);
  sim::HostOptions options;
  options.stack.tcp.send_buffer = kBuffer;
  options.stack.tcp.receive_buffer = kBuffer;
  sim::Host& client = net.add_host("client", options);
  sim::Host& server = net.add_host("server", options);
  net.connect(client, *Cidr::parse("10.0.0.1/24"), server, *Cidr::parse("10.0.0.2/24"),
              {.rate = 10_gbps, .delay = 1ms, .queue = kBuffer});
  server.start(std::make_unique<Sink>());
  net.run_until(net.now());
  const std::vector<std::byte> bytes(kPiece);
  client.start(std::make_unique<Source>(client.stack().pool().copy(bytes)));

  const double wall = seconds_on(CLOCK_MONOTONIC);
  const double cpu = cpu_seconds();
  net.run_for(Duration(static_cast<Duration::rep>(seconds * 1e9)));
  const double wall_taken = seconds_on(CLOCK_MONOTONIC) - wall;
  const double cpu_taken = cpu_seconds() - cpu;
  const auto packets = static_cast<double>(net.packets());
  fmt::print(
      "bowline: {:.3f} s wall, {:.3f} s cpu, {} wire packets, {:.0f} packets/s of wall, {:.0f} of "
      "cpu, goodput {:.2f} Gbit/s\n",
      wall_taken, cpu_taken, net.packets(), packets / wall_taken, packets / cpu_taken,
      static_cast<double>(static_cast<const Sink&>(server.actor(0)).received()) * 8 / seconds /
          1e9);
}

}  // namespace
}  // namespace bowline::bench

int main(int argc, char** argv) {
  using bowline::bench::argument;
  bowline::bench::check_arguments(argc, argv, {"rounds", "ms"}, "sim_bench [rounds=3] [ms=1000]");
  const std::uint64_t rounds = argument(argc, argv, "rounds", 3);
  const std::uint64_t ms = argument(argc, argv, "ms", 1'000);
  for (std::uint64_t i = 0; i < rounds; ++i) bowline::bench::round(static_cast<double>(ms) / 1e3);
  return 0;
}
