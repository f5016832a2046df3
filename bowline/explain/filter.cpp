#include "bowline/explain/filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "bowline/trace/names.hpp"

namespace bowline::inline v0::explain {
namespace {

using trace::Side;

constexpr std::array<std::pair<std::string_view, Ending>, 13> kEndings{{
    {"open", Ending::open},
    {"half-closed", Ending::half_closed},
    {"finished", Ending::closed},
    {"closed-orderly", Ending::closed},
    {"reset", Ending::reset},
    {"aborted", Ending::reset},
    {"refused", Ending::refused},
    {"unanswered", Ending::unanswered},
    {"half-open", Ending::half_open},
    {"broken-off", Ending::broken_off},
    {"unreachable", Ending::unreachable},
    {"probe", Ending::probe},
    {"backscatter", Ending::backscatter},
}};

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> result;
  constexpr std::string_view kBetween = " ,\t";
  while (!text.empty()) {
    const std::size_t begin = text.find_first_not_of(kBetween);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(kBetween), text.size());
    result.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return result;
}

}  // namespace

std::expected<Filter, std::string> Filter::parse(std::string_view text) {
  Filter filter;
  const auto all = words(text);
  if (all.empty()) return std::unexpected("says nothing: a state, host ADDRESS, port NUMBER");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string_view word = all[i];
    if (word == "state") continue;
    if (word == "host" || word == "port") {
      if (i + 1 == all.size()) {
        return std::unexpected(
            fmt::format("{} needs {} behind it", word, word == "host" ? "an address" : "a number"));
      }
      const std::string_view value = all[++i];
      if (word == "host") {
        const auto address = IpAddress::parse(value);
        if (!address) return std::unexpected(fmt::format("host {} is no IP address", value));
        filter.hosts_.push_back(*address);
        continue;
      }
      std::uint16_t port = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
      if (error != std::errc{} || end != value.data() + value.size()) {
        return std::unexpected(fmt::format("port {} is no number from 0 to 65535", value));
      }
      filter.ports_.push_back(port);
      continue;
    }
    if (const auto state = trace::parse_state(word)) {
      filter.states_.push_back(*state);
      continue;
    }
    if (word == "trouble" || word == "violation") {
      filter.kinds_.push_back(word == "trouble" ? RuleKind::trouble : RuleKind::violation);
      continue;
    }
    const auto ending =
        std::ranges::find(kEndings, word, &std::pair<std::string_view, Ending>::first);
    if (ending == kEndings.end()) {
      return std::unexpected(fmt::format(
          "{} is neither a state nor host, port, trouble, violation, reset, refused, unanswered, "
          "half-open, half-closed",
          word));
    }
    filter.endings_.push_back(ending->second);
  }
  return filter;
}

bool Filter::accepts_all() const noexcept {
  return states_.empty() && hosts_.empty() && ports_.empty() && endings_.empty() && kinds_.empty();
}

bool Filter::accepts(const Connection& connection) const {
  const End& left = connection.end(Side::left);
  const End& right = connection.end(Side::right);
  const auto either = [&](auto is_it) { return is_it(left) || is_it(right); };
  if (!states_.empty() && !std::ranges::any_of(states_, [&](tcp::State state) {
        return either([&](const End& end) { return end.state.state() == state; });
      })) {
    return false;
  }
  if (!endings_.empty() && std::ranges::find(endings_, connection.ending()) == endings_.end()) {
    return false;
  }
  const bool hosts = std::ranges::all_of(hosts_, [&](const IpAddress& host) {
    return either([&](const End& end) { return end.endpoint.address == host; });
  });
  const bool ports = std::ranges::all_of(ports_, [&](std::uint16_t port) {
    return either([&](const End& end) { return end.endpoint.port == port; });
  });
  return hosts && ports && std::ranges::all_of(kinds_, [&](RuleKind kind) {
           return std::ranges::any_of(connection.findings().list(), [&](const Finding& finding) {
             return info(finding.rule).kind == kind;
           });
         });
}

}  // namespace bowline::inline v0::explain
