#include "bowline/base/decision.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>

namespace bowline {
namespace {

Reason reason_number(std::size_t number) { return static_cast<Reason>(number); }

TEST(Decision, EveryReasonHasASentenceForAPerson) {
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const ReasonInfo& line = info(reason_number(i));
    EXPECT_GE(line.sentence.size(), 8U) << line.name;
    EXPECT_LE(line.sentence.size(), 120U) << line.name << ": must fit beside a packet";
    EXPECT_NE(line.sentence.back(), '.') << line.name << ": not a full sentence in a comment";
    EXPECT_EQ(line.sentence.find('\n'), std::string_view::npos) << line.name;
  }
}

// The names are keys in NDJSON and counters: unique, and lower case with underscores.
TEST(Decision, NamesAreUniqueAndPlain) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const std::string_view name = info(reason_number(i)).name;
    EXPECT_TRUE(names.insert(name).second) << name << " stands twice";
    EXPECT_TRUE(std::ranges::all_of(name, [](char c) {
      return std::islower(static_cast<unsigned char>(c)) != 0 ||
             std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '_';
    })) << name;
  }
  EXPECT_EQ(names.size(), kReasonCount);
}

TEST(Decision, InfoIsTheLineOfTheEnumerator) {
  EXPECT_EQ(info(Reason::ip_truncated).name, "ip_truncated");
  EXPECT_EQ(info(Reason::ip_truncated).kind, ReasonKind::drop);
  EXPECT_EQ(info(Reason::send_syn).name, "send_syn");
  EXPECT_EQ(info(Reason::send_syn).kind, ReasonKind::send);
}

// A reference names a document, so that a reader can open it; empty where only our own rule
// applies.
TEST(Decision, ReferencesNameADocument) {
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const ReasonInfo& line = info(reason_number(i));
    EXPECT_TRUE(line.reference.empty() || line.reference.starts_with("RFC ") ||
                line.reference.starts_with("draft-") || line.reference.starts_with("DESIGN "))
        << line.name << ": " << line.reference;
  }
}

TEST(Decision, EveryKindHasANameAndIsUsed) {
  std::set<std::string_view> kinds;
  std::set<ReasonKind> used;
  for (std::size_t i = 0; i < kReasonCount; ++i) used.insert(info(reason_number(i)).kind);
  for (const ReasonKind kind : used) {
    EXPECT_FALSE(name(kind).empty());
    EXPECT_TRUE(kinds.insert(name(kind)).second);
  }
  EXPECT_TRUE(used.contains(ReasonKind::drop));
  EXPECT_TRUE(used.contains(ReasonKind::retransmit));
  EXPECT_TRUE(used.contains(ReasonKind::state));
}

TEST(ReasonCounters, CountEachReasonByItself) {
  ReasonCounters counters;
  counters.count(Reason::ip_truncated);
  counters.count(Reason::ip_truncated);
  counters.count(reason_number(kReasonCount - 1));
  EXPECT_EQ(counters[Reason::ip_truncated], 2U);
  EXPECT_EQ(counters[reason_number(kReasonCount - 1)], 1U);
  EXPECT_EQ(counters[Reason::ip_bad_version], 0U);
}

}  // namespace
}  // namespace bowline
