#pragma once

// A descriptor that closes itself.

#include <unistd.h>

#include <utility>

namespace bowline::inline v0::os {

/// Owns a file descriptor, or none (-1). Movable.
class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;
  /// Owns it; -1: none.
  explicit FileDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  [[nodiscard]] int get() const noexcept { return descriptor_; }  ///< The number, still owned.
  /// Is there one?
  [[nodiscard]] explicit operator bool() const noexcept { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

}  // namespace bowline::inline v0::os
