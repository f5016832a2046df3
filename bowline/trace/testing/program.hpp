#pragma once

// For tests that let other programs read what Bowline writes: tshark and tcpdump are the judges of
// whether a capture is one.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace bowline::inline v0::trace::testing {

/// Is there a program of this name on the path?
inline bool is_installed(std::string_view program) {
  const std::string command = "command -v " + std::string(program) + " >/dev/null 2>&1";
  return std::system(command.c_str()) == 0;
}

/// What a program printed, standard error in front of standard output, and its status.
struct Ran {
  int status = -1;
  std::string output;
  std::string complaints;
};

/// A file for the length of a test.
class Scratch {
 public:
  explicit Scratch(std::string_view contents) {
    const int descriptor = ::mkstemp(path_.data());
    if (descriptor < 0) return;
    for (std::size_t done = 0; done < contents.size();) {
      const ssize_t count = ::write(descriptor, contents.data() + done, contents.size() - done);
      if (count <= 0) break;
      done += static_cast<std::size_t>(count);
    }
    ::close(descriptor);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::remove(path_.data()); }
  [[nodiscard]] std::string path() const { return path_.data(); }
  [[nodiscard]] std::string text() const {
    std::string text;
    if (FILE* file = std::fopen(path_.data(), "rb")) {
      std::array<char, 4096> part;
      while (const std::size_t count = std::fread(part.data(), 1, part.size(), file)) {
        text.append(part.data(), count);
      }
      std::fclose(file);
    }
    return text;
  }

 private:
  std::array<char, 32> path_{"/tmp/bowline-trace-XXXXXX"};
};

/// Runs `command` in a shell with `input` as its standard input.
inline Ran run(const std::string& command, std::string_view input) {
  const Scratch in(input);
  const Scratch out("");
  const Scratch err("");
  const std::string whole =
      "( " + command + " ) <" + in.path() + " >" + out.path() + " 2>" + err.path();
  const int status = std::system(whole.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out.text(), err.text()};
}

}  // namespace bowline::inline v0::trace::testing
