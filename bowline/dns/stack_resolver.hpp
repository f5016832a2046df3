#pragma once

// A Resolver on the sockets of a Stack.
//
// It is sequenced by readiness, like any application of a Stack: whoever drives that (the Asio
// host, an actor of a simulation) passes on what poll_ready() names and calls advance() at
// next_deadline(). Each try gets a UDP socket of its own, connected to the server, on a port drawn
// at random from the whole ephemeral range; so the Stack has dropped what comes from elsewhere
// before the resolver checks it again, and an ICMP error ends the wait. Truncated answers are asked
// for again over a TCP connection of their own.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "bowline/base/buffer.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/dns/resolver.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::dns {

/// A key for a Stack's resolver, derived from the Stack's seed under a name of its own.
[[nodiscard]] SipKey derive_secret(const std::array<std::uint64_t, 4>& seed) noexcept;

/// Looks names up through one Stack, which is handed in with each call and must be the same one.
/// Before it goes, either the Stack goes or close() is called.
class StackResolver {
 public:
  /// `memory` must outlive it, and what `config` refers to.
  StackResolver(const Config& config, const Limits& limits, const SipKey& secret,
                Memory& memory) noexcept
      : resolver_(config, limits, secret, memory), sockets_(memory, 2 * limits.lookups) {}

  /// As Resolver::set_config().
  void set_config(Stack& stack, const Config& config, Time now) noexcept;
  /// As Resolver::start().
  Result<LookupId> start(Stack& stack, const Name& name, bool absolute, Families families,
                         Time now) noexcept;
  /// As Resolver::cancel().
  void cancel(Stack& stack, LookupId lookup, Time now) noexcept;
  /// `ready` was named by Stack::poll_ready(). False: it is no socket of the resolver's.
  bool serve(Stack& stack, const Ready& ready, Time now) noexcept;
  /// The time has come.
  void advance(Stack& stack, Time now) noexcept;
  /// When advance() must be called at the latest.
  [[nodiscard]] Time next_deadline() const noexcept { return resolver_.next_deadline(); }
  /// The next lookup that is finished, its addresses in the order in which to try them.
  [[nodiscard]] std::optional<Finished> poll_finished(Stack& stack, Time now) noexcept;
  /// Closes every socket.
  void close(Stack& stack, Time now) noexcept;

  /// The machine itself: settings, counters.
  [[nodiscard]] const Resolver& resolver() const noexcept { return resolver_; }
  /// Sockets open now.
  [[nodiscard]] std::uint32_t sockets() const noexcept { return sockets_.size(); }

 private:
  struct Socket {
    ExchangeId exchange;
    Endpoint server;
    Handle handle;
    // TCP: the query with its length in front, and how much of it is written.
    std::array<std::byte, 2 + kMaxQuery> query{};
    std::size_t query_size = 0;
    std::size_t written = 0;
    // TCP: the answer's length, then the answer.
    std::array<std::byte, 2> length{};
    Buffer answer;
    std::size_t read = 0;  ///< of both together
  };

  void settle(Stack& stack, Time now) noexcept;
  void close_finished(Stack& stack, Time now) noexcept;
  void open(Stack& stack, const Transmit& transmit, Time now) noexcept;
  [[nodiscard]] Result<Handle> open_udp(Stack& stack, const Endpoint& server, Time now) noexcept;
  [[nodiscard]] Status send(Stack& stack, Socket& socket, const Transmit& transmit,
                            Time now) noexcept;
  void serve_udp(Stack& stack, const Socket& socket, Time now) noexcept;
  void serve_tcp(Stack& stack, Socket& socket, std::uint8_t mask, Time now) noexcept;
  [[nodiscard]] Status write(Stack& stack, Socket& socket, Time now) noexcept;
  [[nodiscard]] Result<bool> read(Stack& stack, Socket& socket, Time now) noexcept;

  Resolver resolver_;
  Slab<Socket> sockets_;
};

}  // namespace bowline::inline v0::dns
