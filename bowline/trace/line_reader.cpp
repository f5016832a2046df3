#include "bowline/trace/line_reader.hpp"

#include <fmt/format.h>

#include <utility>

#include "bowline/trace/option_reader.hpp"
#include "bowline/trace/scanner.hpp"

namespace bowline::inline v0::trace {
namespace {

using Outcome = std::expected<void, std::string>;

template <class... Args>
std::unexpected<std::string> fault(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(fmt::format(format, std::forward<Args>(args)...));
}

// Text in a message: a line of a trace may hold anything.
std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string result = "'";
  for (const char c : text.substr(0, kMost)) result += c >= ' ' && c <= '~' ? c : '?';
  return result + (text.size() > kMost ? "...'" : "'");
}

// The digits behind a decimal point, as nanoseconds.
Duration fraction(std::string_view digits) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 9; ++i) {
    value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  }
  return Duration(value);
}

// "14:03:59.123456", "1700000000.123456".
std::optional<Duration> read_time(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::uint32_t kMostHours = 1'000'000;  // counted since the first line; 64 bits hold it
  Scanner scan(text);
  Duration time{};
  const auto first = scan.number<std::uint32_t>();
  if (!first) return std::nullopt;
  if (scan.take(":")) {
    const auto minutes = scan.number<std::uint8_t>();
    if (!minutes || !scan.take(":")) return std::nullopt;
    const auto seconds = scan.number<std::uint8_t>();
    if (!seconds || *first > kMostHours || *minutes >= 60 || *seconds > 60) return std::nullopt;
    time = std::chrono::hours(*first) + std::chrono::minutes(*minutes) +
           std::chrono::seconds(*seconds);
  } else {
    time = std::chrono::seconds(*first);
  }
  if (scan.take(".")) time += fraction(scan.while_in(kDigits));
  if (!scan.at_end()) return std::nullopt;
  return time;
}

// "192.168.1.116.3337", "fd00::1.80".
std::expected<Endpoint, std::string> read_endpoint(std::string_view text) {
  const std::size_t dot = text.rfind('.');
  if (dot != std::string_view::npos) {
    const auto address = IpAddress::parse(text.substr(0, dot));
    Scanner scan(text.substr(dot + 1));
    const auto port = scan.number<std::uint16_t>();
    if (address && port && scan.at_end()) return Endpoint{*address, *port};
  }
  return fault("{}: an address and a port in digits must stand here (tcpdump -n)", quoted(text));
}

// What stands in front of the arrow: [time] [IP|IP6] source.
Outcome read_front(std::string_view text, TraceLine& line) {
  Scanner scan(text);
  scan.skip_blanks();
  std::string_view source = scan.rest();
  while (const auto word = scan.until(" ")) {
    scan.skip_blanks();
    source = scan.rest();
    if (*word == "IP" || *word == "IP6") continue;
    if (const auto time = read_time(*word)) {
      line.time = time;
      continue;
    }
    return fault("{}: a time, IP or IP6 may stand in front of the addresses", quoted(*word));
  }
  auto endpoint = read_endpoint(source);
  if (!endpoint) return std::unexpected(endpoint.error());
  line.source = *endpoint;
  return {};
}

template <class T>
Outcome read_number(Scanner& scan, std::string_view name, std::optional<T>& to) {
  scan.skip_blanks();
  to = scan.number<T>();
  if (!to) {
    return fault("{}: a number must follow {}, at most {} bits long", quoted(scan.rest()), name,
                 sizeof(T) * 8);
  }
  return {};
}

// Behind `first`, that is ":last": the length that follows from both.
Outcome read_last(Scanner& scan, TraceLine& line) {
  if (!scan.take(":")) return {};
  const auto last = scan.number<std::uint32_t>();
  if (!last) return fault("{}: the last number must follow", quoted(scan.rest()));
  line.length = *last - *line.seq;
  return {};
}

Outcome check_length(const TraceLine& line, std::uint32_t said, bool has_last) {
  if (has_last && said != line.length) {
    return fault("it says {} bytes, but its numbers are {} apart", said, line.length);
  }
  return {};
}

Outcome read_option_list(std::optional<std::string_view> list, TraceLine& line) {
  if (!list) return fault("the options have no end");
  const auto options = read_options(*list);
  if (!options) return fault("{}: malformed options", quoted(*list));
  line.options = *options;
  return {};
}

Outcome read_urgent(Scanner& scan, TraceLine& line) {
  std::optional<std::uint16_t> urgent;
  if (auto read = read_number(scan, "urg", urgent); !read) return read;
  line.urgent = *urgent;
  line.flags |= wire::kUrg;
  return {};
}

std::optional<std::uint16_t> flag_of(char letter) {
  switch (letter) {
    case 'F':
      return wire::kFin;
    case 'S':
      return wire::kSyn;
    case 'R':
      return wire::kRst;
    case 'P':
      return wire::kPsh;
    case '.':
      return wire::kAck;
    case 'U':
      return wire::kUrg;
    case 'E':
      return wire::kEce;
    case 'W':
      return wire::kCwr;
    case 'e':
      return wire::kAe;
    default:
      return std::nullopt;
  }
}

// "S.], seq 1, ack 2, win 65535, options [mss 1460], length 0: HTTP".
Outcome read_today(Scanner scan, TraceLine& line) {
  const auto letters = scan.until("]");
  if (!letters) return fault("the flags have no end");
  if (*letters != "none") {
    for (const char letter : *letters) {
      const auto flag = flag_of(letter);
      if (!flag) return fault("{}: flags are the letters FSRP.UEWe", quoted(*letters));
      line.flags |= *flag;
    }
  }
  bool has_last = false;
  while (scan.take(",")) {
    scan.skip_blanks();
    Outcome read;
    if (scan.take("seq")) {
      read = read_number(scan, "seq", line.seq);
      if (read) {
        has_last = scan.rest().starts_with(':');
        read = read_last(scan, line);
      }
    } else if (scan.take("ack")) {
      read = read_number(scan, "ack", line.ack);
    } else if (scan.take("win")) {
      read = read_number(scan, "win", line.window);
    } else if (scan.take("urg")) {
      read = read_urgent(scan, line);
    } else if (scan.take("options [")) {
      read = read_option_list(scan.until("]"), line);
    } else if (scan.take("length")) {
      std::optional<std::uint32_t> length;
      read = read_number(scan, "length", length);
      if (read) read = check_length(line, *length, has_last);
      if (!read) return read;
      line.length = *length;
      return {};  // what may follow is about the payload
    } else if (scan.take("cksum")) {
      scan.while_in(" 0123456789abcdefxX");
      if (scan.take("(")) (void)scan.until(")");  // tcpdump -v
      scan.skip_blanks();
    } else {
      return fault("{}: one of seq, ack, win, urg, options, length must stand here",
                   quoted(scan.rest()));
    }
    if (!read) return read;
  }
  if (!scan.at_end()) return fault("{}: a comma must stand here", quoted(scan.rest()));
  return {};
}

// "first:last(bytes)", the number of bytes being left out by some.
Outcome read_sequence(Scanner& scan, TraceLine& line) {
  if (auto read = read_number(scan, "the flags", line.seq); !read) return read;
  if (!scan.rest().starts_with(':')) return fault("{}: ':last' must follow", quoted(scan.rest()));
  if (auto read = read_last(scan, line); !read) return read;
  if (!scan.take("(")) return {};
  const auto bytes = scan.number<std::uint32_t>();
  if (!bytes || !scan.take(")")) return fault("{}: '(bytes)' is malformed", quoted(scan.rest()));
  return check_length(line, *bytes, true);
}

// "ack 2", or both forms of one number: "ack 1739326487,ack 1".
Outcome read_acknowledgment(Scanner& scan, TraceLine& line) {
  line.flags |= wire::kAck;
  if (auto read = read_number(scan, "ack", line.ack); !read) return read;
  scan.skip_blanks();
  if (!scan.take(",")) return {};
  scan.skip_blanks();
  if (!scan.take("ack")) return fault("{}: a second ack must follow", quoted(scan.rest()));
  return read_number(scan, "ack", line.second_ack);
}

// "S 1:1(0) ack 2 win 65535 <mss 1460> (DF)".
Outcome read_classic(Scanner scan, TraceLine& line) {
  for (const char letter : scan.while_in("SFPRWE.")) {
    if (letter != '.') line.flags |= *flag_of(letter);
  }
  for (scan.skip_blanks(); !scan.at_end(); scan.skip_blanks()) {
    Outcome read;
    const char next = scan.rest().front();
    if (next >= '0' && next <= '9' && !line.seq) {
      read = read_sequence(scan, line);
    } else if (scan.take("ack")) {
      read = read_acknowledgment(scan, line);
    } else if (scan.take("win")) {
      read = read_number(scan, "win", line.window);
    } else if (scan.take("urg")) {
      read = read_urgent(scan, line);
    } else if (scan.take("<")) {
      read = read_option_list(scan.until(">"), line);
    } else if (scan.take("(")) {
      if (!scan.until(")")) read = fault("a parenthesis has no end");  // (DF), (ttl 64, id 1)
    } else if (scan.take("[")) {
      if (!scan.until("]")) read = fault("a bracket has no end");  // [tcp sum ok], [tos 0x10]
    } else {
      read = fault("{}: one of first:last(bytes), ack, win, urg, <options> must stand here",
                   quoted(scan.rest()));
    }
    if (!read) return read;
  }
  return {};
}

bool is_something_else(std::string_view rest) {
  for (const std::string_view word : {"UDP", "ICMP", "protocol", "fragment", "udp", "icmp"}) {
    if (rest.starts_with(word)) return true;
  }
  return rest.starts_with("[") || rest.empty();
}

// Without the reasons that Bowline may have written behind it, and blanks at the end.
std::string_view bare(std::string_view line) {
  line = line.substr(0, line.find(" # "));
  const std::size_t last = line.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view{} : line.substr(0, last + 1);
}

}  // namespace

std::expected<std::optional<TraceLine>, std::string> read_line(std::string_view text) {
  text = bare(text);
  Scanner scan(text);
  scan.skip_blanks();
  if (scan.at_end() || scan.take("#")) return std::nullopt;
  if (scan.rest().starts_with("ARP") || text.find(" ARP, ") != std::string_view::npos) {
    return std::nullopt;
  }
  TraceLine line;
  const auto front = scan.until(" > ");
  if (!front) return fault("{}: 'source > destination:' must stand here", quoted(text));
  auto back = scan.until(": ");
  if (!back) return fault("{}: ': ' must follow the destination", quoted(text));
  scan.skip_blanks();
  if (is_something_else(scan.rest())) return std::nullopt;
  if (auto read = read_front(*front, line); !read) return std::unexpected(read.error());
  const auto destination = read_endpoint(*back);
  if (!destination) return std::unexpected(destination.error());
  line.destination = *destination;
  if (line.source.address.family() != destination->address.family()) {
    return fault("{}: both addresses must be of one family", quoted(text));
  }
  const bool today = scan.take("Flags [");
  line.notation = today ? Notation::today : Notation::classic;
  const Outcome read = today ? read_today(scan, line) : read_classic(scan, line);
  if (!read) return std::unexpected(read.error());
  return line;
}

}  // namespace bowline::inline v0::trace
