#pragma once

// "Sooner or later": I5, I6 and I8, judged by running on.
//
// From a state the network is fair from now on, and the programs finish what they have begun:
// everything must end within its bound and leave nothing behind. What follows is then not chosen
// any more, so all the states on the way need never be looked at again; that makes it affordable
// from every state.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "bowline/model/world.hpp"

namespace bowline::inline v0::model {

/// Runs on. One thread's.
class Completion {
 public:
  /// By `rules`, of `scenario`; both must outlive it.
  Completion(const Scenario& scenario, Rules& rules) noexcept
      : scenario_(scenario), rules_(rules) {}

  /// The first invariant that breaks when the network is fair from `world` on; nothing: all ends
  /// well. `choices`: what happened until then.
  [[nodiscard]] std::optional<Breach> check(World world, std::vector<Choice>& choices);

  /// I8 of one step with a fair network: has a connect that was under way failed?
  [[nodiscard]] std::optional<Breach> judge_service(const World& before, const World& after) const;

  /// I5 of a run with a fair network since `begin`, after so many steps: is it taking too long?
  [[nodiscard]] std::optional<Breach> judge_progress(const World& world, Time begin,
                                                     std::size_t steps) const;

  /// How many checks ended well.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// Bytes of memory, roughly.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return good_.size() * 40; }

 private:
  [[nodiscard]] Duration patience_in(const World& world) const;
  [[nodiscard]] std::optional<Breach> judge_end(const World& world) const;

  struct Passed {
    std::uint64_t hash;
    Time at;
  };

  const Scenario& scenario_;
  Rules& rules_;
  std::unordered_map<std::uint64_t, std::uint32_t> good_;  // milliseconds that it takes from there
  std::vector<Passed> passed_;
  std::uint64_t count_ = 0;
};

}  // namespace bowline::inline v0::model
