#pragma once

// The parts of `bowline demo`: what is exchanged, how it is judged, and the two stages it is played
// on.

#include "bowline/asio.hpp"

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/trace/ladder.hpp"
#include "tools/scratch.hpp"
#include "tools/terminal.hpp"

namespace bowline::tools {

/// What the command line asks for.
struct DemoOptions {
  std::uint64_t megabytes = 200;
  bool keep = false;
  bool in_memory = false;
  std::string pcap;
};

/// The files that are exchanged.
class DemoFiles {
 public:
  /// Writes the page and a file of `megabytes` million bytes. Throws Failure.
  explicit DemoFiles(std::uint64_t megabytes);

  [[nodiscard]] const Scratch& folder() const { return scratch_; }
  [[nodiscard]] const std::string& page() const { return page_; }
  [[nodiscard]] const std::string& big_name() const { return big_name_; }
  [[nodiscard]] std::uint64_t big_size() const { return big_size_; }

 private:
  Scratch scratch_;
  std::string page_;
  std::string big_name_;
  std::uint64_t big_size_;
};

/// The SHA-256 of a file, by the system's sha256sum: a judge that is not ours. Throws Failure.
[[nodiscard]] boost::asio::awaitable<std::string> sha256(std::string path);

/// One transfer of the big file.
struct Transfer {
  std::string_view what;  ///< "Bowline to curl, IPv4"
  std::uint64_t bytes = 0;
  double seconds = 0;
  std::string hash;
  std::string problem;  ///< empty: it came whole as far as the client can tell
};

/// Prints the demo and keeps count of what held.
class DemoReport {
 public:
  DemoReport() : style_(Style::of_output()) {}

  void heading(std::string_view text);
  void line(std::string_view text);
  /// A connection as a diagram.
  void ladder(const trace::Ladder& ladder);
  /// Something begins that may take a while: says so on a terminal, until check() says how it went.
  void begin(std::string_view what);
  /// One thing that had to hold, and what was seen.
  void check(std::string_view what, bool held, std::string_view seen);
  /// A transfer: it came whole, and its hash is `expected`.
  void transfer(const Transfer& transfer, std::uint64_t expected_bytes,
                std::string_view expected_hash);
  /// The last line. True: all held, and something did.
  [[nodiscard]] bool verdict();

 private:
  Style style_;
  int held_ = 0;
  int failed_ = 0;
};

/// Between this machine's kernel and Bowline, over TUN in a namespace that only this process is in.
/// To be called while there is one thread. Returns whether all held. Throws Failure.
[[nodiscard]] bool demo_with_kernel(const DemoOptions& options);

/// Why demo_with_kernel() would not work here; empty when it would. Tries in a child process.
[[nodiscard]] std::string why_not_with_kernel();

/// Between two Bowline stacks in this process.
[[nodiscard]] bool demo_in_memory(const DemoOptions& options);

}  // namespace bowline::tools
