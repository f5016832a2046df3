#include "bowline/dns/resolv_conf.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "bowline/dns/lines.hpp"

namespace bowline::inline v0::dns {
namespace {

constexpr unsigned kMostDots = 15;
constexpr unsigned kMostSeconds = 30;
constexpr unsigned kMostAttempts = 5;

// The number behind "ndots:" and its like.
std::optional<unsigned> number_after(std::string_view word, std::string_view key) noexcept {
  if (!word.starts_with(key)) return std::nullopt;
  word.remove_prefix(key.size());
  unsigned number = 0;
  const char* const end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || rest != end || word.empty()) return std::nullopt;
  return number;
}

bool take_option(Config& config, std::string_view word) noexcept {
  if (word == "rotate") {
    config.rotate = true;
  } else if (const auto dots = number_after(word, "ndots:")) {
    config.ndots = static_cast<std::uint8_t>(std::min(*dots, kMostDots));
  } else if (const auto seconds = number_after(word, "timeout:")) {
    config.timeout = std::chrono::seconds(std::clamp(*seconds, 1U, kMostSeconds));
  } else if (const auto attempts = number_after(word, "attempts:")) {
    config.attempts = static_cast<std::uint8_t>(std::clamp(*attempts, 1U, kMostAttempts));
  } else {
    return false;
  }
  return true;
}

bool take_search(Config& config, std::string_view line, std::size_t most) noexcept {
  config.search.clear();
  bool good = true;
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    const auto name = Name::parse(word);
    good = name && config.search.size() < most && config.search.push_back(*name) && good;
  }
  return good && !config.search.empty();
}

bool take_line(Config& config, std::string_view line) noexcept {
  const std::string_view key = next_word(line);
  if (key.empty() || key.front() == '#' || key.front() == ';') return true;
  if (key == "nameserver") {
    const auto address = IpAddress::parse(next_word(line));
    return address && config.add_server(*address);
  }
  if (key == "search") return take_search(config, line, kMaxSearch);
  if (key == "domain") return take_search(config, line, 1);
  if (key != "options") return false;
  bool good = true;
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    good = take_option(config, word) && good;
  }
  return good;
}

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) noexcept {
  ResolvConf result;
  std::uint32_t number = 0;
  while (const auto line = next_line(text)) {
    ++number;
    if (take_line(result.config, *line)) continue;
    ++result.ignored_lines;
    if (result.first_ignored == 0) result.first_ignored = number;
  }
  return result;
}

}  // namespace bowline::inline v0::dns
