#pragma once

// Makes a ladder of each connection that a stack has, while it has it.
//
// This stack's states are those that its decisions tell, and so are the reasons; the peer's are
// inferred. A ladder is handed over when the connection ends: when this end is CLOSED, or has
// entered TIME-WAIT and acknowledged the peer's FIN, for nobody waits a minute for a picture.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "bowline/trace/byte_sink.hpp"
#include "bowline/trace/ladder.hpp"
#include "bowline/trace/ladder_text.hpp"
#include "bowline/trace/output.hpp"

namespace bowline::inline v0::trace {

/// What a collector keeps.
struct LadderCollectorOptions {
  /// Connections at a time; beyond it the one that began first is forgotten.
  std::size_t most_connections = 1'024;
  /// Events of each, from its beginning and its end; what lies between is counted.
  std::size_t most_first = 60;
  std::size_t most_last = 60;  ///< events kept of its end
  /// Put whoever opens the connection on the left, as textbooks do; otherwise this stack.
  bool opener_left = false;
};

/// Collects ladders and hands each to a function when its connection ends.
class LadderCollector : public Output {
 public:
  using Done = std::function<void(const Ladder&)>;  ///< Takes a finished ladder.

  /// Calls `done` for each connection.
  explicit LadderCollector(Done done, LadderCollectorOptions options = {});

  void frame(const FrameEvent& event) override;
  void decision(const Decision& decision) override;
  /// Hands over connections that have ended and waited for a last segment.
  void flush() override;

  /// Hands over what has not ended, too: the program ends before its connections.
  void finish();
  /// How many connections were forgotten because there were too many.
  [[nodiscard]] std::uint64_t forgotten() const noexcept { return forgotten_; }

 private:
  struct Collected {
    Ladder ladder;                    // without the last events
    std::deque<LadderEvent> last;     // beyond most_first
    Side ours = Side::left;           // where this stack stands
    std::uint64_t connection = 0;     // its number, once a decision has told it
    std::optional<tcp::State> state;  // this stack's
    std::optional<Decision> held;     // a change of state that its segment may follow
    bool reset = false;               // a RST has crossed
    bool over = false;                // handed over; kept so that stragglers begin no new ladder
  };

  Collected& collected(const Segment& segment, Way way);
  void learn_number(Collected& one, std::span<const Decision> decisions);
  void note_state(Collected& one, const Decision& decision);
  void hold(Collected& one, const Decision& decision);
  void release_held(Collected& one, const Segment* next);
  void append(Collected& one, LadderEvent event);
  void hand_over(Collected& one);

  Done done_;
  LadderCollectorOptions options_;
  std::map<Ends, Collected> collected_;
  std::deque<Ends> order_;
  std::map<std::uint64_t, Ends> by_number_;
  std::deque<Decision> unplaced_;  // of connections that have sent or received nothing yet
  std::uint64_t forgotten_ = 0;
};

/// Draws each ladder to a sink, which must outlive it, with an empty line behind.
class LadderOutput : public Output {
 public:
  /// Draws to `sink`, which must outlive it.
  explicit LadderOutput(ByteSink& sink, LadderOptions drawing = {},
                        LadderCollectorOptions collecting = {})
      : sink_(sink),
        collector_(
            [this, drawing](const Ladder& ladder) {
              sink_.append(draw_text(ladder, drawing) + '\n');
              sink_.flush();
            },
            collecting) {}

  void frame(const FrameEvent& event) override { collector_.frame(event); }
  void decision(const Decision& decision) override { collector_.decision(decision); }
  void flush() override { collector_.flush(); }
  /// Draws the connections that have not ended.
  void finish() { collector_.finish(); }

 private:
  ByteSink& sink_;
  LadderCollector collector_;
};

}  // namespace bowline::inline v0::trace
