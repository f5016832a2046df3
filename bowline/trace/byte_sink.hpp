#pragma once

// Where outputs write.
//
// A sink takes whole records (a capture's block, a line) or nothing. A full disk is therefore one
// clear error and a file that ends after a whole record, never one that a reader stumbles over.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace bowline::inline v0::trace {

/// Takes records. After an error it takes nothing more, and says why once and for all.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Takes `record`, whole. False after an error; what had been taken before it stays.
  virtual bool append(std::string_view record) = 0;
  /// Hands what is buffered to the system. False after an error.
  virtual bool flush() { return error().empty(); }
  /// One line that names the thing and the remedy; empty while all is well.
  [[nodiscard]] virtual std::string_view error() const noexcept { return {}; }
};

/// Keeps everything in memory.
class MemorySink : public ByteSink {
 public:
  bool append(std::string_view record) override {
    bytes_ += record;
    return true;
  }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }  ///< What was written.

 private:
  std::string bytes_;
};

/// Writes to a descriptor through a buffer. When the system takes only part of a record, a regular
/// file is cut back to the last whole one.
class FileSink : public ByteSink {
 public:
  /// Makes the file `path`, or empties it. The error is one line: "cannot write x.pcapng: ...".
  [[nodiscard]] static std::expected<FileSink, std::string> create(const std::string& path);
  /// Writes to `descriptor` (standard output), which stays open when the sink goes; `name` is for
  /// errors. With `immediate` every record goes out at once: for a person who reads along.
  FileSink(int descriptor, std::string name, bool immediate);

  FileSink(FileSink&& other) noexcept;
  FileSink& operator=(FileSink&&) = delete;
  ~FileSink() override;

  bool append(std::string_view record) override;
  bool flush() override;
  [[nodiscard]] std::string_view error() const noexcept override { return error_; }

 private:
  static constexpr std::size_t kBuffer = 64 * 1024;

  void fail(int error, std::size_t written);

  int descriptor_ = -1;
  bool owned_ = false;
  bool immediate_ = false;
  std::string name_;
  std::string buffer_;
  std::vector<std::size_t> ends_;  // of the records in buffer_
  std::string error_;
};

}  // namespace bowline::inline v0::trace
