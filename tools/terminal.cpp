#include "tools/terminal.hpp"

#include <fmt/format.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>

namespace bowline::tools {
namespace {

std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value == nullptr ? "" : value;
}

// With the locale of the environment for a moment: the rest of the program keeps to "C".
bool locale_is_utf8() {
  const locale_t locale = ::newlocale(LC_CTYPE_MASK, "", nullptr);
  if (locale == nullptr) return false;
  const std::string_view codeset = ::nl_langinfo_l(CODESET, locale);
  const bool utf8 = codeset == "UTF-8";
  ::freelocale(locale);
  return utf8;
}

std::string wrapped(bool colour, std::string_view code, std::string_view text) {
  return colour ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
}

}  // namespace

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

Style Style::of_output() {
  const bool wanted = environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  const bool terminal = is_terminal(STDOUT_FILENO);
  return {.terminal = terminal, .colour = wanted && terminal, .utf8 = locale_is_utf8()};
}

std::string Style::bold(std::string_view text) const { return wrapped(colour, "1", text); }
std::string Style::faint(std::string_view text) const { return wrapped(colour, "2", text); }
std::string Style::good(std::string_view text) const { return wrapped(colour, "32", text); }
std::string Style::bad(std::string_view text) const { return wrapped(colour, "1;31", text); }

trace::LadderOptions ladder_options() {
  trace::LadderOptions options;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    options.width = std::clamp<std::size_t>(size.ws_col, 72, 120);
  }
  options.ascii = !locale_is_utf8();
  return options;
}

}  // namespace bowline::tools
