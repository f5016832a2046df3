#include "tools/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

std::string last_error() { return std::generic_category().message(errno); }

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// The longest line of an info file: a URL or a validator. What is longer is none of ours.
constexpr std::streamsize kMostInfo = 16 * 1024;

}  // namespace

OutputFile::OutputFile(const std::string& path, std::string source)
    : path_(path), source_(std::move(source)) {
  struct stat there{};
  if (::stat(path.c_str(), &there) == 0) {
    if (S_ISDIR(there.st_mode)) throw Failure(fmt::format("{}: is a folder; name a file", path));
    direct_ = !S_ISREG(there.st_mode);
    // Behind a symbolic link it is the file that is replaced, not the link.
    std::error_code error;
    if (const auto real = std::filesystem::canonical(path, error); !error) path_ = real.string();
  }
  if (direct_) return;
  const std::string folder = folder_of(path_);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Failure(fmt::format("{}: cannot be written: {}: {}", path, folder, last_error()));
  }
}

OutputFile::~OutputFile() { abandon(); }

// Opens and locks the part. Returns why it could not; nothing also where there is none and it is
// not to be created.
std::string OutputFile::open_part(bool create) {
  const std::string path = part_path();
  for (;;) {
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0);
    os::FileDescriptor file(::open(path.c_str(), flags, 0666));
    if (!file) {
      if (errno == ENOENT && !create) return {};
      return fmt::format("{}: cannot be written: {}", path, last_error());
    }
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      return fmt::format("{}: another process is writing it", path);
    }
    // The other process may have renamed it between our two calls.
    struct stat locked{}, named{};
    if (::fstat(file.get(), &locked) == 0 && ::stat(path.c_str(), &named) == 0 &&
        locked.st_ino == named.st_ino && locked.st_dev == named.st_dev) {
      if (!S_ISREG(locked.st_mode)) return fmt::format("{}: is no regular file", path);
      size_ = static_cast<std::uint64_t>(locked.st_size);
      file_ = std::move(file);
      return {};
    }
  }
}

std::optional<FilePart> OutputFile::find_part() {
  if (direct_) return std::nullopt;
  if (const std::string problem = open_part(false); !problem.empty()) throw Failure(problem);
  if (!file_ || size_ == 0) return std::nullopt;
  std::ifstream info(info_path());
  std::string source(kMostInfo, '\0');
  std::string validator(kMostInfo, '\0');
  info.getline(source.data(), kMostInfo).getline(validator.data(), kMostInfo);
  source.resize(source.find('\0'));
  validator.resize(validator.find('\0'));
  resumable_ = info && source == source_ && !validator.empty();
  if (!resumable_) return std::nullopt;
  return FilePart{size_, validator};
}

std::string OutputFile::write_info(const std::string& validator) const {
  std::ofstream info(info_path(), std::ios::trunc);
  info << source_ << '\n' << validator << '\n';
  info.close();
  return info ? std::string() : fmt::format("{}: cannot be written: {}", info_path(), last_error());
}

std::string OutputFile::begin(std::uint64_t offset, const std::string& validator) {
  if (direct_) {
    file_ = os::FileDescriptor(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    return file_ ? std::string() : fmt::format("{}: cannot be written: {}", path_, last_error());
  }
  if (!file_) {
    if (std::string problem = open_part(true); !problem.empty()) return problem;
  }
  begun_ = true;
  if (offset != size_ || offset == 0) {
    // From the beginning: first of all the info goes, then what it was about.
    resumable_ = false;
    ::unlink(info_path().c_str());
    if (::ftruncate(file_.get(), 0) != 0) {
      return fmt::format("{}: cannot be written: {}", part_path(), last_error());
    }
    size_ = 0;
    if (!validator.empty()) {
      if (std::string problem = write_info(validator); !problem.empty()) return problem;
      resumable_ = true;
    }
  }
  ::lseek(file_.get(), static_cast<off_t>(size_), SEEK_SET);
  return {};
}

std::string OutputFile::append(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      return fmt::format("{}: cannot be written: {}", direct_ ? path_ : part_path(), last_error());
    }
    size_ += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

std::string OutputFile::commit() {
  const auto failed = [this] {
    return fmt::format("{}: cannot be completed: {}", path_, last_error());
  };
  if (direct_) {
    file_ = {};
    return {};
  }
  // The name must not be on the disk before what it names is.
  if (::fsync(file_.get()) != 0) return failed();
  if (::rename(part_path().c_str(), path_.c_str()) != 0) return failed();
  ::unlink(info_path().c_str());
  begun_ = false;
  file_ = {};
  const os::FileDescriptor folder(
      ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());
  return {};
}

std::uint64_t OutputFile::abandon() {
  if (direct_ || !file_) return 0;
  std::uint64_t kept = 0;
  if (resumable_ && size_ > 0) {
    ::fsync(file_.get());
    kept = size_;
  } else if (begun_) {
    ::unlink(info_path().c_str());
    ::unlink(part_path().c_str());
  }
  file_ = {};
  return kept;
}

}  // namespace bowline::tools
