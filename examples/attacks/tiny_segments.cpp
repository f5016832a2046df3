// SegmentSmack (CVE-2018-5390): a storm of bytes one by one, out of order.
//
// Each makes a piece of its own that waits for what lies in between. There are no more than
// Limits::reassembly_ranges of them (256 here), finding a place among them takes O(log n), and the
// rest is dropped: an honest sender sends it again.

#include "examples/attacks/stage.hpp"

int main() {
  using bowline::attack::Ground;
  bowline::StackConfig config = Ground::seeded();
  config.limits.reassembly_ranges = 256;
  Ground ground(bowline::Family::ipv4, config);
  bowline::attack::Stage stage(ground, 8);

  stage.act("A connection, and 20,000 bytes with holes between them:");
  const auto held = ground.open(ground.forger().stranger());
  if (!held) return 1;
  const std::size_t before = ground.memory().live_bytes();
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    (void)ground.hit(ground.say(*held, bowline::wire::kAck, 1, 2 + 2 * i));
  }
  stage.claim("all but 256 were dropped", ground.count(bowline::Reason::reassembly_full) >= 19'000);
  stage.claim("they hold less than 256 KiB", ground.memory().live_bytes() < before + (256U << 10U));
  stage.client_is_served();
  return stage.verdict();
}
