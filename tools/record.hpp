#pragma once

// --record FILE: every call of this process's Stack, for bowline sim --replay.

#include <string>

#include "bowline/os/file_descriptor.hpp"
#include "bowline/replay/call_recorder.hpp"
#include "bowline/stack/stack.hpp"
#include "bowline/trace/byte_sink.hpp"

namespace bowline::tools {

/// The file and who writes it. Must outlive the Stack, or finish() must come before its end.
class Record {
 public:
  /// Makes `path`, for its owner alone to read: it holds the Stack's keys and all that is sent.
  /// Throws Failure where it cannot be made.
  Record(const std::string& path, const StackConfig& config);

  /// From now on `stack`, which was just made from the configuration, is written down.
  void attach(Stack& stack) { stack.set_call_listener(&recorder_); }
  /// Writes the end; `stack` is not heard any more. Throws Failure if the record is not whole.
  void finish(Stack& stack);

 private:
  std::string path_;
  os::FileDescriptor file_;
  trace::FileSink sink_;
  replay::CallRecorder recorder_;
};

}  // namespace bowline::tools
