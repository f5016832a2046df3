// Hoarders: clients that open connections, end their side, or say nothing at all, and never finish.
//
// An idle connection holds no buffers. One whose application has closed it is given up when its
// peer is silent: FIN-WAIT-2 after Settings::fin_wait_2 (RFC 9293 section 3.6 has no end for it),
// data and FINs after R2. TIME-WAIT is a record of less than a hundred bytes.

#include "examples/attacks/stage.hpp"

int main() {
  using bowline::operator""s;
  using bowline::operator""min;
  using bowline::attack::Ground;
  Ground ground(bowline::Family::ipv4, Ground::seeded(), 100);
  bowline::attack::Stage stage(ground, 9);

  stage.act("Five hundred connections that say nothing:");
  const std::size_t before = ground.memory().live_bytes();
  for (int i = 0; i < 500; ++i) (void)ground.open(ground.forger().stranger());
  (void)ground.pass(10s);
  const std::size_t each = (ground.memory().live_bytes() - before) / 500;
  stage.claim(std::to_string(each) + " bytes for each, less than 2 KiB", each < 2'048);

  stage.act("Five hundred that ask, acknowledge all, and never end their side:");
  for (int i = 0; i < 500; ++i) {
    auto held = ground.open(ground.forger().stranger());
    if (!held) continue;
    (void)ground.hit(ground.say(*held, bowline::wire::kAck | bowline::wire::kPsh, 1));
    held->ack = held->ack + 101;
    (void)ground.hit(ground.say(*held, bowline::wire::kAck, 0, 1));
  }
  stage.claim("five hundred wait for a FIN", ground.victim().usage().orphans == 500);
  (void)ground.pass(2min);
  stage.claim("two minutes later none does", ground.victim().usage().orphans == 0);
  stage.client_is_served();
  return stage.verdict();
}
