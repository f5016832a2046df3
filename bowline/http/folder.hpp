#pragma once

// A folder that is served, and the files in it. The folder is an open descriptor, and the kernel is
// asked for each name with the promise that it lies beneath: neither a symbolic link nor a file
// that is moved while we look leads out (openat2 with RESOLVE_BENEATH). Checking a path as text and
// opening it then could not promise that.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace bowline::inline v0::http {

/// A regular file or a folder, open for reading. Movable; closes itself.
class File {
 public:
  /// What it was when it was opened.
  struct Info {
    bool folder = false;
    std::uint64_t size = 0;         ///< bytes; of no meaning for a folder
    std::int64_t modified = 0;      ///< seconds since 1970
    std::uint32_t modified_ns = 0;  ///< and nanoseconds
    std::uint64_t inode = 0;
  };

  /// Takes over `descriptor`. Errors: as fstat(); permission_denied for what is neither a file nor
  /// a folder (a device, a pipe, a socket).
  [[nodiscard]] static std::expected<File, std::error_code> adopt(int descriptor);

  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  [[nodiscard]] const Info& info() const noexcept { return info_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  /// Reads at `offset`; fewer bytes than asked for only at the end of the file. Blocks on the disk.
  /// Errors: as pread().
  [[nodiscard]] std::expected<std::size_t, std::error_code> read_at(std::uint64_t offset,
                                                                    std::span<char> to) const;

 private:
  File(int descriptor, const Info& info) noexcept : descriptor_(descriptor), info_(info) {}

  int descriptor_ = -1;
  Info info_;
};

/// One line of a listing.
struct FolderEntry {
  std::string name;
  bool folder = false;
  std::uint64_t size = 0;
  std::int64_t modified = 0;
};

/// What a folder holds, folders first, by name.
struct FolderList {
  std::vector<FolderEntry> entries;
  /// There are more than kMostEntries; `entries` are whichever came first.
  bool more = false;
};

/// A listing holds at most this many entries, so that a huge folder does not fill the memory.
inline constexpr std::size_t kMostEntries = 10'000;

/// The served folder.
class Folder {
 public:
  /// Opens the folder at `path`. Errors: as open(); not_a_directory.
  [[nodiscard]] static std::expected<Folder, std::error_code> open(const std::string& path);

  /// Opens `path`, relative and without "..", "" being the folder itself. Links are followed as
  /// long as they stay beneath. Errors: no_such_file_or_directory, permission_denied (also for
  /// devices and pipes), cross_device_link for what leads out, and the others of openat2().
  [[nodiscard]] std::expected<File, std::error_code> open_file(const std::string& path) const;

  /// As open_file(), for a kernel without openat2 (before Linux 5.6, or where a sandbox forbids
  /// it): follows no link at all. open_file() uses it by itself.
  [[nodiscard]] std::expected<File, std::error_code> open_file_stepwise(
      std::string_view path) const;

  /// What `folder`, opened by open_file(), holds. Errors: as readdir().
  [[nodiscard]] static std::expected<FolderList, std::error_code> list(const File& folder);

 private:
  explicit Folder(File root) noexcept : root_(std::move(root)) {}

  File root_;
};

}  // namespace bowline::inline v0::http
