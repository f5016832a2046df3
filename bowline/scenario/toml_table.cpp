#include "bowline/scenario/toml_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace bowline::inline v0::scenario {
namespace {

// Nothing that would move a terminal's cursor.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

// A value as the file has it, on one line and not too long.
std::string shown(const toml::node& node) {
  std::string text = "a value of another kind";
  if (node.is_table()) text = "a table";
  if (node.is_array()) text = "an array";
  if (const auto* const string = node.as_string()) text = '"' + string->get() + '"';
  if (const auto* const number = node.as_integer()) text = fmt::format("{}", number->get());
  if (const auto* const number = node.as_floating_point()) text = fmt::format("{}", number->get());
  if (const auto* const flag = node.as_boolean()) text = flag->get() ? "true" : "false";
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return printable(std::move(text));
}

bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), allowed);
}

constexpr std::string_view kNameForm = "a name of letters, digits, '-', '_' and '.', at most 40";

}  // namespace

const toml::node* TomlTable::find(std::string_view key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
  return table_.get(key);
}

void TomlTable::not_a(const toml::node& node, std::string_view key, std::string_view form) const {
  throw WrongFile(node.source().begin,
                  fmt::format("{} = {}: allowed is {}", key, shown(node), form));
}

void TomlTable::wrong(std::string_view key, const std::string& what) const {
  const toml::node* const node = table_.get(key);
  throw WrongFile((node != nullptr ? node->source() : table_.source()).begin, what);
}

std::optional<std::string> TomlTable::text(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* const value = node->as_string();
  const auto one_line = [](char c) { return static_cast<unsigned char>(c) >= ' '; };
  if (value == nullptr || value->get().size() > 200 ||
      !std::all_of(value->get().begin(), value->get().end(), one_line)) {
    not_a(*node, key, "a text of one line, at most 200 bytes");
  }
  return value->get();
}

std::optional<std::string> TomlTable::name(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* const value = node->as_string();
  if (value == nullptr || !is_name(value->get())) not_a(*node, key, kNameForm);
  return value->get();
}

std::optional<bool> TomlTable::boolean(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* const value = node->as_boolean();
  if (value == nullptr) not_a(*node, key, "true or false");
  return value->get();
}

std::optional<std::uint64_t> TomlTable::number(std::string_view key, std::uint64_t least,
                                               std::uint64_t most) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* const value = node->as_integer();
  if (value == nullptr || value->get() < 0 || static_cast<std::uint64_t>(value->get()) < least ||
      static_cast<std::uint64_t>(value->get()) > most) {
    not_a(*node, key, fmt::format("a whole number from {} to {}", least, most));
  }
  return static_cast<std::uint64_t>(value->get());
}

template <class Parse>
auto TomlTable::quantity(std::string_view key, Parse parse, std::string_view form)
    -> decltype(parse(std::string_view())) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  // A count of bytes may stand without quotation marks; what needs a unit is refused by `parse`.
  std::string text;
  if (const auto* const number = node->as_integer()) text = fmt::format("{}", number->get());
  if (const auto* const string = node->as_string()) text = string->get();
  const auto value = parse(text);
  if (!value) not_a(*node, key, form);
  return value;
}

std::optional<Duration> TomlTable::duration(std::string_view key) {
  return quantity(key, sim::parse_duration, sim::kDurationForms);
}

std::optional<sim::Rate> TomlTable::rate(std::string_view key) {
  return quantity(key, sim::parse_rate, sim::kRateForms);
}

std::optional<sim::Chance> TomlTable::chance(std::string_view key) {
  return quantity(key, sim::parse_chance, sim::kChanceForms);
}

std::optional<sim::QueueLength> TomlTable::queue(std::string_view key) {
  return quantity(key, sim::parse_queue, sim::kQueueForms);
}

std::optional<std::uint32_t> TomlTable::size(std::string_view key, std::uint32_t least,
                                             std::uint32_t most) {
  const auto value = quantity(key, sim::parse_size, sim::kSizeForms);
  if (value && (*value < least || *value > most)) {
    not_a(*table_.get(key), key, fmt::format("a size from {} to {} bytes", least, most));
  }
  return value;
}

std::optional<std::size_t> TomlTable::choice(std::string_view key,
                                             const std::vector<std::string>& allowed) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* const value = node->as_string();
  const auto found =
      value == nullptr ? allowed.end() : std::find(allowed.begin(), allowed.end(), value->get());
  if (found == allowed.end()) {
    not_a(*node, key, fmt::format("\"{}\"", fmt::join(allowed, "\", \"")));
  }
  return static_cast<std::size_t>(found - allowed.begin());
}

std::optional<TomlTable> TomlTable::table(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_table()) not_a(*node, key, fmt::format("a table: [{}]", key));
  return TomlTable(*node->as_table(), std::string(key));
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return {};
  const std::string form = fmt::format("tables, each under its own [[{}]]", key);
  const toml::array* const array = node->as_array();
  if (array == nullptr) not_a(*node, key, form);
  std::vector<TomlTable> found;
  for (const toml::node& each : *array) {
    if (!each.is_table()) not_a(each, key, form);
    found.emplace_back(*each.as_table(), fmt::format("[[{}]]", key));
  }
  return found;
}

std::optional<std::pair<std::string, std::string>> TomlTable::two_names(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* const array = node->as_array();
  constexpr std::string_view kForm = "two names such as [\"client\", \"server\"]";
  if (array == nullptr || array->size() != 2) not_a(*node, key, kForm);
  const auto* const first = (*array)[0].as_string();
  const auto* const second = (*array)[1].as_string();
  if (first == nullptr || second == nullptr) not_a(*node, key, kForm);
  return std::pair(first->get(), second->get());
}

std::vector<std::string> TomlTable::keys() const {
  std::vector<std::pair<toml::source_position, std::string>> found;
  for (const auto& [key, node] : table_) {
    if (!is_name(key.str())) {
      throw WrongFile(key.source().begin,
                      fmt::format("the name of a table in {}: allowed is {}", where_, kNameForm));
    }
    found.emplace_back(key.source().begin, std::string(key.str()));
  }
  // Tables are sorted by name; the order of the file decides who comes first in a table of results.
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (auto& [position, name] : found) names.push_back(std::move(name));
  return names;
}

void TomlTable::finish() const {
  const toml::key* first = nullptr;
  for (const auto& [key, node] : table_) {
    if (std::find(asked_.begin(), asked_.end(), key.str()) != asked_.end()) continue;
    if (first == nullptr || key.source().begin < first->source().begin) first = &key;
  }
  if (first == nullptr) return;
  const std::string shown_key = printable(std::string(first->str().substr(0, 40)));
  throw WrongFile(first->source().begin, fmt::format("{} has no key {}: allowed are {}", where_,
                                                     shown_key, fmt::join(asked_, ", ")));
}

}  // namespace bowline::inline v0::scenario
