#include "bowline/trace/ladder_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bowline/trace/names.hpp"

namespace bowline::inline v0::trace {
namespace {

constexpr std::size_t kMinWidth = 72;
constexpr std::size_t kStateWidth = 14;  // "(SYN-RECEIVED)"
constexpr std::size_t kGap = 2;
constexpr std::size_t kWhyIndent = 2;
constexpr std::size_t kShaft = 3;  // of the arrow in front of its label

std::string spaces(std::size_t count) { return std::string(count, ' '); }

std::string repeated(std::string_view piece, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t used = columns(text);
  return used < width ? text + spaces(width - used) : text;
}

void trim(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

std::string state_text(const EndState& end) {
  if (!end.state) return "?";
  const std::string_view name = tcp::name(*end.state);
  return end.inferred ? fmt::format("({})", name) : std::string(name);
}

// `text` in lines of at most `width` columns, broken at blanks; a longer word is cut.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::size_t count = text.size();
    if (count > width) {
      const std::size_t blank = text.rfind(' ', width);
      count = blank == std::string_view::npos || blank == 0 ? width : blank;
    }
    lines.emplace_back(text.substr(0, count));
    text.remove_prefix(count);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return lines;
}

std::string flag_names(const Segment& segment) {
  constexpr std::array<std::pair<std::uint16_t, std::string_view>, 8> kNames{{{wire::kSyn, "SYN"},
                                                                              {wire::kFin, "FIN"},
                                                                              {wire::kRst, "RST"},
                                                                              {wire::kPsh, "PSH"},
                                                                              {wire::kUrg, "URG"},
                                                                              {wire::kAck, "ACK"},
                                                                              {wire::kEce, "ECE"},
                                                                              {wire::kCwr, "CWR"}}};
  std::string text;
  for (const auto& [flag, name] : kNames) {
    if (!segment.has(flag)) continue;
    if (!text.empty()) text += '+';
    text += name;
  }
  return text.empty() ? "no flags" : text;
}

// Where the numbers of each end begin: at its SYN, else so that its first byte is 1, as tcpdump
// counts.
struct Origins {
  std::uint32_t left = 0;
  std::uint32_t right = 0;

  [[nodiscard]] std::uint32_t of(Side side) const { return side == Side::left ? left : right; }
};

Origins origins(const Ladder& ladder) {
  std::array<std::optional<std::uint32_t>, 2> found;
  const auto note = [&](Side side, std::uint32_t number) {
    std::optional<std::uint32_t>& entry = found[side == Side::left ? 0 : 1];
    if (!entry) entry = number;
  };
  for (const LadderEvent& event : ladder.events) {
    if (!event.segment) continue;
    const Segment& segment = *event.segment;
    const bool reset = segment.has(wire::kRst);
    if (segment.has(wire::kSyn)) {
      note(event.side, segment.seq.raw());
    } else if (!reset) {
      note(event.side, segment.seq.raw() - 1);
    }
    if (segment.has(wire::kAck) && !reset) note(opposite(event.side), segment.ack.raw() - 1);
  }
  return {found[0].value_or(0), found[1].value_or(0)};
}

class Drawing {
 public:
  Drawing(const Ladder& ladder, const LadderOptions& options)
      : ladder_(ladder),
        options_(options),
        width_(std::max(options.width, kMinWidth)),
        origins_(options.absolute ? Origins{} : origins(ladder)) {
    numbered_ = std::ranges::all_of(ladder.events, [&](const LadderEvent& event) {
      return event.time == ladder.events.front().time;
    });
    time_width_ = std::string_view("0.000000").size();
    for (std::size_t i = 0; i < ladder.events.size(); ++i) {
      time_width_ = std::max(time_width_, time_text(i).size());
    }
    time_width_ += kGap;
    indent_ = time_width_ + kGap;
    middle_ = width_ - indent_ - 2 * kStateWidth - 2 * kGap;
  }

  std::vector<std::string> lines() {
    head();
    for (std::size_t i = 0; i < ladder_.events.size(); ++i) {
      if (ladder_.left_out > 0 && i == ladder_.left_out_before) {
        add("", "", fmt::format("... {} segments are left out here ...", ladder_.left_out), "");
      }
      event(ladder_.events[i], time_text(i));
    }
    if (any_inferred_) foot();
    return std::move(lines_);
  }

 private:
  void add(std::string_view time, std::string left, std::string middle, std::string right) {
    std::string line = spaces(time_width_ - std::min(time_width_, time.size()));
    line += time;
    line += spaces(kGap) + padded(std::move(left), kStateWidth) + spaces(kGap);
    line += padded(std::move(middle), middle_) + spaces(kGap) + right;
    trim(line);
    lines_.push_back(std::move(line));
  }

  void add_wrapped(std::size_t indent, std::string_view text) {
    for (const std::string& line : wrapped(text, width_ - indent)) {
      lines_.push_back(spaces(indent) + line);
    }
  }

  // The ends' names stand over their columns, the right one as far left as it must.
  void head() {
    const auto name = [](const Endpoint& endpoint, const std::string& note) {
      return to_text(endpoint) + (note.empty() ? "" : " (" + note + ")");
    };
    const std::string left = name(ladder_.left, ladder_.left_note);
    const std::string right = name(ladder_.right, ladder_.right_note);
    const std::size_t column = indent_ + kStateWidth + kGap + middle_ + kGap;
    const std::size_t begin = std::min(column, width_ - std::min(width_, right.size()));
    std::string line = numbered_ ? spaces(time_width_) : spaces(time_width_ - 4) + "time";
    line += spaces(kGap) + left;
    if (columns(line) + kGap > begin) {
      lines_.push_back(line);
      line.clear();
    }
    lines_.push_back(padded(std::move(line), begin) + right);
    add("", note_state(ladder_.left_start), "", note_state(ladder_.right_start));
  }

  void foot() {
    lines_.emplace_back();
    add_wrapped(kGap,
                "(STATE): inferred from the segments by the rules of RFC 9293; what was sent is "
                "taken to have arrived.");
  }

  void event(const LadderEvent& event, const std::string& time) {
    const std::string left = note_state(event.left);
    const std::string right = note_state(event.right);
    if (!event.segment) {
      const bool fits = event.why.size() <= middle_;
      const std::string words = fits ? event.why : "";
      const std::size_t used = columns(words);
      const std::string indent =
          event.side == Side::right && used < middle_ ? spaces(middle_ - used) : "";
      add(time, left, indent + words, right);
      if (!fits) add_wrapped(indent_ + kWhyIndent, event.why);
      return;
    }
    add(time, left, arrow(event), right);
    if (options_.reasons && !event.why.empty()) add_wrapped(indent_ + kWhyIndent, event.why);
  }

  // The state for its column; remembers whether the foot must explain the parentheses.
  std::string note_state(const EndState& end) {
    any_inferred_ = any_inferred_ || (end.inferred && end.state);
    return state_text(end);
  }

  std::string arrow(const LadderEvent& event) const {
    const std::string_view line = options_.ascii ? "-" : "─";
    const bool to_right = event.side == Side::left;
    const std::string_view tip = options_.ascii ? (to_right ? ">" : "<") : (to_right ? "▶" : "◀");
    const std::string_view cross = options_.ascii ? "X" : "✗";
    // A lost one breaks off before the end; the label then has less room.
    const std::size_t length = event.lost ? middle_ - middle_ / 6 : middle_;
    const std::size_t room = length - 2 * kShaft - 3;
    const std::string label = " " + label_of(event, room) + " ";
    const std::size_t rest = length - std::min(length, columns(label) + kShaft + 1);
    const std::string_view end = event.lost ? cross : tip;
    if (to_right) {
      return repeated(line, kShaft) + label + repeated(line, rest) + std::string(end);
    }
    // The label of one to the left stands at the left as well, so that all begin in one column.
    const std::string body = repeated(line, kShaft - 1) + label + repeated(line, rest + 1);
    return spaces(middle_ - length) + std::string(end) + body;
  }

  // As much of the segment as there is room for, what matters most in front.
  std::string label_of(const LadderEvent& event, std::size_t room) const {
    const Segment& segment = *event.segment;
    const std::uint32_t first = segment.seq.raw() - origins_.of(event.side);
    std::vector<std::string> parts{flag_names(segment)};
    parts.push_back(segment.length == 0 ? fmt::format("seq {}", first)
                                        : fmt::format("seq {}:{}", first, first + segment.length));
    if (segment.has(wire::kAck)) {
      parts.push_back(fmt::format("ack {}", segment.ack.raw() - origins_.of(opposite(event.side))));
    }
    if (segment.length > 0) parts.push_back(fmt::format("len {}", segment.length));
    if (event.repeated) parts.emplace_back("again");
    parts.push_back(fmt::format("win {}", segment.window));
    const wire::TcpOptions& options = segment.options;
    if (options.mss) parts.push_back(fmt::format("mss {}", *options.mss));
    if (options.window_scale) parts.push_back(fmt::format("wscale {}", *options.window_scale));
    if (options.sack_permitted) parts.emplace_back("sackOK");

    std::string label;
    for (const std::string& part : parts) {
      if (!label.empty() && label.size() + 1 + part.size() > room) continue;
      label += (label.empty() ? "" : " ") + part;
    }
    if (label.size() > room) label.resize(room);
    return label;
  }

  // Seconds since the first event; its number where no times are known.
  [[nodiscard]] std::string time_text(std::size_t number) const {
    if (numbered_) return fmt::format("{}.", number + 1);
    const Duration since = ladder_.events[number].time - ladder_.events.front().time;
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(since).count();
    const std::string_view sign = micros < 0 ? "-" : "";
    const auto size = static_cast<std::uint64_t>(micros < 0 ? -micros : micros);
    return fmt::format("{}{}.{:06}", sign, size / 1'000'000, size % 1'000'000);
  }

  const Ladder& ladder_;
  const LadderOptions& options_;
  std::size_t width_;
  Origins origins_;
  std::size_t time_width_ = 0;
  std::size_t indent_ = 0;
  std::size_t middle_ = 0;
  bool numbered_ = false;
  bool any_inferred_ = false;
  std::vector<std::string> lines_;
};

}  // namespace

std::size_t columns(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::vector<std::string> draw(const Ladder& ladder, const LadderOptions& options) {
  return Drawing(ladder, options).lines();
}

std::string draw_text(const Ladder& ladder, const LadderOptions& options) {
  std::string text;
  for (const std::string& line : draw(ladder, options)) text += line + '\n';
  return text;
}

std::string draw_side_by_side(const Ladder& first, std::string_view first_title,
                              const Ladder& second, std::string_view second_title,
                              const LadderOptions& options) {
  constexpr std::string_view kBetween = " | ";
  LadderOptions half = options;
  half.width = std::max(options.width / 2, kMinWidth + kBetween.size()) - kBetween.size();
  std::vector<std::string> left = draw(first, half);
  std::vector<std::string> right = draw(second, half);
  left.insert(left.begin(), std::string(first_title));
  right.insert(right.begin(), std::string(second_title));
  std::string text;
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    std::string line = padded(i < left.size() ? left[i] : "", half.width) + std::string(kBetween);
    if (i < right.size()) line += right[i];
    trim(line);
    text += line + '\n';
  }
  return text;
}

}  // namespace bowline::inline v0::trace
