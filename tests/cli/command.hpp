#pragma once

// Programs as a test runs them: the built `bowline`, curl, whatever is in the PATH.

#include <sys/types.h>

#include <string>
#include <vector>

namespace bowline::cli {

/// How a program ended and what it wrote.
struct Ended {
  int status = -1;  ///< exit status, or 128 and the signal's number
  std::string out;
  std::string err;
};

/// Where the command was built.
[[nodiscard]] std::string bowline_path();

/// A program that runs. Killed at the end of the object if it still does.
class Program {
 public:
  /// Starts `words`; as the user `user` if that is not 0 and this process is root.
  explicit Program(const std::vector<std::string>& words, uid_t user = 0);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Waits until what it wrote on standard error holds `text`, for at most `seconds`. False: it did
  /// not, or it ended.
  [[nodiscard]] bool says(const std::string& text, int seconds = 10);
  /// Waits for its end.
  Ended wait();

 private:
  [[nodiscard]] static std::string read_file(int descriptor);

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
};

/// Runs `words` to their end.
Ended run(const std::vector<std::string>& words, uid_t user = 0);
/// Runs `bowline` with `arguments`.
Ended run_bowline(std::vector<std::string> arguments, uid_t user = 0);

/// Is it one line with a line break, as an error has to be?
[[nodiscard]] bool is_one_line(const std::string& text);

}  // namespace bowline::cli
