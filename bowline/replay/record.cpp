#include "bowline/replay/record.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "bowline/base/siphash.hpp"
#include "bowline/base/version.hpp"
#include "bowline/base/visit.hpp"
#include "bowline/replay/config_fields.hpp"

namespace bowline::inline v0::replay {
namespace {

void append(std::string& text, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr const char* kEndsWithinHead = "ends within its head: it was cut short";

}  // namespace

void CallDigest::add(StackCall call, std::span<const std::byte> arguments,
                     std::span<const std::byte> result) noexcept {
  hash_ = siphash24(SipKey{}, std::array<std::uint64_t, 4>{hash_, static_cast<std::uint64_t>(call),
                                                           siphash24(SipKey{}, arguments),
                                                           siphash24(SipKey{}, result)});
  ++calls_;
}

// ---- writing ------------------------------------------------------------------------------------

std::string record_head(const StackConfig& config, Duration epoch) {
  SaveVisitor v(heap_memory());
  v(epoch);
  fields(v, const_cast<StackConfig&>(config));  // saving changes nothing
  if (v.failed()) return {};
  std::string head(kMagic);
  append(head, kFormat, 4);
  const std::string_view version = kVersion;
  append(head, version.size(), 4);
  head += version;
  append(head, v.bytes().size(), 4);
  head += as_text(v.bytes());
  append(head, siphash24(SipKey{}, std::as_bytes(std::span(head))), 8);
  return head;
}

void append_call(std::string& text, StackCall call, std::span<const std::byte> arguments,
                 std::span<const std::byte> result) {
  text.reserve(text.size() + 9 + arguments.size() + result.size());
  append(text, static_cast<std::uint64_t>(call), 1);
  append(text, arguments.size(), 4);
  append(text, result.size(), 4);
  text += as_text(arguments);
  text += as_text(result);
}

std::string record_end(const CallDigest& digest) {
  std::string text;
  append(text, kEnd, 1);
  append(text, digest.calls(), 8);
  append(text, digest.value(), 8);
  return text;
}

// ---- reading ------------------------------------------------------------------------------------

std::optional<std::uint64_t> RecordReader::number(std::size_t bytes) noexcept {
  const auto raw = part(bytes);
  if (!raw) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value |= std::to_integer<std::uint64_t>((*raw)[i]) << (8 * i);
  }
  return value;
}

std::optional<std::span<const std::byte>> RecordReader::part(std::uint64_t size) noexcept {
  if (size > rest_.size()) return std::nullopt;
  const auto taken = rest_.first(static_cast<std::size_t>(size));
  rest_ = rest_.subspan(taken.size());
  return taken;
}

std::string RecordReader::ends_within_a_call() const {
  return fmt::format("ends within call {}: it was cut short or changed", digest_.calls() + 1);
}

std::expected<RecordReader, std::string> RecordReader::open(std::span<const std::byte> bytes) {
  RecordReader reader;
  reader.rest_ = bytes;
  const auto magic = reader.part(kMagic.size());
  if (!magic || as_text(*magic) != kMagic) {
    return std::unexpected("no record: bowline serve --record writes one");
  }
  const auto format = reader.number(4);
  if (format && *format != kFormat) {
    return std::unexpected(
        fmt::format("format {}: this bowline reads format {}", *format, kFormat));
  }
  const auto version_size = reader.number(4);
  const auto version = version_size ? reader.part(*version_size) : std::nullopt;
  if (!version) return std::unexpected(kEndsWithinHead);
  if (as_text(*version) != std::string_view(kVersion)) {
    return std::unexpected(
        fmt::format("written by another version: replay it with that one, not with {}", kVersion));
  }
  const auto config_size = reader.number(4);
  const auto config = config_size ? reader.part(*config_size) : std::nullopt;
  const std::size_t head_size = bytes.size() - reader.rest_.size();
  const auto sum = config ? reader.number(8) : std::nullopt;
  if (!sum) return std::unexpected(kEndsWithinHead);
  if (*sum != siphash24(SipKey{}, bytes.first(head_size))) {
    return std::unexpected(
        "changed since it was written: its head has not the sum that it ends with");
  }
  BufferPoolOwner pool(BufferPool::make(heap_memory(), 1));
  if (!pool) return std::unexpected("not enough memory");
  LoadVisitor v(*config, *pool);
  v(reader.epoch_);
  fields(v, reader.config_);
  if (!v.complete()) {
    return std::unexpected(
        "its configuration is not of this build: replay it with the one that wrote it");
  }
  return reader;
}

std::expected<std::optional<RecordedCall>, std::string> RecordReader::next() {
  const auto kind = number(1);
  if (!kind) {
    return std::unexpected(
        fmt::format("cut short after {} calls: the run that wrote it did not end in good order",
                    digest_.calls()));
  }
  if (*kind == kEnd) {
    const auto calls = number(8);
    const auto digest = number(8);
    if (!calls || !digest) return std::unexpected(ends_within_a_call());
    if (*calls != digest_.calls() || *digest != digest_.value() || !rest_.empty()) {
      return std::unexpected(fmt::format(
          "changed since it was written: its {} calls have not the sum that it ends with",
          digest_.calls()));
    }
    return std::nullopt;
  }
  if (*kind >= kStackCalls) {
    return std::unexpected(
        fmt::format("call {} is none that there is: it was changed", digest_.calls() + 1));
  }
  const auto arguments_size = number(4);
  const auto result_size = number(4);
  if (!arguments_size || !result_size) return std::unexpected(ends_within_a_call());
  if (*arguments_size > kLargestPart || *result_size > kLargestPart) {
    return std::unexpected(
        fmt::format("call {} is too large to be one: it was changed", digest_.calls() + 1));
  }
  const auto arguments = part(*arguments_size);
  const auto result = arguments ? part(*result_size) : std::nullopt;
  if (!result) return std::unexpected(ends_within_a_call());
  const auto call = static_cast<StackCall>(*kind);
  digest_.add(call, *arguments, *result);
  return RecordedCall{digest_.calls(), call, *arguments, *result};
}

}  // namespace bowline::inline v0::replay
