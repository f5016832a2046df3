#include "bowline/replay/call_recorder.hpp"

#include <new>
#include <utility>

namespace bowline::inline v0::replay {
namespace {

constexpr std::string_view kNoMemory =
    "no memory to write a call down: the record ends before it; give the process more memory";

}  // namespace

CallRecorder::CallRecorder(trace::ByteSink& sink, const StackConfig& config, Duration epoch,
                           OnProblem on_problem)
    : sink_(sink), on_problem_(std::move(on_problem)) {
  const std::string head = record_head(config, epoch);
  if (head.empty()) throw std::bad_alloc();
  if (!sink_.append(head)) stop(sink_.error());
}

void CallRecorder::called(StackCall call, std::span<const std::byte> arguments,
                          std::span<const std::byte> result) noexcept {
  if (stopped_) return;
  if (arguments.size() > kLargestPart || result.size() > kLargestPart) {
    return stop("a call of more than 256 MiB is too large for a record, which ends before it");
  }
  try {
    text_.clear();
    append_call(text_, call, arguments, result);
    digest_.add(call, arguments, result);
    if (!sink_.append(text_)) return stop(sink_.error());
    // Each turn of a driver has one: who is killed loses no more than a turn.
    if (call == StackCall::advance && !sink_.flush()) stop(sink_.error());
  } catch (const std::bad_alloc&) {
    stop(kNoMemory);
  }
}

void CallRecorder::missed() noexcept { stop(kNoMemory); }

void CallRecorder::stop(std::string_view why) noexcept {
  if (std::exchange(stopped_, true)) return;
  try {
    problem_ = why;
  } catch (const std::bad_alloc&) {
    problem_ = "no memory";  // short enough to need none
  }
  if (on_problem_) on_problem_(problem_);
}

std::string CallRecorder::finish() {
  if (!stopped_ && (!sink_.append(record_end(digest_)) || !sink_.flush())) stop(sink_.error());
  return problem_;
}

}  // namespace bowline::inline v0::replay
