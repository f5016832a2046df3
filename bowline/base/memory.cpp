#include "bowline/base/memory.hpp"

#include <new>

namespace bowline {
namespace {

class HeapMemory final : public Memory {
 public:
  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    return ::operator new(bytes, std::align_val_t{alignment}, std::nothrow);
  }
  void release(void* memory, std::size_t bytes, std::size_t alignment) noexcept override {
    ::operator delete(memory, bytes, std::align_val_t{alignment});
  }
};

}  // namespace

Memory& heap_memory() noexcept {
  static HeapMemory heap;
  return heap;
}

}  // namespace bowline
