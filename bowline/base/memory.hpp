#pragma once

// Where the stack's memory comes from.
//
// Every byte that a Stack holds is asked for here, and the answer may be no: running out is a
// returned error, never an exception and never an abort (DESIGN section 3). Tests put in a Memory
// that says no at the n-th request and demand that nothing but the request itself suffers.

#include <cstddef>

namespace bowline::inline v0 {

/// A source of memory. A Stack asks it only on its own thread.
class Memory {
 public:
  virtual ~Memory() = default;

  /// `bytes` of memory aligned to `alignment` (a power of two), or null when there is none.
  [[nodiscard]] virtual void* allocate(std::size_t bytes, std::size_t alignment) noexcept = 0;

  /// Gives back what allocate() returned, with the same `bytes` and `alignment`.
  virtual void release(void* memory, std::size_t bytes, std::size_t alignment) noexcept = 0;
};

/// The process's heap. Never null, lives for ever, safe on every thread.
[[nodiscard]] Memory& heap_memory() noexcept;

}  // namespace bowline::inline v0
