#include "bowline/trace/byte_sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace bowline::inline v0::trace {
namespace {

// write() until it is done. The number of bytes that went out; errno says why they are not all.
std::size_t write_all(int descriptor, std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::write(descriptor, bytes.data() + done, bytes.size() - done);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (count == 0) {
      errno = ENOSPC;
      break;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // Standard output that somebody made non-blocking: its reader is slow.
      pollfd waiting{.fd = descriptor, .events = POLLOUT, .revents = 0};
      if (::poll(&waiting, 1, -1) < 0 && errno != EINTR) break;
    } else if (errno != EINTR) {
      break;
    }
  }
  return done;
}

std::string_view remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "; make room or name another file";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; name a file in a folder that you may write";
    case ENOENT:
    case ENOTDIR:
      return "; make the folder first";
    case EISDIR:
      return "; name a file";
    default:
      return "";
  }
}

std::string message(const std::string& name, int error) {
  return fmt::format("cannot write {}: {}{}", name,
                     std::error_code(error, std::generic_category()).message(), remedy(error));
}

}  // namespace

std::expected<FileSink, std::string> FileSink::create(const std::string& path) {
  constexpr int kMode = 0644;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  if (descriptor < 0) return std::unexpected(message(path, errno));
  std::expected<FileSink, std::string> sink(std::in_place, descriptor, path, false);
  sink->owned_ = true;
  return sink;
}

FileSink::FileSink(int descriptor, std::string name, bool immediate)
    : descriptor_(descriptor), immediate_(immediate), name_(std::move(name)) {}

FileSink::FileSink(FileSink&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      owned_(std::exchange(other.owned_, false)),
      immediate_(other.immediate_),
      name_(std::move(other.name_)),
      buffer_(std::exchange(other.buffer_, {})),
      ends_(std::exchange(other.ends_, {})),
      error_(std::move(other.error_)) {}

FileSink::~FileSink() {
  if (descriptor_ < 0) return;
  FileSink::flush();
  if (owned_) ::close(descriptor_);
}

bool FileSink::append(std::string_view record) {
  if (!error_.empty()) return false;
  buffer_ += record;
  ends_.push_back(buffer_.size());
  return immediate_ || buffer_.size() >= kBuffer ? flush() : true;
}

bool FileSink::flush() {
  if (!error_.empty()) return false;
  if (buffer_.empty()) return true;
  const std::size_t written = write_all(descriptor_, buffer_);
  if (written < buffer_.size()) fail(errno, written);
  buffer_.clear();
  ends_.clear();
  return error_.empty();
}

void FileSink::fail(int error, std::size_t written) {
  error_ = message(name_, error);
  std::size_t whole = 0;
  for (const std::size_t end : ends_) {
    if (end <= written) whole = end;
  }
  if (whole == written) return;
  // Relative to where the file ends now: somebody may have opened it for appending.
  const off_t end = ::lseek(descriptor_, 0, SEEK_CUR);
  const off_t extra = static_cast<off_t>(written - whole);
  if (end < extra || ::ftruncate(descriptor_, end - extra) != 0) {
    error_ += "; its last record is incomplete";
  } else {
    (void)::lseek(descriptor_, end - extra, SEEK_SET);
  }
}

}  // namespace bowline::inline v0::trace
