#pragma once

// The format of a record: what a Stack was made from, then each call of it (docs/replay.md).
//
// All numbers are little-endian. A record holds the Stack's keys and everything that was sent
// through it: whoever keeps one keeps a secret.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bowline/base/time.hpp"
#include "bowline/stack/call_listener.hpp"
#include "bowline/stack/config.hpp"

namespace bowline::inline v0::replay {

inline constexpr std::string_view kMagic = "BOWLREC\n";  ///< The first eight bytes.
inline constexpr std::uint32_t kFormat = 1;              ///< The number of this format.
inline constexpr std::uint8_t kEnd = 0xff;               ///< In the place of a call: the end.
/// No part of a call is larger: a batch of frames has 32 of at most 64 KiB, a write what an
/// application hands over at a time.
inline constexpr std::uint32_t kLargestPart = 256U << 20;

/// One call as it was done.
struct RecordedCall {
  std::uint64_t number = 0;              ///< counted from 1
  StackCall call{};                      ///< which
  std::span<const std::byte> arguments;  ///< within the record's bytes
  std::span<const std::byte> result;     ///< the same
};

/// Sums up calls in one number.
class CallDigest {
 public:
  void add(StackCall call, std::span<const std::byte> arguments,
           std::span<const std::byte> result) noexcept;
  [[nodiscard]] std::uint64_t value() const noexcept { return hash_; }   ///< So far.
  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }  ///< How many.

 private:
  std::uint64_t hash_ = 0;
  std::uint64_t calls_ = 0;
};

/// Reads a record that lies in memory. Nothing in it is believed.
class RecordReader {
 public:
  /// `bytes` must outlive the reader and what it gives. The error is what is wrong, without the
  /// file's name.
  [[nodiscard]] static std::expected<RecordReader, std::string> open(
      std::span<const std::byte> bytes);

  [[nodiscard]] const StackConfig& config() const noexcept { return config_; }
  /// From 1970 to where the Stack's times begin: when all this was.
  [[nodiscard]] Duration epoch() const noexcept { return epoch_; }
  /// The next call; nothing at the end. The error is what is wrong: cut short, or changed.
  [[nodiscard]] std::expected<std::optional<RecordedCall>, std::string> next();

 private:
  [[nodiscard]] std::optional<std::uint64_t> number(std::size_t bytes) noexcept;
  [[nodiscard]] std::optional<std::span<const std::byte>> part(std::uint64_t size) noexcept;
  [[nodiscard]] std::string ends_within_a_call() const;

  std::span<const std::byte> rest_;
  StackConfig config_;
  Duration epoch_{};
  CallDigest digest_;
};

/// The head of a record, for `config`. `epoch`: from 1970 to where the Stack's times begin. Empty:
/// no memory.
[[nodiscard]] std::string record_head(const StackConfig& config, Duration epoch = {});
/// Appends one call as it stands in a record; neither part is larger than kLargestPart.
void append_call(std::string& text, StackCall call, std::span<const std::byte> arguments,
                 std::span<const std::byte> result);
/// The end of a record of what `digest` sums up.
[[nodiscard]] std::string record_end(const CallDigest& digest);

}  // namespace bowline::inline v0::replay
