#pragma once

// Is a listener under a flood of SYNs (RFC 4987 section 2)?
//
// That its queue is full says little: a thousand honest clients that come at once fill it, too, and
// are let in by cookies. But they finish their handshakes a round trip later, and a flood does not.
// So what is counted are SYNs that found the queue full or were answered by a cookie, and
// handshakes that were finished, over windows of ten seconds; the flood is called one when at least
// a hundred of the former have come over at least a second, and not half as many of the latter.
// That costs a few additions for each SYN and no memory but this.

#include <bit>
#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// Watches one listener.
class FloodWatch {
 public:
  /// SYNs without room from which on it may be a flood, in one window.
  static constexpr std::uint32_t kLeastSyns = 100;
  /// How long is counted, and how often the same flood is told of.
  static constexpr Duration kWindow = 10s;
  /// More sources than that are not told apart.
  static constexpr std::uint32_t kMostSources = 64;
  /// After this time the clients that are honest have answered.
  static constexpr Duration kPatience = 1s;

  /// A SYN came for which there was no room, at `now`; `source()` is a hash of its address, which
  /// is not always asked for. True: this is a flood, and it has not been told in this window.
  template <class F>
  [[nodiscard]] bool syn(Time now, F&& source) noexcept {
    if (now - since_ >= kWindow) {
      was_flooded_ = told_;
      since_ = now;
      syns_ = finished_ = 0;
      sources_ = 0;
      told_ = false;
    }
    // A sample is enough to tell a few sources from many.
    if (syns_ % kSample == 0) sources_ |= std::uint64_t{1} << (source() % kMostSources);
    ++syns_;
    if (told_ || syns_ < kLeastSyns || now - since_ < kPatience) return false;
    if (finished_ >= syns_ / 2) return false;
    told_ = true;
    return true;
  }
  /// A handshake was finished.
  void finished() noexcept { ++finished_; }

  /// SYNs without room, in this window.
  [[nodiscard]] std::uint32_t syns() const noexcept { return syns_; }
  /// About how many sources they came from: right for a few, kMostSources stands for "many".
  [[nodiscard]] std::uint32_t sources() const noexcept {
    return static_cast<std::uint32_t>(std::popcount(sources_));
  }
  /// Was a flood recognised in the window of `now`, or in the one before?
  [[nodiscard]] bool flooded(Time now) const noexcept {
    const Duration age = now - since_;
    return (told_ && age < 2 * kWindow) || (was_flooded_ && age < kWindow);
  }

  template <class V>
  void visit(V& v) {
    v(since_, syns_, finished_, sources_, told_, was_flooded_);
  }

 private:
  static constexpr std::uint32_t kSample = 8;

  Time since_{};
  std::uint64_t sources_ = 0;  // a bit for each of 64 classes that came
  std::uint32_t syns_ = 0;
  std::uint32_t finished_ = 0;
  bool told_ = false;
  bool was_flooded_ = false;
};

}  // namespace bowline::inline v0::tcp
