#include "tools/scenario.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "bowline/scenario/capture.hpp"
#include "bowline/scenario/reader.hpp"
#include "bowline/scenario/report/json.hpp"
#include "bowline/scenario/report/page.hpp"
#include "bowline/scenario/report/table.hpp"
#include "bowline/scenario/run.hpp"
#include "bowline/trace/byte_sink.hpp"
#include "bowline/trace/pcapng.hpp"
#include "tools/arguments.hpp"
#include "tools/failure.hpp"
#include "tools/output_file.hpp"
#include "tools/signals.hpp"
#include "tools/terminal.hpp"

namespace bowline::tools {
namespace {

constexpr std::size_t kLargestFile = 4U << 20;

struct CloseFile {
  void operator()(std::FILE* file) const noexcept {
    if (file != stdin) (void)std::fclose(file);
  }
};

std::string read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, CloseFile> file(path == "-" ? stdin
                                                               : std::fopen(path.c_str(), "re"));
  if (!file) {
    throw WrongUsage(fmt::format("{}: {}: name a scenario file, such as those in examples/sim",
                                 path, std::strerror(errno)));
  }
  std::string text(kLargestFile + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    throw WrongUsage(fmt::format("{}: {}: name a scenario file", path, std::strerror(errno)));
  }
  if (text.size() > kLargestFile) {
    throw WrongUsage(fmt::format("{}: larger than 4 MiB: no scenario needs that", path));
  }
  return text;
}

// "\r 34 %, 12.3 s of 30 s, 345678 packets" on a terminal alone, after the first half second.
class RunProgress {
 public:
  explicit RunProgress(bool wanted) : on_(wanted && is_terminal(STDERR_FILENO)) {}
  RunProgress(const RunProgress&) = delete;
  RunProgress& operator=(const RunProgress&) = delete;
  ~RunProgress() {
    if (shown_) fmt::print(stderr, "\r{:60}\r", "");
  }

  void show(const scenario::Run& run) {
    if (!on_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(200);
    shown_ = true;
    using Seconds = std::chrono::duration<double>;
    const double done = Seconds(run.now() - Time{}).count();
    const double all = Seconds(run.scenario().duration).count();
    fmt::print(stderr, "\r{:3.0f} %, {:.1f} s of {:.1f} s, {} packets ", 100 * done / all, done,
               all, run.packets());
  }

 private:
  bool on_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_ =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
};

// A file that is under its name once it is whole.
class WholeFileSink final : public trace::ByteSink {
 public:
  explicit WholeFileSink(const std::string& path) : file_(path, "bowline sim") {
    error_ = file_.begin(0, "");
    if (!error_.empty()) throw Failure(error_);
  }

  bool append(std::string_view record) override {
    buffer_ += record;
    return buffer_.size() < kBuffer ? error_.empty() : flush();
  }
  bool flush() override {
    if (error_.empty()) error_ = file_.append(buffer_);
    buffer_.clear();
    return error_.empty();
  }
  [[nodiscard]] std::string_view error() const noexcept override { return error_; }

  void commit() {
    if (flush()) error_ = file_.commit();
    if (!error_.empty()) throw Failure(error_);
  }

 private:
  static constexpr std::size_t kBuffer = 256 * 1024;

  OutputFile file_;
  std::string buffer_;
  std::string error_;
};

// The capture, its form and its file.
class PcapFile {
 public:
  PcapFile(scenario::Run& run, const std::string& path, std::optional<std::size_t> only)
      : sink_(path), output_(sink_), capture_(run, output_, only) {}

  void finish() {
    capture_.finish();
    sink_.commit();
  }

 private:
  WholeFileSink sink_;
  trace::PcapngOutput output_;
  scenario::Capture capture_;
};

std::optional<std::size_t> find_host(const scenario::Scenario& scenario, const std::string& name) {
  if (name.empty()) return std::nullopt;
  std::string known;
  for (std::size_t i = 0; i < scenario.hosts.size(); ++i) {
    if (scenario.hosts[i].name == name) return i;
    known += (known.empty() ? "" : ", ") + scenario.hosts[i].name;
  }
  throw WrongUsage(
      fmt::format("--at {}: no such host in {}: there are {}", name, scenario.name, known));
}

void write_page(const scenario::Run& run, const std::string& path) {
  WholeFileSink file(path);
  file.append(scenario::page_text(run));
  file.commit();
}

// A flow that did not end as the file says is a failure of the run.
void judge(const scenario::Run& run) {
  std::string first;
  std::size_t count = 0;
  for (const scenario::FlowResult& result : run.results()) {
    if (result.as_expected()) continue;
    if (count++ > 0) continue;
    first = fmt::format("flow {}: {}{}{}", result.plan->name, scenario::name(result.state),
                        result.failure.empty() ? "" : ": ", result.failure);
  }
  if (count == 0) return;
  throw Failure(fmt::format("{}{}: give it more time (duration), or say so in the file (expect)",
                            first, count > 1 ? fmt::format(", and {} more", count - 1) : ""));
}

}  // namespace

void add_scenario_options(CLI::App& command, ScenarioOptions& options) {
  command.add_option("FILE", options.file, "The scenario; - reads standard input")->type_name("");
  command
      .add_option_function<std::string>(
          "--seed",
          [&](const std::string& text) {
            options.seed = read_number("--seed", text, 0, INT64_MAX);
          },
          "Of all that is random [the file's, or 1]")
      ->type_name("NUMBER");
  command.add_option("--pcap", options.pcap, "Write a capture on all hosts (pcapng)")
      ->type_name("FILE");
  command.add_option("--at", options.at, "Capture on this host alone [on all: each packet twice]")
      ->type_name("HOST");
  command.add_option("--html", options.html, "Write a page with the graphs of each flow")
      ->type_name("FILE");
  command
      .add_option("--replay", options.replay,
                  "Do the calls of bowline serve --record again instead, and compare")
      ->type_name("RECORD");
  command.add_flag("--trace", options.trace, "Of a replay: print each packet");
  command.add_flag("--ladder", options.ladder, "Of a replay: draw each connection");
  command.add_flag("--json", options.json, "Print NDJSON instead of the table");
  command.add_flag("-q,--quiet", options.quiet, "Print neither table nor progress");
}

void run_scenario(const ScenarioOptions& options) {
  ignore_broken_pipes();
  const StopFlag stop;
  const std::string name = options.file == "-" ? "standard input" : options.file;
  auto scenario = scenario::read_scenario(read_file(options.file), name);
  if (!scenario) throw WrongUsage(scenario.error());
  if (options.seed) scenario->seed = *options.seed;

  const auto only = find_host(*scenario, options.at);

  scenario::Run run(*scenario, scenario::page_points(*scenario));
  std::optional<PcapFile> pcap;
  if (!options.pcap.empty()) pcap.emplace(run, options.pcap, only);
  {
    RunProgress progress(!options.quiet);
    while (run.advance()) {
      if (StopFlag::asked()) {
        throw Failure(fmt::format("interrupted after {:.1f} s of virtual time: nothing is kept",
                                  std::chrono::duration<double>(run.now() - Time{}).count()));
      }
      progress.show(run);
    }
  }
  if (pcap) pcap->finish();
  if (!options.html.empty()) write_page(run, options.html);
  if (!options.quiet) {
    trace::FileSink out(STDOUT_FILENO, "standard output", false);
    out.append(options.json ? scenario::json_text(run) : scenario::table_text(run));
    if (!out.flush()) throw Failure(std::string(out.error()));
  }
  judge(run);
}

}  // namespace bowline::tools
