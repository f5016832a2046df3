#include "bowline/explain/report/table.hpp"

#include <algorithm>
#include <utility>

#include "bowline/trace/ladder_text.hpp"

namespace bowline::inline v0::explain {

TextTable::TextTable(std::vector<std::pair<std::string, Align>> head) {
  std::vector<std::string> row;
  for (auto& [text, align] : head) {
    row.push_back(std::move(text));
    aligns_.push_back(align);
  }
  rows_.push_back(std::move(row));
}

void TextTable::add(std::vector<std::string> row) {
  row.resize(aligns_.size());
  rows_.push_back(std::move(row));
}

std::string TextTable::text() const {
  std::vector<std::size_t> widths(aligns_.size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], trace::columns(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - trace::columns(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (aligns_[i] == Align::left ? row[i] + space : space + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace bowline::inline v0::explain
