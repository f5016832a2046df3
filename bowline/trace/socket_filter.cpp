#include "bowline/trace/socket_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "bowline/trace/names.hpp"

namespace bowline::inline v0::trace {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 6> kServices{
    {{"ssh", 22}, {"domain", 53}, {"http", 80}, {"https", 443}, {"smtp", 25}, {"echo", 7}}};

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, port);
  if (error == std::errc{} && stopped == end) return port;
  const auto* const found =
      std::ranges::find(kServices, text, &std::pair<std::string_view, std::uint16_t>::first);
  if (found == kServices.end()) return std::nullopt;
  return found->second;
}

bool compare(std::uint16_t a, Comparison how, std::uint16_t b) {
  switch (how) {
    case Comparison::equal:
      return a == b;
    case Comparison::unequal:
      return a != b;
    case Comparison::less:
      return a < b;
    case Comparison::greater:
      return a > b;
    case Comparison::at_most:
      return a <= b;
    case Comparison::at_least:
      return a >= b;
  }
  return false;
}

}  // namespace

std::optional<StateSet> parse_state_set(std::string_view text) {
  const StateSet bucket = state_set(tcp::State::time_wait) | state_set(tcp::State::syn_received);
  const StateSet connected = kAllStates & ~kListeningStates;
  const std::string word = lower(text);
  if (word == "all") return kAllStates;
  if (word == "connected") return connected;
  if (word == "synchronized") return connected & ~state_set(tcp::State::syn_sent);
  if (word == "bucket") return bucket;
  if (word == "big") return static_cast<StateSet>(kAllStates & ~bucket);
  if (word == "unconn" || word == "unconnected") return state_set(tcp::State::closed);
  const auto state = parse_state(text);
  if (!state) return std::nullopt;
  return state_set(*state);
}

// ---- reading -----------------------------------------------------------------------------------

class FilterParser {
 public:
  explicit FilterParser(std::string_view text) : text_(text) { next(); }

  std::expected<SocketFilter, FilterError> parse() {
    if (text_.size() > SocketFilter::kMostText) {
      fail(fmt::format("is longer than {} characters", SocketFilter::kMostText));
    }
    read_states();
    if (!error_ && !word_.empty()) {
      any_of(0);
      if (!error_ && !word_.empty()) fail(fmt::format("'{}' is one too many", word_));
    }
    if (error_) return std::unexpected(*error_);
    return std::move(filter_);
  }

 private:
  using Node = SocketFilter::Node;
  using What = SocketFilter::What;

  void fail(std::string message) {
    if (!error_) error_ = FilterError{std::move(message), at_ + 1};
  }

  // The next word: a parenthesis, an operator, or what stands between blanks and these.
  void next() {
    constexpr std::string_view kOperators = "=!<>";
    while (end_ < text_.size() && text_[end_] == ' ') ++end_;
    at_ = end_;
    if (end_ < text_.size()) {
      const char c = text_[end_++];
      if (kOperators.contains(c)) {
        while (end_ < text_.size() && text_[end_] == '=') ++end_;
      } else if (c == '&' || c == '|') {
        while (end_ < text_.size() && text_[end_] == c) ++end_;
      } else if (c != '(' && c != ')') {
        while (end_ < text_.size() && !std::string_view(" ()=!<>&|").contains(text_[end_])) ++end_;
      }
    }
    word_ = text_.substr(at_, end_ - at_);
  }

  bool is(std::initializer_list<std::string_view> words) const {
    return std::ranges::find(words, lower(word_)) != words.end();
  }
  bool take(std::initializer_list<std::string_view> words) {
    if (!is(words)) return false;
    next();
    return true;
  }

  void read_states() {
    while (!error_ && is({"state", "exclude"})) {
      const bool excluded = is({"exclude"});
      next();
      const auto states = parse_state_set(word_);
      if (!states) {
        fail(word_.empty() ? "a state is missing" : fmt::format("'{}' is no state", word_));
        return;
      }
      const StateSet before = filter_.states_.value_or(excluded ? kAllStates : StateSet{0});
      filter_.states_ = static_cast<StateSet>(excluded ? before & ~*states : before | *states);
      next();
    }
  }

  std::uint32_t add(Node node) {
    filter_.nodes_.push_back(node);
    return static_cast<std::uint32_t>(filter_.nodes_.size() - 1);
  }

  std::uint32_t any_of(int depth) {
    std::uint32_t left = all_of(depth);
    while (!error_ && take({"or", "|", "||"})) {
      const std::uint32_t right = all_of(depth);
      left = add({.what = What::any_of, .left = left, .right = right});
    }
    return left;
  }

  std::uint32_t all_of(int depth) {
    std::uint32_t left = none_of(depth);
    while (!error_ && !word_.empty() && !is({"or", "|", "||", ")"})) {
      take({"and", "&", "&&"});
      const std::uint32_t right = none_of(depth);
      left = add({.what = What::all_of, .left = left, .right = right});
    }
    return left;
  }

  std::uint32_t none_of(int depth) {
    if (depth > SocketFilter::kMostDepth) {
      fail("is nested too deep");
      return 0;
    }
    if (take({"not", "!"})) {
      const std::uint32_t inner = none_of(depth + 1);
      return add({.what = What::none_of, .left = inner});
    }
    if (take({"("})) {
      const std::uint32_t inner = any_of(depth + 1);
      if (!error_ && !take({")"})) fail("a ) is missing");
      return inner;
    }
    return predicate();
  }

  std::uint32_t predicate() {
    if (is({"state", "exclude"})) {
      fail("states stand before everything else");
    } else if (is({"sport", "dport"})) {
      return port_predicate();
    } else if (is({"src", "dst"})) {
      return address_predicate();
    } else if (word_.empty()) {
      fail("something is missing: state, sport, dport, src or dst");
    } else {
      fail(fmt::format("'{}' is none of state, sport, dport, src, dst, and, or, not", word_));
    }
    return 0;
  }

  Comparison comparison() {
    if (take({"=", "==", "eq"})) return Comparison::equal;
    if (take({"!=", "ne", "neq"})) return Comparison::unequal;
    if (take({"<=", "le", "leq"})) return Comparison::at_most;
    if (take({">=", "ge", "geq"})) return Comparison::at_least;
    if (take({"<", "lt"})) return Comparison::less;
    if (take({">", "gt"})) return Comparison::greater;
    return Comparison::equal;
  }

  std::uint32_t port_predicate() {
    Node node{.what = What::port, .local = is({"sport"})};
    next();
    node.comparison = comparison();
    std::string_view text = word_;
    if (text.contains(':')) text = text.substr(text.rfind(':') + 1);
    const auto port = read_port(text);
    if (!port) {
      fail(word_.empty() ? "a port is missing, such as :80"
                         : fmt::format("'{}' is no port, such as :80", word_));
      return 0;
    }
    node.port = *port;
    next();
    return add(node);
  }

  // "10.0.0.1", "10.0.0.0/8", ":80", "10.0.0.1:80", "[fd00::1]:80", "fd00::/16".
  std::uint32_t address_predicate() {
    Node node{.what = What::address, .local = is({"src"})};
    next();
    node.comparison = comparison();
    if (node.comparison != Comparison::equal && node.comparison != Comparison::unequal) {
      fail("an address is compared with = or != alone");
      return 0;
    }
    std::string_view address = word_;
    std::string_view port;
    if (address.starts_with('[') && address.contains(']')) {
      const std::size_t close = address.find(']');
      port = address.substr(close + 1);
      address = address.substr(1, close - 1);
    } else if (std::ranges::count(address, ':') == 1) {
      port = address.substr(address.find(':'));
      address = address.substr(0, address.find(':'));
    }
    if (!address.empty() && address != "*") {
      node.prefix = Cidr::parse(address);
      if (!node.prefix) {
        fail(
            fmt::format("'{}' is no address, such as 10.0.0.1, 10.0.0.0/8 or [fd00::1]:80", word_));
        return 0;
      }
    }
    if (port.size() > 1) {
      const auto number = read_port(port.substr(1));
      if (!number) {
        fail(fmt::format("'{}' is no port", port));
        return 0;
      }
      node.port = *number;
    } else if (word_.empty()) {
      fail("an address is missing");
      return 0;
    }
    next();
    return add(node);
  }

  std::string_view text_;
  std::string_view word_;  // the one that is next
  std::size_t at_ = 0, end_ = 0;
  SocketFilter filter_;
  std::optional<FilterError> error_;
};

std::expected<SocketFilter, FilterError> SocketFilter::parse(std::string_view text) {
  return FilterParser(text).parse();
}

// ---- asking ------------------------------------------------------------------------------------

bool SocketFilter::holds(std::uint32_t index, const FilterSubject& subject) const {
  const Node& node = nodes_[index];
  const Endpoint& end = node.local ? subject.local : subject.remote;
  switch (node.what) {
    case What::all_of:
      return holds(node.left, subject) && holds(node.right, subject);
    case What::any_of:
      return holds(node.left, subject) || holds(node.right, subject);
    case What::none_of:
      return !holds(node.left, subject);
    case What::port:
      return compare(end.port, node.comparison, node.port);
    case What::address: {
      const bool same = (!node.prefix || (node.prefix->address.family() == end.address.family() &&
                                          node.prefix->contains(end.address))) &&
                        (node.port == 0 || node.port == end.port);
      return same == (node.comparison == Comparison::equal);
    }
  }
  return false;
}

bool SocketFilter::matches(const FilterSubject& subject) const {
  if ((states_.value_or(default_states_) & state_set(subject.state)) == 0) return false;
  return nodes_.empty() || holds(static_cast<std::uint32_t>(nodes_.size() - 1), subject);
}

}  // namespace bowline::inline v0::trace
