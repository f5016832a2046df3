// A heartbeat sees what keepalive cannot.
//
// TCP's keepalive (RFC 9293 section 3.8.4) asks the peer's *stack* whether the connection is still
// there, and the stack answers by itself: the program behind it is never asked. So a server that
// hangs, in an endless loop or on a lock, stays "alive" for ever as far as its client's TCP can
// see. A heartbeat is a line of the application's own protocol, and only a working program answers
// it.
//
// Two runs in virtual time, each with a client that has keepalive on (after 60 s of silence, every
// 10 s, three times) and sends a heartbeat every 30 s, giving up after three without an answer:
//
//   1. After five minutes the server's program hangs. Keepalive is content for an hour; the
//   heartbeat
//      says within two minutes that nobody is there.
//   2. After five minutes the cable is cut. Now both find out.

#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "bowline/sim/simulation.hpp"

using bowline::Duration;
using bowline::Handle;
using bowline::kNever;
using bowline::Ready;
using bowline::Stack;
using bowline::Time;
using bowline::operator""ms;
using bowline::operator""s;
using bowline::operator""min;
using bowline::operator""h;
using bowline::sim::operator""_percent;

namespace {

constexpr Duration kTrouble = 5min;
const bowline::Endpoint kService{*bowline::IpAddress::parse("10.0.0.2"), 4000};

/// Answers each byte by the same; from `hangs_at` on it does nothing any more.
class Server final : public bowline::sim::CopyableActor<Server> {
 public:
  explicit Server(Time hangs_at) : hangs_at_(hangs_at) {}

  Time act(Stack& stack, std::span<const Ready> /*ready*/, Time now) override {
    if (now >= hangs_at_) return kNever;  // the program hangs; its stack does not
    if (!listener_) listener_ = *stack.listen({.local = kService}, now);
    if (!socket_) {
      if (const auto socket = stack.accept(*listener_, now)) socket_ = *socket;
    }
    std::byte bytes[100];
    while (socket_) {
      const auto count = stack.read(*socket_, bytes, now);
      if (!count || *count == 0) break;
      (void)stack.write(*socket_, std::span(bytes, *count), now);
    }
    return kNever;
  }

 private:
  Time hangs_at_;
  std::optional<Handle> listener_, socket_;
};

/// What the client found out, and when; kNever: it did not.
struct Findings {
  Time by_heartbeat = kNever;
  Time by_keepalive = kNever;
};

/// A client. With `beats` it sends a heartbeat every 30 s; without, it only has keepalive. (One
/// connection with both would spare keepalive its work: heartbeats are traffic.)
class Client final : public bowline::sim::CopyableActor<Client> {
 public:
  Client(bool beats, Findings& findings) : beats_(beats), findings_(&findings) {}

  Time act(Stack& stack, std::span<const Ready> /*ready*/, Time now) override {
    if (!socket_) {
      bowline::ConnectOptions options{.remote = kService};
      options.socket.keepalive = {.enabled = true, .idle = 60s, .interval = 10s, .probes = 3};
      socket_ = *stack.connect(options, now);
      next_beat_ = now + 1s;
    }
    if ((stack.readiness(*socket_) & bowline::kClosed) != 0) {
      if (!beats_ && findings_->by_keepalive == kNever) findings_->by_keepalive = now;
      return kNever;
    }
    std::byte answer[100];
    if (const auto count = stack.read(*socket_, answer, now); count && *count > 0) unanswered_ = 0;
    if (!beats_ && !said_hello_) {
      said_hello_ = stack.write(*socket_, std::as_bytes(std::span("hello", 5)), now).has_value();
    }
    if (!beats_) return said_hello_ ? kNever : now + 1s;
    if (now >= next_beat_) {
      if (unanswered_ == 3) {
        findings_->by_heartbeat = now;
        (void)stack.abort(*socket_, now);
        next_beat_ = kNever;
        return kNever;
      }
      (void)stack.write(*socket_, std::as_bytes(std::span("?", 1)), now);
      ++unanswered_;
      next_beat_ = now + 30s;
    }
    return next_beat_;
  }

 private:
  bool beats_;
  Findings* findings_;
  std::optional<Handle> socket_;
  Time next_beat_ = kNever;
  int unanswered_ = 0;
  bool said_hello_ = false;
};

/// An hour with a server whose program hangs, or whose cable is cut, after five minutes.
Findings run(bool cut) {
  Findings findings;
  for (const bool beats : {true, false}) {
    bowline::sim::Simulation net(11);
    auto& client = net.add_host("client");
    auto& server = net.add_host("server");
    const auto cable = net.connect(client, *bowline::Cidr::parse("10.0.0.1/24"), server,
                                   *bowline::Cidr::parse("10.0.0.2/24"), {.delay = 20ms});
    server.start(std::make_unique<Server>(cut ? kNever : Time{} + kTrouble));
    client.start(std::make_unique<Client>(beats, findings));
    net.run_until(Time{} + kTrouble);
    if (cut) net.change(cable, {.delay = 20ms, .loss = 100_percent});
    net.run_for(1h);
  }
  return findings;
}

void say(const char* who, Time found) {
  if (found == kNever) {
    std::printf("  %s: an hour later it still says \"alive\"\n", who);
  } else {
    const auto after =
        std::chrono::duration_cast<std::chrono::seconds>(found - (Time{} + kTrouble));
    std::printf("  %s: gone, found out after %lld s\n", who, static_cast<long long>(after.count()));
  }
}

}  // namespace

int main() {
  const Findings hung = run(false);
  std::printf("The server's program hangs:\n");
  say("keepalive", hung.by_keepalive);
  say("heartbeat", hung.by_heartbeat);
  const Findings cut = run(true);
  std::printf("The cable is cut:\n");
  say("keepalive", cut.by_keepalive);
  say("heartbeat", cut.by_heartbeat);

  const bool shown = hung.by_keepalive == kNever && hung.by_heartbeat < Time{} + kTrouble + 2min &&
                     cut.by_keepalive < Time{} + kTrouble + 2min &&
                     cut.by_heartbeat < Time{} + kTrouble + 2min;
  return shown ? 0 : 1;
}
