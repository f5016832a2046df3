#include "bowline/packetdrill/run/commands.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>

namespace bowline::inline v0::packetdrill {
namespace {

using Words = std::vector<std::string>;

// What stock packetdrill's scripts assume unless they say otherwise: its common/defaults.sh, in our
// words. Its buffers: the receive buffer may grow to 15 MB.
void apply_defaults(Sysctls& sysctls) {
  sysctls.assign("net.ipv4.tcp_rmem", "4096 540000 15728640");
  sysctls.assign("net.ipv4.tcp_wmem", "4096 262144 4194304");
  sysctls.assign("net.ipv4.tcp_timestamps", "1");
  sysctls.assign("net.ipv4.tcp_syn_retries", "5");
  sysctls.assign("net.ipv4.tcp_synack_retries", "5");
  sysctls.assign("net.ipv4.tcp_sack", "1");
  sysctls.assign("net.ipv4.tcp_reordering", "3");
  sysctls.assign("net.ipv4.tcp_congestion_control", "cubic");
  sysctls.assign("net.ipv4.tcp_slow_start_after_idle", "0");
  sysctls.assign("net.ipv4.tcp_ecn", "0");
  sysctls.assign("net.ipv4.tcp_ecn_option", "2");
  sysctls.assign("net.ipv4.tcp_fastopen", "0x70403");
  sysctls.assign("net.ipv4.tcp_fastopen_key", "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4");
  sysctls.assign("net.ipv4.tcp_syncookies", "1");
}

// The commands of a line or several, each as its words: quotes are taken off, redirections left
// out, what stands behind a '|' only reads.
std::vector<Words> commands_of(std::string_view text) {
  std::vector<Words> commands(1);
  std::string word;
  bool in_word = false;
  char quote = 0;
  bool in_comment = false;
  const auto end_word = [&] {
    if (in_word) commands.back().push_back(word);
    word.clear();
    in_word = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') in_comment = false;
    if (in_comment) continue;
    if (quote == 0 && c == '#' && !in_word) {
      in_comment = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (c == '\\' && i + 1 < text.size() && text[i + 1] == '\n') {
      end_word();  // the line goes on
      ++i;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\\') {
      end_word();
    } else if (c == '&' && word.ends_with('>')) {
      word += c;  // 2>&1
    } else if (c == '\n' || c == ';' || c == '&' || c == '|') {
      end_word();
      commands.emplace_back();
    } else {
      word += c;
      in_word = true;
    }
  }
  end_word();
  std::erase_if(commands, [](const Words& words) { return words.empty(); });
  return commands;
}

// 15*1024*1024: products, which is what such files calculate with.
std::optional<std::int64_t> product(std::string_view text) {
  std::int64_t result = 1;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::int64_t factor = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), factor);
    if (error != std::errc{} || __builtin_mul_overflow(result, factor, &result))
      return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return result;
    if (text[0] != '*') return std::nullopt;
    text.remove_prefix(1);
  }
}

// The shell's $((a * b)) as numbers; what else stands there stays.
std::string calculated(std::string_view text) {
  constexpr std::string_view kBegin = "$((";
  constexpr std::string_view kEnd = "))";
  std::string result;
  while (true) {
    const std::size_t begin = text.find(kBegin);
    const std::size_t end = begin == std::string_view::npos ? begin : text.find(kEnd, begin);
    if (end == std::string_view::npos) return result.append(text);
    const auto value = product(text.substr(begin + kBegin.size(), end - begin - kBegin.size()));
    result += text.substr(0, begin);
    result += value ? std::to_string(*value) : std::string(text.substr(begin, end + 2 - begin));
    text.remove_prefix(end + kEnd.size());
  }
}

// A small text file, if there is one.
std::optional<std::string> contents(const std::filesystem::path& path) {
  constexpr std::uintmax_t kMostBytes = 1 << 16;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  if (std::filesystem::file_size(path, error) > kMostBytes || error) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

bool assign_all(const Words& words, Sysctls& sysctls) {
  bool any = false;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].find('=') != std::string::npos && !words[i].starts_with('-')) {
      any |= sysctls.assign_line(words[i]);
    }
  }
  return any;
}

// echo VALUE > /proc/sys/net/ipv4/NAME, with blanks around the '>' or without.
bool assign_by_redirection(const Words& words, Sysctls& sysctls) {
  constexpr std::string_view kRoot = "/proc/sys/";
  const std::string line = joined(words);
  const std::size_t to = line.find('>');
  const std::size_t path = line.find(kRoot, std::min(to, line.size()));
  if (path == std::string::npos) return false;
  const std::size_t begin = line.find(' ');
  if (begin > to) return false;
  sysctls.assign(std::string_view(line).substr(path),
                 std::string_view(line).substr(begin, to - begin));
  return true;
}

bool understand(const Words& words, SystemSettings& settings, const std::string& folder) {
  // In front of a command: VARIABLE=value is the shell's.
  const std::string& name = words[0];
  const auto ends = [&](std::string_view suffix) { return name.ends_with(suffix); };
  if (ends("defaults.sh")) {
    const auto text =
        folder.empty() ? std::nullopt : contents(std::filesystem::path(folder) / name);
    if (text) {
      packetdrill::understand(*text, settings);  // without a folder: it calls no other
    } else {
      apply_defaults(settings.sysctls);
    }
    return true;
  }
  if (ends("set_sysctls.py") || name == "sysctl") return assign_all(words, settings.sysctls);
  if (name == "echo" && assign_by_redirection(words, settings.sysctls)) return true;
  if (name.starts_with("/tmp/sysctl_restore")) return true;
  for (const std::string_view reader : {"nstat", "grep", "cat", "echo", "true", ":", "sleep"}) {
    if (name == reader) return true;
  }
  if (name == "ip" && words.size() > 2 && words[1] == "tcp_metrics") {
    if (words[2] == "flush") settings.sysctls.assign("tcp_metrics.flush", "all");
    return true;
  }
  if (name == "ip" && std::ranges::find(words, "route") != words.end()) {
    return settings.sysctls.assign_route(joined(words));
  }
  if (name == "tc") {
    settings.sysctls.assign("tc", joined({words.begin() + 1, words.end()}));
    // A queue that is short, or delays, is not there: what is sent leaves at once. (One that paces
    // is the stack's own matter.)
    const bool limits = std::ranges::find(words, "limit") != words.end() &&
                        std::ranges::find(words, "delete") == words.end();
    return !limits || settings.sysctls.interface_refuses();
  }
  if (name == "ethtool" || name == "modprobe") return true;
  return false;
}

}  // namespace

void understand(std::string_view text, SystemSettings& settings, const std::string& folder) {
  for (const Words& words : commands_of(calculated(text))) {
    if (!understand(words, settings, folder)) settings.not_understood.push_back(joined(words));
  }
}

}  // namespace bowline::inline v0::packetdrill
