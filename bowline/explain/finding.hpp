#pragma once

// What was found in a capture, each with its paragraph and its packets.
//
// The rules are a table (rules.inc), so that the text, the JSON and the documentation name the same
// things. A finding is kept once for each rule and end; further packets are counted and the first
// few of them listed, so that a connection with a million retransmissions takes no more room than
// one with ten.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/trace/ladder.hpp"

namespace bowline::inline v0::explain {

/// How much a finding weighs.
enum class RuleKind : std::uint8_t {
  note,       ///< worth knowing
  trouble,    ///< the protocol copes with it, and it costs time
  violation,  ///< the RFCs forbid it
};

/// What can be found. See rules.inc.
enum class Rule : std::uint8_t {
#define BOWLINE_RULE(name, kind, paragraph, title) name,
#include "bowline/explain/rules.inc"
#undef BOWLINE_RULE
};

/// The entry of a rule in the table.
struct RuleInfo {
  std::string_view name;  ///< for programs: "beyond_window"
  RuleKind kind{};
  std::string_view paragraph;  ///< "RFC 9293 3.8.6"; empty where there is none
  std::string_view title;      ///< for people, without the packet
};

/// The entry of `rule`.
[[nodiscard]] const RuleInfo& info(Rule rule) noexcept;
/// How many rules there are.
[[nodiscard]] std::size_t rule_count() noexcept;
/// "note", "trouble", "violation".
[[nodiscard]] std::string_view name(RuleKind kind) noexcept;

/// Something that was found.
struct Finding {
  /// Packets that are listed by number.
  static constexpr std::size_t kMostPackets = 8;

  Rule rule{};
  std::optional<trace::Side> side;  ///< the end that did it
  std::string text;  ///< a sentence about the first packet, without number and paragraph
  std::vector<std::uint64_t> packets;  ///< the first kMostPackets
  std::uint64_t count = 1;             ///< how often
};

/// "packet 17: SENTENCE [PARAGRAPH]", and how often more.
[[nodiscard]] std::string to_text(const Finding& finding);

/// The findings of one connection, in the order in which each was first met.
class Findings {
 public:
  /// Notes that `packet` breaks `rule`, or counts it when the end `side` has done so before.
  /// `text()` makes the sentence and is called for the first packet alone.
  template <class Text>
  void add(Rule rule, std::optional<trace::Side> side, std::uint64_t packet, Text text) {
    if (Finding* known = find(rule, side)) {
      count(*known, packet);
    } else {
      list_.push_back({rule, side, text(), {packet}, 1});
    }
  }
  /// The finding, if there is one.
  [[nodiscard]] Finding* find(Rule rule, std::optional<trace::Side> side) noexcept;
  [[nodiscard]] const Finding* find(Rule rule) const noexcept;
  /// How often `rule` was met, by either end.
  [[nodiscard]] std::uint64_t count(Rule rule) const noexcept;
  /// Takes the finding back: it turned out to be something else.
  void remove(Rule rule, std::optional<trace::Side> side);
  [[nodiscard]] const std::vector<Finding>& list() const noexcept { return list_; }
  [[nodiscard]] std::vector<Finding> take() && { return std::move(list_); }

 private:
  static void count(Finding& finding, std::uint64_t packet);
  std::vector<Finding> list_;
};

}  // namespace bowline::inline v0::explain
