#include "tools/watch.hpp"

#include <unistd.h>

#include <chrono>

#include "bowline/driver/clock.hpp"
#include "bowline/trace/json.hpp"
#include "bowline/trace/ladder_collector.hpp"
#include "bowline/trace/line.hpp"
#include "bowline/trace/pcapng.hpp"
#include "tools/failure.hpp"
#include "tools/terminal.hpp"

namespace bowline::tools {

Duration wall_clock_epoch() {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Duration>(wall) - driver::monotonic_now().time_since_epoch();
}

Watch::Watch(const WatchOptions& options, Duration epoch) {
  if (!options.pcap.empty()) {
    auto file = trace::FileSink::create(options.pcap);
    if (!file) throw Failure(file.error());
    sinks_.push_back(std::move(*file));
    outputs_.push_back(std::make_unique<trace::PcapngOutput>(
        sinks_.back(), trace::PcapngOptions{.snap_length = 0, .epoch = epoch}));
  }
  if (options.trace || options.ladder || options.json) {
    sinks_.emplace_back(STDOUT_FILENO, "standard output", is_terminal(STDOUT_FILENO));
  }
  if (options.trace) {
    outputs_.push_back(std::make_unique<trace::LineOutput>(
        sinks_.back(),
        trace::LineOptions{.stamp = trace::Stamp::time_of_day, .reasons = true, .epoch = epoch}));
  }
  if (options.ladder) {
    auto ladders = std::make_unique<trace::LadderOutput>(
        sinks_.back(), ladder_options(), trace::LadderCollectorOptions{.opener_left = true});
    ladders_ = ladders.get();
    outputs_.push_back(std::move(ladders));
  }
  if (options.json) {
    outputs_.push_back(
        std::make_unique<trace::JsonOutput>(sinks_.back(), trace::JsonOptions{.epoch = epoch}));
  }
  for (const auto& output : outputs_) recorder_.add_output(*output);
}

void Watch::finish() {
  recorder_.flush();
  if (ladders_ != nullptr) ladders_->finish();
  for (trace::FileSink& sink : sinks_) {
    sink.flush();
    if (!sink.error().empty()) throw Failure(std::string(sink.error()));
  }
}

}  // namespace bowline::tools
