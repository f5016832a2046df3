#pragma once

// Is a listener under a flood of SYNs (RFC 4987 section 2)?
//
// That its queue is full says little: a thousand honest clients that come at once fill it, too, and
// are let in by cookies. But they finish their handshakes a round trip later, and a flood does not.
// So what is counted are SYNs that came to a crowded queue or were answered by a cookie, and
// handshakes that were finished, over windows of ten seconds; the flood is called one when at least
// a hundred of the former have had a second to answer, and not half as many of the latter were
// finished. That costs a few additions for each SYN and no memory but this.

#include <bit>
#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// Watches one listener.
class FloodWatch {
 public:
  /// SYNs that have had their time from which on it may be a flood, in one window.
  static constexpr std::uint32_t kLeastSyns = 100;
  /// How long is counted, and how often the same flood is told of.
  static constexpr Duration kWindow = 10s;
  /// More sources than that are not told apart.
  static constexpr std::uint32_t kMostSources = 64;
  /// After this time the clients that are honest have answered.
  static constexpr Duration kPatience = 1s;

  /// A SYN came that found the queue crowded or was answered by a cookie, at `now`; `source()` is a
  /// hash of its address, which is not always asked for. True: this is a flood, and it has not been
  /// told in this window.
  template <class F>
  [[nodiscard]] bool syn(Time now, F&& source) noexcept {
    if (now - since_ >= kWindow) {
      was_flooded_ = told_;
      since_ = now;
      slice_since_ = now;
      syns_ = ripe_ = young_ = finished_ = 0;
      sources_ = 0;
      told_ = false;
    }
    ripen(now);
    // A sample is enough to tell a few sources from many.
    if (syns_ % kSample == 0) sources_ |= std::uint64_t{1} << (source() % kMostSources);
    ++syns_;
    if (told_ || ripe_ < kLeastSyns || finished_ >= ripe_ / 2) return false;
    told_ = true;
    return true;
  }
  /// A handshake was finished.
  void finished() noexcept { ++finished_; }

  /// SYNs of the kind that is counted, in this window.
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
    v(since_, slice_since_, syns_, ripe_, young_, finished_, sources_, told_, was_flooded_);
  }

 private:
  static constexpr std::uint32_t kSample = 8;

  // Moves on to the slice of time, kPatience long, that `now` is in. What came before the last one
  // began is ripe: it has had its time.
  void ripen(Time now) noexcept {
    const Duration age = now - slice_since_;
    if (age < kPatience) return;
    ripe_ = age < 2 * kPatience ? ripe_ + young_ : syns_;
    young_ = syns_ - ripe_;
    slice_since_ = now;
  }

  Time since_{};
  Time slice_since_{};
  std::uint64_t sources_ = 0;  // a bit for each of 64 classes that came
  std::uint32_t syns_ = 0;
  std::uint32_t ripe_ = 0;   // of them, those that came a slice ago or more
  std::uint32_t young_ = 0;  // and those of the slice before this one
  std::uint32_t finished_ = 0;
  bool told_ = false;
  bool was_flooded_ = false;
};

}  // namespace bowline::inline v0::tcp
