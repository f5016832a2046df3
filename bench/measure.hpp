#pragma once

// How the benchmarks measure: processor time of this thread, rounds, medians, and what was
// allocated.
//
// Processor time and not wall time, wherever a program has one thread and never waits: on a machine
// that others use, too, it is what an idle core would have taken. Every program measures its
// variants in turn, round after round, so that a disturbance meets all of them, and reports the
// median with the range beside it.

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "bowline/base/memory.hpp"
#include "bowline/base/result.hpp"

namespace bowline::bench {

/// Ends the program with one line that says what could not be done.
[[noreturn]] inline void give_up(std::string_view what, std::string_view why) {
  fmt::print(stderr, "{}: {}\n", what, why);
  std::exit(1);
}

/// The value, or the end of the program: a benchmark whose set-up fails measures nothing.
template <class T>
T must(Result<T> result, std::string_view what) {
  if (!result) give_up(what, result.error().message());
  return std::move(*result);
}
inline void must(const Status& status, std::string_view what) {
  if (!status) give_up(what, status.error().message());
}

/// Seconds on the given clock: CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC.
[[nodiscard]] inline double seconds_on(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Processor time that this thread has used, in seconds.
[[nodiscard]] inline double cpu_seconds() { return seconds_on(CLOCK_THREAD_CPUTIME_ID); }

/// The heap, counting how often it is asked.
class CountingMemory final : public Memory {
 public:
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    ++allocations_;
    held_ += bytes;
    return heap_memory().allocate(bytes, alignment);
  }
  void release(void* memory, std::size_t bytes, std::size_t alignment) noexcept override {
    held_ -= bytes;
    heap_memory().release(memory, bytes, alignment);
  }

  [[nodiscard]] std::uint64_t allocations() const noexcept { return allocations_; }
  /// Bytes allocated and not released.
  [[nodiscard]] std::uint64_t held() const noexcept { return held_; }

 private:
  std::uint64_t allocations_ = 0;
  std::uint64_t held_ = 0;
};

/// Figures of several rounds.
class Rounds {
 public:
  void add(double figure) { figures_.push_back(figure); }
  [[nodiscard]] double median() const {
    std::vector<double> sorted = figures_;
    std::ranges::sort(sorted);
    const std::size_t middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
  [[nodiscard]] double lowest() const { return *std::ranges::min_element(figures_); }
  [[nodiscard]] double highest() const { return *std::ranges::max_element(figures_); }

 private:
  std::vector<double> figures_;
};

/// `NAME=NUMBER` among the program's arguments; `otherwise` when it is not there. Everything else
/// that stands there ends the program with status 2: see check_arguments().
[[nodiscard]] inline std::uint64_t argument(int argc, char** argv, std::string_view name,
                                            std::uint64_t otherwise) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    if (!text.starts_with(name) || text.size() <= name.size() || text[name.size()] != '=') continue;
    const std::string_view number = text.substr(name.size() + 1);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(number.begin(), number.end(), value);
    if (error == std::errc{} && end == number.end()) return value;
    fmt::print(stderr, "{}: {} takes a number\n", text, name);
    std::exit(2);
  }
  return otherwise;
}

/// Ends the program with status 2 and `usage` when an argument is none of `names`.
inline void check_arguments(int argc, char** argv, std::initializer_list<std::string_view> names,
                            std::string_view usage) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    const bool known = std::ranges::any_of(names, [&](std::string_view name) {
      return text.starts_with(name) && text.size() > name.size() && text[name.size()] == '=';
    });
    if (known) continue;
    fmt::print(stderr, "{}: not an argument of this program\nusage: {}\n", text, usage);
    std::exit(2);
  }
}

}  // namespace bowline::bench
