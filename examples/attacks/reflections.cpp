// Reflections: packets that try to make us talk to ourselves, to our whole network, or for ever.
//
// LAND (1997) is a SYN from our own address and port. "Smurf" (1997) is an echo request to the
// broadcast address in a victim's name. And a mirror is somebody who sends back whatever we say: it
// falls silent, since a reset is never answered.

#include "examples/attacks/stage.hpp"

int main() {
  using bowline::IpAddress;
  using bowline::attack::Ground;
  using bowline::attack::Tcp;
  Ground ground;
  bowline::attack::Stage stage(ground, 8);
  auto& forger = ground.forger();

  stage.act("LAND: a SYN from ourselves:");
  stage.claim("not answered", ground.hit(forger.syn(ground.service(), ground.service())).empty());
  stage.act("Smurf: an echo request to the broadcast address, in somebody's name:");
  const IpAddress victim = forger.stranger().address;
  stage.claim("not answered",
              ground.hit(bowline::attack::echo_request(victim, *IpAddress::parse("10.0.0.255"), 32))
                  .empty());
  stage.act("SYNs from a group, the broadcast address and nobody:");
  for (const auto* from : {"224.0.0.1", "255.255.255.255", "0.0.0.0"}) {
    stage.claim("not answered",
                ground.hit(forger.syn({*IpAddress::parse(from), 5'000}, ground.service())).empty());
  }
  stage.act("A mirror, which begins with a SYN and sends back whatever comes:");
  auto answers = ground.hit(forger.syn(forger.stranger(), ground.service()));
  int turns = 0;
  for (; !answers.empty() && turns < 100; ++turns) {
    const auto said = bowline::attack::read(answers.front());
    if (!said || !said->tcp) return 1;
    answers =
        ground.hit(packet(Tcp{.from = {said->ip.destination, said->tcp->header.destination_port},
                              .to = ground.service(),
                              .seq = said->tcp->header.seq,
                              .ack = said->tcp->header.ack,
                              .flags = said->tcp->header.flags}));
  }
  stage.claim("it is silent after a few packets", turns < 8);
  stage.client_is_served();
  return stage.verdict();
}
