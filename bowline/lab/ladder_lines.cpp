#include "bowline/lab/ladder_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bowline::inline v0::lab {
namespace {

using trace::Side;

constexpr std::size_t kTime = 8;
constexpr std::size_t kState = 13;  // "SYN-RECEIVED" and a blank
constexpr std::size_t kHead = 16;
constexpr std::size_t kTail = 12;

std::string repeat(std::string_view piece, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

void trim(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

// The label in `room` columns: what it acknowledges goes first.
std::string fitted(std::string label, std::size_t room) {
  if (label.size() > room) label = label.substr(0, label.find(" ack "));
  if (label.size() > room) label.resize(room);
  return label;
}

struct Marks {
  std::string_view line;
  std::string_view dots;
  std::string_view cross;
  std::string_view right;
  std::string_view left;
  std::string_view forged;
};

Marks marks_of(bool ascii) {
  if (ascii) return {"-", ".", "X", ">", "<", "?"};
  return {"─", "·", "✗", "▶", "◀", "»"};
}

// The line of a packet, `room` columns wide: begin, label, end, seen from the sender.
std::string packet_line(const Rung& rung, std::size_t room, bool ascii) {
  const Marks marks = marks_of(ascii);
  const bool to_right = rung.side == Side::left;
  const std::string label = " " + fitted(rung.label, room - 5) + " ";
  std::string_view begin = marks.line;
  std::string_view shaft = marks.line;
  std::string_view end = to_right ? marks.right : marks.left;
  switch (rung.crossed) {
    case Crossed::arrives:
      break;
    case Crossed::lost:
      end = marks.cross;
      break;
    case Crossed::leaves:
      shaft = end = marks.dots;
      break;
    case Crossed::late:
      begin = marks.dots;
      break;
    case Crossed::forged:
      begin = marks.forged;
      break;
    case Crossed::corrupted:
      begin = "~";
      break;
  }
  const std::size_t rest = room - std::min(room, label.size() + 2);
  if (to_right) return std::string(begin) + label + repeat(shaft, rest) + std::string(end);
  return std::string(end) + repeat(shaft, rest) + label + std::string(begin);
}

class Drawing {
 public:
  Drawing(const Diagram& diagram, const Page& page)
      : diagram_(diagram),
        page_(page),
        width_(std::max(page.width, kLadderWidth)),
        middle_(width_ - kTime - 2 * kState) {}

  std::vector<std::string> lines() {
    add("", diagram_.left.in(page_.language), "", diagram_.right.in(page_.language));
    const Shown shown = shown_rungs(diagram_);
    for (std::size_t i = 0; i < diagram_.rungs.size(); ++i) {
      if (i == shown.head && shown.tail > shown.head) {
        const std::size_t count = shown.tail - shown.head;
        const std::string words = page_.language == Language::zh
                                      ? fmt::format("（此处略去 {} 行）", count)
                                      : fmt::format("({} lines are left out here)", count);
        lines_.push_back(std::string(kTime, ' ') + words);
        i = shown.tail;
      }
      rung(diagram_.rungs[i]);
    }
    return std::move(lines_);
  }

 private:
  void add(std::string_view time, std::string left, std::string middle, std::string right) {
    std::string line(kTime - 1 - std::min(kTime - 1, time.size()), ' ');
    line += time;
    line += " " + padded(std::move(left), kState) + padded(std::move(middle), middle_) + " " +
            std::move(right);
    trim(line);
    lines_.push_back(std::move(line));
  }

  void rung(const Rung& rung) {
    const std::string time = time_of(diagram_, rung);
    if (rung.packet) {
      add(time, news(rung.left, last_left_), packet_line(rung, middle_, page_.ascii),
          news(rung.right, last_right_));
      return;
    }
    const Text& who = rung.side == Side::left ? diagram_.left : diagram_.right;
    const std::string text = who.in(page_.language) +
                             (page_.language == Language::zh ? "：" : ": ") +
                             rung.remark.in(page_.language);
    std::string lead(kTime - 1 - std::min(kTime - 1, time.size()), ' ');
    lead += time + " ";
    for (const std::string& line : wrapped(text, width_ - kTime)) {
      lines_.push_back(std::exchange(lead, std::string(kTime, ' ')) + line);
    }
  }

  // The state's name where it is another one than before.
  static std::string news(const std::optional<tcp::State>& state, std::optional<tcp::State>& last) {
    if (!state || state == last) return "";
    last = state;
    return std::string(tcp::name(*state));
  }

  const Diagram& diagram_;
  const Page& page_;
  std::size_t width_;
  std::size_t middle_;
  std::optional<tcp::State> last_left_;
  std::optional<tcp::State> last_right_;
  std::vector<std::string> lines_;
};

}  // namespace

Shown shown_rungs(const Diagram& diagram) {
  const std::size_t size = diagram.rungs.size();
  if (size <= kHead + kTail + 2) return {size, size};
  return {kHead, size - kTail};
}

std::string time_of(const Diagram& diagram, const Rung& rung) {
  const Duration since = rung.at - diagram.rungs.front().at;
  const double seconds = std::chrono::duration<double>(since).count();
  return seconds < 1'000 ? fmt::format("{:.3f}", seconds) : fmt::format("{:.0f}", seconds);
}

std::vector<std::string> draw(const Diagram& diagram, const Page& page) {
  return Drawing(diagram, page).lines();
}

std::string draw_pair(const Diagram& first, const Text& first_title, const Diagram& second,
                      const Text& second_title, const Page& page) {
  const std::string between = page.ascii ? " | " : " │ ";
  constexpr std::size_t kBetween = 3;
  Page half = page;
  half.width = std::min<std::size_t>((page.width - std::min(page.width, kBetween)) / 2, 76);
  const bool beside = half.width >= kLadderWidth;
  if (!beside) half.width = std::clamp<std::size_t>(page.width, kLadderWidth, 76);
  const auto titled = [&](const Diagram& diagram, const Text& title) {
    std::vector<std::string> lines = wrapped(title.in(page.language), half.width);
    const std::size_t width = lines.empty() ? 0 : width_of(lines.front());
    lines.push_back(repeat(page.ascii ? "-" : "─", width));
    for (std::string& line : draw(diagram, half)) lines.push_back(std::move(line));
    return lines;
  };
  const std::vector<std::string> left = titled(first, first_title);
  const std::vector<std::string> right = titled(second, second_title);
  std::string text;
  if (!beside) {
    for (const std::string& line : left) text += line + '\n';
    text += '\n';
    for (const std::string& line : right) text += line + '\n';
    return text;
  }
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    std::string line = padded(i < left.size() ? left[i] : "", half.width) + between;
    if (i < right.size()) line += right[i];
    trim(line);
    text += line + '\n';
  }
  return text;
}

}  // namespace bowline::inline v0::lab
