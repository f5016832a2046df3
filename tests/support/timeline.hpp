#pragma once

// What happened in a script so far, with the stack's own reasons: what a person reads when one
// fails.

#include <string>
#include <string_view>
#include <vector>

#include "bowline/base/decision.hpp"
#include "bowline/base/time.hpp"

namespace bowline::test {

/// Listens to a Stack's decisions and keeps the conversation in order.
class Timeline final : public DecisionListener {
 public:
  /// Times are printed relative to `start`.
  void begin(Time start) { start_ = start; }

  void decided(const Decision& decision) noexcept override;
  /// A step of the script, a packet in ("<") or out (">").
  void note(Time at, std::string what) { lines_.push_back({at, std::move(what), {}}); }

  /// The last lines, as many as a screen holds; decisions stand indented under what brought them
  /// about.
  [[nodiscard]] std::string tail(std::size_t most = 40) const;
  /// How many decisions have been taken down.
  [[nodiscard]] std::size_t size() const { return lines_.size(); }

 private:
  struct Line {
    Time at{};
    std::string what;  // empty: a decision
    Decision decision{};
  };
  Time start_{};
  std::vector<Line> lines_;
};

}  // namespace bowline::test
