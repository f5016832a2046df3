#include "bowline/dns/query.hpp"

namespace bowline::inline v0::dns {

void Query::turn_to(const Config& config, std::uint8_t to) noexcept {
  index = to;
  server = config.servers[to];
  transport = Transport::udp;
  edns = true;
}

void Query::begin(const Config& config, std::uint8_t first) noexcept {
  tried = 1;
  round = 0;
  ruled_out = 0;
  failure.reset();
  turn_to(config, first);
}

bool Query::next(const Config& config) noexcept {
  const std::size_t count = config.servers.size();
  while (round < config.attempts) {
    if (tried == count) {
      ++round;
      tried = 0;
      if (ruled_out == (1U << count) - 1U) return false;
      continue;
    }
    const auto to = static_cast<std::uint8_t>((index + 1U) % count);
    ++tried;
    index = to;
    if ((ruled_out >> to & 1U) != 0) continue;
    turn_to(config, to);
    return true;
  }
  return false;
}

void Query::rule_out(Outcome why) noexcept {
  ruled_out = static_cast<std::uint8_t>(ruled_out | 1U << index);
  // What a server said tells more than that another was not there.
  if (!failure || why != Outcome::unreachable) failure = why;
}

}  // namespace bowline::inline v0::dns
