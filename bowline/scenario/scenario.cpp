#include "bowline/scenario/scenario.hpp"

#include <algorithm>
#include <deque>
#include <optional>

namespace bowline::inline v0::scenario {

std::vector<Hop> find_path(const Scenario& scenario, std::size_t from, std::size_t to) {
  struct Reached {
    std::size_t node;
    Hop hop;  // by which
  };
  const std::size_t nodes = scenario.hosts.size() + scenario.routers.size();
  std::vector<std::optional<Reached>> before(nodes);  // where a node was reached from
  std::deque<std::size_t> todo{from};
  while (!todo.empty() && !before[to]) {
    const std::size_t at = todo.front();
    todo.pop_front();
    if (at != from && at < scenario.hosts.size()) continue;  // hosts pass nothing on
    for (std::size_t i = 0; i < scenario.wires.size(); ++i) {
      const WirePlan& wire = scenario.wires[i];
      for (const bool back : {false, true}) {
        const std::size_t here = back ? wire.b : wire.a;
        const std::size_t there = back ? wire.a : wire.b;
        if (here != at || there == from || before[there]) continue;
        before[there] = Reached{at, {i, back}};
        todo.push_back(there);
      }
    }
  }
  std::vector<Hop> path;
  for (std::size_t at = to; at != from && before[at]; at = before[at]->node) {
    path.push_back(before[at]->hop);
  }
  std::ranges::reverse(path);
  return path;
}

}  // namespace bowline::inline v0::scenario
