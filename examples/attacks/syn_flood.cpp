// A SYN flood: SYNs from addresses that nobody has (RFC 4987).
//
// Each is answered by one SYN-ACK. The first 1,024 make a half-open entry of 64 bytes each; from
// there on the SYN-ACK's own number is the memory, a cookie that an honest client brings back with
// its ACK. So the flood takes nothing away from anybody, and nothing grows.

#include "examples/attacks/stage.hpp"

int main() {
  using bowline::operator""min;
  using bowline::attack::Ground;
  Ground ground;
  bowline::attack::Stage stage(ground);
  auto& forger = ground.forger();

  stage.act("A hundred thousand SYNs from everywhere:");
  std::size_t answers = 0;
  std::size_t held = 0;
  for (int i = 0; i < 100'000; ++i) {
    answers += ground.hit(forger.syn(forger.stranger(), ground.service())).size();
    if (i == 2'000) held = ground.memory().live_bytes();
  }
  stage.claim("each got one SYN-ACK", answers == 100'000);
  stage.claim("the last 98,000 made nothing grow", ground.memory().live_bytes() <= held);
  stage.client_is_served();

  stage.act("Nobody answers the SYN-ACKs, so the entries are given up:");
  (void)ground.pass(10min);
  stage.claim("none is left", ground.victim().usage().half_open == 0);
  return stage.verdict();
}
