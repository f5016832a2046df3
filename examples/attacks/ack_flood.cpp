// An ACK flood: segments that belong to no connection (RFC 9293 section 3.10.7.2).
//
// Each might be an honest peer's whose connection we have forgotten, so it is told by a RST, which
// is no longer than what it answers; but nobody gets more than Limits::stateless_replies_per_second
// of them, so that none can be flooded by our answers to what was sent in his name. Nothing is
// kept.

#include "examples/attacks/stage.hpp"

int main() {
  using bowline::attack::Ground;
  bowline::StackConfig config = Ground::seeded();
  config.limits.stateless_replies_per_second = 1'000;
  Ground ground(bowline::Family::ipv4, config);
  bowline::attack::Stage stage(ground);
  auto& forger = ground.forger();

  const auto victim = forger.stranger();
  stage.act("A second of 50,000 ACKs with data in one name, at a limit of 1,000 replies to each:");
  for (int i = 0; i < 50'000; ++i) {
    (void)ground.hit(forger.segment(victim, ground.service(), bowline::wire::kAck, 100));
  }
  stage.claim("at most a thousand were answered", ground.traffic().packets_out <= 1'000);
  stage.act("50,000 more, each in another name:");
  for (int i = 0; i < 50'000; ++i) {
    (void)ground.hit(forger.segment(forger.stranger(), ground.service(), bowline::wire::kAck, 100));
  }
  stage.claim("by less than they sent", ground.traffic().bytes_out < ground.traffic().bytes_in);
  stage.claim("nothing is held for them", ground.victim().usage().connections == 0);
  stage.client_is_served();
  return stage.verdict();
}
