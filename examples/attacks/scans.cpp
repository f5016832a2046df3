// Port scans: what each kind of probe learns (RFC 9293 sections 3.10.7.1 and 3.10.7.2).
//
// A listener answers a SYN by SYN-ACK and an ACK by RST, and nothing else at all; a closed port
// answers everything but a RST by RST. That tells FIN, NULL and Xmas scans which ports listen, and
// no host that keeps to the RFC can hide it. What it costs us is a packet that is no longer than
// the probe, and nothing that is kept.

#include "examples/attacks/stage.hpp"

int main() {
  using bowline::attack::Ground;
  using bowline::attack::Probe;
  Ground ground;
  bowline::attack::Stage stage(ground);
  auto& forger = ground.forger();

  struct Act {
    const char* what;
    Probe probe;
    std::size_t open;  // answers of an open port
  };
  constexpr Act kActs[] = {
      {"SYN, at an open and a closed port:", Probe::syn, 1},
      {"FIN:", Probe::fin, 0},
      {"NULL, no flag at all:", Probe::null, 0},
      {"Xmas, FIN, PSH and URG:", Probe::xmas, 0},
      {"ACK:", Probe::ack, 1},
      {"Maimon, FIN and ACK:", Probe::maimon, 1},
  };
  for (const Act& each : kActs) {
    stage.act(each.what);
    const auto open = ground.hit(forger.probe(each.probe, forger.stranger(), ground.service()));
    const auto closed = ground.hit(forger.probe(each.probe, forger.stranger(), ground.closed()));
    stage.claim("as the RFC says", open.size() == each.open && closed.size() == 1);
  }
  stage.client_is_served();
  return stage.verdict();
}
