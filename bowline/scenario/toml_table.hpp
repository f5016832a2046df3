#pragma once

// A table of a TOML file that is read key by key and must be used up.

#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/sim/unit_text.hpp"

namespace bowline::inline v0::scenario {

/// What is wrong in a file, and where. what() ends with what is allowed.
class WrongFile : public std::runtime_error {
 public:
  WrongFile(toml::source_position at, const std::string& what)
      : std::runtime_error(what), at_(at) {}
  /// Line and column, counted from 1; 0 where there is nothing that could be pointed at.
  [[nodiscard]] toml::source_position at() const noexcept { return at_; }

 private:
  toml::source_position at_;
};

/// One table, of which every getter notes the key that it asks for. A getter gives nothing for a
/// key that is not there, and throws WrongFile for a value that it cannot take.
class TomlTable {
 public:
  /// `where` is what errors call it: "[[wires]]".
  TomlTable(const toml::table& table, std::string where)
      : table_(table), where_(std::move(where)) {}

  [[nodiscard]] std::optional<std::string> text(std::string_view key);
  /// A name: letters, digits, '-', '_' and '.', at most 40.
  [[nodiscard]] std::optional<std::string> name(std::string_view key);
  [[nodiscard]] std::optional<bool> boolean(std::string_view key);
  /// Is there a boolean of that name? For keys that take one or a table.
  [[nodiscard]] bool is_boolean(std::string_view key) const {
    const toml::node* const node = table_.get(key);
    return node != nullptr && node->is_boolean();
  }
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view key, std::uint64_t least,
                                                    std::uint64_t most);
  [[nodiscard]] std::optional<Duration> duration(std::string_view key);
  [[nodiscard]] std::optional<sim::Rate> rate(std::string_view key);
  [[nodiscard]] std::optional<std::uint32_t> size(std::string_view key, std::uint32_t least,
                                                  std::uint32_t most);
  [[nodiscard]] std::optional<sim::Chance> chance(std::string_view key);
  [[nodiscard]] std::optional<sim::QueueLength> queue(std::string_view key);
  /// One of `allowed`, as its index.
  [[nodiscard]] std::optional<std::size_t> choice(std::string_view key,
                                                  const std::vector<std::string>& allowed);
  /// A table within this one.
  [[nodiscard]] std::optional<TomlTable> table(std::string_view key);
  /// An array of tables; empty if it is not there.
  [[nodiscard]] std::vector<TomlTable> tables(std::string_view key);
  /// An array of exactly two names.
  [[nodiscard]] std::optional<std::pair<std::string, std::string>> two_names(std::string_view key);

  /// The keys of this table in the order of the file.
  [[nodiscard]] std::vector<std::string> keys() const;
  /// Throws WrongFile if there is a key that nobody asked for.
  void finish() const;
  /// Throws WrongFile that speaks of `key`, or of the table where there is none of that name.
  [[noreturn]] void wrong(std::string_view key, const std::string& what) const;

 private:
  [[nodiscard]] const toml::node* find(std::string_view key);
  // The value of `key` by `parse`, which takes a text of the form that `form` describes.
  template <class Parse>
  [[nodiscard]] auto quantity(std::string_view key, Parse parse, std::string_view form)
      -> decltype(parse(std::string_view()));
  [[noreturn]] void not_a(const toml::node& node, std::string_view key,
                          std::string_view form) const;

  const toml::table& table_;
  std::string where_;
  std::vector<std::string> asked_;
};

}  // namespace bowline::inline v0::scenario
