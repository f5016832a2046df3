#pragma once

// Writes down every call of a Stack, as it is made: what it holds in memory is one call and the
// sink's buffer, however long the run.
//
// A record may end too early (the disk is full, the process was killed), but never has a gap: it
// can be replayed up to its end.

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "bowline/replay/record.hpp"
#include "bowline/trace/byte_sink.hpp"

namespace bowline::inline v0::replay {

/// Give it to Stack::set_call_listener() before the first call, and end with finish(). `sink` must
/// outlive it.
class CallRecorder final : public CallListener {
 public:
  /// Is told once, in the midst of a call of the Stack, that from here on nothing is written: one
  /// line that says why and what would help. Must not throw.
  using OnProblem = std::function<void(std::string_view line)>;

  /// Begins the record of a Stack made from `config`, whose times count from `epoch` after 1970.
  CallRecorder(trace::ByteSink& sink, const StackConfig& config, Duration epoch = {},
               OnProblem on_problem = {});

  void called(StackCall call, std::span<const std::byte> arguments,
              std::span<const std::byte> result) noexcept override;
  void missed() noexcept override;

  /// The Stack is called no more: writes the end, unless something is missing in the record.
  /// Returns why it ends before its time, one line, or nothing.
  [[nodiscard]] std::string finish();
  [[nodiscard]] const CallDigest& digest() const noexcept { return digest_; }  ///< Of all so far.

 private:
  void stop(std::string_view why) noexcept;

  trace::ByteSink& sink_;
  OnProblem on_problem_;
  CallDigest digest_;
  std::string text_;     // of a call, kept for its memory
  std::string problem_;  // what finish() will say
  bool stopped_ = false;
};

}  // namespace bowline::inline v0::replay
