#include "tools/bridge.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <tuple>

#include "bowline/driver/clock.hpp"
#include "bowline/sim/bridge.hpp"
#include "tools/failure.hpp"
#include "tools/tun_end.hpp"

namespace bowline::tools {
namespace {

// ---- time --------------------------------------------------------------------------------------

// Woken when it asked to be: without the kernel's 50 us of slack, and before ordinary processes
// where that is allowed (root, a limit of RLIMIT_RTPRIO, or who started it is so already). It never
// spins.
bool hurry() {
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  if (::sched_getscheduler(0) == SCHED_FIFO) return true;
  const sched_param priority{.sched_priority = 1};
  return ::sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
}

void run(sim::Bridge& bridge, std::array<const os::TunLink*, 2> links) {
  const os::FileDescriptor end = end_signals();
  for (;;) {
    std::array<pollfd, 3> polled{
        pollfd{.fd = end.get(), .events = POLLIN, .revents = 0},
        pollfd{.fd = links[0]->descriptor(), .events = POLLIN, .revents = 0},
        pollfd{.fd = links[1]->descriptor(), .events = POLLIN, .revents = 0}};
    const Time deadline = bridge.next_deadline();
    timespec timeout{};
    if (deadline != kNever) {
      const auto wait = std::max<std::int64_t>(0, (deadline - driver::monotonic_now()).count());
      timeout = {.tv_sec = static_cast<time_t>(wait / 1'000'000'000),
                 .tv_nsec = static_cast<long>(wait % 1'000'000'000)};
    }
    const int ready =
        ::ppoll(polled.data(), polled.size(), deadline == kNever ? nullptr : &timeout, nullptr);
    if (ready < 0 && errno != EINTR) {
      throw Failure(fmt::format("cannot wait: {}", os::describe(errno)));
    }
    if (ready > 0 && polled[0].revents != 0) return;
    bridge.turn(driver::monotonic_now());
    for (const os::TunLink* link : links) {
      if (link->error()) {
        throw Failure(fmt::format("the bridge has lost an end: {}", link->error().message()));
      }
    }
  }
}

// ---- the report --------------------------------------------------------------------------------

double milliseconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

// Every fate that counters know of.
constexpr std::size_t kFates = std::tuple_size_v<decltype(sim::LaneCounters::fates)>;

std::string in_words(const char* name, const sim::LaneCounters& c) {
  std::string line =
      fmt::format("{}: {} packets, {} bytes; arrived {}", name, c.packets, c.bytes, c.arrived);
  for (std::size_t i = 0; i < kFates; ++i) {
    if (c.fates[i] > 0)
      line += fmt::format(", {} {}", sim::name(static_cast<sim::Fate>(i)), c.fates[i]);
  }
  if (c.malformed > 0) line += fmt::format(", malformed {}", c.malformed);
  if (c.no_memory > 0) line += fmt::format(", no memory {}", c.no_memory);
  return line + "\n";
}

std::string in_json(const char* name, const sim::LaneCounters& c) {
  std::string object = fmt::format("\"{}\":{{\"packets\":{},\"bytes\":{},\"arrived\":{}", name,
                                   c.packets, c.bytes, c.arrived);
  for (std::size_t i = 0; i < kFates; ++i) {
    std::string key(sim::name(static_cast<sim::Fate>(i)));
    std::ranges::replace(key, ' ', '_');
    object += fmt::format(",\"{}\":{}", key, c.fates[i]);
  }
  return object + fmt::format(",\"malformed\":{},\"no_memory\":{}}}", c.malformed, c.no_memory);
}

void report(const sim::Bridge& bridge, bool json) {
  const sim::Lateness& late = bridge.lateness();
  if (json) {
    fmt::print(
        "{{{},{},\"refused\":{},\"late_ms\":{{\"p50\":{:.3f},\"p99\":{:.3f},\"max\":{:.3f}}}}}\n",
        in_json("there", bridge.there().counters()), in_json("back", bridge.back().counters()),
        bridge.refused(), milliseconds(late.of(0.5)), milliseconds(late.of(0.99)),
        milliseconds(late.most()));
  } else {
    fmt::print(
        "{}{}late: half of {} turns by at most {} ms, 99 % by {} ms, the latest by {:.3f} ms\n",
        in_words("there", bridge.there().counters()), in_words("back", bridge.back().counters()),
        late.turns(), milliseconds(late.of(0.5)), milliseconds(late.of(0.99)),
        milliseconds(late.most()));
    if (bridge.refused() > 0) {
      fmt::print("refused by an interface, and so lost: {} packets\n", bridge.refused());
    }
  }
  std::fflush(stdout);
}

}  // namespace

void add_bridge_options(CLI::App& command, BridgeOptions& options) {
  command
      .add_option("--bridge", options.ends,
                  "Two interfaces, tun:NAME or tun:NAME@NAMESPACE, to join in real time")
      ->expected(2)
      ->type_name("A B");
  options.wire.add_to(command);
}

void bridge(const BridgeOptions& options, std::uint64_t seed, bool json) {
  const WirePair wires = options.wire.wires();
  const std::uint32_t mtu = std::max(wires.there.mtu, wires.back.mtu);
  const std::string argument = "--bridge";
  const auto left = open_tun_end(argument, read_tun_end(argument, options.ends[0]), mtu);
  const auto right = open_tun_end(argument, read_tun_end(argument, options.ends[1]), mtu);
  sim::Bridge joined(*left, *right, wires.there, wires.back, seed);
  const bool first = hurry();
  fmt::print(stderr, "joined {} and {}{}; Ctrl-C ends\n", options.ends[0], options.ends[1],
             first ? "" : " (without real-time priority: packets may be late on a busy machine)");
  run(joined, {left.get(), right.get()});
  report(joined, json);
}

}  // namespace bowline::tools
