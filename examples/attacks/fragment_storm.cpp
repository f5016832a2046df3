// FragmentSmack (CVE-2018-5391) and overlapping fragments: a storm of pieces of datagrams that are
// never whole, or contradict each other.
//
// What waits is bounded in bytes, datagrams, datagrams of one source and fragments of one datagram;
// fragments that overlap discard their datagram (RFC 5722), over IPv4 as well.

#include "examples/attacks/stage.hpp"

int main() {
  using bowline::attack::Fragment;
  using bowline::attack::Ground;
  Ground ground;
  bowline::attack::Stage stage(ground, 4);
  auto& forger = ground.forger();

  stage.act("20,000 fragments of as many datagrams, from everywhere:");
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    (void)ground.hit(packet(Fragment{.from = forger.stranger().address,
                                     .to = ground.victim_address(),
                                     .id = i & 0xffffU,
                                     .offset = 8,
                                     .payload = forger.noise(64)}));
  }
  const auto usage = ground.victim().usage();
  stage.claim("at most 1,024 datagrams wait", usage.fragmented_datagrams <= 1'024);
  stage.claim("in at most 8 MiB", usage.fragment_bytes <= 8U << 20U);

  stage.act("An echo request in pieces of which two overlap:");
  const auto echo =
      bowline::attack::echo_request(forger.stranger().address, ground.victim_address(), 100);
  for (const auto& [offset, more] :
       {std::pair{0U, true}, std::pair{40U, true}, std::pair{56U, false}}) {
    const auto begin = echo.begin() + bowline::wire::kIpv4HeaderSize + offset;
    (void)ground.hit(
        packet(Fragment{.from = bowline::attack::read(echo)->ip.source,
                        .to = ground.victim_address(),
                        .protocol = bowline::wire::kProtocolIcmp,
                        .id = 9,
                        .offset = offset,
                        .more = more,
                        .payload = bowline::attack::Bytes(begin, more ? begin + 48 : echo.end())}));
  }
  stage.claim("it is not answered", ground.traffic().packets_out == 0);
  stage.client_is_served();
  return stage.verdict();
}
