// Bulk transfer in memory: two Stacks in one thread, a cable between them, one connection, one
// direction.
//
// What differs: whether packets cross as segments of up to 64 KiB or as wire packets of at most
// 1500 bytes (each then is a Frame of its own in Stack::receive), who makes wire packets and
// checksums of segments, and whether the applications copy or lend. Bytes in flight are held to
// 512 KiB, so that they stay in the second-level cache.

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "bench/two_hosts.hpp"

namespace bowline::bench {
namespace {

constexpr std::uint32_t kInFlight = 512U << 10;
constexpr std::uint32_t kChunk = 64U << 10;

struct Way {
  std::string_view name;
  MemoryLinkOptions link;
};

MemoryLinkOptions cable(std::uint32_t max_gso, MemoryWire wire, bool checksum_offload) {
  MemoryLinkOptions options;
  options.max_gso = max_gso;
  options.wire = wire;
  options.transmit_checksum = checksum_offload;
  return options;
}

enum class Calls { copy_copy, copy_view, lend_view };

struct Use {
  std::string_view name;
  Calls calls;
};

/// Sends for ever.
class Sender {
 public:
  Sender(Stack& stack, Calls calls, Time now) : lend_(calls == Calls::lend_view), bytes_(kChunk) {
    for (std::size_t i = 0; i < bytes_.size(); ++i) bytes_[i] = static_cast<std::byte>(i * 31);
    if (lend_) lent_ = stack.pool().adopt(bytes_, nullptr, nullptr);
    ConnectOptions options;
    options.remote = {kServerAddress, 80};
    socket_ = must(stack.connect(options, now), "connect");
  }

  void operator()(Stack& stack, Time now) {
    while (const auto ready = stack.poll_ready()) {
      if ((ready->mask & kError) != 0) give_up("send", stack.take_error(socket_).message());
      if ((ready->mask & kWritable) != 0) fill(stack, now);
    }
  }

 private:
  void fill(Stack& stack, Time now) {
    if (lend_) {
      while (stack.write_owned(socket_, lent_, now)) {
      }
    } else {
      while (stack.write(socket_, bytes_, now)) {
      }
    }
  }

  bool lend_;
  std::vector<std::byte> bytes_;
  Slice lent_;
  Handle socket_;
};

/// Reads all there is.
class Receiver {
 public:
  Receiver(Handle listener, Calls calls)
      : view_(calls != Calls::copy_copy), listener_(listener), bytes_(kChunk) {}

  void operator()(Stack& stack, Time now) {
    while (const auto ready = stack.poll_ready()) {
      if (ready->handle == listener_) {
        socket_ = must(stack.accept(listener_, now), "accept");
      } else if ((ready->mask & kReadable) != 0) {
        drain(stack, now);
      }
    }
  }
  [[nodiscard]] std::uint64_t received() const { return received_; }

 private:
  void drain(Stack& stack, Time now) {
    if (view_) {
      while (const auto slice = stack.read_slice(socket_, kChunk, now)) received_ += slice->size();
    } else {
      while (const auto count = stack.read(socket_, bytes_, now)) received_ += *count;
    }
  }

  bool view_;
  Handle listener_;
  Handle socket_;
  std::vector<std::byte> bytes_;
  std::uint64_t received_ = 0;
};

struct Figures {
  double gigabits;
  double packets;
  std::uint64_t allocations;
};

Figures measure(const Way& way, const Use& use, double seconds) {
  StackConfig config;
  config.tcp.send_buffer = config.tcp.receive_buffer = kInFlight;
  config.tcp.send_buffer_max = config.tcp.receive_buffer_max = kInFlight;
  TwoHosts hosts(config, way.link);
  Receiver receiver(hosts.listen(80, 1), use.calls);
  Sender sender(hosts.client.stack, use.calls, hosts.now());

  const auto run_until = [&](double end) {
    while (cpu_seconds() < end) {
      for (int i = 0; i < 64; ++i) hosts.step(sender, receiver);
    }
  };
  run_until(cpu_seconds() + 0.1);  // slow start, first touch of the buffers
  const std::uint64_t bytes = receiver.received();
  const std::uint64_t frames = hosts.cable.from_left().frames;
  const std::uint64_t allocations =
      hosts.client.memory.allocations() + hosts.server.memory.allocations();
  const double began = cpu_seconds();
  run_until(began + seconds);
  const double took = cpu_seconds() - began;
  return {static_cast<double>(receiver.received() - bytes) * 8e-9 / took,
          static_cast<double>(hosts.cable.from_left().frames - frames) * 1e-6 / took,
          hosts.client.memory.allocations() + hosts.server.memory.allocations() - allocations};
}

}  // namespace

void run(int argc, char** argv) {
  check_arguments(argc, argv, {"rounds", "milliseconds", "only"},
                  "bulk_bench [rounds=N] [milliseconds=N] [only=ROW]");
  const auto rounds = argument(argc, argv, "rounds", 5);
  const double seconds = static_cast<double>(argument(argc, argv, "milliseconds", 300)) * 1e-3;
  const auto only = argument(argc, argv, "only", 0);

  const std::array<Way, 4> ways{{
      {"segments of up to 64 KiB", cable(65'535, MemoryWire::whole, true)},
      {"wire packets, cut by the link", cable(65'535, MemoryWire::cut, true)},
      {"wire packets, made by the stack", cable(0, MemoryWire::cut, true)},
      {"the same, checksums in software", cable(0, MemoryWire::checked, false)},
  }};
  const std::array<Use, 3> uses{{
      {"write, read", Calls::copy_copy},
      {"write, read_slice", Calls::copy_view},
      {"write_owned, read_slice", Calls::lend_view},
  }};
  struct Row {
    Rounds gigabits;
    Rounds packets;
    std::uint64_t allocations = 0;
  };
  std::array<std::array<Row, uses.size()>, ways.size()> rows;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (std::size_t w = 0; w < ways.size(); ++w) {
      for (std::size_t u = 0; u < uses.size(); ++u) {
        if (only != 0 && only != w * uses.size() + u + 1) continue;
        const Figures figures = measure(ways[w], uses[u], seconds);
        rows[w][u].gigabits.add(figures.gigabits);
        rows[w][u].packets.add(figures.packets);
        rows[w][u].allocations += figures.allocations;
      }
    }
  }

  fmt::print(
      "Bulk in memory: both ends and all calls on one core, by processor time; median of {} "
      "rounds\n\n",
      rounds);
  fmt::print("| packets | calls | Gbit/s | lowest to highest | M packets/s | allocations |\n");
  fmt::print("|---|---|---:|---:|---:|---:|\n");
  for (std::size_t w = 0; w < ways.size(); ++w) {
    for (std::size_t u = 0; u < uses.size(); ++u) {
      if (only != 0 && only != w * uses.size() + u + 1) continue;
      const Row& row = rows[w][u];
      fmt::print("| {} | {} | {:.1f} | {:.1f} to {:.1f} | {:.2f} | {} |\n", ways[w].name,
                 uses[u].name, row.gigabits.median(), row.gigabits.lowest(), row.gigabits.highest(),
                 row.packets.median(), row.allocations);
    }
  }
}

}  // namespace bowline::bench

int main(int argc, char** argv) { bowline::bench::run(argc, argv); }
