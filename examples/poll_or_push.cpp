// News by polling over HTTP, or pushed over WebSocket: the delay and the traffic of each.
//
// An HTTP server speaks only when it is asked. So clients poll: every so often each asks whether
// there is anything new, and by the way both sides learn that the other is there: a client that has
// not asked for a while counts as offline, and one that gets no answer takes the network to be
// down. The price is paid twice: news waits for the next poll, and every poll costs a request and
// an answer though most find nothing.
//
// With WebSocket (RFC 6455) the same connection turns into a channel that either side may write to
// at any time: news is pushed when it happens. Presence then needs a heartbeat of its own, and the
// protocol has one: the server's ping, which the client must answer with a pong.
//
// Both run here for an hour of virtual time over the same network with the same 30 pieces of news,
// a poll or a ping every 30 s; every packet is counted on the wire, headers included. Then the
// cable is cut, and both sides say when they have noticed. HTTP and WebSocket are spoken by hand,
// and only as much of them as this needs: examples/http_client.cpp shows a real library doing it.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/sim/simulation.hpp"

using bowline::Duration;
using bowline::Handle;
using bowline::kNever;
using bowline::Ready;
using bowline::Stack;
using bowline::Time;
using bowline::operator""h;
using bowline::operator""ms;
using bowline::operator""s;
using bowline::sim::operator""_percent;

namespace {

constexpr int kNews = 30;
constexpr Duration kInterval = 30s;                   // of polls, of pings
constexpr Duration kOffline = kInterval * 5 / 2;      // silence after which a peer counts as gone
const Time kCut = Time{} + 1h;                        // when the cable is cut
constexpr std::string_view kPing{"\x89\x00", 2};      // FIN, opcode 9, no payload
constexpr std::string_view kPong{"\x8a\x80....", 6};  // opcode 10, masked as a client must
const bowline::Endpoint kService{*bowline::IpAddress::parse("10.0.0.2"), 80};

/// When each piece of news happens: the same instants for both runs.
std::vector<Time> news_times() {
  auto random = bowline::Random::stream(1, "news");
  std::vector<Time> times;
  for (int i = 0; i < kNews; ++i) {
    times.push_back(Time{} + 60s + std::chrono::milliseconds(random.below(3'400'000)));
  }
  std::ranges::sort(times);
  return times;
}

/// What a run brought to light.
struct Report {
  std::vector<Time> known_at;            // when the client knew of each piece
  Time client_offline = kNever;          // the server counted it so
  Time network_down = kNever;            // the client did
  std::uint64_t packets = 0, bytes = 0;  // on the wire while it was whole
};

/// Writes all of a short text.
void say(Stack& stack, Handle socket, std::string_view text, Time now) {
  (void)stack.write(socket, std::as_bytes(std::span(text)), now);
}
/// Appends what has come to `text`.
void hear(Stack& stack, Handle socket, std::string& text, Time now) {
  char bytes[1'000];
  for (;;) {
    const auto count = stack.read(socket, std::as_writable_bytes(std::span(bytes)), now);
    if (!count || *count == 0) return;
    text.append(bytes, *count);
  }
}

/// Serves one client either way, which one the request says.
class Server final : public bowline::sim::CopyableActor<Server> {
 public:
  explicit Server(Report& report) : report_(&report), news_(news_times()) {}

  Time act(Stack& stack, std::span<const Ready> /*ready*/, Time now) override {
    if (!listener_) listener_ = *stack.listen({.local = kService}, now);
    if (!socket_) {
      const auto socket = stack.accept(*listener_, now);
      if (!socket) return kNever;
      socket_ = *socket;
    }
    const std::size_t before = heard_.size();
    hear(stack, *socket_, heard_, now);
    if (heard_.size() > before) heard_at_ = now;
    if (now - heard_at_ > kOffline && report_->client_offline == kNever) {
      report_->client_offline = now;
    }
    if (report_->client_offline != kNever) return kNever;
    return pushes_ ? push(stack, now) : answer(stack, now);
  }

 private:
  Time answer(Stack& stack, Time now) {
    if (heard_.ends_with("\r\n\r\n")) {
      pushes_ = heard_.contains("Upgrade: websocket");
      heard_.clear();
      if (pushes_) {
        // The accept value belongs to the key of RFC 6455 section 1.3, which the client sends here;
        // a real client draws its key, a real server computes the value.
        say(stack, *socket_,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            now);
        next_ping_ = now + kInterval;
        return push(stack, now);
      }
      std::string body;
      while (told_ < news_.size() && news_[told_] <= now) body += item(told_++);
      say(stack, *socket_,
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body,
          now);
    }
    return heard_at_ + kOffline + 1ms;
  }
  Time push(Stack& stack, Time now) {
    heard_.clear();  // pongs: that they came is all they say
    while (told_ < news_.size() && news_[told_] <= now) {
      const std::string text = item(told_++);
      say(stack, *socket_, std::string("\x81") + static_cast<char>(text.size()) + text, now);
    }
    if (now >= next_ping_) {
      say(stack, *socket_, kPing, now);
      next_ping_ += kInterval;
    }
    const Time next_news = told_ < news_.size() ? news_[told_] : kNever;
    return std::min({next_news, next_ping_, heard_at_ + kOffline + 1ms});
  }
  static std::string item(std::size_t number) {
    return "news " + std::to_string(number) + ": something has happened\n";
  }

  Report* report_;
  std::vector<Time> news_;
  std::optional<Handle> listener_, socket_;
  bool pushes_ = false;
  std::string heard_;
  Time heard_at_{};
  Time next_ping_ = kNever;
  std::size_t told_ = 0;
};

/// Asks every 30 s, or asks once to be told.
class Client final : public bowline::sim::CopyableActor<Client> {
 public:
  Client(bool pushed, Report& report) : pushed_(pushed), report_(&report) {}

  Time act(Stack& stack, std::span<const Ready> /*ready*/, Time now) override {
    if (!socket_) {
      socket_ = *stack.connect({.remote = kService}, now);
      next_request_ = now + 1s;
      heard_at_ = now;
    }
    std::string text;
    hear(stack, *socket_, text, now);
    if (!text.empty()) heard_at_ = now;
    for (auto at = text.find("news "); at != text.npos; at = text.find("news ", at + 1)) {
      report_->known_at.push_back(now);
    }
    if (text.contains(kPing)) say(stack, *socket_, kPong, now);
    if (report_->network_down == kNever && now - heard_at_ > kOffline) report_->network_down = now;
    if (report_->network_down != kNever) return kNever;
    if (now >= next_request_) {
      say(stack, *socket_,
          pushed_ ? "GET /news HTTP/1.1\r\nHost: news\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                  : "GET /news HTTP/1.1\r\nHost: news\r\nAccept: text/plain\r\n\r\n",
          now);
      next_request_ = pushed_ ? kNever : now + kInterval;
    }
    return std::min(next_request_, heard_at_ + kOffline + 1ms);
  }

 private:
  bool pushed_;
  Report* report_;
  std::optional<Handle> socket_;
  Time next_request_ = kNever;
  Time heard_at_{};
};

/// Counts what goes over the wire until it is cut.
class Meter final : public bowline::sim::Tap {
 public:
  explicit Meter(Report& report) : report_(report) {}
  void sent(const bowline::sim::Passage& passage) override {
    if (passage.at >= kCut) return;
    ++report_.packets;
    report_.bytes += passage.bytes.size();
  }
  void arrived(const bowline::sim::Passage& /*passage*/) override {}

 private:
  Report& report_;
};

/// An hour, and a quarter of one without a cable.
Report run(bool pushed) {
  Report report;
  Meter meter(report);
  bowline::sim::Simulation net(3);
  auto& client = net.add_host("client");
  auto& server = net.add_host("server");
  const auto cable =
      net.connect(client, *bowline::Cidr::parse("10.0.0.1/24"), server,
                  *bowline::Cidr::parse("10.0.0.2/24"), {.delay = 40ms, .loss = 1_percent});
  net.observe(meter);
  server.start(std::make_unique<Server>(report));
  client.start(std::make_unique<Client>(pushed, report));
  net.run_until(kCut);
  net.change(cable, {.delay = 40ms, .loss = 100_percent});
  net.run_for(900s);
  return report;
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

/// The mean delay of news, in seconds; prints the run.
double tell(const char* name, const Report& report) {
  const std::vector<Time> happened = news_times();
  Duration sum{};
  Duration worst{};
  for (std::size_t i = 0; i < std::min(report.known_at.size(), happened.size()); ++i) {
    sum += report.known_at[i] - happened[i];
    worst = std::max(worst, report.known_at[i] - happened[i]);
  }
  const double mean = seconds(sum) / kNews;
  std::printf("%-10s %3zu of %d  %8.2f s %8.2f s  %7llu %8llu  %8.0f s %8.0f s\n", name,
              report.known_at.size(), kNews, mean, seconds(worst),
              static_cast<unsigned long long>(report.packets),
              static_cast<unsigned long long>(report.bytes), seconds(report.client_offline - kCut),
              seconds(report.network_down - kCut));
  return mean;
}

}  // namespace

int main() {
  std::printf(
      "           news        mean delay     worst  packets    bytes  offline by  down by\n");
  const Report polled = run(false);
  const double by_poll = tell("polling", polled);
  const Report pushed = run(true);
  const double by_push = tell("push", pushed);

  const auto noticed = [](const Report& report) {
    return report.client_offline > kCut && report.client_offline < kCut + 2 * kOffline &&
           report.network_down > kCut && report.network_down < kCut + 2 * kOffline;
  };
  const bool shown = polled.known_at.size() == kNews && pushed.known_at.size() == kNews &&
                     by_push < by_poll / 10 && pushed.bytes < polled.bytes && noticed(polled) &&
                     noticed(pushed);
  return shown ? 0 : 1;
}
