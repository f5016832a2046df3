#include "bowline/explain/capture/byte_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bowline::inline v0::explain {
namespace {

// Read at once: large enough that system calls do not show, small enough to stay in the cache.
constexpr std::size_t kChunk = std::size_t{256} << 10U;

}  // namespace

std::expected<std::size_t, std::string> MemorySource::read(std::span<std::byte> to) {
  const std::size_t count = std::min(to.size(), bytes_.size());
  std::ranges::copy(bytes_.first(count), to.begin());
  bytes_ = bytes_.subspan(count);
  return count;
}

std::expected<FileSource, std::string> FileSource::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  FileSource source(descriptor, path);
  source.owned_ = true;
  struct stat status{};
  if (::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
    return std::unexpected(fmt::format("cannot read {}: it is a folder; name a capture", path));
  }
  return source;
}

FileSource::FileSource(int descriptor, std::string name)
    : descriptor_(descriptor), name_(std::move(name)) {
  struct stat status{};
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
}

FileSource::FileSource(FileSource&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      owned_(std::exchange(other.owned_, false)),
      name_(std::move(other.name_)),
      size_(other.size_) {}

FileSource::~FileSource() {
  if (owned_) ::close(descriptor_);
}

std::expected<std::size_t, std::string> FileSource::read(std::span<std::byte> to) {
  for (;;) {
    const ssize_t count = ::read(descriptor_, to.data(), to.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) {
      return std::unexpected(fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
    }
  }
}

std::span<const std::byte> InputBuffer::peek(std::size_t count) {
  count = std::min(count, kMost);
  while (end_ - begin_ < count && !at_end_) {
    if (begin_ > 0) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (bytes_.size() < std::max(count, kChunk)) bytes_.resize(std::max(count, kChunk));
    const auto got = source_.read(std::span(bytes_).subspan(end_));
    if (!got) error_ = got.error();
    at_end_ = !got || *got == 0;
    if (got) end_ += *got;
  }
  return std::span(bytes_).subspan(begin_, std::min(count, end_ - begin_));
}

void InputBuffer::consume(std::size_t count) noexcept {
  count = std::min(count, end_ - begin_);
  begin_ += count;
  offset_ += count;
}

}  // namespace bowline::inline v0::explain
