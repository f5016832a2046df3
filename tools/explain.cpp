// bowline explain: what happened in a capture, connection by connection.

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "bowline/explain/analyzer.hpp"
#include "bowline/explain/report/json_report.hpp"
#include "bowline/explain/report/layers_text.hpp"
#include "bowline/explain/report/text_report.hpp"
#include "tools/arguments.hpp"
#include "tools/command.hpp"
#include "tools/signals.hpp"
#include "tools/terminal.hpp"

namespace bowline::tools {
namespace {

struct ExplainOptions {
  std::string file;
  bool layers = false;
  bool json = false;
  explain::AnalyzerSettings analyzer;
  explain::ReportOptions report;
};

constexpr const char* kExamples =
    "FILE is a pcap or pcapng capture (tcpdump -w, Wireshark, bowline serve --pcap), or text as\n"
    "tcpdump -n prints it, today's or the classic notation of books. \"-\" reads standard input.\n"
    "\n"
    "Examples:\n"
    "  bowline explain web.pcapng\n"
    "  bowline explain web.pcapng --summary\n"
    "  bowline explain web.pcapng --connection 3 --absolute\n"
    "  bowline explain web.pcapng --filter \"SYN_RECV port 80\"\n"
    "  bowline explain web.pcapng --filter violation\n"
    "  bowline explain web.pcapng --layers | less\n"
    "  tcpdump -n -r old.pcap tcp | bowline explain -\n"
    "  ssh router tcpdump -U -w - port 443 | bowline explain - --summary\n"
    "  bowline explain web.pcapng --json | jq 'select(.event == \"finding\")'\n"
    "\n"
    "A --filter names states in any spelling, host ADDRESS, port NUMBER, how a connection ended\n"
    "(reset, refused, unanswered, half-open, half-closed, finished), trouble or violation.\n"
    "A capture that is cut short is explained up to there, with exit status 1.\n";

// "\r 34 %, 345 MB", a few times a second, on a terminal alone.
class Progress {
 public:
  explicit Progress(std::optional<std::uint64_t> size)
      : size_(size), on_(is_terminal(STDERR_FILENO)) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  void show(std::uint64_t offset, std::uint64_t packets) {
    if (!on_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(200);
    const double megabytes = static_cast<double>(offset) / 1e6;
    if (size_ && *size_ > 0) {
      fmt::print(stderr, "\r{:3.0f} %, {:.0f} MB, {} packets ",
                 100.0 * static_cast<double>(offset) / static_cast<double>(*size_), megabytes,
                 packets);
    } else {
      fmt::print(stderr, "\r{:.0f} MB, {} packets ", megabytes, packets);
    }
    shown_ = true;
  }
  void clear() {
    if (shown_) fmt::print(stderr, "\r{:40}\r", "");
    shown_ = false;
  }

 private:
  std::optional<std::uint64_t> size_;
  bool on_;
  bool shown_ = false;
  // The first half second shows nothing: small captures are done by then.
  std::chrono::steady_clock::time_point next_ =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
};

explain::FileSource open_source(const std::string& file) {
  if (file == "-") return {STDIN_FILENO, "standard input"};
  auto source = explain::FileSource::open(file);
  if (!source) throw Failure(source.error());
  return std::move(*source);
}

// Prints the layers of the packet if its connection is wanted.
void print_layers(trace::ByteSink& sink, const ExplainOptions& options,
                  const explain::CapturedPacket& packet, const explain::Decoded& decoded,
                  const explain::Connection* connection, bool from_text) {
  const bool all = options.report.connection == 0 && options.report.filter.accepts_all();
  const bool wanted = all || (connection != nullptr && options.report.selects(*connection));
  if (!wanted) return;
  sink.append(
      explain::layers_text(packet, decoded, connection, from_text, options.analyzer.absolute) +
      '\n');
}

void run(const ExplainOptions& options) {
  ignore_broken_pipes();
  const std::string name = options.file == "-" ? "standard input" : options.file;
  explain::FileSource source = open_source(options.file);
  explain::InputBuffer input(source);
  auto reader = explain::open_capture(input);
  if (!reader) throw Failure(fmt::format("{}: {}", name, reader.error()));
  const explain::CaptureInfo& info = (*reader)->info();

  trace::FileSink sink(STDOUT_FILENO, "standard output", false);
  if (options.layers) sink.append(explain::layers_legend() + '\n');
  explain::Analyzer analyzer(options.analyzer);
  Progress progress(source.size());
  explain::CapturedPacket packet;
  explain::Read read;
  std::uint64_t packets = 0;
  while ((read = (*reader)->next(packet)) == explain::Read::packet) {
    const explain::Decoded decoded = explain::decode(packet);
    const explain::Connection* connection = analyzer.add(packet, decoded, info.from_text);
    if (options.layers) print_layers(sink, options, packet, decoded, connection, info.from_text);
    if ((++packets & 0xfffU) == 0) {
      progress.show(input.offset(), packets);
      if (!sink.error().empty()) return;  // whoever reads has gone
    }
  }
  progress.clear();
  const bool broken = read == explain::Read::broken;
  if (broken && packets == 0) throw Failure(fmt::format("{}: {}", name, (*reader)->error()));

  const explain::Explanation explanation = std::move(analyzer).finish();
  if (packets > 0 && explanation.totals.unknown_link == packets) {
    throw Failure(fmt::format(
        "{}: all packets are of {}: Ethernet, raw IP, Linux cooked and BSD loopback are read here",
        name, explain::to_text(*explanation.totals.unknown_link_type)));
  }
  if (options.json) {
    explain::write_json(sink, name, info, explanation, options.report);
  } else if (!options.layers) {
    explain::write_text(sink, name, info, explanation, options.report);
  }
  sink.flush();
  if (!sink.error().empty()) throw Failure(std::string(sink.error()));
  if (broken) {
    throw Failure(
        fmt::format("{}: {}; what came before it is explained", name, (*reader)->error()));
  }
  if (options.report.connection > explanation.connection_count) {
    throw Failure(fmt::format("{}: there is no connection {}: they are numbered 1 to {}", name,
                              options.report.connection, explanation.connection_count));
  }
}

}  // namespace

void add_explain(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* const command =
      app.add_subcommand("explain", "Say what happened in a capture, and what broke which rule");
  command->footer(kExamples);
  command->add_option("FILE", options->file, "The capture; - for standard input")
      ->type_name("")
      ->required();
  command->add_flag("--summary", options->report.summary_only,
                    "The tables alone, without ladders and findings");
  command
      ->add_option_function<std::string>(
          "--connection",
          [=](const std::string& text) {
            options->report.connection = read_number("--connection", text, 1, UINT64_MAX);
            options->analyzer.chosen = options->report.connection;
          },
          "This connection alone, with all of its segments (up to 1000)")
      ->type_name("NUMBER");
  command
      ->add_option_function<std::string>(
          "--filter",
          [=](const std::string& text) {
            auto filter = explain::Filter::parse(text);
            if (!filter) throw WrongUsage(fmt::format("--filter \"{}\": {}", text, filter.error()));
            options->report.filter = std::move(*filter);
          },
          "Connections that are so; see below")
      ->type_name("WORDS");
  auto* layers = command->add_flag("--layers", options->layers,
                                   "Each packet's encapsulation, from frame to application");
  command->add_flag("--json", options->json, "NDJSON for programs; see docs/explain.md")
      ->excludes(layers);
  command->add_flag("--absolute", options->analyzer.absolute,
                    "Sequence numbers as they stand in the headers");
  command->callback([options, &status] {
    options->report.drawing = ladder_options();
    options->report.drawing.absolute = options->analyzer.absolute;
    run(*options);
    status = ExitStatus::done;
  });
}

}  // namespace bowline::tools
