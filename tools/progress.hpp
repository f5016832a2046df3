#pragma once

// How far a transfer is, as one line on a terminal that is written over again and again. In a pipe
// nothing at all.

#include "bowline/asio.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "bowline/http/deadline.hpp"

namespace bowline::tools {

/// What the line says.
struct ProgressState {
  std::uint64_t done = 0;              ///< bytes, those of earlier runs included
  std::optional<std::uint64_t> total;  ///< where it is known
  double rate = 0;                     ///< bytes a second, lately
};

/// "  45 %  450 MB of 1.00 GB  120 MB/s  0:04 left", at most `width` columns.
[[nodiscard]] std::string progress_line(const ProgressState& state, std::size_t width);

/// Shows progress on standard error twice a second, if that is a terminal.
class Progress {
 public:
  explicit Progress(const boost::asio::any_io_executor& executor);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// `done` of `total` bytes are there already; begins to show.
  void start(std::uint64_t done, std::optional<std::uint64_t> total);
  void add(std::uint64_t bytes) { state_.done += bytes; }
  /// Takes the line away.
  void stop();

 private:
  struct Sample {
    std::chrono::steady_clock::time_point at;
    std::uint64_t done;
  };
  void show();

  http::Deadline tick_;
  ProgressState state_;
  std::deque<Sample> samples_;  // of the last seconds
  bool shown_ = false;
};

}  // namespace bowline::tools
