#pragma once

// A file that is under its name only when it is whole.
//
// While it grows it is FILE.part in the same folder, locked against a second writer; at the end it
// is brought to the disk and renamed. A part that is left behind can be gone on with if it is known
// what it is a part of: FILE.part.info holds where it came from and the server's validator. Without
// that a part is removed.
//
// What is no regular file (/dev/null, a pipe) is written to directly.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "bowline/os/file_descriptor.hpp"

namespace bowline::tools {

/// A part of a file that an earlier run left.
struct FilePart {
  std::uint64_t size = 0;
  std::string validator;
};

/// The file. What is not committed is abandoned.
class OutputFile {
 public:
  /// Nothing is created yet. `source` says where the content comes from. Throws Failure where the
  /// file could not be made there.
  OutputFile(const std::string& path, std::string source);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  /// The part that is left of an earlier run with the same source, from now on locked. Throws
  /// Failure where another process is writing it.
  [[nodiscard]] std::optional<FilePart> find_part();

  /// Begins to write at `offset`: 0, or the size of what find_part() told. An empty validator: an
  /// end before the end cannot be gone on from. Returns why it could not, or nothing.
  [[nodiscard]] std::string begin(std::uint64_t offset, const std::string& validator);
  /// Adds bytes. Returns why it could not, or nothing.
  [[nodiscard]] std::string append(std::span<const char> bytes);
  /// It is whole: brings it to the disk, then under its name. Returns why it could not, or nothing.
  [[nodiscard]] std::string commit();
  /// It will not be whole. Keeps what can be gone on from and returns its size; else removes it and
  /// returns 0.
  std::uint64_t abandon();

  /// Where the part is.
  [[nodiscard]] std::string part_path() const { return path_ + ".part"; }

 private:
  [[nodiscard]] std::string info_path() const { return path_ + ".part.info"; }
  [[nodiscard]] std::string open_part(bool create);
  [[nodiscard]] std::string write_info(const std::string& validator) const;

  std::string path_;
  std::string source_;
  bool direct_ = false;     // no regular file
  bool resumable_ = false;  // the info is there
  bool begun_ = false;
  std::uint64_t size_ = 0;
  os::FileDescriptor file_;
};

}  // namespace bowline::tools
