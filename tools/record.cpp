#include "tools/record.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "tools/failure.hpp"
#include "tools/watch.hpp"

namespace bowline::tools {
namespace {

// What stood there before may be readable to others: the new bytes go into a new file.
os::FileDescriptor make_private(const std::string& path) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISREG(there.st_mode)) {
      throw Failure(fmt::format(
          "--record {}: not a file: a record is a new file, for its owner alone to read", path));
    }
    (void)::unlink(path.c_str());  // open() tells where it could not
  }
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) {
    throw Failure(fmt::format("cannot write {}: {}: name a file in a folder that you may write to",
                              path, std::strerror(errno)));
  }
  return os::FileDescriptor(file);
}

}  // namespace

Record::Record(const std::string& path, const StackConfig& config)
    : path_(path),
      file_(make_private(path)),
      sink_(file_.get(), path, false),
      recorder_(sink_, config, wall_clock_epoch(), [](std::string_view why) {
        fmt::print(stderr, "bowline: no longer recording: {}\n", why);
      }) {}

void Record::finish(Stack& stack) {
  stack.set_call_listener(nullptr);
  if (const std::string problem = recorder_.finish(); !problem.empty()) {
    throw Failure(fmt::format("{} is not whole: {}", path_, problem));
  }
}

}  // namespace bowline::tools
