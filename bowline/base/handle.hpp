#pragma once

// Handles: names for things that may be gone.
//
// A handle is an index and the generation of what stood there when it was given out. When the thing
// goes, the generation moves on, and a handle that somebody kept says EBADF instead of meaning the
// next tenant of the place.

#include <cstdint>

namespace bowline::inline v0 {

/// What a handle names.
enum class HandleKind : std::uint8_t { none, tcp, listener, udp };

/// The name of a socket of one Stack. Compare for equality only. Default: names nothing.
struct Handle {
  std::uint32_t index = 0;             ///< its place in the slab
  std::uint32_t generation = 0;        ///< which of those that had the place
  HandleKind kind = HandleKind::none;  ///< what it names

  friend constexpr bool operator==(const Handle&, const Handle&) noexcept = default;
  /// Does it name anything (perhaps something that is gone by now)?
  [[nodiscard]] constexpr explicit operator bool() const noexcept {
    return kind != HandleKind::none;
  }

  template <class V>
  void visit(V& v) {
    v(index, generation, kind);
  }
};

/// The number of an interface of one Stack, in the order in which they were added.
enum class InterfaceId : std::uint8_t {};

/// The number of a frame, unique within one Stack: what a decision, a capture and a trace use to
/// speak of the same packet. 0 is no frame.
enum class FrameId : std::uint64_t { none = 0 };

}  // namespace bowline::inline v0
