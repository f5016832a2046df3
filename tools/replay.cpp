#include "tools/replay.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <span>

#include "bowline/os/file_descriptor.hpp"
#include "bowline/replay/record.hpp"
#include "bowline/replay/replay.hpp"
#include "tools/failure.hpp"
#include "tools/signals.hpp"
#include "tools/watch.hpp"

namespace bowline::tools {
namespace {

// A file as memory. One that somebody cuts short while it is read ends the process, as with any
// program that maps files.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const os::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat there{};
    if (file.get() < 0 || ::fstat(file.get(), &there) != 0) {
      throw WrongUsage(fmt::format("{}: {}: name a record of bowline serve --record", path,
                                   std::strerror(errno)));
    }
    if (!S_ISREG(there.st_mode)) {
      throw WrongUsage(
          fmt::format("{}: not a file: name a record of bowline serve --record", path));
    }
    size_ = static_cast<std::size_t>(there.st_size);
    if (size_ == 0) return;
    memory_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (memory_ == MAP_FAILED) {
      throw Failure(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    }
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (size_ > 0) ::munmap(memory_, size_);
  }
  [[nodiscard]] std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(memory_), size_};
  }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

std::string summary(const replay::ReplayOutcome& outcome) {
  return fmt::format(
      "{} calls over {:.3f} s done again: {} frames came, {} packets went, all as recorded",
      outcome.calls, std::chrono::duration<double>(outcome.end - outcome.begin).count(),
      outcome.received, outcome.sent);
}

// A record that is not whole is bad input; one that is and comes out otherwise is a failure.
void judge(const std::string& file, const replay::ReplayOutcome& outcome) {
  if (outcome.difference.empty() && outcome.damage.empty()) return;
  if (outcome.difference.empty()) {
    throw WrongUsage(
        fmt::format("{}: {}; up to there, {}", file, outcome.damage, summary(outcome)));
  }
  if (outcome.damage.empty()) {
    throw Failure(fmt::format("{}: {}: this build does something else than the one that wrote it",
                              file, outcome.difference));
  }
  throw WrongUsage(fmt::format("{}: {}; and the record is not as it was written: {}", file,
                               outcome.difference, outcome.damage));
}

}  // namespace

void replay_record(const std::string& file, const WatchOptions& options, bool quiet) {
  ignore_broken_pipes();
  const MappedFile mapped(file);
  // Before a capture is begun that would come to nothing.
  const auto record = replay::RecordReader::open(mapped.bytes());
  if (!record) throw WrongUsage(fmt::format("{}: {}", file, record.error()));
  std::unique_ptr<Watch> watch;
  if (options.any()) watch = std::make_unique<Watch>(options, record->epoch());
  const auto outcome = replay::replay(mapped.bytes(), watch ? &watch->recorder() : nullptr);
  if (watch) watch->finish();
  if (!outcome) throw Failure(fmt::format("{}: {}", file, outcome.error()));
  judge(file, *outcome);
  if (!quiet) fmt::print(stderr, "{}; digest {:016x}\n", summary(*outcome), outcome->digest);
}

}  // namespace bowline::tools
