#pragma once

// Where a capture's bytes come from, and a window on them.
//
// A capture may be larger than memory and may come from a pipe, so nothing here seeks and nothing
// is kept: the InputBuffer shows the next bytes, as many as a reader asks for, and forgets them
// when they are consumed.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bowline::inline v0::explain {

/// Bytes, front to back.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills `to` from the front and says how many bytes; 0 at the end. The error is one line.
  [[nodiscard]] virtual std::expected<std::size_t, std::string> read(std::span<std::byte> to) = 0;
  /// How many there are in all, where that is known: for progress.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
};

/// Bytes in memory, which must outlive it.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::expected<std::size_t, std::string> read(std::span<std::byte> to) override;
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

/// A file, or whatever a descriptor reads from.
class FileSource final : public ByteSource {
 public:
  /// Opens `path`. The error is one line that names it: "cannot read x.pcap: ...".
  [[nodiscard]] static std::expected<FileSource, std::string> open(const std::string& path);
  /// Reads from `descriptor` (standard input), which stays open when the source goes; `name` is for
  /// errors.
  FileSource(int descriptor, std::string name);

  FileSource(FileSource&& other) noexcept;
  FileSource& operator=(FileSource&&) = delete;
  ~FileSource() override;

  [[nodiscard]] std::expected<std::size_t, std::string> read(std::span<std::byte> to) override;
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }

 private:
  int descriptor_ = -1;
  bool owned_ = false;
  std::string name_;
  std::optional<std::uint64_t> size_;
};

/// The next bytes of a source, which must outlive it.
class InputBuffer {
 public:
  /// The most that can be asked for at once. No packet and no block is larger.
  static constexpr std::size_t kMost = std::size_t{16} << 20U;

  explicit InputBuffer(ByteSource& source) : source_(source) {}

  /// The next `count` bytes (at most kMost), fewer where the source ends. A view until the next
  /// call of peek(); consumes nothing.
  [[nodiscard]] std::span<const std::byte> peek(std::size_t count);
  /// Goes on behind the next `count` bytes, which peek() must have shown.
  void consume(std::size_t count) noexcept;
  /// How many bytes have been consumed.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  /// What the source said when it failed; empty while all is well.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  ByteSource& source_;
  std::vector<std::byte> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
  std::string error_;
  bool at_end_ = false;
};

}  // namespace bowline::inline v0::explain
