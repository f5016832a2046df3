// UDP echo: what a datagram service gives, and what it leaves to the program.
//
// A datagram arrives whole or not at all: reads never join two of them or split one. Nothing is
// repeated when a wire loses it, and nobody says so. And there is no connection: the server needs
// one socket for all its clients and answers to where each datagram came from. Only one thing comes
// back by itself: a host where nobody listens on the port says so by ICMP, which a *connected* UDP
// socket hears as "connection refused" (RFC 1122 section 4.1.3.3).
//
// The run: 200 datagrams of growing size go over a wire that loses every tenth packet, in virtual
// time; then one goes to a port where nobody is.

#include <cstdio>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "bowline/sim/simulation.hpp"

using bowline::operator""ms;
using bowline::operator""s;
using bowline::sim::operator""_percent;

namespace {

constexpr int kDatagrams = 200;

/// The server: whatever comes in goes back to where it came from.
class Echo final : public bowline::sim::CopyableActor<Echo> {
 public:
  bowline::Time act(bowline::Stack& stack, std::span<const bowline::Ready> /*ready*/,
                    bowline::Time now) override {
    if (!socket_) {
      socket_ = *stack.open_udp({.local = {*bowline::IpAddress::parse("10.0.0.2"), 7}}, now);
    }
    std::vector<std::byte> bytes(65'535);
    while (const auto datagram = stack.receive_from(*socket_, bytes, now)) {
      (void)stack.send_to(*socket_, std::span(bytes).first(datagram->size), datagram->from, now);
    }
    return bowline::kNever;
  }

 private:
  std::optional<bowline::Handle> socket_;
};

}  // namespace

int main() {
  bowline::sim::Simulation net(5);
  auto& client = net.add_host("client");
  auto& server = net.add_host("server");
  net.connect(client, *bowline::Cidr::parse("10.0.0.1/24"), server,
              *bowline::Cidr::parse("10.0.0.2/24"), {.delay = 10ms, .loss = 10_percent});
  server.start(std::make_unique<Echo>());
  auto& stack = client.stack();

  const bowline::Endpoint service{*bowline::IpAddress::parse("10.0.0.2"), 7};
  const auto socket = *stack.open_udp({.remote = service}, net.now());
  std::vector<std::byte> bytes(2'000);
  int back = 0;
  int torn = 0;
  for (int number = 0; number < kDatagrams; ++number) {
    // Its size is its number, so that a reply that was joined or split would show.
    const std::string text(static_cast<std::size_t>(number), 'u');
    (void)stack.send_to(socket, std::as_bytes(std::span(text)), std::nullopt, net.now());
    net.run_for(50ms);
    while (const auto reply = stack.receive_from(socket, bytes, net.now())) {
      ++back;
      torn += reply->size != text.size() ? 1 : 0;
    }
  }
  std::printf("%d datagrams sent, %d came back, %d of them torn or joined\n", kDatagrams, back,
              torn);

  // The question and the answer may both be lost, so it may take more than one.
  const auto nobody = *stack.open_udp({.remote = bowline::Endpoint{service.address, 9}}, net.now());
  std::error_code heard;
  for (int attempt = 0; attempt < 10 && !heard; ++attempt) {
    (void)stack.send_to(nobody, std::as_bytes(std::span("anybody?", 8)), std::nullopt, net.now());
    net.run_for(1s);
    const auto reply = stack.receive_from(nobody, bytes, net.now());
    if (!reply && reply.error() != std::errc::operation_would_block) heard = reply.error();
  }
  std::printf("and on a port where nobody listens: %s\n", heard.message().c_str());

  const bool shown = back > kDatagrams / 2 && back < kDatagrams && torn == 0 &&
                     heard == std::errc::connection_refused;
  return shown ? 0 : 1;
}
