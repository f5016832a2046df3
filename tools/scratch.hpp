#pragma once

// A folder for the files of one run that nobody has to clean up.
//
// Where the process may, it is a file system in memory, mounted nowhere: it exists as long as a
// process has it open, and no longer. Elsewhere it is a folder under TMPDIR, and a small process
// waits for the end of this one, however it comes, to remove it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bowline/os/file_descriptor.hpp"
#include "tools/child.hpp"

namespace bowline::tools {

/// The folder. To be made while there is one thread.
class Scratch {
 public:
  /// Throws Failure.
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// The path of `name` in it, for this process and programs that it starts.
  [[nodiscard]] std::string path(std::string_view name = "") const;

  /// Writes a file. Throws Failure.
  void write(std::string_view name, std::string_view content) const;
  /// Writes a file of `size` bytes that repeat nowhere. Throws Failure (no space).
  void write_random(std::string_view name, std::uint64_t size) const;
  /// Removes a file if it is there.
  void remove(std::string_view name) const;

 private:
  bool open_in_memory();
  void open_on_disk();

  os::FileDescriptor mount_;  // of the file system in memory
  std::string folder_;
  pid_t remover_ = -1;  // waits for the end of `lifeline_`
  os::FileDescriptor lifeline_;
};

}  // namespace bowline::tools
