// What the demo exchanges, and what it prints.

#include <fmt/format.h>

#include <cstdio>

#include "bowline/http/listing.hpp"
#include "bowline/trace/ladder_text.hpp"
#include "tools/child.hpp"
#include "tools/demo.hpp"
#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

constexpr std::uint64_t kMegabyte = 1'000'000;

}  // namespace

DemoFiles::DemoFiles(std::uint64_t megabytes)
    : page_(http::message_page("It holds.",
                               "This page came over a TCP that lives inside a C++ program.")),
      big_name_(fmt::format("{}MB.bin", megabytes)),
      big_size_(megabytes * kMegabyte) {
  scratch_.write("index.html", page_);
  scratch_.write_random(big_name_, big_size_);
}

boost::asio::awaitable<std::string> sha256(std::string path) {
  const std::vector<std::string> words = {"sha256sum", path};
  const ProgramResult result = co_await run_program(words);
  if (result.status != 0 || result.out.size() < 64) {
    throw Failure(fmt::format("sha256sum failed on {}: {}", path, result.err));
  }
  co_return result.out.substr(0, 64);
}

void DemoReport::heading(std::string_view text) {
  fmt::print("\n{}\n", style_.bold(text));
  std::fflush(stdout);
}

void DemoReport::line(std::string_view text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

void DemoReport::ladder(const trace::Ladder& ladder) {
  fmt::print("\n{}", trace::draw_text(ladder, ladder_options()));
  std::fflush(stdout);
}

void DemoReport::begin(std::string_view what) {
  if (!style_.terminal) return;
  fmt::print("  {}  {}", style_.faint("..  "), what);
  std::fflush(stdout);
}

void DemoReport::check(std::string_view what, bool held, std::string_view seen) {
  ++(held ? held_ : failed_);
  if (style_.terminal) fmt::print("\r");
  fmt::print("  {}  {:<30}  {}\n", held ? style_.good("ok  ") : style_.bad("FAIL"), what, seen);
  std::fflush(stdout);
}

void DemoReport::transfer(const Transfer& transfer, std::uint64_t expected_bytes,
                          std::string_view expected_hash) {
  const bool came = transfer.problem.empty() && transfer.bytes == expected_bytes;
  const bool same = came && transfer.hash == expected_hash;
  if (!came) {
    check(transfer.what, false,
          fmt::format("{} of {} bytes{}{}", transfer.bytes, expected_bytes,
                      transfer.problem.empty() ? "" : ": ", transfer.problem));
    return;
  }
  const double rate = static_cast<double>(transfer.bytes) * 8 / transfer.seconds / 1e9;
  check(transfer.what, same,
        fmt::format("{:>5} MB in {:6.3f} s  {:6.2f} Gbit/s  SHA-256 {}", transfer.bytes / kMegabyte,
                    transfer.seconds, rate, same ? "equal" : "DIFFERS"));
}

bool DemoReport::verdict() {
  const bool good = failed_ == 0 && held_ > 0;
  const std::string text =
      good ? fmt::format("It holds: {} checks of {}.", held_, held_)
           : fmt::format("It does not hold: {} of {} checks failed.", failed_, held_ + failed_);
  fmt::print("\n{}\n", good ? style_.good(text) : style_.bad(text));
  std::fflush(stdout);
  return good;
}

}  // namespace bowline::tools
