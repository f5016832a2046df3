// A script that is wrong is never a crash and never a pass.
//
// Wrong by its letters: scripts with characters and words deleted, doubled, swapped and replaced
// are no script at one place, or run to an end. (Some still say the same, and pass.) Wrong by what
// it says: a script that passes, with one of its expectations changed, must fail. Both by counted
// seeds; one that fails is told by its number.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "bowline/packetdrill/language/parser.hpp"
#include "bowline/packetdrill/run/interpreter.hpp"
#include "tests/mutations/scripts.hpp"

namespace bowline::packetdrill::mutations {
namespace {

// BOWLINE_MUTATIONS=N in the environment: that many instead.
std::uint64_t seeds() {
  constexpr std::uint64_t kSeeds = 4'000;
  const char* const more = std::getenv("BOWLINE_MUTATIONS");
  return more == nullptr ? kSeeds : std::strtoull(more, nullptr, 10);
}

// The mode that a script is for; IPv4, if it is for that.
AddressMode mode_of(const Script& script) {
  return only_mode(script).value_or(runs_in(script, AddressMode::ipv4) ? AddressMode::ipv4
                                                                       : AddressMode::ipv6);
}

std::optional<Verdict> run(const Script& script) {
  const auto config =
      make_config(script, {.mode = mode_of(script), .profile = {}, .strict_echo = true});
  if (!config) return std::nullopt;
  return run_script(script, *config);
}

std::expected<Script, Problem> parsed(const std::string& text) {
  const auto first = parse_script(text, defines_of(AddressMode::ipv4));
  const AddressMode mode = first ? mode_of(*first) : AddressMode::ipv4;
  return parse_script(text, defines_of(mode));
}

TEST(WrongLetters, AreNoScriptOrRunToAnEnd) {
  const std::uint64_t all = seeds();
  std::uint64_t broken = 0;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = 0; seed < all; ++seed) {
    Random random(seed);
    const Source& source = sources()[random.index(sources().size())];
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + source.name);
    const auto script = parsed(scrambled(source.text, random));
    if (!script) {
      EXPECT_FALSE(script.error().message.empty());
      EXPECT_GE(script.error().position.line, 1U);
      EXPECT_GE(script.error().position.column, 1U);
      ++broken;
      continue;
    }
    const auto verdict = run(*script);
    if (!verdict) continue;
    EXPECT_EQ(verdict->passed, verdict->message.empty()) << verdict->message;
    failed += verdict->passed ? 0U : 1U;
  }
  // Many are to be wrong, in both ways, or this is not worth much.
  EXPECT_GT(broken, all / 5);
  EXPECT_GT(failed, all / 20) << broken << " were no script";
}

class WrongExpectation : public ::testing::TestWithParam<Expectation> {};

TEST_P(WrongExpectation, Fails) {
  std::size_t tried = 0;
  for (std::size_t number = 0; number < sources().size(); ++number) {
    const Source& source = sources()[number];
    auto script = parsed(source.text);
    ASSERT_TRUE(script) << to_text(script.error(), source.name);
    const std::size_t places = count(*script, GetParam());
    if (places == 0) continue;
    const std::size_t place = Random(number).index(places);
    change(*script, GetParam(), place);
    const auto verdict = run(*script);
    ASSERT_TRUE(verdict.has_value());
    EXPECT_FALSE(verdict->passed) << source.name << ", " << name(GetParam()) << " number " << place;
    ++tried;
  }
  EXPECT_GE(tried, 5U);
}

INSTANTIATE_TEST_SUITE_P(Of, WrongExpectation,
                         ::testing::Values(Expectation::result, Expectation::error,
                                           Expectation::value, Expectation::revents,
                                           Expectation::time, Expectation::flags,
                                           Expectation::sequence, Expectation::length,
                                           Expectation::ack, Expectation::window,
                                           Expectation::urgent, Expectation::options,
                                           Expectation::ecn, Expectation::code),
                         [](const auto& one) { return std::string(name(one.param)); });

}  // namespace
}  // namespace bowline::packetdrill::mutations
