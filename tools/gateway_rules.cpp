#include "tools/gateway_rules.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <tuple>
#include <utility>
#include <vector>

#include "bowline/scenario/toml_table.hpp"
#include "tools/arguments.hpp"
#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

using scenario::TomlTable;
using scenario::WrongFile;

// In the order of gateway::Action.
const std::vector<std::string> kActions{"allow", "deny", "drop"};
constexpr std::uint64_t kMostRate = 1'000'000;
constexpr std::uint64_t kMostConnections = 100'000'000;
constexpr const char* kForm =
    "ACTION [from CIDR] [to CIDR] [port N or N-M] [rate N] [connections N], ACTION allow, deny or "
    "drop";

using Ports = std::pair<std::uint16_t, std::uint16_t>;

// "80", "80-443".
std::optional<Ports> parse_ports(const std::string& text) {
  const auto one = [](const std::string& number) -> std::optional<std::uint16_t> {
    if (number.empty() || number.size() > 5) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : number) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (value < 1 || value > 0xffff) return std::nullopt;
    return static_cast<std::uint16_t>(value);
  };
  const std::size_t dash = text.find('-');
  const auto first = one(text.substr(0, dash));
  const auto last = dash == std::string::npos ? first : one(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return Ports{*first, *last};
}

// Nothing comes from one family and goes to the other, so such a rule would never hold.
bool families_differ(const gateway::Rule& rule) {
  return rule.source && rule.destination &&
         rule.source->address.family() != rule.destination->address.family();
}

gateway::Rule read_table(TomlTable table) {
  gateway::Rule rule;
  const auto cidr = [&](std::string_view key) -> std::optional<Cidr> {
    const auto text = table.text(key);
    if (!text) return std::nullopt;
    const auto read = Cidr::parse(*text);
    if (!read) {
      table.wrong(key, fmt::format("{} = \"{}\": allowed is an address with its prefix, such as "
                                   "\"192.0.2.0/24\" or \"2001:db8::/32\"",
                                   key, *text));
    }
    return read;
  };
  const auto action = table.choice("action", kActions);
  if (!action) table.wrong("action", "a rule without action: allowed is allow, deny or drop");
  rule.action = static_cast<gateway::Action>(*action);
  rule.source = cidr("from");
  rule.destination = cidr("to");
  if (families_differ(rule)) {
    table.wrong("to", "from and to are of different families: allowed are two of IPv4 or of IPv6");
  }
  const auto port = table.number("port", 1, 0xffff);
  if (port) {
    rule.first_port = rule.last_port = static_cast<std::uint16_t>(*port);
  }
  if (const auto text = table.text("ports")) {
    if (port) table.wrong("ports", "port and ports in one rule: allowed is one of the two");
    const auto ports = parse_ports(*text);
    if (!ports) {
      table.wrong("ports",
                  fmt::format("ports = \"{}\": allowed is a range such as \"8000-8999\"", *text));
    }
    std::tie(rule.first_port, rule.last_port) = *ports;
  }
  rule.rate = static_cast<std::uint32_t>(table.number("rate", 1, kMostRate).value_or(0));
  rule.connections =
      static_cast<std::uint32_t>(table.number("connections", 1, kMostConnections).value_or(0));
  if (rule.action != gateway::Action::allow && (rule.rate != 0 || rule.connections != 0)) {
    table.wrong(rule.rate != 0 ? "rate" : "connections",
                "a limit where nothing is let through: allowed is one with action = \"allow\"");
  }
  table.finish();
  return rule;
}

void read_root(const toml::table& parsed, gateway::Config& config) {
  TomlTable root(parsed, "a file of rules");
  if (const auto action = root.choice("otherwise", kActions)) {
    config.otherwise = static_cast<gateway::Action>(*action);
  }
  for (TomlTable& table : root.tables("rules")) {
    if (!config.rules.push_back(read_table(table))) {
      root.wrong("rules", fmt::format("too many rules: allowed are {}", gateway::kMostRules));
    }
  }
  root.finish();
}

std::string read_file(const std::string& path) {
  constexpr std::size_t kLargest = 1U << 20;
  const auto fail = [&](const char* why) {
    return Failure(fmt::format("--rules {}: {}: name a TOML file, see docs/gateway.md", path, why));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (!file) throw fail(std::strerror(errno));
  std::string text(kLargest + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) throw fail(std::strerror(errno));
  if (text.size() > kLargest) throw fail("is larger than 1 MiB");
  return text;
}

}  // namespace

gateway::Action read_action(const std::string& argument, const std::string& text) {
  for (std::size_t i = 0; i < kActions.size(); ++i) {
    if (kActions[i] == text) return static_cast<gateway::Action>(i);
  }
  throw WrongUsage(fmt::format("{} {}: must be allow, deny or drop", argument, text));
}

gateway::Rule read_rule(const std::string& text) {
  const auto wrong = [&](const std::string& what) {
    return WrongUsage(fmt::format("--rule \"{}\": {}: must be {}", text, what, kForm));
  };
  std::istringstream in(text);
  const std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
  if (words.empty()) throw wrong("is empty");
  const auto network = [&](const std::string& word, const std::string& value) {
    const auto read = Cidr::parse(value);
    if (!read) throw wrong(fmt::format("{} {}", word, value));
    return read;
  };
  gateway::Rule rule;
  rule.action = read_action("--rule", words[0]);
  for (std::size_t i = 1; i < words.size(); i += 2) {
    const std::string& word = words[i];
    if (i + 1 == words.size()) throw wrong(fmt::format("nothing after {}", word));
    const std::string& value = words[i + 1];
    for (std::size_t earlier = 1; earlier < i; earlier += 2) {
      if (words[earlier] == word) throw wrong(fmt::format("{} is there twice", word));
    }
    if (word == "from") {
      rule.source = network(word, value);
    } else if (word == "to") {
      rule.destination = network(word, value);
    } else if (word == "port") {
      const auto ports = parse_ports(value);
      if (!ports) throw wrong(fmt::format("port {}", value));
      std::tie(rule.first_port, rule.last_port) = *ports;
    } else if (word == "rate") {
      rule.rate = static_cast<std::uint32_t>(read_number("--rule rate", value, 1, kMostRate));
    } else if (word == "connections") {
      rule.connections =
          static_cast<std::uint32_t>(read_number("--rule connections", value, 1, kMostConnections));
    } else {
      throw wrong(fmt::format("no such word: {}", word));
    }
  }
  if (rule.action != gateway::Action::allow && (rule.rate != 0 || rule.connections != 0)) {
    throw wrong("a limit where nothing is let through");
  }
  if (families_differ(rule)) {
    throw wrong("from and to are of different families, so that nothing matches");
  }
  return rule;
}

void add_rule(const std::string& argument, gateway::Config& config, const gateway::Rule& rule) {
  if (config.rules.push_back(rule)) return;
  throw WrongUsage(
      fmt::format("{}: too many rules; there may be {}", argument, gateway::kMostRules));
}

void read_rules_file(const std::string& path, gateway::Config& config) {
  const std::string text = read_file(path);
  const auto wrong = [&](const toml::source_position& at, const std::string& what) {
    return WrongUsage(fmt::format("{}:{}: {}", path, at.line, what));
  };
  try {
    read_root(toml::parse(text), config);
  } catch (const WrongFile& error) {
    throw wrong(error.at(), error.what());
  } catch (const toml::parse_error& error) {
    throw wrong(error.source().begin, fmt::format("{}: allowed is TOML 1.0", error.description()));
  }
}

}  // namespace bowline::tools
