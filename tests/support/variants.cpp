// The ways in which one script is run.
//
// - plain, over IPv4 and over IPv6;
// - on links that are hard to please: the Stack must offer again what was refused, and the
// conversation must
//   not differ by a byte (DESIGN section 3: "the stack commits any prefix");
// - on a link that takes large segments, which are cut by link/'s segmenter: the same packets must
// result;
// - with the n-th request for memory refused, for every n until none was: the script may break off,
// but
//   nothing may crash or leak, the stack must come to rest and serve a newcomer (DESIGN section 3:
//   "running out is a returned error").

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {
namespace {

using Make = std::function<std::unique_ptr<Script>(const Variant&)>;

/// Plays one variant; false if it failed.
bool passes(const Make& make, const Variant& variant, const std::string& what,
            std::uint64_t* refused = nullptr) {
  SCOPED_TRACE(what);
  const auto script = make(variant);
  script->run();
  if (refused != nullptr) *refused = script->memory().refused();
  return !::testing::Test::HasFailure();
}

}  // namespace

void run_variants(const Make& make) {
  if (!passes(make, {}, "IPv4")) return;
  if (!passes(make, {.family = Family::ipv6}, "IPv6")) return;
  if (!passes(make, {.refuse_every = 2}, "a link that refuses every second offer")) return;
  if (!passes(make, {.refuse_every = 3, .one_at_a_time = true},
              "a link that takes one packet at a time and refuses every third offer")) {
    return;
  }
  if (!passes(make, {.large_segments = true}, "a link that cuts large segments")) return;
  if (!passes(make, {.large_segments = true, .refuse_every = 3},
              "a link that cuts large segments and takes them in part")) {
    return;
  }
  constexpr std::uint64_t kMostRequests = 2'000;
  for (std::uint64_t n = 0; n < kMostRequests; ++n) {
    std::uint64_t refused = 0;
    if (!passes(make, {.refused_request = n}, fmt::format("request {} for memory refused", n),
                &refused)) {
      return;
    }
    if (refused == 0) return;  // the script does not ask so often
  }
}

}  // namespace bowline::test
