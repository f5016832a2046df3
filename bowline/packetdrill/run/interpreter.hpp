#pragma once

// Runs a script: the events in order, in virtual time.

#include <memory>
#include <string>
#include <vector>

#include "bowline/packetdrill/language/script.hpp"
#include "bowline/packetdrill/run/config.hpp"
#include "bowline/trace/recorder.hpp"

namespace bowline::inline v0::packetdrill {

/// How a run ended.
struct Verdict {
  bool passed = false;                   ///< everything was as the script says
  Position position{};                   ///< of the event at which it was not
  std::string message{};                 ///< what was not; several lines, perhaps
  std::vector<std::string> decisions{};  ///< the last that the stack made, the latest last
  std::vector<std::string> notes{};      ///< what was not done though the script asks for it
  std::string printed{};                 ///< by print() in %{ }% blocks
  std::vector<std::string> packets{};    ///< those of the conversation, if asked for
};

/// What a run shows beside its verdict.
struct RunView {
  trace::Recorder* recorder = nullptr;  ///< sees every packet and decision; may be null
  bool packets = false;                 ///< fill Verdict::packets
};

/// Runs `script`.
[[nodiscard]] Verdict run_script(const Script& script, const RunConfig& config,
                                 const RunView& view = {});

}  // namespace bowline::inline v0::packetdrill
