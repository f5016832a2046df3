#pragma once

// Columns of text, as wide as what stands in them.

#include <string>
#include <vector>

namespace bowline::inline v0::explain {

/// A table in the making.
class TextTable {
 public:
  /// Where a column's text stands.
  enum class Align : std::uint8_t { left, right };

  explicit TextTable(std::vector<std::pair<std::string, Align>> head);
  /// Adds a row, one text for each column.
  void add(std::vector<std::string> row);
  /// The lines, each with its break.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Align> aligns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace bowline::inline v0::explain
