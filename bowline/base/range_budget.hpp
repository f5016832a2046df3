#pragma once

// What all range maps of one kind may hold together.
//
// A map has a limit of its own, but there may be a map for each of very many connections, and who
// opens them all can fill each. So the maps draw their cells from one account. When it is used up a
// map still grows to a few cells, so that everybody gets on; only those that want more than that
// are refused.

#include <algorithm>
#include <cstdint>

namespace bowline::inline v0 {

/// An account of cells. Outlives the maps that draw on it; one thread's.
class RangeBudget {
 public:
  /// Cells that every map may have, whatever the others hold.
  static constexpr std::uint32_t kEach = 64;

  /// At most `limit` cells for all, but for what kEach allows.
  explicit RangeBudget(std::uint64_t limit) noexcept : limit_(limit) {}

  /// May a map that has `held` cells have `wanted`?
  [[nodiscard]] bool allows(std::uint32_t held, std::uint32_t wanted) const noexcept {
    return wanted <= kEach || used_ + (wanted - held) <= limit_;
  }
  /// A map has `count` more.
  void take(std::uint32_t count) noexcept { used_ += count; }
  /// A map gives `count` back.
  void give(std::uint32_t count) noexcept { used_ -= std::min<std::uint64_t>(used_, count); }

  /// Cells that all maps have.
  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }
  [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }  ///< the most, see above

 private:
  std::uint64_t limit_;
  std::uint64_t used_ = 0;
};

}  // namespace bowline::inline v0
