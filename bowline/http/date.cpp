#include "bowline/http/date.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace bowline::inline v0::http {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes a date apart from left to right; once something is missing, all that follows fails.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void literal(std::string_view expected) {
    if (rest_.starts_with(expected)) {
      rest_.remove_prefix(expected.size());
    } else {
      failed_ = true;
    }
  }
  template <std::size_t n>
  unsigned one_of(const std::array<std::string_view, n>& names) {
    for (unsigned i = 0; i < n; ++i) {
      if (rest_.starts_with(names[i])) {
        rest_.remove_prefix(names[i].size());
        return i;
      }
    }
    failed_ = true;
    return 0;
  }
  unsigned digits(std::size_t count) {
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') {
        failed_ = true;
        return 0;
      }
      value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // asctime() writes the day of the month with a space in front where it has one digit.
  unsigned padded_day() {
    if (!rest_.starts_with(' ')) return digits(2);
    rest_.remove_prefix(1);
    return digits(1);
  }
  [[nodiscard]] bool complete() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

struct Parts {
  unsigned day = 0, month = 0, year = 0, hour = 0, minute = 0, second = 0;
};

void read_time(Reader& in, Parts& parts) {
  parts.hour = in.digits(2);
  in.literal(":");
  parts.minute = in.digits(2);
  in.literal(":");
  parts.second = in.digits(2);
}

std::optional<Seconds> seconds_of(const Parts& parts) {
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(parts.year)),
                                         std::chrono::month(parts.month + 1),
                                         std::chrono::day(parts.day));
  // 60: a leap second, which is the next minute's first.
  if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return {};
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return Seconds{days} * 86'400 + parts.hour * 3'600 + parts.minute * 60 + parts.second;
}

std::optional<Parts> read_preferred(std::string_view text) {
  Reader in(text);
  Parts parts;
  in.one_of(kDays);
  in.literal(", ");
  parts.day = in.digits(2);
  in.literal(" ");
  parts.month = in.one_of(kMonths);
  in.literal(" ");
  parts.year = in.digits(4);
  in.literal(" ");
  read_time(in, parts);
  in.literal(" GMT");
  if (!in.complete()) return {};
  return parts;
}

std::optional<Parts> read_rfc850(std::string_view text, Seconds now) {
  Reader in(text);
  Parts parts;
  in.one_of(kLongDays);
  in.literal(", ");
  parts.day = in.digits(2);
  in.literal("-");
  parts.month = in.one_of(kMonths);
  in.literal("-");
  parts.year = in.digits(2);
  in.literal(" ");
  read_time(in, parts);
  in.literal(" GMT");
  if (!in.complete()) return {};
  const auto this_year = static_cast<unsigned>(1970 + now / 31'556'952);
  parts.year += this_year / 100 * 100;
  if (parts.year > this_year + 50) parts.year -= 100;
  return parts;
}

std::optional<Parts> read_asctime(std::string_view text) {
  Reader in(text);
  Parts parts;
  in.one_of(kDays);
  in.literal(" ");
  parts.month = in.one_of(kMonths);
  in.literal(" ");
  parts.day = in.padded_day();
  in.literal(" ");
  read_time(in, parts);
  in.literal(" ");
  parts.year = in.digits(4);
  if (!in.complete()) return {};
  return parts;
}

}  // namespace

std::string format_date(Seconds time) {
  constexpr Seconds kFirst = -62'135'596'800;  // year 1
  constexpr Seconds kLast = 253'402'300'799;   // end of year 9999
  const std::chrono::sys_seconds point{std::chrono::seconds(std::clamp(time, kFirst, kLast))};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(point - day);
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday(day).c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

std::optional<Seconds> parse_date(std::string_view text, Seconds now) {
  auto parts = read_preferred(text);
  if (!parts) parts = read_rfc850(text, now);
  if (!parts) parts = read_asctime(text);
  if (!parts) return {};
  return seconds_of(*parts);
}

Seconds current_date() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())
      .time_since_epoch()
      .count();
}

}  // namespace bowline::inline v0::http
