#pragma once

// What --pcap, --trace, --ladder and --json ask for: a recorder with its outputs.

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bowline/base/time.hpp"
#include "bowline/trace/byte_sink.hpp"
#include "bowline/trace/ladder_collector.hpp"
#include "bowline/trace/output.hpp"
#include "bowline/trace/recorder.hpp"
#include "tools/network_options.hpp"

namespace bowline::tools {

/// From 1970 to the origin of the monotonic clock, which is the time line of a live Stack.
[[nodiscard]] Duration wall_clock_epoch();

/// A recorder and what it writes. Must outlive the Stack and the link that it watches.
class Watch {
 public:
  /// Opens the files. `epoch`: from 1970 to where the Stack's times begin. Throws Failure where a
  /// file cannot be written.
  explicit Watch(const WatchOptions& options, Duration epoch = wall_clock_epoch());

  [[nodiscard]] trace::Recorder& recorder() { return recorder_; }
  /// Adds an output of the caller's, which must outlive the last flush.
  void add(trace::Output& output) { recorder_.add_output(output); }
  /// All that happened is written, down to the last connection. Throws Failure if something could
  /// not be.
  void finish();

 private:
  trace::Recorder recorder_;
  std::deque<trace::FileSink> sinks_;
  std::vector<std::unique_ptr<trace::Output>> outputs_;
  trace::LadderOutput* ladders_ = nullptr;  // one of outputs_
};

}  // namespace bowline::tools
