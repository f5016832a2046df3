// An experiment as one page: words, ladders as SVG, figures. Nothing is fetched and nothing runs:
// the page is text and drawings, in the reader's light or dark.

#include <fmt/format.h>

#include <algorithm>

#include "bowline/lab/report.hpp"

namespace bowline::inline v0::lab {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c1f24; --faint: #6b7280; --line: #d9dce1;
  --panel: #f5f6f8; --packet: #1f4e9c; --lost: #c81e1e; --late: #b45309; --good: #16803c; }
@media (prefers-color-scheme: dark) { :root { --paper: #14161a; --ink: #e6e8eb; --faint: #969ea9;
  --line: #333841; --panel: #1d2026; --packet: #8db8ff; --lost: #ff6b6b; --late: #f0a05a; --good: #4ccb79; } }
body { margin: 0 auto; max-width: 1240px; padding: 16px 20px 40px; background: var(--paper);
  color: var(--ink); font: 16px/1.55 system-ui, "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 26px; margin: 8px 0; } h2 { font-size: 18px; margin: 32px 0 8px; } h3 { font-size: 15px; margin: 4px 0; }
p { max-width: 46em; margin: 10px 0; } .faint { color: var(--faint); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr)); gap: 16px; }
.run { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 12px; min-width: 0; }
.broken { color: var(--lost); } .good { color: var(--good); }
.sentence { font-size: 19px; border-left: 4px solid var(--good); padding: 6px 14px; margin-top: 32px; }
.sentence.not { border-color: var(--lost); }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--ink); font: 12px ui-monospace, monospace; }
svg text.time, svg text.remark { fill: var(--faint); } svg text.state { font-weight: 600; }
svg text.remark { font-family: system-ui, "Noto Sans CJK SC", sans-serif; }
svg line.end { stroke: var(--line); stroke-width: 2; } svg .arrives { stroke: var(--packet); }
svg .lost, svg .corrupted { stroke: var(--lost); } svg .late, svg .leaves, svg .forged { stroke: var(--late); }
svg .leaves, svg .late { stroke-dasharray: 5 4; } svg line { stroke-width: 1.6; }
table { border-collapse: collapse; margin: 12px 0; } td, th { padding: 3px 16px 3px 0; text-align: left; }
td { border-top: 1px solid var(--line); }
)css";

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string_view class_of(Crossed crossed) {
  switch (crossed) {
    case Crossed::arrives:
      return "arrives";
    case Crossed::lost:
      return "lost";
    case Crossed::leaves:
      return "leaves";
    case Crossed::late:
      return "late";
    case Crossed::forged:
      return "forged";
    case Crossed::corrupted:
      break;
  }
  return "corrupted";
}

// The columns of a drawing, in its own units.
constexpr int kWidth = 560;
constexpr int kLeft = 170;
constexpr int kRight = 450;
constexpr int kRow = 30;

std::string text(int x, int y, std::string_view anchor, std::string_view what,
                 std::string_view words) {
  return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n", x, y,
                     anchor, what, escaped(words));
}

std::string stroke(int x1, int y1, int x2, int y2, std::string_view what) {
  return fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{}\"/>\n", x1, y1, x2,
                     y2, what);
}

std::string packet(const Rung& rung, int y) {
  const bool to_right = rung.side == trace::Side::left;
  const int from = to_right ? kLeft : kRight;
  const int to = to_right ? kRight : kLeft;
  const int sign = to_right ? 1 : -1;
  const std::string_view what = class_of(rung.crossed);
  const bool comes = rung.crossed != Crossed::lost && rung.crossed != Crossed::leaves;
  const bool leaves = rung.crossed != Crossed::late && rung.crossed != Crossed::forged;
  const int begin = leaves ? from : from + sign * 70;
  const int end = comes ? to : to - sign * 70;
  const int rise = comes && leaves ? 8 : 4;  // time goes down while it travels
  std::string svg = stroke(begin, y, end, y + rise, what);
  if (comes) {
    svg += stroke(end, y + rise, end - sign * 9, y + rise - 5, what);
    svg += stroke(end, y + rise, end - sign * 9, y + rise + 4, what);
  } else if (rung.crossed == Crossed::lost) {
    svg += stroke(end - 5, y + rise - 5, end + 5, y + rise + 5, what);
    svg += stroke(end - 5, y + rise + 5, end + 5, y + rise - 5, what);
  }
  svg += text((kLeft + kRight) / 2, y - 4, "middle", "label", rung.label);
  return svg;
}

std::string drawing(const Diagram& diagram, Language language, const std::string& title) {
  std::string body = text(kLeft, 18, "middle", "state", diagram.left.in(language)) +
                     text(kRight, 18, "middle", "state", diagram.right.in(language));
  int y = 44;
  std::optional<tcp::State> left;
  std::optional<tcp::State> right;
  const auto state = [&](const std::optional<tcp::State>& now, std::optional<tcp::State>& last,
                         int x, std::string_view anchor, int at) {
    if (!now || now == last) return;
    last = now;
    body += text(x, at, anchor, "state", tcp::name(*now));
  };
  const Shown shown = shown_rungs(diagram);
  for (std::size_t i = 0; i < diagram.rungs.size(); ++i) {
    if (i == shown.head && shown.tail > shown.head) {
      body += text((kLeft + kRight) / 2, y, "middle", "remark",
                   fmt::format("... {} ...", shown.tail - shown.head));
      i = shown.tail;
      y += kRow;
    }
    const Rung& rung = diagram.rungs[i];
    body += text(0, y + 2, "start", "time", time_of(diagram, rung));
    if (rung.packet) {
      body += packet(rung, y);
      state(rung.left, left, kLeft - 8, "end", y + 2);
      state(rung.right, right, kRight + 8, "start", y + 12);
      y += kRow;
      continue;
    }
    const Text& who = rung.side == trace::Side::left ? diagram.left : diagram.right;
    const std::string words =
        who.in(language) + (language == Language::zh ? "：" : ": ") + rung.remark.in(language);
    for (const std::string& line : wrapped(words, 74)) {
      body += text(62, y + 2, "start", "remark", line);
      y += 17;
    }
    y += kRow - 17;
  }
  const std::string ends =
      stroke(kLeft, 26, kLeft, y, "end") + stroke(kRight, 26, kRight, y, "end");
  return fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n{}{}</svg>\n",
                     kWidth, y + 6, escaped(title), ends, body);
}

std::string verdict(const Run& run, Language language) {
  if (run.broken.empty()) {
    return fmt::format("<p class=\"good\">{}</p>\n",
                       language == Language::zh ? "没有出错。" : "Nothing broke.");
  }
  std::string words;
  for (const Broken& broken : run.broken) {
    words +=
        fmt::format("<p class=\"broken\">{} {}: {}</p>\n", label_of(broken.which),
                    escaped(name_of(broken.which).in(language)), escaped(broken.what.in(language)));
  }
  return words;
}

std::string column(const Run& run, const Text& title, const Case& scenario, Language language) {
  const std::string& words = title.in(language);
  const bool judged = scenario.expect != Expect::cannot_tell;
  return fmt::format("<div class=\"run\"><h3>{}</h3>\n{}{}</div>\n", escaped(words),
                     scenario.brief ? "" : drawing(run.diagram, language, words),
                     judged ? verdict(run, language) : "");
}

std::string figures(const CaseResult& result, Language language) {
  if (result.without.figures.empty()) return "";
  const bool zh = language == Language::zh;
  std::string rows;
  for (std::size_t i = 0; i < result.without.figures.size(); ++i) {
    const Figure& figure = result.without.figures[i];
    const double with = i < result.with.figures.size() ? result.with.figures[i].value : 0;
    rows += fmt::format("<tr><td>{}</td><td>{:g}</td><td>{:g}</td><td>{}</td></tr>\n",
                        escaped(figure.name.in(language)), figure.value, with,
                        escaped(figure.unit.in(language)));
  }
  return fmt::format("<table><tr><th></th><th>{}</th><th>{}</th><th></th></tr>\n{}</table>\n",
                     zh ? "没有它" : "without", zh ? "有它" : "with", rows);
}

}  // namespace

std::string html(const Outcome& outcome, Language language) {
  const Experiment& experiment = *outcome.experiment;
  const bool zh = language == Language::zh;
  std::string body = fmt::format("<h1>{}. {}</h1>\n", experiment.number, escaped(experiment.name));
  std::string_view story = experiment.story.in(language);
  while (!story.empty()) {
    const std::size_t end = story.find('\n');
    body += fmt::format("<p>{}</p>\n", escaped(story.substr(0, end)));
    story.remove_prefix(end == std::string_view::npos ? story.size() : end + 1);
  }
  body +=
      fmt::format("<p class=\"faint\">{}{}</p>\n",
                  zh ? "拿掉的机制：" : "Taken out: ", escaped(experiment.removed.in(language)));
  for (const CaseResult& result : outcome.cases) {
    const Case& scenario = *result.scenario;
    body += fmt::format(
        "<h2>{}</h2>\n<div class=\"pair\">\n{}{}</div>\n{}", escaped(scenario.title.in(language)),
        column(result.without, scenario.without, scenario, language),
        column(result.with, scenario.with, scenario, language), figures(result, language));
    if (scenario.expect == Expect::cannot_tell) {
      body += fmt::format("<p>{}</p>\n", escaped(same_view(result).in(language)));
    }
  }
  body += fmt::format("<p class=\"sentence{}\">{}{}</p>\n", outcome.shown ? "" : " not",
                      outcome.shown ? "" : (zh ? "未能证明：" : "Not shown: "),
                      escaped(experiment.sentence.in(language)));
  return fmt::format(
      "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"/>\n<title>bowline lab {}</title>\n<style>{}</style>\n</head>\n<body>\n{}"
      "</body>\n</html>\n",
      zh ? "zh-CN" : "en", escaped(experiment.name), kStyle, body);
}

}  // namespace bowline::inline v0::lab
