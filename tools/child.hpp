#pragma once

// Child processes that do not outlive their parent, however it ends: the kernel kills them with it
// (PR_SET_PDEATHSIG).

#include "bowline/asio.hpp"

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <vector>

#include "bowline/os/file_descriptor.hpp"

namespace bowline::tools {

/// A child process. Killed and waited for at the end, if it still runs.
class Child {
 public:
  /// Runs `work` in a child of this process and ends it with the value returned. To be called while
  /// there is one thread. Throws Failure.
  [[nodiscard]] static Child fork(const std::function<int()>& work);

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  /// Waits for its end: its exit status, or 128 and the signal that ended it.
  int wait();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;
};

/// How a program ended and what it said.
struct ProgramResult {
  int status = 0;  ///< 127: it could not be started
  std::string out;
  std::string err;
};

/// Runs a program of the PATH while the context runs, and gives back what it wrote. Throws Failure
/// where no process can be made.
[[nodiscard]] boost::asio::awaitable<ProgramResult> run_program(std::vector<std::string> words);

/// Is there a program of this name in the PATH?
[[nodiscard]] bool has_program(const std::string& name);

/// A pipe: the end to read from, the end to write to. Throws Failure.
struct Pipe {
  Pipe();
  os::FileDescriptor read;
  os::FileDescriptor write;
};

}  // namespace bowline::tools
