#include "bowline/lab/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bowline::inline v0::lab {
namespace {

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

std::string promised(const Experiment& experiment, Language language) {
  std::vector<std::string> words;
  for (const Invariant invariant : experiment.breaks) words.push_back(label_of(invariant));
  if (experiment.cost) words.emplace_back(language == Language::zh ? "代价" : "cost");
  return joined(words);
}

class Writer {
 public:
  explicit Writer(const Page& page) : page_(page), width_(std::min<std::size_t>(page.width, 100)) {}

  void line(const std::string& text = {}) { text_ += text + '\n'; }
  void paragraph(const std::string& text, const std::string& indent = {}) {
    for (const std::string& one : wrapped(text, width_ - width_of(indent))) line(indent + one);
  }
  void verbatim(const std::string& text) { text_ += text; }
  [[nodiscard]] std::string take() { return std::move(text_); }
  [[nodiscard]] std::string words(std::string_view en, std::string_view zh) const {
    return std::string(page_.language == Language::zh ? zh : en);
  }
  [[nodiscard]] std::string words(const Text& text) const { return text.in(page_.language); }

 private:
  const Page& page_;
  std::size_t width_;
  std::string text_;
};

std::string number(double value) {
  return value == static_cast<double>(static_cast<std::int64_t>(value))
             ? fmt::format("{}", static_cast<std::int64_t>(value))
             : fmt::format("{:.3f}", value);
}

void write_broken(Writer& out, const std::string& who, const Run& run) {
  if (run.broken.empty()) {
    out.paragraph(who + out.words("nothing broke.", "没有出错。"));
    return;
  }
  for (const Broken& broken : run.broken) {
    out.paragraph(who + fmt::format("{} {}{}{}{}", label_of(broken.which),
                                    out.words(name_of(broken.which)), out.words(": ", "："),
                                    out.words(broken.what), out.words(".", "。")));
  }
}

void write_figures(Writer& out, const CaseResult& result) {
  if (result.without.figures.empty()) return;
  std::size_t widest = 0;
  for (const Figure& figure : result.without.figures) {
    widest = std::max(widest, width_of(out.words(figure.name)));
  }
  out.line();
  out.line(padded("", widest + 2) + padded(out.words("without", "没有它"), 14) +
           out.words("with", "有它"));
  for (std::size_t i = 0; i < result.without.figures.size(); ++i) {
    const Figure& without = result.without.figures[i];
    const std::string with =
        i < result.with.figures.size() ? number(result.with.figures[i].value) : "-";
    const std::string unit = out.words(without.unit);
    out.line(padded(out.words(without.name), widest + 2) + padded(number(without.value), 14) +
             padded(with, 10) + unit);
  }
}

std::string search_words(const Writer& out, const SearchResult& result) {
  const std::string bound =
      result.complete ? out.words("every run within the bound", "界限之内的每一种过程")
                      : out.words("not every run within the bound", "未能试完界限之内的所有过程");
  return fmt::format("{} {}{}{}", result.runs, out.words("runs, ", "次运行，"), bound,
                     fmt::format("{}{}{}", out.words(" (at most ", "（异常至多 "),
                                 result.deviations, out.words(" accidents)", " 次）")));
}

}  // namespace

Text same_view(const CaseResult& result) {
  const bool client = result.with.last_speaker == trace::Side::left;
  const Text who = client ? Text{"The client", "客户端"} : Text{"The server", "服务器"};
  if (!result.shown) {
    return {who.en + " saw something else in one run than in the other.",
            who.zh + "在两次运行中看到的不同。"};
  }
  return {who.en +
              ", who spoke last, saw exactly the same in both runs: whether its message "
              "arrived, it cannot know.",
          who.zh + "最后说话，它在两次运行中看到的完全相同：自己的话是否送到，它无从知道。"};
}

std::string broken_labels(const std::vector<Broken>& broken) {
  std::vector<std::string> words;
  for (const Broken& one : broken) words.push_back(label_of(one.which));
  return words.empty() ? "-" : joined(words);
}

std::string report(const Outcome& outcome, const Page& page) {
  const Experiment& experiment = *outcome.experiment;
  Writer out(page);
  out.line(fmt::format("{}. {}", experiment.number, experiment.name));
  out.line();
  out.paragraph(out.words(experiment.story));
  out.line();
  out.paragraph(out.words("Taken out: ", "拿掉的机制：") + out.words(experiment.removed));
  for (const CaseResult& result : outcome.cases) {
    out.line();
    out.paragraph("== " + out.words(result.scenario->title));
    if (!result.scenario->brief) {
      out.line();
      out.verbatim(draw_pair(result.without.diagram, result.scenario->without, result.with.diagram,
                             result.scenario->with, page));
      out.line();
    }
    if (result.scenario->expect == Expect::cannot_tell) {
      out.paragraph(out.words(same_view(result)));
    } else {
      write_broken(out, out.words("Without it: ", "没有它："), result.without);
      write_broken(out, out.words("With it: ", "有它："), result.with);
    }
    write_figures(out, result);
    if (!result.shown) {
      out.line();
      out.paragraph(out.words("These runs do not show what they were to show.",
                              "这两次运行没有显示出应当显示的结果。"));
    }
  }
  out.line();
  out.paragraph(outcome.shown
                    ? out.words("Shown: ", "由此可见：") + out.words(experiment.sentence)
                    : out.words("Not shown: ", "未能证明：") + out.words(experiment.sentence));
  out.paragraph(fmt::format("({}: {}; {}: {})", out.words("claims", "对应论断"),
                            joined(experiment.claims), out.words("breaks", "破坏"),
                            promised(experiment, page.language)));
  return out.take();
}

std::string report(const Experiment& experiment, const SearchResult& without,
                   const SearchResult& with, const Page& page) {
  Writer out(page);
  out.line(fmt::format("{}. {}: {}", experiment.number, experiment.name,
                       out.words("search for a counterexample", "寻找反例")));
  out.line();
  out.paragraph(out.words(experiment.search->program));
  out.line();
  out.paragraph(out.words("Without the mechanism: ", "没有该机制：") + search_words(out, without) +
                out.words(".", "。"));
  if (without.found) {
    out.paragraph(out.words("The shortest run that breaks something:", "最短的出错过程："));
    if (without.found->deviations.empty()) {
      out.paragraph(out.words("no accident at all is needed", "不需要任何异常"), "  - ");
    }
    for (const Deviation& deviation : without.found->deviations) {
      out.paragraph(out.words(deviation.what), "  - ");
    }
    out.line();
    Page half = page;
    half.width = std::clamp<std::size_t>(page.width, kLadderWidth, 76);
    for (const std::string& line : draw(without.found->run.diagram, half)) out.line(line);
    out.line();
    write_broken(out, "", without.found->run);
  } else {
    out.paragraph(out.words("No counterexample was found.", "没有找到反例。"));
  }
  out.line();
  out.paragraph(out.words("With the mechanism: ", "有该机制：") + search_words(out, with) +
                out.words(".", "。"));
  if (with.found) {
    write_broken(out, "", with.found->run);
  } else {
    out.paragraph(out.words("None of them breaks anything.", "没有一次出错。"));
  }
  return out.take();
}

std::string list(const Page& page) {
  Writer out(page);
  for (const Experiment& experiment : experiments()) {
    out.line(fmt::format("{:>2}  {:<20} {}   {} {}", experiment.number, experiment.name,
                         joined(experiment.claims), out.words("breaks", "破坏"),
                         promised(experiment, page.language)));
    out.paragraph(out.words(experiment.sentence), "    ");
  }
  return out.take();
}

std::string table(const std::vector<Outcome>& outcomes, const Page& page) {
  Writer out(page);
  out.line(padded("", 4) + padded(out.words("experiment", "实验"), 21) +
           padded(out.words("without", "没有它"), 16) + padded(out.words("with", "有它"), 8) +
           out.words("shown", "是否证明"));
  for (const Outcome& outcome : outcomes) {
    std::vector<Broken> without;
    std::vector<Broken> with;
    bool costs = false;
    for (const CaseResult& result : outcome.cases) {
      costs = costs || result.scenario->expect == Expect::costs_without;
      if (result.scenario->expect == Expect::breaks_both)
        continue;  // a limit, told in full elsewhere
      for (const auto& [from, to] : {std::pair(&result.without, &without), {&result.with, &with}}) {
        for (const Broken& one : from->broken) {
          if (std::ranges::find(*to, one.which, &Broken::which) == to->end()) to->push_back(one);
        }
      }
    }
    std::string wrong = broken_labels(without);
    if (costs) wrong = (without.empty() ? "" : wrong + " ") + out.words("cost", "代价");
    out.line(fmt::format("{:>2}  {:<21}", outcome.experiment->number, outcome.experiment->name) +
             padded(wrong, 16) + padded(broken_labels(with), 8) +
             (outcome.shown ? out.words("yes", "是") : out.words("NO", "否")));
  }
  return out.take();
}

}  // namespace bowline::inline v0::lab
