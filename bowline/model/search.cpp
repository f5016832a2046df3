#include "bowline/model/search.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <thread>
#include <utility>

#include "bowline/model/completion.hpp"
#include "bowline/model/hosts.hpp"
#include "bowline/model/seen.hpp"
#include "bowline/model/world.hpp"

namespace bowline::inline v0::model {
namespace {

using Wall = std::chrono::steady_clock;

// A state whose choices are still to be taken.
struct Waiting {
  World world;
  StateId id = 0;
};

// A state that somebody came to: its keeper will know whether it is a new one.
struct Reached {
  World world;
  std::uint64_t hash = 0;
  StateId parent = 0;
  Choice choice;
};

// A violation, and where it stands in the order of a search with one thread.
struct Found {
  std::size_t place = 0;  // in the frontier
  StateId state = 0;
  Breach breach;
  std::vector<Choice> after;  // choices behind the state's,
  bool fair = false;          // with a fair network
};

// One thread's share: the states whose hash says so, and a part of each batch.
struct Worker {
  Worker(const Scenario& scenario, Hosts& hosts, unsigned workers)
      : rules(scenario, hosts), completion(scenario, rules), out(workers) {}

  Rules rules;
  Completion completion;
  Seen seen;
  std::vector<Origin> origins;
  std::vector<Waiting> next;              // of the depth to come
  std::vector<std::vector<Reached>> out;  // by keeper
  std::vector<Choice> choices;
  std::vector<Choice> fair;
  std::optional<Found> found;
  std::uint64_t transitions = 0;
  std::uint64_t cut = 0;
  std::exception_ptr failure;
};

class Search {
 public:
  Search(const Scenario& scenario, const Effort& effort)
      : scenario_(scenario), effort_(effort), hosts_(scenario) {
    const unsigned threads = std::clamp(effort.threads, 1U, 64U);
    for (unsigned i = 0; i < threads; ++i) {
      workers_.push_back(std::make_unique<Worker>(scenario, hosts_, threads));
    }
  }

  Report run();

 private:
  static constexpr std::size_t kBatch = 1U << 15U;

  void begin();
  void expand(Worker& worker, const Waiting& from, std::size_t place);
  void expand_share(std::size_t self);
  void keep_share(std::size_t self);
  void in_parallel(void (Search::*task)(std::size_t));
  [[nodiscard]] bool advance_depth();
  [[nodiscard]] bool spent() const;
  [[nodiscard]] Finding finding(const Found& found) const;
  [[nodiscard]] Progress progress() const;
  void tell_progress(bool always);

  const Scenario& scenario_;
  const Effort& effort_;
  Hosts hosts_;
  std::vector<std::unique_ptr<Worker>> workers_;
  StateId first_ = 0;
  std::vector<Waiting> frontier_;
  std::size_t batch_begin_ = 0;
  std::size_t batch_end_ = 0;
  std::uint32_t depth_ = 0;
  Wall::time_point began_ = Wall::now();
  Wall::time_point told_ = began_;
};

// Threads last for one half of a batch: creating them costs less than a thousandth of it.
void Search::in_parallel(void (Search::*task)(std::size_t)) {
  const auto guarded = [this, task](std::size_t self) {
    try {
      (this->*task)(self);
    } catch (...) {
      workers_[self]->failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < workers_.size(); ++i) threads.emplace_back(guarded, i);
  guarded(0);
  for (std::thread& thread : threads) thread.join();
  for (const auto& worker : workers_) {
    if (worker->failure) std::rethrow_exception(worker->failure);
  }
}

void Search::begin() {
  Worker& worker = *workers_.front();
  const World first = worker.rules.first();
  const std::uint64_t hash = worker.rules.hash(first, true);
  const std::size_t keeper = hash % workers_.size();
  static_cast<void>(workers_[keeper]->seen.insert(hash));
  workers_[keeper]->origins.emplace_back(0, Choice{});
  first_ = keeper;
  frontier_.push_back({first, first_});
}

void Search::expand(Worker& worker, const Waiting& from, std::size_t place) {
  if (scenario_.invariants.need_completion()) {
    if (auto breach = worker.completion.check(from.world, worker.fair)) {
      worker.found = Found{place, from.id, std::move(*breach), worker.fair, true};
      return;
    }
  }
  worker.rules.choices(from.world, worker.choices);
  for (const Choice& choice : worker.choices) {
    Reached reached{from.world, 0, from.id, choice};
    Step step = worker.rules.take(reached.world, choice);
    ++worker.transitions;
    if (step.breach) {
      worker.found = Found{place, from.id, std::move(*step.breach), {choice}, false};
      return;
    }
    if (step.cut) {
      ++worker.cut;
      continue;
    }
    reached.hash = worker.rules.hash(reached.world, true);
    worker.out[reached.hash % workers_.size()].push_back(reached);
  }
}

void Search::expand_share(std::size_t self) {
  Worker& worker = *workers_[self];
  for (std::size_t i = batch_begin_ + self; i < batch_end_ && !worker.found; i += workers_.size()) {
    expand(worker, frontier_[i], i);
  }
}

void Search::keep_share(std::size_t self) {
  Worker& worker = *workers_[self];
  for (const auto& from : workers_) {
    std::vector<Reached>& mine = from->out[self];
    for (const Reached& reached : mine) {
      if (!worker.seen.insert(reached.hash)) continue;
      const StateId id = worker.origins.size() << 8U | self;
      worker.origins.emplace_back(reached.parent, reached.choice);
      worker.next.push_back({reached.world, id});
    }
    mine.clear();
  }
}

bool Search::advance_depth() {
  frontier_.clear();
  for (const auto& worker : workers_) {
    frontier_.insert(frontier_.end(), worker->next.begin(), worker->next.end());
    worker->next.clear();
  }
  ++depth_;
  tell_progress(true);
  return !frontier_.empty();
}

bool Search::spent() const {
  const Progress reached = progress();
  return (effort_.states != 0 && reached.states >= effort_.states) ||
         (effort_.seconds > 0 && reached.seconds >= effort_.seconds) ||
         (effort_.memory != 0 && reached.memory >= effort_.memory);
}

Progress Search::progress() const {
  Progress all;
  all.depth = depth_;
  all.host_states = hosts_.size();
  all.host_steps = hosts_.steps();
  all.memory = hosts_.bytes() + frontier_.capacity() * sizeof(Waiting);
  all.frontier = frontier_.size() - batch_end_;
  for (const auto& worker : workers_) {
    all.states += worker->seen.size();
    all.transitions += worker->transitions;
    all.completions += worker->completion.count();
    all.cut += worker->cut;
    all.frontier += worker->next.size();
    all.memory += worker->seen.bytes() + worker->origins.capacity() * sizeof(Origin) +
                  worker->next.capacity() * sizeof(Waiting) + worker->completion.bytes();
    for (const auto& out : worker->out) all.memory += out.capacity() * sizeof(Reached);
  }
  all.seconds = std::chrono::duration<double>(Wall::now() - began_).count();
  return all;
}

void Search::tell_progress(bool always) {
  if (!effort_.progress) return;
  if (!always && Wall::now() - told_ < std::chrono::seconds(1)) return;
  told_ = Wall::now();
  effort_.progress(progress());
}

Finding Search::finding(const Found& found) const {
  Finding result;
  result.broken = found.breach.invariant;
  result.what = found.breach.what;
  for (StateId id = found.state; id != first_;) {
    const Origin& origin = workers_[id & 0xffU]->origins[id >> 8U];
    result.choices.push_back(origin.choice());
    id = origin.parent();
  }
  std::ranges::reverse(result.choices);
  result.chosen = result.choices.size() + (found.fair ? 0 : 1);
  result.choices.insert(result.choices.end(), found.after.begin(), found.after.end());
  return result;
}

Report Search::run() {
  begin();
  Report report;
  do {
    for (batch_begin_ = 0; batch_begin_ < frontier_.size(); batch_begin_ = batch_end_) {
      batch_end_ = std::min(batch_begin_ + kBatch, frontier_.size());
      in_parallel(&Search::expand_share);
      const Found* first = nullptr;
      for (const auto& worker : workers_) {
        if (worker->found && (first == nullptr || worker->found->place < first->place)) {
          first = &*worker->found;
        }
      }
      if (first != nullptr) {
        report.finding = finding(*first);
        report.reached = progress();
        return report;
      }
      in_parallel(&Search::keep_share);
      tell_progress(false);
      if (spent()) {
        report.reached = progress();
        return report;
      }
    }
    batch_end_ = 0;
    if (effort_.depth != 0 && depth_ + 1 == effort_.depth) {
      report.reached = progress();
      return report;
    }
  } while (advance_depth());
  report.exhausted = true;
  report.reached = progress();
  return report;
}

}  // namespace

Report explore(const Scenario& scenario, const Effort& effort) {
  return Search(scenario, effort).run();
}

}  // namespace bowline::inline v0::model
