// A program that was built outside Bowline's tree: two hosts in virtual time, and bytes across.

#include <bowline/base/version.hpp>
#include <bowline/sim/simulation.hpp>
#include <cstdio>
#include <span>
#include <string>

using bowline::operator""ms;
using bowline::operator""s;

int main() {
  bowline::sim::Simulation net(7);
  auto& client = net.add_host("client").stack();
  auto& server = net.add_host("server").stack();
  net.connect(net.host("client"), *bowline::Cidr::parse("10.0.0.1/24"),  //
              net.host("server"), *bowline::Cidr::parse("10.0.0.2/24"), {.delay = 5ms});
  const bowline::Endpoint service{*bowline::IpAddress::parse("10.0.0.2"), 80};
  const auto listener = *server.listen({.local = service}, net.now());
  const auto socket = *client.connect({.remote = service}, net.now());
  net.run_for(1s);
  const auto peer = *server.accept(listener, net.now());
  const std::string text(1000, 'x');
  const auto written = client.write(socket, std::as_bytes(std::span(text)), net.now());
  net.run_for(1s);
  const auto arrived = server.inspect(peer)->receive_queue;
  std::printf("bowline %s: %zu bytes written, %u arrived\n", bowline::kVersion.data(), *written,
              arrived);
  return arrived == text.size() ? 0 : 1;
}
