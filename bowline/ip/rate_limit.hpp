#pragma once

// A limit on stateless replies (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f): a bucket of
// tokens.

#include <algorithm>
#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::ip {

/// Lets through `rate` events a second, and as many at once after a rest.
class RateLimit {
 public:
  /// Rested: `rate` events may happen at once.
  explicit RateLimit(std::uint32_t rate) noexcept : rate_(rate), tokens_(rate) {}

  /// May one more happen at `now`? Then it counts.
  [[nodiscard]] bool allow(Time now) noexcept {
    if (rate_ == 0) return false;
    const Duration each = std::max(Duration(1s) / rate_, Duration(1));
    const auto due = static_cast<std::uint64_t>((now - filled_at_) / each);
    if (due >= rate_ - tokens_) {
      tokens_ = rate_;  // full: what more would have come is lost
      filled_at_ = now;
    } else {
      tokens_ += static_cast<std::uint32_t>(due);
      filled_at_ += static_cast<std::int64_t>(due) * each;
    }
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

  template <class V>
  void visit(V& v) {
    v(tokens_, filled_at_);
  }

 private:
  std::uint32_t rate_;
  std::uint32_t tokens_;
  Time filled_at_{};
};

}  // namespace bowline::inline v0::ip
