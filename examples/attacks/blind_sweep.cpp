// Blind sweeps: somebody off the path who knows addresses and ports of a connection tries the
// sequence numbers (RFC 5961).
//
// Until 2010 a RST anywhere in the window ended a connection, and one for each window of the number
// space was enough: 140,000 packets. Now only the exact next number does. A guess that hits the
// window is answered by a challenge ACK, which goes to the true peer; at most ten a second of
// those, for each connection by itself.

#include "examples/attacks/stage.hpp"

int main() {
  using bowline::SeqNumber;
  using bowline::attack::Ground;
  using bowline::attack::Tcp;
  Ground ground;
  bowline::attack::Stage stage(ground, 3);
  if (!ground.keep_open()) return 1;

  const auto sweep = [&](std::uint16_t flags, std::size_t payload) {
    constexpr std::uint32_t kStep = 30'000;
    const SeqNumber first = ground.forger().number();
    for (std::uint32_t i = 0; i <= 0xffff'ffffU / kStep; ++i) {
      Tcp segment{.from = ground.kept(), .to = {ground.victim_address(), 90}, .flags = flags};
      segment.seq = first + i * kStep;
      if ((flags & bowline::wire::kAck) != 0) segment.ack = ground.forger().number();
      segment.payload = ground.forger().noise(payload);
      (void)ground.hit(packet(segment));
    }
  };

  stage.act("The honest client has a connection open. A RST for each half window:");
  sweep(bowline::wire::kRst, 0);
  stage.claim("one hit the window", ground.count(bowline::Reason::rst_not_exact) > 0);
  stage.claim("the connection is as it was", ground.still_open());
  stage.act("SYNs:");
  sweep(bowline::wire::kSyn, 0);
  stage.claim("the connection is as it was", ground.still_open());
  stage.act("Data:");
  sweep(bowline::wire::kAck | bowline::wire::kPsh, 8);
  stage.claim("the connection is as it was, and reads what the client wrote", ground.still_open());
  stage.claim("the sweeper got nothing back", ground.traffic().packets_out == 0);
  return stage.verdict();
}
