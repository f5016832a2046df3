#pragma once

// A series that stays small however long the run is.
//
// Plots show a few thousand points; a minute at 100 Mbit/s has a million. When a series has reached
// its bound, neighbours are merged two by two, and from then on so many of what comes make one
// entry. What merging means is the entry's business (`void merge(const T& later)`).

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace bowline::inline v0::scenario {

/// At most `most` (even, at least 2) entries of type T.
template <class T>
class Thinned {
 public:
  explicit Thinned(std::size_t most) : most_(std::max<std::size_t>(most & ~std::size_t{1}, 2)) {}

  /// Adds `entry` at the end.
  void add(const T& entry) {
    ++count_;
    if (in_last_ > 0 && in_last_ < stride_) {
      entries_.back().merge(entry);
      ++in_last_;
      return;
    }
    if (entries_.size() == most_) halve();
    if (in_last_ > 0 && in_last_ < stride_) {
      entries_.back().merge(entry);
      ++in_last_;
      return;
    }
    entries_.push_back(entry);
    in_last_ = 1;
  }

  [[nodiscard]] const std::vector<T>& entries() const noexcept { return entries_; }  ///< So far.
  /// How many of what was added make one entry.
  [[nodiscard]] std::size_t stride() const noexcept { return stride_; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }  ///< Of what was added.

 private:
  void halve() {
    for (std::size_t i = 0; i + 1 < entries_.size(); i += 2) {
      T merged = entries_[i];
      merged.merge(entries_[i + 1]);
      entries_[i / 2] = std::move(merged);
    }
    entries_.resize(entries_.size() / 2);
    in_last_ += stride_;  // two full ones make a full one of the new stride
    stride_ *= 2;
  }

  std::size_t most_;
  std::size_t stride_ = 1;
  std::size_t in_last_ = 0;
  std::size_t count_ = 0;
  std::vector<T> entries_;
};

}  // namespace bowline::inline v0::scenario
