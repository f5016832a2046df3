#pragma once

// A limit on stateless replies (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f): a bucket of
// tokens.

#include <algorithm>
#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::ip {

/// Lets through `rate` events a second, and as many at once after a rest.
class RateLimit {
 public:
  explicit RateLimit(std::uint32_t rate) noexcept : rate_(rate), tokens_(rate) {}

  /// May one more happen at `now`? Then it counts.
  [[nodiscard]] bool allow(Time now) noexcept {
    if (rate_ == 0) return false;
    const Duration each = Duration(1s) / rate_;
    if (now - filled_at_ >= each) {
      const auto due = static_cast<std::uint64_t>((now - filled_at_) / std::max(each, Duration(1)));
      tokens_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(rate_, tokens_ + due));
      filled_at_ = now;
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

}  // namespace bowline::ip
