// Bulk transfer between this Stack and the kernel over TUN, beside the kernel with itself over a
// veth cable: both in the same namespaces, in turn, round after round.
//
// Each end is a process with one thread; the receiving end takes the time from the first byte to
// the end of the stream. The kernel's sockets use CUBIC by name, Bowline what it has. Segments of
// up to 64 KiB cross both kinds of link uncut, checksums left out, which is what either does by
// default.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "bench/measure.hpp"
#include "bowline/driver/clock.hpp"
#include "bowline/driver/poll_driver.hpp"
#include "bowline/os/namespaces.hpp"
#include "bowline/os/netlink.hpp"
#include "bowline/os/random.hpp"
#include "bowline/os/tun.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::bench {
namespace {

constexpr std::size_t kChunk = 64U << 10;
constexpr std::uint16_t kPort = 5'001;
constexpr auto kPatience = 60s;

constexpr IpAddress kKernelOnTun = IpAddress::v4(0x0a4d0001);
constexpr IpAddress kBowlineOnTun = IpAddress::v4(0x0a4d0002);
constexpr IpAddress kNearOnVeth = IpAddress::v4(0x0a4e0001);
constexpr IpAddress kFarOnVeth = IpAddress::v4(0x0a4e0002);

template <class T>
T must(os::Outcome<T> outcome, std::string_view what) {
  if (!outcome) give_up(what, outcome.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*outcome);
}

/// What a system call returned, unless it failed.
long must_call(long result, std::string_view what) {
  if (result < 0) give_up(what, os::describe(errno));
  return result;
}

/// What one end has to tell when it is done.
struct Report {
  std::uint64_t bytes = 0;
  double seconds = 0;  // first byte to end of stream; 0 for the sending end
  double cpu = 0;      // processor seconds of this end, from before the first byte
};

double process_cpu() { return seconds_on(CLOCK_PROCESS_CPUTIME_ID); }

// ---- the kernel's ends

os::FileDescriptor kernel_socket() {
  os::FileDescriptor socket(
      static_cast<int>(must_call(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")));
  constexpr std::string_view kCubic = "cubic";
  must_call(setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, kCubic.data(), kCubic.size()),
            "set TCP_CONGESTION to cubic");
  return socket;
}

sockaddr_in address_of(const IpAddress& address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(kPort);
  result.sin_addr.s_addr = htonl(address.v4_value());
  return result;
}

os::FileDescriptor kernel_listener(const IpAddress& address) {
  os::FileDescriptor socket = kernel_socket();
  const int yes = 1;
  must_call(setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "SO_REUSEADDR");
  const sockaddr_in to = address_of(address);
  must_call(bind(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), "bind");
  must_call(listen(socket.get(), 1), "listen");
  return socket;
}

Report kernel_sends(const IpAddress& address, std::uint64_t bytes) {
  const os::FileDescriptor socket = kernel_socket();
  const sockaddr_in to = address_of(address);
  must_call(connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
  const double cpu = process_cpu();
  const std::vector<std::byte> chunk(kChunk, std::byte{0x5a});
  Report report;
  while (report.bytes < bytes) {
    const auto size = std::min<std::uint64_t>(bytes - report.bytes, chunk.size());
    report.bytes +=
        static_cast<std::uint64_t>(must_call(send(socket.get(), chunk.data(), size, 0), "send"));
  }
  must_call(shutdown(socket.get(), SHUT_WR), "shutdown");
  std::byte none{};
  must_call(recv(socket.get(), &none, 1, 0), "wait for the end");
  report.cpu = process_cpu() - cpu;
  return report;
}

Report kernel_receives(const os::FileDescriptor& listener) {
  const os::FileDescriptor socket(
      static_cast<int>(must_call(accept(listener.get(), nullptr, nullptr), "accept")));
  std::vector<std::byte> chunk(kChunk);
  Report report;
  double began = 0;
  double cpu = 0;
  while (const long count = must_call(recv(socket.get(), chunk.data(), chunk.size(), 0), "recv")) {
    if (report.bytes == 0) {
      began = seconds_on(CLOCK_MONOTONIC);
      cpu = process_cpu();
    }
    report.bytes += static_cast<std::uint64_t>(count);
  }
  report.seconds = seconds_on(CLOCK_MONOTONIC) - began;
  report.cpu = process_cpu() - cpu;
  return report;
}

// ---- Bowline's ends

/// A Stack on the TUN device.
struct Bowline {
  explicit Bowline(os::TunLink& link) : stack(make()), turn(stack) {
    const InterfaceId interface = bench::must(turn.add_link(link), "add the link");
    bench::must(stack.add_address(interface, {kBowlineOnTun, 24}), "add an address");
    bench::must(driver.start(), "start the driver");
  }

  void run(driver::Application application, const bool& done) {
    driver.add(turn, std::move(application));
    const bool in_time = bench::must(
        driver.run_until([&] { return done; }, driver::monotonic_now() + kPatience), "run");
    if (!in_time) give_up("transfer over TUN", "not over after a minute");
  }

  Stack stack;
  driver::Turn turn;
  driver::PollDriver driver;

 private:
  static Stack make() {
    StackConfig config;
    config.seed = bench::must(os::random_seed(), "random seed");
    return bench::must(Stack::create(config), "make a stack");
  }
};

Report bowline_receives(Bowline& bowline, Handle listener, bool view) {
  Report report;
  Handle socket;
  std::vector<std::byte> chunk(kChunk);
  double began = 0;
  double cpu = 0;
  bool closed = false;
  bool done = false;
  const auto took = [&](std::size_t count) {
    if (report.bytes == 0) {
      began = seconds_on(CLOCK_MONOTONIC);
      cpu = process_cpu();
    }
    report.bytes += count;
    if (count > 0) return true;
    report.seconds = seconds_on(CLOCK_MONOTONIC) - began;
    report.cpu = process_cpu() - cpu;
    return false;
  };
  const auto application = [&](Stack& stack, Time now) {
    while (const auto ready = stack.poll_ready()) {
      if (ready->handle == listener) {
        socket = bench::must(stack.accept(listener, now), "accept");
        continue;
      }
      while (!closed && (ready->mask & kReadable) != 0) {
        std::size_t count = 0;
        if (view) {
          const auto slice = stack.read_slice(socket, kChunk, now);
          if (!slice) break;
          count = slice->size();
        } else {
          const auto read = stack.read(socket, chunk, now);
          if (!read) break;
          count = *read;
        }
        if (took(count)) continue;
        bench::must(stack.shutdown(socket, Direction::send, now), "shutdown");
        closed = true;
      }
      if ((ready->mask & kClosed) != 0) done = true;
    }
    return kNever;
  };
  bowline.run(application, done);
  return report;
}

Report bowline_sends(Bowline& bowline, std::uint64_t bytes, bool lend) {
  Report report;
  const std::vector<std::byte> chunk(kChunk, std::byte{0x5a});
  const Slice lent = bowline.stack.pool().adopt(chunk, nullptr, nullptr);
  ConnectOptions options;
  options.remote = {kKernelOnTun, kPort};
  const Handle socket =
      bench::must(bowline.stack.connect(options, driver::monotonic_now()), "connect");
  const double cpu = process_cpu();
  bool finished = false;
  bool done = false;
  const auto write = [&](Stack& stack, Time now) -> std::size_t {
    const auto size =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes - report.bytes, chunk.size()));
    if (lend) return stack.write_owned(socket, lent.part(0, size), now) ? size : 0;
    return stack.write(socket, std::span(chunk).first(size), now).value_or(0);
  };
  const auto application = [&](Stack& stack, Time now) {
    while (const auto ready = stack.poll_ready()) {
      if ((ready->mask & kError) != 0) give_up("send", stack.take_error(socket).message());
      if ((ready->mask & kWritable) == 0 || finished) {
        // The kernel finishes when it has read all: then we are done, though TIME-WAIT is not over.
        done = finished && (ready->mask & kPeerClosed) != 0;
        continue;
      }
      while (report.bytes < bytes) {
        const std::size_t count = write(stack, now);
        if (count == 0) break;
        report.bytes += count;
      }
      if (report.bytes < bytes) continue;
      bench::must(stack.shutdown(socket, Direction::send, now), "shutdown");
      finished = true;
    }
    return kNever;
  };
  bowline.run(application, done);
  report.cpu = process_cpu() - cpu;
  return report;
}

// ---- two processes

/// Runs `there` in a child process and `here` in this one; both reports.
std::array<Report, 2> together(const std::function<Report()>& there,
                               const std::function<Report()>& here) {
  std::array<int, 2> ends{};
  must_call(pipe(ends.data()), "pipe");
  const auto child = static_cast<pid_t>(must_call(fork(), "fork"));
  if (child == 0) {
    const Report report = there();
    const bool written = write(ends[1], &report, sizeof report) == sizeof report;
    _exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  const Report mine = here();
  Report other;
  if (read(ends[0], &other, sizeof other) != sizeof other) give_up("benchmark", "an end failed");
  ::close(ends[0]);
  waitpid(child, nullptr, 0);
  return {other, mine};
}

struct Figures {
  double gigabits;
  double cpu;  // processor seconds for a gigabyte, both ends
};

Figures figures_of(const std::array<Report, 2>& ends, std::uint64_t bytes) {
  const Report& receiver = ends[0].seconds > 0 ? ends[0] : ends[1];
  if (receiver.bytes != bytes) give_up("benchmark", "bytes went missing");
  const auto total = static_cast<double>(bytes);
  return {total * 8e-9 / receiver.seconds, (ends[0].cpu + ends[1].cpu) / (total * 1e-9)};
}

Figures kernel_to_bowline(os::TunLink& link, std::uint64_t bytes, bool view) {
  Bowline bowline(link);
  ListenOptions options;
  options.local = {kBowlineOnTun, kPort};
  const Handle listener =
      bench::must(bowline.stack.listen(options, driver::monotonic_now()), "listen");
  return figures_of(together([&] { return kernel_sends(kBowlineOnTun, bytes); },
                             [&] { return bowline_receives(bowline, listener, view); }),
                    bytes);
}

Figures bowline_to_kernel(os::TunLink& link, std::uint64_t bytes, bool lend) {
  Bowline bowline(link);
  const os::FileDescriptor listener = kernel_listener(kKernelOnTun);
  return figures_of(together([&] { return kernel_receives(listener); },
                             [&] { return bowline_sends(bowline, bytes, lend); }),
                    bytes);
}

Figures kernel_to_kernel(const os::FileDescriptor& far, std::uint64_t bytes) {
  os::FileDescriptor listener;
  must(os::within(far,
                  [&]() -> os::Outcome<void> {
                    listener = kernel_listener(kFarOnVeth);
                    return {};
                  }),
       "listen in the far namespace");
  return figures_of(together([&] { return kernel_sends(kFarOnVeth, bytes); },
                             [&] { return kernel_receives(listener); }),
                    bytes);
}

/// A veth cable from this namespace to the one returned.
os::FileDescriptor lay_veth() {
  os::FileDescriptor far = must(os::make_network_namespace(), "make a namespace");
  os::Netlink netlink = must(os::Netlink::open(), "netlink");
  must(netlink.create_veth("near", "far", far.get()), "create veth");
  must(netlink.set_up("near"), "set near up");
  must(netlink.add_address("near", {kNearOnVeth, 24}), "address near");
  must(os::within(far,
                  [&]() -> os::Outcome<void> {
                    os::Netlink there = must(os::Netlink::open(), "netlink");
                    must(there.set_up("far"), "set far up");
                    must(there.add_address("far", {kFarOnVeth, 24}), "address far");
                    return {};
                  }),
       "set up the far end");
  return far;
}

void run(int argc, char** argv) {
  check_arguments(argc, argv, {"rounds", "megabytes"}, "tun_bench [rounds=N] [megabytes=N]");
  const auto rounds = argument(argc, argv, "rounds", 5);
  const std::uint64_t bytes = argument(argc, argv, "megabytes", 1'000) * 1'000'000;

  must(os::enter_namespace(), "enter a namespace");
  os::TunOptions options;
  options.peer_addresses = {{kKernelOnTun, 24}};
  const std::unique_ptr<os::TunLink> link = must(os::create_tun(options), "create a TUN device");
  const os::FileDescriptor far = lay_veth();

  struct Row {
    std::string_view name;
    std::function<Figures()> measure;
    Rounds gigabits, cpu, ratio;
  };
  std::array<Row, 5> rows{{
      {"Linux to Linux, veth", [&] { return kernel_to_kernel(far, bytes); }, {}, {}, {}},
      {"Linux to Bowline, TUN: read",
       [&] { return kernel_to_bowline(*link, bytes, false); },
       {},
       {},
       {}},
      {"Linux to Bowline, TUN: read_slice",
       [&] { return kernel_to_bowline(*link, bytes, true); },
       {},
       {},
       {}},
      {"Bowline to Linux, TUN: write",
       [&] { return bowline_to_kernel(*link, bytes, false); },
       {},
       {},
       {}},
      {"Bowline to Linux, TUN: write_owned",
       [&] { return bowline_to_kernel(*link, bytes, true); },
       {},
       {},
       {}},
  }};
  for (std::uint64_t round = 0; round < rounds; ++round) {
    double baseline = 0;
    for (Row& row : rows) {
      const Figures figures = row.measure();
      if (&row == &rows.front()) baseline = figures.gigabits;
      row.gigabits.add(figures.gigabits);
      row.cpu.add(figures.cpu);
      row.ratio.add(figures.gigabits / baseline);
    }
  }
  fmt::print("{} MB at a time, by wall time; median of {} rounds; ratios are those of a round\n\n",
             bytes / 1'000'000, rounds);
  fmt::print(
      "| from, to | Gbit/s | lowest to highest | to Linux over veth | CPU s/GB, both ends |\n");
  fmt::print("|---|---:|---:|---:|---:|\n");
  for (const Row& row : rows) {
    fmt::print("| {} | {:.1f} | {:.1f} to {:.1f} | {:.2f} | {:.3f} |\n", row.name,
               row.gigabits.median(), row.gigabits.lowest(), row.gigabits.highest(),
               row.ratio.median(), row.cpu.median());
  }
}

}  // namespace
}  // namespace bowline::bench

int main(int argc, char** argv) { bowline::bench::run(argc, argv); }
