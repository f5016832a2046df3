#include "tools/scratch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

std::string describe(int code) { return std::error_code(code, std::generic_category()).message(); }

os::FileDescriptor create(const std::string& path) {
  os::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) throw Failure(fmt::format("cannot write {}: {}", path, describe(errno)));
  return file;
}

void write_all(const os::FileDescriptor& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file.get(), bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      throw Failure(fmt::format(
          "cannot write the demo's file: {}: a smaller --size needs less room", describe(errno)));
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

}  // namespace

Scratch::Scratch() {
  if (!open_in_memory()) open_on_disk();
}

Scratch::~Scratch() {
  lifeline_ = os::FileDescriptor();
  if (remover_ > 0) ::waitpid(remover_, nullptr, 0);
}

bool Scratch::open_in_memory() {
  // A mount namespace of our own gives the right to make the file system; nothing is mounted in it.
  if (::unshare(CLONE_NEWNS) != 0) return false;
  const os::FileDescriptor system(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!system || ::fsconfig(system.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return false;
  }
  // Programs that are started inherit it: no close-on-exec.
  mount_ = os::FileDescriptor(::fsmount(system.get(), 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  if (!mount_) return false;
  folder_ = fmt::format("/proc/self/fd/{}", mount_.get());
  struct stat status{};
  return ::stat(folder_.c_str(), &status) == 0;
}

void Scratch::open_on_disk() {
  std::error_code error;
  const std::filesystem::path temporary = std::filesystem::temp_directory_path(error);
  std::string name = (temporary / "bowline-demo-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) {
    throw Failure(
        fmt::format("cannot make a folder in {}: {}: set TMPDIR to one that can be written",
                    temporary.string(), describe(errno)));
  }
  folder_ = name;
  Pipe pipe;
  remover_ = ::fork();
  if (remover_ == 0) {
    // Ctrl-C and a closed terminal reach the whole group; this one has still to clean up then.
    ::setsid();
    pipe.write = os::FileDescriptor();
    char nothing = 0;
    while (::read(pipe.read.get(), &nothing, 1) < 0 && errno == EINTR) {
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    ::_exit(0);
  }
  lifeline_ = std::move(pipe.write);
}

std::string Scratch::path(std::string_view name) const {
  return name.empty() ? folder_ : fmt::format("{}/{}", folder_, name);
}

void Scratch::write(std::string_view name, std::string_view content) const {
  write_all(create(path(name)), content);
}

void Scratch::write_random(std::string_view name, std::uint64_t size) const {
  const os::FileDescriptor file = create(path(name));
  std::vector<std::uint64_t> block(std::size_t{1} << 17);
  std::uint64_t state = 0x9e3779b97f4a7c15;
  while (size > 0) {
    for (std::uint64_t& word : block) {  // xorshift64*: full period, fast
      state ^= state >> 12;
      state ^= state << 25;
      state ^= state >> 27;
      word = state * 0x2545f4914f6cdd1d;
    }
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(size, block.size() * 8));
    write_all(file, {reinterpret_cast<const char*>(block.data()), part});
    size -= part;
  }
}

void Scratch::remove(std::string_view name) const { ::unlink(path(name).c_str()); }

}  // namespace bowline::tools
