#pragma once

// Why DHCP messages are dropped: what Reason is for packets. Each has its paragraph and is counted.

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace bowline::inline v0::dhcp {

/// Why a message was not believed. The list is drops.inc.
enum class Drop : std::uint8_t {
#define BOWLINE_DHCP_DROP(name, reference, sentence) name,
#include "bowline/dhcp/drops.inc"
#undef BOWLINE_DHCP_DROP
};

/// What there is to say about a Drop.
struct DropText {
  std::string_view name;       ///< its spelling in counters
  std::string_view reference;  ///< the paragraph that demands it
  std::string_view sentence;   ///< for a person
};

namespace detail {

inline constexpr DropText kDropTexts[] = {
#define BOWLINE_DHCP_DROP(name, reference, sentence) {#name, reference, sentence},
#include "bowline/dhcp/drops.inc"
#undef BOWLINE_DHCP_DROP
};

}  // namespace detail

/// How many there are.
inline constexpr std::size_t kDropCount = std::size(detail::kDropTexts);

/// The texts of `drop`.
[[nodiscard]] constexpr const DropText& text_of(Drop drop) noexcept {
  return detail::kDropTexts[static_cast<std::size_t>(drop)];
}

/// How often each applied.
class DropCounters {
 public:
  /// One more.
  void count(Drop drop) noexcept { ++counts_[static_cast<std::size_t>(drop)]; }
  /// How often `drop` applied.
  [[nodiscard]] std::uint64_t operator[](Drop drop) const noexcept {
    return counts_[static_cast<std::size_t>(drop)];
  }
  /// All of them together.
  [[nodiscard]] std::uint64_t total() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum;
  }

  template <class V>
  void visit(V& v) {
    v(counts_);
  }

 private:
  std::array<std::uint64_t, kDropCount> counts_{};
};

}  // namespace bowline::inline v0::dhcp
