// Two hosts in one process: the production stack at both ends of a wire that loses packets, in
// virtual time. The README shows this program.

#include <cstdio>
#include <span>
#include <string>

#include "bowline/sim/simulation.hpp"

using bowline::operator""ms;
using bowline::operator""s;
using bowline::sim::operator""_mbps;
using bowline::sim::operator""_percent;

int main() {
  bowline::sim::Simulation net(42);  // the seed is the run: same seed, same bytes
  auto& client = net.add_host("client").stack();
  auto& server = net.add_host("server").stack();
  net.connect(net.host("client"), *bowline::Cidr::parse("10.0.0.1/24"),  //
              net.host("server"), *bowline::Cidr::parse("10.0.0.2/24"),
              {.rate = 10_mbps, .delay = 20ms, .loss = 5_percent});

  const bowline::Endpoint service{*bowline::IpAddress::parse("10.0.0.2"), 80};
  const auto listener = *server.listen({.local = service}, net.now());
  const auto socket = *client.connect({.remote = service}, net.now());
  net.run_for(10s);  // the handshake, whatever gets lost of it

  const auto peer = *server.accept(listener, net.now());
  const std::string text(200'000, 'x');
  const auto written = client.write(socket, std::as_bytes(std::span(text)), net.now());
  net.run_for(60s);

  const auto seen = *server.inspect(peer);
  std::printf("%zu bytes written, %u arrived in order, %u segments sent again\n", *written,
              seen.receive_queue, client.inspect(socket)->retransmissions);
  return seen.receive_queue == *written ? 0 : 1;
}
