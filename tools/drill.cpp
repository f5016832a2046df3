// bowline drill: packetdrill scripts, in virtual time.

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bowline/packetdrill/language/parser.hpp"
#include "bowline/packetdrill/run/interpreter.hpp"
#include "bowline/trace/json.hpp"
#include "tools/command.hpp"
#include "tools/watch.hpp"

namespace bowline::tools {
namespace {

namespace fs = std::filesystem;
using packetdrill::AddressMode;

constexpr const char* kExamples =
    "Examples:\n"
    "  bowline drill open.pkt\n"
    "  bowline drill --ip-version all tests/scripts\n"
    "  bowline drill --verbose --ladder close.pkt\n"
    "  bowline drill -D MSS=1000 -D CC='\"reno\"' slow_start.pkt\n"
    "  bowline drill --ip-version ipv6 --pcap zero_window.pcapng zero_window.pkt\n"
    "  bowline drill --json tests/scripts | jq 'select(.result == \"failed\") | .script'\n"
    "\n"
    "A folder stands for all *.pkt below it. Exit status: 1 if a script fails, 2 if one is no "
    "script\n"
    "(that one is not run; the others are). docs/drill.md describes the language.\n";

struct DrillOptions {
  std::vector<std::string> paths;
  std::string ip_version = "ipv4";
  std::vector<std::string> defines;
  std::string profile;
  std::string pcap;
  bool ladder = false;
  bool strict_echo = false;
  bool verbose = false;
  bool json = false;
};

std::vector<std::string> scripts_of(const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_regular_file(path, error)) {
      all.push_back(path);
      continue;
    }
    if (!fs::is_directory(path, error)) {
      throw WrongUsage(path + ": no such script or folder");
    }
    std::vector<std::string> below;
    for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
      if (entry.is_regular_file() && entry.path().extension() == ".pkt") {
        below.push_back(entry.path().string());
      }
    }
    if (below.empty()) throw WrongUsage(path + ": no *.pkt in this folder or below");
    std::ranges::sort(below);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file && !file.eof()) throw WrongUsage(path + ": cannot be read");
  return text;
}

packetdrill::Defines read_defines(const std::vector<std::string>& given) {
  packetdrill::Defines defines;
  for (const std::string& one : given) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw WrongUsage("-D " + one + ": expected NAME=value");
    }
    defines.insert_or_assign(one.substr(0, equals), one.substr(equals + 1));
  }
  return defines;
}

std::vector<AddressMode> read_modes(const std::string& text) {
  if (text == "all") return {AddressMode::ipv4, AddressMode::mapped, AddressMode::ipv6};
  const auto mode = packetdrill::address_mode(text);
  if (!mode) {
    throw WrongUsage("--ip-version " + text + ": expected ipv4, ipv4-mapped-ipv6, ipv6 or all");
  }
  return {*mode};
}

// Where the paths in a script begin.
std::string folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

// "foo-v4.pkt" is for IPv4, "foo-v6.pkt" for IPv6, as those of stock packetdrill are.
bool named_for(const std::string& path, AddressMode mode) {
  const std::string stem = fs::path(path).stem().string();
  if (stem.ends_with("v6")) return mode == AddressMode::ipv6;
  return !stem.ends_with("v4") || mode != AddressMode::ipv6;
}

enum class Result { passed, failed, broken };

struct Ran {
  Result result = Result::passed;
  packetdrill::Verdict verdict;
};

// Runs scripts and says how they ended.
class Drill {
 public:
  explicit Drill(const DrillOptions& options)
      : options_(options),
        defines_(read_defines(options.defines)),
        modes_(read_modes(options.ip_version)) {
    if (!options.profile.empty()) {
      profile_ = options.profile == "rfc" ? tcp::Profile::rfc : tcp::Profile::linux;
    }
  }

  void script(const std::string& path) {
    const std::string text = contents(path);
    std::set<AddressMode> done;
    for (const AddressMode wanted : modes_) {
      packetdrill::Defines defines = packetdrill::defines_of(wanted);
      for (const auto& [name, value] : defines_) defines.insert_or_assign(name, value);
      const auto script = packetdrill::parse_script(text, defines);
      if (!script) return report_broken(path, script.error());
      // A script that names its mode runs in that one, once.
      const AddressMode mode = packetdrill::only_mode(*script).value_or(wanted);
      if (!done.insert(mode).second) continue;
      // Of all modes those that it is for; a mode that was asked for by name is tried.
      if (modes_.size() > 1 && !(packetdrill::runs_in(*script, mode) && named_for(path, mode))) {
        continue;
      }
      const auto config = packetdrill::make_config(*script, {.mode = mode,
                                                             .profile = profile_,
                                                             .strict_echo = options_.strict_echo,
                                                             .folder = folder_of(path)});
      if (!config) return report_broken(path, config.error());
      run(path, *script, *config);
    }
  }

  [[nodiscard]] ExitStatus finish() const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun_;
    if (options_.json) {
      trace::JsonObject object;
      object.text("event", "summary")
          .number("passed", passed_)
          .number("failed", failed_)
          .number("broken", broken_);
      fmt::print("{}\n", std::move(object).finish());
    } else {
      fmt::print("{} passed, {} failed, in {:.3f} s", passed_, failed_, took.count());
      if (broken_ > 0) fmt::print("; {} not understood", broken_);
      fmt::print("\n");
    }
    if (broken_ > 0) return ExitStatus::wrong_usage;
    return failed_ > 0 ? ExitStatus::failed : ExitStatus::done;
  }

 private:
  void run(const std::string& path, const packetdrill::Script& script,
           const packetdrill::RunConfig& config) {
    std::unique_ptr<Watch> watch;
    if (!options_.pcap.empty() || options_.ladder) {
      watch = std::make_unique<Watch>(
          WatchOptions{.pcap = options_.pcap, .trace = false, .ladder = options_.ladder},
          Duration::zero());
    }
    const packetdrill::Verdict verdict = packetdrill::run_script(
        script, config,
        {.recorder = watch ? &watch->recorder() : nullptr, .packets = options_.verbose});
    if (watch) watch->finish();
    ++(verdict.passed ? passed_ : failed_);
    if (options_.json) {
      report_json(path, config, verdict);
    } else {
      report_text(path, config, verdict);
    }
  }

  void report_text(const std::string& path, const packetdrill::RunConfig& config,
                   const packetdrill::Verdict& verdict) const {
    const std::string_view mode = packetdrill::name(config.mode);
    if (options_.verbose) {
      for (const std::string& packet : verdict.packets) fmt::print("  {}\n", packet);
      if (!verdict.printed.empty()) fmt::print("{}", verdict.printed);
      for (const std::string& note : verdict.notes) fmt::print("{}: note: {}\n", path, note);
    }
    if (verdict.passed) {
      if (options_.verbose) fmt::print("{}: passed ({})\n", path, mode);
      return;
    }
    fmt::print("{}:{}: failed ({}): {}\n", path, verdict.position.line, mode, verdict.message);
    if (!options_.verbose) {
      for (const std::string& note : verdict.notes) fmt::print("  note: {}\n", note);
    }
    if (!verdict.decisions.empty()) fmt::print("  the stack's last decisions:\n");
    for (const std::string& decision : verdict.decisions) fmt::print("    {}\n", decision);
  }

  static void report_json(const std::string& path, const packetdrill::RunConfig& config,
                          const packetdrill::Verdict& verdict) {
    trace::JsonObject object;
    object.text("event", "script")
        .text("script", path)
        .text("mode", packetdrill::name(config.mode))
        .text("result", verdict.passed ? "passed" : "failed");
    if (!verdict.passed) {
      const std::vector<std::string> lines = lines_of(verdict.message);
      object.number("line", verdict.position.line).text("message", lines[0]);
      if (lines.size() > 1) {
        object.raw("detail", json_array({lines.begin() + 1, lines.end()}));
      }
      object.raw("decisions", json_array(verdict.decisions));
    }
    if (!verdict.notes.empty()) object.raw("notes", json_array(verdict.notes));
    fmt::print("{}\n", std::move(object).finish());
  }

  static std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines(1);
    for (const char c : text) {
      if (c == '\n') {
        lines.emplace_back();
      } else {
        lines.back() += c;
      }
    }
    return lines;
  }

  static std::string json_array(const std::vector<std::string>& texts) {
    std::string array = "[";
    for (const std::string& text : texts) {
      array += (array.size() > 1 ? "," : "") + trace::json_string(text);
    }
    return array + "]";
  }

  void report_broken(const std::string& path, const packetdrill::Problem& problem) {
    ++broken_;
    if (!options_.json) {
      fmt::print(stderr, "{}\n", packetdrill::to_text(problem, path));
      return;
    }
    trace::JsonObject object;
    object.text("event", "script")
        .text("script", path)
        .text("result", "broken")
        .number("line", problem.position.line)
        .number("column", problem.position.column)
        .text("message", problem.message);
    fmt::print("{}\n", std::move(object).finish());
  }

  const DrillOptions& options_;
  packetdrill::Defines defines_;
  std::vector<AddressMode> modes_;
  std::optional<tcp::Profile> profile_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::uint64_t passed_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t broken_ = 0;
};

ExitStatus drill(const DrillOptions& options) {
  const std::vector<std::string> scripts = scripts_of(options.paths);
  if (!options.pcap.empty() && (scripts.size() != 1 || options.ip_version == "all")) {
    throw WrongUsage("--pcap: captures one script in one mode; name one");
  }
  if (options.json && options.ladder) {
    throw WrongUsage("--json: has standard output to itself; leave out --ladder");
  }
  Drill drill(options);
  for (const std::string& script : scripts) drill.script(script);
  return drill.finish();
}

}  // namespace

void add_drill(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<DrillOptions>();
  CLI::App* const command = app.add_subcommand("drill", "Run packetdrill scripts in virtual time");
  command->footer(kExamples);
  command->add_option("SCRIPT", options->paths, "Scripts, or folders of them")->required();
  command
      ->add_option("--ip-version", options->ip_version,
                   "ipv4, ipv4-mapped-ipv6, ipv6 or all; a script may name its own")
      ->type_name("MODE")
      ->capture_default_str();
  command->add_option("-D,--define", options->defines, "Let NAME stand for a value in scripts")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--profile", options->profile,
                   "Defaults of the stack: linux (which scripts assume) or rfc")
      ->type_name("PROFILE")
      ->check(CLI::IsMember({"linux", "rfc"}));
  command->add_option("--pcap", options->pcap, "Write packets and reasons to a capture (pcapng)")
      ->type_name("FILE");
  command->add_flag("--strict-echo", options->strict_echo,
                    "Compare what sent timestamps echo (ecr), which packetdrill does not");
  command->add_flag("--ladder", options->ladder, "Draw each connection");
  command->add_flag("-v,--verbose", options->verbose, "Show every packet, print() and notes");
  command->add_flag("--json", options->json, "One JSON object for each script");
  command->callback([options, &status] { status = drill(*options); });
}

}  // namespace bowline::tools
