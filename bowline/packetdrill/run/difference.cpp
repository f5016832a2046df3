#include "bowline/packetdrill/run/difference.hpp"

#include <algorithm>

#include "bowline/packetdrill/run/conversation.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

// Options that compare equal whatever their TSval, and unless `echo` says so their TSecr: those of
// `sent` become the expected ones.
Observed without_timestamps(const PacketSpec& expected, const Observed& sent, bool echo) {
  Observed result = sent;
  const auto* const wanted = std::get_if<TcpSpec>(&expected.layer);
  auto* const got = std::get_if<TcpSpec>(&result.layer);
  if (wanted == nullptr || got == nullptr) return result;
  std::vector<std::uint8_t> options = wanted->options;
  const TimestampPlace from = find_timestamps(options);
  const TimestampPlace to = find_timestamps(got->options);
  if (from.value != nullptr && to.value != nullptr) {
    std::copy_n(from.value, echo ? 4 : 8, to.value);
  }
  return result;
}

struct Lines {
  std::string expected;
  std::string sent;
  std::string marks;
  std::string names;
};

// A column for each field that either of them shows.
Lines align(const std::vector<Field>& expected, const std::vector<Field>& sent) {
  Lines lines;
  const auto pad = [](std::string& line, const std::string& text, std::size_t width, char with) {
    line += text + std::string(width - text.size() + 1, with == ' ' ? ' ' : with);
  };
  for (std::size_t i = 0; i < std::max(expected.size(), sent.size()); ++i) {
    const std::string wanted = i < expected.size() ? expected[i].text : "";
    const std::string got = i < sent.size() ? sent[i].text : "";
    const bool any = i < expected.size() && expected[i].any;
    const std::size_t width = std::max(wanted.size(), got.size());
    if (width == 0) continue;
    const bool differs = !any && wanted != got;
    pad(lines.expected, wanted, width, ' ');
    pad(lines.sent, got, width, ' ');
    lines.marks += std::string(width, differs ? '^' : ' ') + ' ';
    if (!differs) continue;
    const std::string& name = i < expected.size() ? expected[i].name : sent[i].name;
    lines.names += (lines.names.empty() ? "" : ", ") + name;
  }
  for (std::string* line : {&lines.expected, &lines.sent, &lines.marks}) {
    while (line->ends_with(' ')) line->pop_back();
  }
  return lines;
}

bool same_layer(const PacketSpec& expected, const Observed& sent) noexcept {
  return expected.layer.index() == sent.layer.index();
}

}  // namespace

std::optional<std::string> difference(const PacketSpec& expected, const Observed& sent,
                                      AddressMode mode, bool echo) {
  const Observed compared = without_timestamps(expected, sent, echo);
  const Lines judged = align(fields_of(expected, mode), fields_of(compared, expected));
  if (judged.names.empty() && same_layer(expected, sent)) return std::nullopt;
  const std::string names = same_layer(expected, sent) ? judged.names : "the protocol";
  return "the packet differs in: " + names + "\n  expected: > " + judged.expected +
         "\n  sent:     > " + judged.sent + "\n              " + judged.marks;
}

std::string side_by_side(const PacketSpec& expected, const Observed& sent, AddressMode mode) {
  const Lines lines = align(fields_of(expected, mode), fields_of(sent, expected));
  return "\n  expected: > " + lines.expected + "\n  sent:     > " + lines.sent;
}

}  // namespace bowline::inline v0::packetdrill
