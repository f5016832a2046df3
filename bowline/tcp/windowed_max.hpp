#pragma once

// The largest value of a sliding window, in three values.
//
// The best value, the best that came after it, and the best that came after that one: when the
// first grows too old, the next steps in. Exact when values fall or rise steadily, close otherwise;
// never below the newest value, never a value that is older than the window (K. Nichols' windowed
// filter, which draft-ietf-ccwg-bbr section 5.5.5 names).

#include <array>
#include <cstdint>

namespace bowline::inline v0::tcp {

/// The maximum over a window of a virtual time (rounds, cycles) that only grows, modulo 2^32.
class WindowedMax {
 public:
  /// Takes `value` at `time`; returns the maximum over the last `window` units of time.
  std::uint32_t update(std::uint32_t value, std::uint32_t time, std::uint32_t window) noexcept {
    const Sample now{value, time};
    auto& [best, second, third] = samples_;
    if (value >= best.value || time - third.time > window) {
      samples_ = {now, now, now};
      return value;
    }
    if (value >= second.value) {
      second = third = now;
    } else if (value >= third.value) {
      third = now;
    }
    return expire(now, window);
  }

  /// The maximum when update() was last called.
  [[nodiscard]] std::uint32_t best() const noexcept { return samples_[0].value; }

  template <class V>
  void visit(V& v) {
    for (Sample& sample : samples_) v(sample.value, sample.time);
  }

 private:
  struct Sample {
    std::uint32_t value = 0;
    std::uint32_t time = 0;
  };

  std::uint32_t expire(const Sample& now, std::uint32_t window) noexcept {
    auto& [best, second, third] = samples_;
    const std::uint32_t age = now.time - best.time;
    if (age > window) {
      // At most twice: the third is not too old, or update() had begun anew.
      best = second;
      second = third;
      third = now;
      if (now.time - best.time > window) {
        best = second;
        second = third;
      }
    } else if (second.time == best.time && age > window / 4) {
      second = third = now;  // a quarter of the window has no other candidate
    } else if (third.time == second.time && age > window / 2) {
      third = now;
    }
    return best.value;
  }

  std::array<Sample, 3> samples_{};
};

}  // namespace bowline::inline v0::tcp
