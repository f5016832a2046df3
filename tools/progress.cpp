#include "tools/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "bowline/http/listing.hpp"
#include "tools/terminal.hpp"

namespace bowline::tools {
namespace {

constexpr std::chrono::milliseconds kTick{500};
// The rate is that of the last three seconds: steady enough to be read, quick enough to be true.
constexpr std::size_t kSamples = 7;

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string clock(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole >= 3'600) {
    return fmt::format("{}:{:02}:{:02}", whole / 3'600, whole / 60 % 60, whole % 60);
  }
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

std::string progress_line(const ProgressState& state, std::size_t width) {
  constexpr double kLongest = 100.0 * 3'600;
  std::string line;
  if (state.total) {
    const double share = *state.total == 0
                             ? 1.0
                             : static_cast<double>(state.done) / static_cast<double>(*state.total);
    line = fmt::format("{:3.0f} %  {} of {}", 100 * std::min(share, 1.0),
                       http::format_size(state.done), http::format_size(*state.total));
  } else {
    line = http::format_size(state.done);
  }
  line += fmt::format("  {}/s", http::format_size(static_cast<std::uint64_t>(state.rate)));
  if (state.total && state.rate > 0 && *state.total > state.done) {
    const double left = static_cast<double>(*state.total - state.done) / state.rate;
    if (left < kLongest) line += fmt::format("  {} left", clock(left));
  }
  return line.substr(0, width);
}

Progress::Progress(const boost::asio::any_io_executor& executor)
    : tick_(executor, [this] { show(); }) {}

Progress::~Progress() { stop(); }

void Progress::start(std::uint64_t done, std::optional<std::uint64_t> total) {
  state_ = {.done = done, .total = total, .rate = 0};
  samples_.assign(1, {std::chrono::steady_clock::now(), done});
  if (is_terminal(STDERR_FILENO)) tick_.set(kTick);
}

void Progress::stop() {
  tick_.clear();
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

void Progress::show() {
  samples_.push_back({std::chrono::steady_clock::now(), state_.done});
  if (samples_.size() > kSamples) samples_.pop_front();
  const std::chrono::duration<double> span = samples_.back().at - samples_.front().at;
  state_.rate = static_cast<double>(samples_.back().done - samples_.front().done) / span.count();
  fmt::print(stderr, "\r{}\033[K", progress_line(state_, terminal_width() - 1));
  std::fflush(stderr);
  shown_ = true;
  tick_.set(kTick);
}

}  // namespace bowline::tools
