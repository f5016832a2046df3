#pragma once

// A scenario that runs.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bowline/scenario/applications.hpp"
#include "bowline/scenario/flow_trace.hpp"
#include "bowline/scenario/scenario.hpp"
#include "bowline/scenario/wire_watch.hpp"
#include "bowline/sim/simulation.hpp"

namespace bowline::inline v0::scenario {

/// How a flow stands.
enum class FlowState : std::uint8_t { done, failed, unfinished };
/// "done", "failed", "unfinished".
[[nodiscard]] std::string_view name(FlowState state) noexcept;

/// What a flow came to. Values; the traces are the run's.
struct FlowResult {
  const FlowPlan* plan = nullptr;
  const FlowTrace* trace = nullptr;
  FlowState state = FlowState::unfinished;
  std::string failure;           ///< why it failed, and at which end
  std::uint64_t bytes = 0;       ///< payload delivered in the direction that is traced
  std::uint64_t bytes_back = 0;  ///< and in the other
  Duration time{};               ///< from the start to the last byte of either direction
  double goodput = 0;            ///< bits a second of `bytes`, up to the last of these
  std::uint32_t exchanges = 0;   ///< request flows
  Duration exchange_min{};
  Duration exchange_mean{};
  Duration exchange_max{};

  /// Did it end as its plan says?
  [[nodiscard]] bool as_expected() const noexcept {
    return static_cast<int>(state) == static_cast<int>(plan->expect);
  }
};

/// Runs a scenario. The scenario must outlive it.
class Run final : private sim::Tap {
 public:
  /// `points`: the most entries of each series. Throws std::system_error where a host cannot be
  /// made.
  Run(const Scenario& scenario, std::size_t points);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() override;

  /// The network, to observe it before the run begins.
  [[nodiscard]] sim::Simulation& simulation() noexcept { return simulation_; }
  /// Its hosts, in the scenario's order.
  [[nodiscard]] const std::vector<sim::Host*>& hosts() const noexcept { return hosts_; }
  [[nodiscard]] const Scenario& scenario() const noexcept { return scenario_; }

  /// Goes on for a thousandth of the scenario's time (a second at most). False: it is over.
  bool advance();
  [[nodiscard]] Time now() const noexcept { return simulation_.now(); }
  /// Flows that are over.
  [[nodiscard]] std::size_t flows_over() const;

  /// What each flow came to so far, in the scenario's order.
  [[nodiscard]] std::vector<FlowResult> results() const;
  /// Both directions of each wire: there, back.
  [[nodiscard]] const WireWatch& wire(std::size_t index, bool back) const {
    return wires_.at(2 * index + (back ? 1 : 0));
  }
  /// Sums the run up: equal digests, equal runs.
  [[nodiscard]] std::uint64_t digest() const noexcept { return digest_.digest(); }
  [[nodiscard]] std::uint64_t packets() const noexcept { return digest_.packets(); }

 private:
  struct Flow {
    std::unique_ptr<FlowTrace> trace;
    std::size_t opener = 0;  // the index of the application on its host
    std::size_t acceptor = 0;
  };
  void build_nodes();
  void build_wires();
  void build_flows();
  [[nodiscard]] const Opener& opener(std::size_t flow) const;
  [[nodiscard]] const Acceptor& acceptor(std::size_t flow) const;
  [[nodiscard]] bool over(std::size_t flow) const;
  void sent(const sim::Passage& passage) override;
  void departed(const sim::Passage& passage) override;
  void arrived(const sim::Passage& passage) override;
  [[nodiscard]] std::size_t direction_of(const sim::Passage& passage) const;
  // The flow that a segment belongs to; nothing: none of ours.
  [[nodiscard]] std::optional<std::size_t> flow_of(const trace::Segment& segment) const;

  const Scenario& scenario_;
  std::size_t points_;
  sim::Simulation simulation_;
  sim::DigestTap digest_;
  std::vector<sim::Host*> hosts_;
  std::vector<sim::Node*> nodes_;  // the hosts, then the routers
  std::vector<Flow> flows_;
  std::vector<WireWatch> wires_;
  std::vector<std::size_t> applications_;  // of each host
};

}  // namespace bowline::inline v0::scenario
