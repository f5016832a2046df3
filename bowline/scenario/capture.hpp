#pragma once

// Every packet of a run to an output of trace/ (a pcapng file, lines), as a capture on each host
// shows it, with the reasons that the host's Stack gives.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "bowline/scenario/run.hpp"
#include "bowline/trace/output.hpp"

namespace bowline::inline v0::scenario {

/// A capture on all hosts. Must outlive the run, and end with finish().
class Capture final : public sim::Tap {
 public:
  /// Hands `run`'s packets to `output` from now on: an interface for each host, in their order; or
  /// those that `only` sends and receives, the index of one host.
  Capture(Run& run, trace::Output& output, std::optional<std::size_t> only = {});
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture() override;

  void sent(const sim::Passage& passage) override;
  void arrived(const sim::Passage& passage) override;
  /// Hands on what is still held back.
  void finish();

 private:
  struct Listener final : DecisionListener {
    Listener(Capture& owner, std::size_t which) : capture(owner), host(which) {}
    void decided(const Decision& decision) noexcept override { capture.decided(host, decision); }
    Capture& capture;
    std::size_t host;
  };
  // A packet waits until its instant is over: by then its Stack has said why.
  struct Held {
    std::size_t host = 0;
    trace::Way way = trace::Way::in;
    FrameId frame = FrameId::none;
    std::vector<std::byte> bytes;
    std::vector<Decision> decisions;
  };

  void decided(std::size_t host, const Decision& decision) noexcept;
  void hold(sim::NodeId node, trace::Way way, const sim::Passage& passage);
  void go_to(Time now);

  Run& run_;
  trace::Output& output_;
  std::optional<std::size_t> only_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  Time now_{};
  std::vector<Held> held_;
  // Made before the packet was seen: (host, decision).
  std::vector<std::pair<std::size_t, Decision>> early_;
};

}  // namespace bowline::inline v0::scenario
