#include "bowline/base/fields.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "bowline/base/time.hpp"

namespace bowline {
namespace {

struct None {};
struct One {
  int a = 1;
};
struct Several {
  Duration time = 1s;
  std::array<int, 4> array{};
  std::optional<One> maybe{};
  One inner{};
  Time at{};
  std::string text;
  bool last = false;
};

TEST(Fields, AreCountedByTheCompiler) {
  static_assert(field_count<None>() == 0);
  static_assert(field_count<One>() == 1);
  static_assert(field_count<Several>() == 7);
  static_assert(field_count<Several, 3>() == 3);  // no further than it was asked to look
}

TEST(Fields, AListOfAllOfThemCompiles) {
  const Several s;
  check_fields<Several>(s.time, s.array, s.maybe, s.inner, s.at, s.text, s.last);
  check_fields<Several, 2>(s.time, s.array, s.maybe, s.inner, s.at);
}

}  // namespace
}  // namespace bowline
