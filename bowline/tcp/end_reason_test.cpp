#include "bowline/tcp/end_reason.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace bowline::tcp {
namespace {

constexpr std::array kAll{EndReason::none,
                          EndReason::orderly,
                          EndReason::reset,
                          EndReason::refused,
                          EndReason::timed_out,
                          EndReason::unreachable,
                          EndReason::keepalive_failed,
                          EndReason::aborted,
                          EndReason::no_resources};

TEST(EndReason, OnlyAnOrderlyEndIsNoError) {
  for (const EndReason reason : kAll) {
    const bool fine = reason == EndReason::none || reason == EndReason::orderly;
    EXPECT_EQ(!error_of(reason), fine) << name(reason);
  }
}

// REQUIREMENTS A14; RFC 9293 3.6 MUST-12: the application can tell a reset from an end.
TEST(EndReason, ErrorsAreThoseOfPosix) {
  EXPECT_EQ(error_of(EndReason::reset), std::errc::connection_reset);
  EXPECT_EQ(error_of(EndReason::refused), std::errc::connection_refused);
  EXPECT_EQ(error_of(EndReason::timed_out), std::errc::timed_out);
  EXPECT_EQ(error_of(EndReason::keepalive_failed), std::errc::timed_out);
  EXPECT_EQ(error_of(EndReason::unreachable), std::errc::host_unreachable);
  EXPECT_EQ(error_of(EndReason::aborted), std::errc::connection_aborted);
  EXPECT_EQ(error_of(EndReason::no_resources), std::errc::no_buffer_space);
}

TEST(EndReason, EachHasASentenceOfItsOwn) {
  std::set<std::string_view> names;
  for (const EndReason reason : kAll) names.insert(name(reason));
  EXPECT_EQ(names.size(), kAll.size());
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace bowline::tcp
