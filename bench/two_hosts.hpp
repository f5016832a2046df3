#pragma once

// Two Stacks on a cable, in one thread: a client at 10.77.0.1 and a server at 10.77.0.2, each
// driven by the turns that every driver makes.
//
// Their time is the processor time of this thread, read every few turns: on a machine that others
// use, too, delayed acknowledgments and other timers then run as often, for the work done, as they
// would on an idle one.

#include <cstdint>
#include <optional>

#include "bench/measure.hpp"
#include "bowline/driver/turn.hpp"
#include "bowline/link/memory_link.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::bench {

/// A Stack, its turns, and what it allocated.
class Host {
 public:
  Host(StackConfig config, Link& link, const IpAddress& address)
      : stack(make(config, memory)), turn(stack) {
    const InterfaceId interface = must(turn.add_link(link), "add a link");
    must(stack.add_address(interface, {address, 24}), "add an address");
  }

  CountingMemory memory;
  Stack stack;
  driver::Turn turn;

 private:
  static Stack make(StackConfig config, Memory& memory) {
    config.memory = &memory;
    return must(Stack::create(config), "make a stack");
  }
};

inline constexpr IpAddress kClientAddress = IpAddress::v4(0x0a4d0001);
inline constexpr IpAddress kServerAddress = IpAddress::v4(0x0a4d0002);

/// The two, and the cable.
class TwoHosts {
 public:
  TwoHosts(StackConfig config, const MemoryLinkOptions& options)
      : cable(must(LinkPair::create(options), "make a cable")),
        client(seeded(config, 1), cable.left(), kClientAddress),
        server(seeded(config, 2), cable.right(), kServerAddress) {}

  /// A turn of the one, then of the other.
  template <class ClientApplication, class ServerApplication>
  void step(ClientApplication&& at_client, ServerApplication&& at_server) {
    if (++turns_ % kTurnsPerReading == 0) now_ = cpu_now();
    const Time now = now_;
    client.turn.input(now);
    at_client(client.stack, now);
    client.turn.output(now);
    server.turn.input(now);
    at_server(server.stack, now);
    server.turn.output(now);
  }

  /// A server socket at `port`.
  Handle listen(std::uint16_t port, std::uint32_t backlog) {
    ListenOptions options;
    options.local = {kServerAddress, port};
    options.backlog = backlog;
    return must(server.stack.listen(options, now_), "listen");
  }

  /// What time it is for both.
  [[nodiscard]] Time now() const { return now_; }

  LinkPair cable;
  Host client;
  Host server;

 private:
  static constexpr std::uint32_t kTurnsPerReading = 16;  // reading this clock is a system call

  [[nodiscard]] static Time cpu_now() {
    return Time(Duration(static_cast<std::int64_t>(cpu_seconds() * 1e9)));
  }

  Time now_ = cpu_now();
  std::uint32_t turns_ = 0;

  static StackConfig seeded(StackConfig config, std::uint64_t seed) {
    config.seed = {seed, seed + 1, seed + 2, seed + 3};
    return config;
  }
};

}  // namespace bowline::bench
