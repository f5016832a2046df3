#pragma once

// Numbers in the byte order of a file: a capture is written in that of the machine that made it.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "bowline/base/byte_order.hpp"

namespace bowline::inline v0::explain {

/// The byte order of a file or of one of its sections.
enum class ByteOrder : std::uint8_t { little, big };

/// The number at `offset`, which must lie within `bytes`.
template <class T>
[[nodiscard]] T load(std::span<const std::byte> bytes, std::size_t offset,
                     ByteOrder order) noexcept {
  if (order == ByteOrder::big) return load_be<T>(bytes.data() + offset);
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value =
        static_cast<T>(value | static_cast<T>(std::to_integer<T>(bytes[offset + i]) << (8 * i)));
  }
  return value;
}

}  // namespace bowline::inline v0::explain
