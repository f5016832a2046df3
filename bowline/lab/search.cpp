#include "bowline/lab/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

namespace bowline::inline v0::lab {
namespace {

// One decision of a run: which course was taken of how many, and what that means in words.
struct Taken {
  std::size_t course = 0;
  std::size_t courses = 1;
  bool accident = false;  // the network's; else the applications'
  Text what;
};

using Prefix = std::vector<std::uint16_t>;

Text describe(const Crossing& packet, const Accident& accident) {
  const double by = std::chrono::duration<double>(accident.by).count();
  Text text;
  const Text whose = packet.from == Side::left ? Text{"the client's", "客户端的"}
                                               : Text{"the server's", "服务器的"};
  switch (accident.kind) {
    case Accident::Kind::none:
      break;
    case Accident::Kind::lose:
      text = {fmt::format("{} packet {} is lost", whose.en, packet.number),
              fmt::format("{}第 {} 个报文丢失", whose.zh, packet.number)};
      break;
    case Accident::Kind::delay:
      text = {fmt::format("{} packet {} comes {:g} s late", whose.en, packet.number, by),
              fmt::format("{}第 {} 个报文迟到 {:g} 秒", whose.zh, packet.number, by)};
      break;
    case Accident::Kind::duplicate:
      text = {fmt::format("{} packet {} comes again {:g} s later", whose.en, packet.number, by),
              fmt::format("{}第 {} 个报文 {:g} 秒后又来一次", whose.zh, packet.number, by)};
      break;
    case Accident::Kind::corrupt:
      text = {fmt::format("a bit of {} packet {} is flipped", whose.en, packet.number),
              fmt::format("{}第 {} 个报文有一位翻转", whose.zh, packet.number)};
      break;
  }
  return text;
}

// Takes the decisions of a prefix, then the ordinary ones, and writes all of them down.
class Explorer final : public Director {
 public:
  Explorer(const SearchPlan& plan, const Prefix& prefix) : plan_(plan), prefix_(prefix) {}

  Accident fate(const Crossing& packet) override {
    // Only where there is a choice: not every packet of a long run, and no flipped bit where there
    // is no payload.
    if (packet.number > plan_.packets) return {};
    std::vector<Accident> possible;
    for (const Accident& accident : plan_.menu) {
      if (accident.kind == Accident::Kind::corrupt && packet.segment.length == 0) continue;
      possible.push_back(accident);
    }
    const std::size_t course = next(possible.size() + 1, true);
    if (course == 0) return {};
    taken_.back().what = describe(packet, possible[course - 1]);
    return possible[course - 1];
  }

  std::size_t choose(const Text& what, std::size_t options) override {
    const std::size_t course = next(options, false);
    taken_.back().what = what;
    return course;
  }

  [[nodiscard]] const std::vector<Taken>& taken() const { return taken_; }

 private:
  std::size_t next(std::size_t courses, bool accident) {
    const std::size_t at = taken_.size();
    std::size_t course = at < prefix_.size() ? prefix_[at] : 0;
    if (course >= courses) course = 0;
    taken_.push_back({course, courses, accident, {}});
    return course;
  }

  const SearchPlan& plan_;
  const Prefix& prefix_;
  std::vector<Taken> taken_;
};

std::size_t packets_in(const Run& run) {
  return static_cast<std::size_t>(
      std::ranges::count_if(run.diagram.rungs, [](const Rung& rung) { return rung.packet; }));
}

}  // namespace

SearchResult search(const SearchPlan& plan, bool with, std::uint64_t seed,
                    std::uint64_t most_runs) {
  SearchResult result;
  // Those with as many accidents. What the applications choose costs nothing and stays in the
  // level.
  std::deque<Prefix> level{Prefix{}};
  for (std::uint32_t deviations = 0; deviations <= plan.most_deviations; ++deviations) {
    std::deque<Prefix> next_level;
    result.deviations = deviations;
    while (!level.empty()) {
      if (result.runs == most_runs) return result;
      const Prefix prefix = std::move(level.front());
      level.pop_front();
      Explorer explorer(plan, prefix);
      Run run = plan.run(with, seed, explorer);
      ++result.runs;
      if (!run.broken.empty() &&
          (!result.found || packets_in(run) < packets_in(result.found->run))) {
        Counterexample found;
        found.run = std::move(run);
        for (const Taken& taken : explorer.taken()) {
          if (taken.course != 0) found.deviations.push_back({taken.what});
        }
        result.found = std::move(found);
      }
      for (std::size_t at = prefix.size(); at < explorer.taken().size(); ++at) {
        const Taken& taken = explorer.taken()[at];
        if (taken.accident && (result.found || deviations == plan.most_deviations)) continue;
        for (std::size_t course = 1; course < taken.courses; ++course) {
          Prefix child = prefix;
          child.resize(at, 0);
          child.push_back(static_cast<std::uint16_t>(course));
          (taken.accident ? next_level : level).push_back(std::move(child));
        }
      }
    }
    if (result.found) {
      result.complete = true;
      return result;
    }
    level = std::move(next_level);
  }
  result.complete = true;
  return result;
}

}  // namespace bowline::inline v0::lab
