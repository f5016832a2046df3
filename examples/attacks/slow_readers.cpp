// Slow readers (Sockstress, CVE-2008-4609): clients that ask for much, and never open their window.
//
// A peer may keep its window shut for ever as long as it answers probes (RFC 9293 section 3.8.6.1),
// so each holds what it asked for: its send buffer, 128 KiB, and no more, however much there is to
// send and however long it lasts; and it is probed ever more rarely.

#include "examples/attacks/stage.hpp"

int main() {
  using bowline::operator""h;
  using bowline::attack::Ground;
  Ground ground(bowline::Family::ipv4, Ground::seeded(), 8U << 20U);
  ground.retort = Ground::keeps_shut;
  bowline::attack::Stage stage(ground, 8);
  constexpr std::uint64_t kReaders = 100;
  const auto small = [&] {
    return ground.victim().usage().buffer_bytes <= kReaders * (160U << 10U);
  };

  stage.act("A hundred connections ask for a text of 8 MiB, with a window of 0:");
  for (std::uint64_t i = 0; i < kReaders; ++i) {
    const auto held = ground.open(ground.forger().stranger(), 0);
    if (!held) return 1;
    (void)ground.hit(ground.say(*held, bowline::wire::kAck | bowline::wire::kPsh, 1, 0, 0));
  }
  stage.claim("each holds 160 KiB at most", small());
  stage.act("An hour later:");
  const std::size_t probes = ground.pass(1h).size();
  stage.claim("they are there still", ground.victim().usage().connections >= kReaders);
  stage.claim("and hold no more", small());
  stage.claim("probed about once a minute each", probes <= kReaders * 80);
  stage.client_is_served();
  return stage.verdict();
}
