#include "tests/mutations/scripts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "bowline/packetdrill/run/observed.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/tcp_option.hpp"

namespace bowline::packetdrill::mutations {
namespace {

namespace fs = std::filesystem;

std::vector<Source> read_sources() {
  const fs::path root = fs::path(BOWLINE_SOURCE_DIR) / "tests/scripts";
  std::vector<Source> all;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".pkt") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    all.push_back({fs::relative(entry.path(), root).string(),
                   std::string{std::istreambuf_iterator<char>(file), {}}});
  }
  std::ranges::sort(all, {}, &Source::name);
  return all;
}

bool is_word(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

struct Piece {
  std::size_t at = 0;
  std::size_t size = 0;
};

// A character, or the word or number that it is of; mostly behind the comments at the top.
Piece any_piece(const std::string& text, Random& random) {
  const std::size_t events = text.find("socket(");
  const std::size_t from = events == std::string::npos || random.below(8) == 0 ? 0 : events;
  Piece piece{.at = from + random.index(text.size() - from), .size = 1};
  if (random.below(2) == 0) return piece;
  while (piece.at > 0 && is_word(text[piece.at]) && is_word(text[piece.at - 1])) --piece.at;
  while (piece.at + piece.size < text.size() && is_word(text[piece.at]) &&
         is_word(text[piece.at + piece.size])) {
    ++piece.size;
  }
  return piece;
}

// The line that a character is of, with its end.
Piece any_line(const std::string& text, Random& random) {
  const std::size_t at = any_piece(text, random).at;
  const std::size_t before = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  const std::size_t end = text.find('\n', at);
  return {.at = begin, .size = (end == std::string::npos ? text.size() : end + 1) - begin};
}

void scramble_once(std::string& text, Random& random) {
  if (text.empty()) return;
  const bool lines = random.below(2) == 0;
  const auto any = [&] { return lines ? any_line(text, random) : any_piece(text, random); };
  const Piece piece = any();
  const std::string what = text.substr(piece.at, piece.size);
  switch (random.below(5)) {
    case 0:
      text.erase(piece.at, piece.size);
      return;
    case 1:
      text.insert(piece.at, what);
      return;
    case 2: {  // swap with another
      const Piece other = any();
      const std::string with = text.substr(other.at, other.size);
      if (other.at + other.size <= piece.at) {
        text.replace(piece.at, piece.size, with);
        text.replace(other.at, other.size, what);
      } else if (piece.at + piece.size <= other.at) {
        text.replace(other.at, other.size, what);
        text.replace(piece.at, piece.size, with);
      }
      return;
    }
    case 3: {  // copy another
      const Piece other = any();
      text.replace(piece.at, piece.size, text.substr(other.at, other.size));
      return;
    }
    default: {
      constexpr std::array<std::string_view, 12> kOdd = {
          "4294967295", "-1", "0", "99999999999999999999", "...", "{", "[", ")", "<",
          "`",          "\"", "%{"};
      text.replace(piece.at, piece.size, kOdd[random.index(kOdd.size())]);
    }
  }
}

// Calls `visit` with a function that makes each expectation of this kind wrong.
using Wrong = std::function<void()>;
using Visit = std::function<void(Wrong)>;

bool gives_descriptor(const CallSpec& call) {
  constexpr std::array<std::string_view, 6> kCalls = {"socket",       "accept",        "accept4",
                                                      "epoll_create", "epoll_create1", "open"};
  return std::ranges::find(kCalls, call.name) != kCalls.end();
}

void visit_numbers(Expression& expression, const Visit& visit) {
  for (Expression& item : expression.items) {
    if (item.kind == ExpressionKind::integer) visit([&item] { item.integer += 1; });
  }
}

void visit_call(CallSpec& call, Expectation what, const Visit& visit) {
  const bool failed = call.result && *call.result < 0;
  if (what == Expectation::result && call.result) {
    // Of a descriptor it only matters whether there is one.
    visit([&call, failed] {
      *call.result = gives_descriptor(call) ? (failed ? 9 : -1) : *call.result + 1;
    });
  } else if (what == Expectation::error && call.error) {
    visit([&call] { call.error = *call.error == EIO ? ENXIO : EIO; });
  } else if (what == Expectation::value && !failed && call.arguments.size() >= 3) {
    if (call.name == "getsockopt") visit_numbers(call.arguments[3], visit);
    if (call.name == "ioctl") visit_numbers(call.arguments[2], visit);
  } else if (what == Expectation::revents && call.name == "poll" && !call.arguments.empty()) {
    for (Expression& item : call.arguments[0].items) {
      for (Expression& field : item.items) {
        if (field.kind == ExpressionKind::field && field.text == "revents") {
          visit([&field] { field.items[0].integer ^= 1; });
        }
      }
    }
  }
}

// The first byte of an option's value that stands for something, timestamps left out.
std::optional<std::size_t> byte_of_option(const std::vector<std::uint8_t>& options) {
  for (const RawOption& option : split_options(options)) {
    if (option.kind == wire::tcp_option::kTimestamps || option.value.empty()) continue;
    return static_cast<std::size_t>(option.value.data() - options.data());
  }
  return std::nullopt;
}

void visit_segment(TcpSpec& segment, Expectation what, const Visit& visit) {
  const bool syn = (segment.flags & wire::kSyn) != 0;
  const bool ack = (segment.flags & wire::kAck) != 0;
  switch (what) {
    case Expectation::flags:
      visit([&segment] { segment.flags ^= wire::kPsh; });
      if (!syn) visit([&segment] { segment.flags ^= wire::kFin; });
      return;
    case Expectation::sequence:  // that of a SYN is what the script calls it
      if (!syn) visit([&segment] { segment.seq += 1; });
      return;
    case Expectation::length:
      visit([&segment] { segment.length += 1; });
      return;
    case Expectation::ack:
      if (ack) visit([&segment] { segment.ack += 1; });
      return;
    case Expectation::window:
      if (segment.window) {
        visit([&segment] { segment.window = static_cast<std::uint16_t>(*segment.window ^ 1U); });
      }
      return;
    case Expectation::urgent:
      visit([&segment] { segment.urgent = static_cast<std::uint16_t>(segment.urgent ^ 1U); });
      return;
    case Expectation::options:
      if (const auto at = byte_of_option(segment.options); at && !segment.any_options) {
        visit([&segment, at] { segment.options[*at] ^= 1U; });
      }
      return;
    default:
      return;
  }
}

void visit_packet(Event& event, PacketSpec& packet, Expectation what, const Visit& visit) {
  if (packet.way != Way::outbound) return;
  if (what == Expectation::time && event.time_kind != TimeKind::any) {
    // By more than the tolerance, 12.5 %.
    visit([&event] {
      const Duration later = 60s + event.time / 4;
      event.time += later;
      event.time_end += later;
    });
  } else if (what == Expectation::ecn && packet.ip.ecn) {
    visit([&packet] { packet.ip.ecn = static_cast<std::uint8_t>(*packet.ip.ecn ^ 1U); });
  } else if (auto* const segment = std::get_if<TcpSpec>(&packet.layer)) {
    visit_segment(*segment, what, visit);
  }
}

// assert NAME == NUMBER: any other number is wrong.
void visit_code(std::vector<code::Statement>& statements, const Visit& visit) {
  for (code::Statement& statement : statements) {
    if (statement.kind != code::StatementKind::assertion) continue;
    code::Node& node = statement.nodes[0];
    if (node.kind != code::NodeKind::comparison || node.operators != std::vector<std::string>{"=="})
      continue;
    auto* const number = std::get_if<std::int64_t>(&node.children[1].value.is);
    if (node.children[1].kind != code::NodeKind::literal || number == nullptr) continue;
    visit([number] { *number += 1; });
  }
}

void visit_all(Script& script, Expectation what, const Visit& visit) {
  for (Event& event : script.events) {
    if (auto* const call = std::get_if<CallSpec>(&event.action)) {
      visit_call(*call, what, visit);
    } else if (auto* const packet = std::get_if<PacketSpec>(&event.action)) {
      visit_packet(event, *packet, what, visit);
    } else if (auto* const block = std::get_if<code::Block>(&event.action)) {
      if (what == Expectation::code) visit_code(block->statements, visit);
    }
  }
}

}  // namespace

const std::vector<Source>& sources() {
  static const std::vector<Source> all = read_sources();
  return all;
}

std::string scrambled(std::string text, Random& random) {
  for (std::uint64_t times = 1 + random.below(3); times > 0; --times) scramble_once(text, random);
  return text;
}

std::string_view name(Expectation what) noexcept {
  constexpr std::array<std::string_view, 14> kNames = {
      "result", "error", "value",  "revents", "time",    "flags", "sequence",
      "length", "ack",   "window", "urgent",  "options", "ecn",   "code"};
  return kNames[static_cast<std::size_t>(what)];
}

std::size_t count(const Script& script, Expectation what) {
  Script copy = script;
  std::size_t found = 0;
  visit_all(copy, what, [&](const Wrong&) { ++found; });
  return found;
}

void change(Script& script, Expectation what, std::size_t index) {
  Wrong chosen;
  visit_all(script, what, [&](Wrong wrong) {
    if (index-- == 0) chosen = std::move(wrong);
  });
  if (chosen) chosen();
}

}  // namespace bowline::packetdrill::mutations
