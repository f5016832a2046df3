// bowline lab: the reasons, as experiments.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "bowline/lab/experiment.hpp"
#include "bowline/lab/report.hpp"
#include "bowline/lab/search.hpp"
#include "tools/command.hpp"
#include "tools/output_file.hpp"
#include "tools/terminal.hpp"

namespace bowline::tools {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  bowline lab                            the experiments, in the order of telling\n"
    "  bowline lab two-way-handshake          the story, both ladders, the sentence\n"
    "  bowline lab time-wait --lang zh        in Chinese\n"
    "  bowline lab half-close --html half-close.html\n"
    "  bowline lab two-way-handshake --search let it find the shortest counterexample by itself\n"
    "  bowline lab --all                      all of them, as a table\n"
    "\n"
    "Each experiment runs the production stack twice from one seed in virtual time: without one\n"
    "mechanism, and with it. Exit status: 0 when the run without it breaks its invariant (or "
    "costs\n"
    "more) and the run with it does not, 1 otherwise, 2 for wrong usage. docs/labs.md has more.\n";

struct LabOptions {
  std::string name;
  std::string language;
  std::string html;
  std::uint64_t seed = 1;
  bool all = false;
  bool search = false;
  bool json = false;
};

// Chinese where the locale is: LC_ALL, else LC_MESSAGES, else LANG, as gettext(3) has it.
lab::Language language_of(const std::string& asked) {
  if (asked == "zh") return lab::Language::zh;
  if (asked == "en") return lab::Language::en;
  for (const char* const name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    if (value == nullptr || *value == '\0') continue;
    return std::string_view(value).starts_with("zh") ? lab::Language::zh : lab::Language::en;
  }
  return lab::Language::en;
}

lab::Page page_of(const LabOptions& options) {
  lab::Page page;
  page.language = language_of(options.language);
  // Nobody's terminal: as wide as both ladders need. What is Chinese cannot be ASCII anyway.
  page.width = is_terminal(1) ? ladder_options().width : 120;
  page.ascii = page.language == lab::Language::en && ladder_options().ascii && is_terminal(1);
  return page;
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    throw Failure("cannot write to standard output: is there room?");
  }
}

void write_html(const std::string& path, const std::string& page) {
  OutputFile file(path, "bowline lab");
  std::string why = file.begin(0, "");
  if (why.empty()) why = file.append(page);
  if (why.empty()) why = file.commit();
  if (!why.empty()) throw Failure(why);
}

nlohmann::json json_of(const lab::Run& run) {
  nlohmann::json out;
  out["broken"] = nlohmann::json::array();
  for (const lab::Broken& broken : run.broken) {
    out["broken"].push_back({{"invariant", lab::label_of(broken.which)}, {"what", broken.what.en}});
  }
  out["figures"] = nlohmann::json::array();
  for (const lab::Figure& figure : run.figures) {
    out["figures"].push_back({{"name", figure.name.en}, {"value", figure.value}});
  }
  return out;
}

void print_json(const lab::Outcome& outcome) {
  for (const lab::CaseResult& result : outcome.cases) {
    const nlohmann::json line{{"event", "case"},
                              {"experiment", outcome.experiment->name},
                              {"case", result.scenario->title.en},
                              {"without", json_of(result.without)},
                              {"with", json_of(result.with)},
                              {"shown", result.shown}};
    print(line.dump() + '\n');
  }
  const nlohmann::json line{{"event", "experiment"},
                            {"number", outcome.experiment->number},
                            {"experiment", outcome.experiment->name},
                            {"claims", outcome.experiment->claims},
                            {"sentence", outcome.experiment->sentence.en},
                            {"shown", outcome.shown}};
  print(line.dump() + '\n');
}

bool run_all(const LabOptions& options) {
  std::vector<lab::Outcome> outcomes;
  bool shown = true;
  for (const lab::Experiment& experiment : lab::experiments()) {
    outcomes.push_back(lab::perform(experiment, options.seed));
    shown = shown && outcomes.back().shown;
    if (options.json) print_json(outcomes.back());
  }
  if (!options.json) print(lab::table(outcomes, page_of(options)));
  return shown;
}

bool run_search(const lab::Experiment& experiment, const LabOptions& options) {
  if (!experiment.search) {
    throw WrongUsage("--search: " + experiment.name +
                     " breaks no invariant: there is nothing to look for");
  }
  const lab::SearchResult without = lab::search(*experiment.search, false, options.seed);
  const lab::SearchResult with = lab::search(*experiment.search, true, options.seed);
  if (options.json) {
    const auto summary = [](const lab::SearchResult& result) {
      nlohmann::json out{{"runs", result.runs},
                         {"complete", result.complete},
                         {"found", result.found.has_value()}};
      if (result.found) out["run"] = json_of(result.found->run);
      return out;
    };
    const nlohmann::json line{{"event", "search"},
                              {"experiment", experiment.name},
                              {"without", summary(without)},
                              {"with", summary(with)}};
    print(line.dump() + '\n');
  } else {
    print(lab::report(experiment, without, with, page_of(options)));
  }
  return without.found && !with.found && with.complete;
}

bool run_one(const LabOptions& options) {
  const lab::Experiment* const experiment = lab::find_experiment(options.name);
  if (experiment == nullptr) {
    std::string names;
    for (const lab::Experiment& one : lab::experiments()) {
      names += (names.empty() ? "" : ", ") + one.name;
    }
    throw WrongUsage(options.name + ": no such experiment; did you mean " +
                     lab::nearest_name(options.name) + "? There are " + names);
  }
  if (options.search) return run_search(*experiment, options);
  const lab::Outcome outcome = lab::perform(*experiment, options.seed);
  if (!options.html.empty()) {
    write_html(options.html, lab::html(outcome, language_of(options.language)));
  }
  if (options.json) {
    print_json(outcome);
  } else {
    print(lab::report(outcome, page_of(options)));
  }
  return outcome.shown;
}

bool run(const LabOptions& options) {
  if (!options.name.empty()) {
    if (options.all) throw WrongUsage("--all: runs every experiment; leave out " + options.name);
    if (options.search && !options.html.empty()) {
      throw WrongUsage("--html: is the page of an experiment, not of a search");
    }
    return run_one(options);
  }
  if (options.search || !options.html.empty()) {
    throw WrongUsage("--search and --html: belong to one experiment; `bowline lab` lists them");
  }
  if (options.all) return run_all(options);
  if (options.json) throw WrongUsage("--json: belongs to an experiment or to --all");
  print(lab::list(page_of(options)));
  return true;
}

}  // namespace

void add_lab(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<LabOptions>();
  CLI::App* const command =
      app.add_subcommand("lab", "Show why TCP is as it is, by taking one thing out");
  command->footer(kExamples);
  command->add_option("NAME", options->name, "The experiment, or its number; none: list them");
  command->add_flag("--all", options->all, "Run all, and print a table");
  command->add_flag("--search", options->search,
                    "Look for the shortest run that breaks something without the mechanism");
  command->add_option("--lang", options->language, "en or zh; the locale's by default")
      ->check([](const std::string& value) {
        return value == "en" || value == "zh" ? std::string() : value + ": en or zh";
      });
  command->add_option("--html", options->html, "Write one self-contained page");
  command->add_option("--seed", options->seed, "Of all random numbers (1)");
  command->add_flag("--json", options->json, "NDJSON instead of text");
  command->callback(
      [options, &status] { status = run(*options) ? ExitStatus::done : ExitStatus::failed; });
}

}  // namespace bowline::tools
