#include "bowline/model/completion.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bowline/model/invariants.hpp"

namespace bowline::inline v0::model {
namespace {

// More steps than this without an end are no progress, whatever the clock says: R2 with a
// retransmission each second takes a few hundred.
constexpr std::size_t kMostSteps = 2'000;

}  // namespace

std::optional<Breach> Completion::check(World world, std::vector<Choice>& choices) {
  passed_.clear();
  choices.clear();
  const Time begin = rules_.now(world);
  Duration rest{};
  for (;;) {
    const std::uint64_t hash = rules_.hash(world, false);
    if (const auto known = good_.find(hash); known != good_.end()) {
      rest = Duration(1ms) * known->second;
      break;
    }
    passed_.push_back({hash, rules_.now(world)});
    const auto choice = rules_.fair_choice(world);
    if (!choice) {
      if (auto breach = judge_end(world)) return breach;
      break;
    }
    const World before = world;
    choices.push_back(*choice);
    const Step step = rules_.take(world, *choice);
    if (step.cut) return std::nullopt;  // beyond the bounds: nothing can be said
    if (step.breach) return step.breach;
    if (auto breach = judge_service(before, world)) return breach;
    if (auto breach = judge_progress(world, begin, passed_.size())) return breach;
    if (passed_.size() > kMostSteps) return std::nullopt;  // nobody wants to know
  }
  const Time end = rules_.now(world) + rest;
  if (end - begin > patience_in(world) && scenario_.invariants.has(Invariant::progress)) {
    return Breach{Invariant::progress, "with a fair network everything ends, but too late"};
  }
  for (const Passed& one : passed_) {
    good_.emplace(one.hash, static_cast<std::uint32_t>((end - one.at) / 1ms));
  }
  ++count_;
  return std::nullopt;
}

std::optional<Breach> Completion::judge_progress(const World& world, Time begin,
                                                 std::size_t steps) const {
  if (!scenario_.invariants.has(Invariant::progress)) return std::nullopt;
  if (steps > kMostSteps) {
    return Breach{Invariant::progress,
                  fmt::format("with a fair network {} things happen, and there is no end", steps)};
  }
  if (rules_.now(world) - begin <= patience_in(world)) return std::nullopt;
  return Breach{Invariant::progress,
                fmt::format("after {} s with a fair network not everything has ended",
                            (rules_.now(world) - begin) / 1s)};
}

Duration Completion::patience_in(const World& world) const {
  return gave_up(rules_.record(world, Host::client).application,
                 rules_.record(world, Host::server).application)
             ? scenario_.patience_after_giving_up
             : scenario_.patience;
}

std::optional<Breach> Completion::judge_end(const World& world) const {
  for (const Host host : {Host::client, Host::server}) {
    const HostRecord& record = rules_.record(world, host);
    const char* const name = host == Host::client ? "client" : "server";
    if (scenario_.invariants.has(Invariant::progress) &&
        std::ranges::any_of(record.application.all(), [](const Socket& s) { return s.open; })) {
      return Breach{Invariant::progress,
                    fmt::format("the {}'s program waits for ever, with a fair network", name)};
    }
    if (!scenario_.invariants.has(Invariant::no_leak)) continue;
    if (!record.connections.empty()) {
      return Breach{Invariant::no_leak,
                    fmt::format("the {} keeps a connection in {} for ever", name,
                                tcp::name(record.connections.front().state))};
    }
    if (record.buffer_bytes != 0) {
      return Breach{Invariant::no_leak, fmt::format("the {} keeps {} bytes of buffers for ever",
                                                    name, record.buffer_bytes)};
    }
  }
  return std::nullopt;
}

// A connect that was under way has failed, with a fair network and a server that was there all the
// time.
std::optional<Breach> Completion::judge_service(const World& before, const World& after) const {
  if (!scenario_.invariants.has(Invariant::service)) return std::nullopt;
  for (const Host host : {Host::client, Host::server}) {
    const Application& app = rules_.record(after, host).application;
    if (app.crashes != 0 || app.aborts != 0) return std::nullopt;
  }
  const auto was = rules_.record(before, Host::client).application.all();
  const auto is = rules_.record(after, Host::client).application.all();
  for (std::size_t i = 0; i < was.size(); ++i) {
    if (!was[i].open || was[i].connected || is[i].failure == Failure::none) continue;
    return Breach{Invariant::service,
                  "a connect fails, with a fair network and a server that listens"};
  }
  return std::nullopt;
}

}  // namespace bowline::inline v0::model
