#include "bowline/http/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace bowline::inline v0::http {
namespace {

// O_NONBLOCK: opening a pipe must not wait for its other end.
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

std::unexpected<std::error_code> last_error() {
  return std::unexpected(std::error_code(errno, std::system_category()));
}

std::unexpected<std::error_code> error(std::errc code) {
  return std::unexpected(std::make_error_code(code));
}

}  // namespace

std::expected<File, std::error_code> File::adopt(int descriptor) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) {
    const auto failure = last_error();
    ::close(descriptor);
    return failure;
  }
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    ::close(descriptor);
    return error(std::errc::permission_denied);
  }
  return File(descriptor, {.folder = S_ISDIR(status.st_mode),
                           .size = static_cast<std::uint64_t>(status.st_size),
                           .modified = status.st_mtim.tv_sec,
                           .modified_ns = static_cast<std::uint32_t>(status.st_mtim.tv_nsec),
                           .inode = status.st_ino});
}

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), info_(other.info_) {}

File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(info_, other.info_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::expected<std::size_t, std::error_code> File::read_at(std::uint64_t offset,
                                                          std::span<char> to) const {
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t got =
        ::pread(descriptor_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_error();
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::expected<Folder, std::error_code> Folder::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), kOpenFlags | O_DIRECTORY);
  if (descriptor < 0) return last_error();
  auto root = File::adopt(descriptor);
  if (!root) return std::unexpected(root.error());
  return Folder(std::move(*root));
}

std::expected<File, std::error_code> Folder::open_file(const std::string& path) const {
  open_how how{};
  how.flags = kOpenFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const char* const name = path.empty() ? "." : path.c_str();
  // EAGAIN: something was renamed while the kernel looked, so that it cannot tell; it is to be
  // asked again.
  for (int attempt = 0; attempt < 8; ++attempt) {
    const long descriptor = ::syscall(SYS_openat2, root_.descriptor(), name, &how, sizeof how);
    if (descriptor >= 0) return File::adopt(static_cast<int>(descriptor));
    if (errno != EAGAIN && errno != EINTR) break;
  }
  if (errno == ENOSYS || errno == EPERM) return open_file_stepwise(path);
  return last_error();
}

std::expected<File, std::error_code> Folder::open_file_stepwise(std::string_view path) const {
  int at = ::fcntl(root_.descriptor(), F_DUPFD_CLOEXEC, 0);
  if (at < 0) return last_error();
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string name(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    if (name == "..") {
      ::close(at);
      return error(std::errc::cross_device_link);
    }
    const int next =
        ::openat(at, name.c_str(), kOpenFlags | O_NOFOLLOW | (path.empty() ? 0 : O_DIRECTORY));
    // What openat() says of a link that it does not follow.
    const int failure = errno == ELOOP ? EXDEV : errno;
    ::close(at);
    errno = failure;
    if (next < 0) return last_error();
    at = next;
  }
  return File::adopt(at);
}

std::expected<FolderList, std::error_code> Folder::list(const File& folder) {
  // A descriptor of its own: reading a folder moves its position.
  const int descriptor = ::openat(folder.descriptor(), ".", kOpenFlags | O_DIRECTORY);
  if (descriptor < 0) return last_error();
  struct Closer {
    void operator()(DIR* open) const noexcept { ::closedir(open); }
  };
  const std::unique_ptr<DIR, Closer> open(::fdopendir(descriptor));
  if (!open) {
    const auto failure = last_error();
    ::close(descriptor);
    return failure;
  }

  FolderList list;
  while (const dirent* item = ::readdir(open.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
    const std::string_view name = item->d_name;
    if (name == "." || name == "..") continue;
    if (list.entries.size() == kMostEntries) {
      list.more = true;
      break;
    }
    struct stat status{};
    if (::fstatat(descriptor, item->d_name, &status, 0) != 0) continue;  // a link to nowhere
    const bool is_folder = S_ISDIR(status.st_mode);
    if (!is_folder && !S_ISREG(status.st_mode)) continue;
    list.entries.push_back({std::string(name), is_folder,
                            static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec});
  }
  std::ranges::sort(list.entries, [](const FolderEntry& a, const FolderEntry& b) {
    return a.folder != b.folder ? a.folder : a.name < b.name;
  });
  return list;
}

}  // namespace bowline::inline v0::http
