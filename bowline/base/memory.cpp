#include "bowline/base/memory.hpp"

#include <new>

namespace bowline::inline v0 {
namespace {

// What plain operator new aligns to anyway; its path through the allocator is the faster one.
constexpr std::size_t kPlain = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

class HeapMemory final : public Memory {
 public:
  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    if (alignment <= kPlain) return ::operator new(bytes, std::nothrow);
    return ::operator new(bytes, std::align_val_t{alignment}, std::nothrow);
  }
  void release(void* memory, std::size_t bytes, std::size_t alignment) noexcept override {
    if (alignment <= kPlain) return ::operator delete(memory, bytes);
    ::operator delete(memory, bytes, std::align_val_t{alignment});
  }
};

}  // namespace

Memory& heap_memory() noexcept {
  static HeapMemory heap;
  return heap;
}

}  // namespace bowline::inline v0
