#include "bowline/trace/line.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

#include "bowline/trace/names.hpp"
#include "bowline/trace/option_text.hpp"
#include "bowline/trace/sentence.hpp"
#include "bowline/wire/pretty.hpp"

namespace bowline::inline v0::trace {
namespace {

using Letters = std::pair<std::uint16_t, char>;

template <std::size_t N>
std::string letters(std::uint16_t flags, const std::array<Letters, N>& table) {
  std::string text;
  for (const auto& [flag, letter] : table) {
    if ((flags & flag) != 0) text += letter;
  }
  return text;
}

bool shows_sequence(const Segment& segment) {
  return segment.length > 0 || (segment.flags & (wire::kSyn | wire::kFin | wire::kRst)) != 0;
}

// HH:MM:SS.ffffff; more than a day goes on counting hours.
std::string clock(Duration time) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  constexpr std::int64_t kSecond = 1'000'000;
  const std::int64_t seconds = micros / kSecond;
  return fmt::format("{:02}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                     micros % kSecond);
}

}  // namespace

std::string flag_letters(std::uint16_t flags) {
  constexpr std::array<Letters, 9> kLetters{{{wire::kFin, 'F'},
                                             {wire::kSyn, 'S'},
                                             {wire::kRst, 'R'},
                                             {wire::kPsh, 'P'},
                                             {wire::kAck, '.'},
                                             {wire::kUrg, 'U'},
                                             {wire::kEce, 'E'},
                                             {wire::kCwr, 'W'},
                                             {wire::kAe, 'e'}}};
  const std::string text = letters(flags, kLetters);
  return text.empty() ? "none" : text;
}

std::string classic_flag_letters(std::uint16_t flags) {
  constexpr std::array<Letters, 6> kLetters{{{wire::kSyn, 'S'},
                                             {wire::kFin, 'F'},
                                             {wire::kRst, 'R'},
                                             {wire::kPsh, 'P'},
                                             {wire::kCwr, 'W'},
                                             {wire::kEce, 'E'}}};
  const std::string text = letters(flags, kLetters);
  return text.empty() ? "." : text;
}

std::string LinePrinter::segment(const Segment& segment, std::span<const std::byte> options) {
  const RelativeNumbers::Base base =
      options_.absolute ? RelativeNumbers::Base{} : numbers_.of(segment);
  const std::uint32_t first = segment.seq.raw() - base.seq;
  const std::uint32_t last = first + segment.length;
  const std::uint32_t ack = segment.ack.raw() - base.ack;
  const bool acked = segment.has(wire::kAck);
  const bool urgent = segment.has(wire::kUrg);
  const std::string words = option_text(options, options_.notation, base.sack);

  std::string text = fmt::format("{} {} > {}: ", segment.source.address.is_v4() ? "IP" : "IP6",
                                 to_dotted(segment.source), to_dotted(segment.destination));
  if (options_.notation == Notation::classic) {
    text += classic_flag_letters(segment.flags);
    if (shows_sequence(segment)) text += fmt::format(" {}:{}({})", first, last, segment.length);
    if (acked) text += fmt::format(" ack {}", ack);
    text += fmt::format(" win {}", segment.window);
    if (urgent) text += fmt::format(" urg {}", segment.urgent);
    if (!words.empty()) text += fmt::format(" <{}>", words);
    return text;
  }
  text += fmt::format("Flags [{}]", flag_letters(segment.flags));
  if (shows_sequence(segment)) {
    text += fmt::format(", seq {}", first);
    if (segment.length > 0) text += fmt::format(":{}", last);
  }
  if (acked) text += fmt::format(", ack {}", ack);
  text += fmt::format(", win {}", segment.window);
  if (urgent) text += fmt::format(", urg {}", segment.urgent);
  if (!words.empty()) text += fmt::format(", options [{}]", words);
  return text + fmt::format(", length {}", segment.length);
}

std::string LinePrinter::packet(const Packet& packet) {
  if (const auto tcp = segment_of(packet)) return segment(*tcp, packet.tcp_options);
  std::array<char, wire::kMaxPretty> text;
  if (!packet.arp.empty()) return std::string(wire::pretty_arp(text, packet.arp));
  if (packet.ip_packet.empty()) return "no IP packet";
  return std::string(wire::pretty(text, packet.ip_packet));
}

std::string LinePrinter::line(const FrameEvent& event) {
  std::string text = stamp(event.time) + packet(event.packet);
  if (options_.reasons && !event.decisions.empty()) {
    text += "  # " + sentences(event.decisions);
  }
  return text;
}

std::string LinePrinter::line(const Decision& decision) {
  std::string text = stamp(decision.now) + "# ";
  if (decision.connection != 0) text += fmt::format("connection {}: ", decision.connection);
  return text + sentence(decision);
}

std::string LinePrinter::stamp(Time time) {
  if (!first_) first_ = time;
  const Duration absolute = time.time_since_epoch() + options_.epoch;
  switch (options_.stamp) {
    case Stamp::none:
      return {};
    case Stamp::since_first:
      return clock(time < *first_ ? Duration::zero() : time - *first_) + ' ';
    case Stamp::time_of_day:
      return clock(absolute % std::chrono::hours(24)) + ' ';
    case Stamp::epoch: {
      const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(absolute).count();
      return fmt::format("{}.{:06} ", micros / 1'000'000, micros % 1'000'000);
    }
  }
  return {};
}

}  // namespace bowline::inline v0::trace
