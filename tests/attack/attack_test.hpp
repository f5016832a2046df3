#pragma once

// What the tests of attacks have in common: each runs over both families, and what is said of
// answers is said in one way.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/attack/forge/ground.hpp"

namespace bowline::attack {

/// Each test once over IPv4 and once over IPv6.
class Attack : public ::testing::TestWithParam<Family> {};

[[nodiscard]] inline std::string family_name(const ::testing::TestParamInfo<Family>& info) {
  return info.param == Family::ipv4 ? "ipv4" : "ipv6";
}
/// As GoogleTest's INSTANTIATE_TEST_SUITE_P(), for both families.
#define OVER_BOTH_FAMILIES(suite) \
  INSTANTIATE_TEST_SUITE_P(Over, suite, ::testing::Values(Family::ipv4, Family::ipv6), family_name)

/// Exactly one answer, and what it is.
[[nodiscard]] inline std::optional<Seen> only(const std::vector<Bytes>& answers) {
  if (answers.size() != 1) return std::nullopt;
  return read(answers.front());
}
/// "Flags [R.], seq 0, ack 1": what a failed test shows.
[[nodiscard]] inline std::string lines(const std::vector<Bytes>& packets) {
  std::string text;
  for (const Bytes& each : packets) text += line(each) + "\n";
  return text.empty() ? "nothing" : text;
}
[[nodiscard]] inline std::size_t bytes_of(const std::vector<Bytes>& packets) {
  std::size_t sum = 0;
  for (const Bytes& each : packets) sum += each.size();
  return sum;
}
/// The size of a packet with a bare header of TCP, the least there is.
[[nodiscard]] inline std::size_t bare_size(Family family) {
  return wire::ip_header_size(family) + wire::kTcpHeaderSize;
}

/// What a Ground holds, before and after.
class Held {
 public:
  explicit Held(Ground& ground) : ground_(ground), bytes_(ground.memory().live_bytes()) {}
  /// Bytes more than at the beginning; 0 if there are less.
  [[nodiscard]] std::size_t more() const {
    return std::max(ground_.memory().live_bytes(), bytes_) - bytes_;
  }

 private:
  Ground& ground_;
  std::size_t bytes_;
};

}  // namespace bowline::attack
