#include "bowline/base/buffer.hpp"

#include <cstring>
#include <new>

namespace bowline::inline v0 {
namespace {

// The bytes of a pool block follow its header on a cache line of their own.
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHeader = 64;
static_assert(sizeof(detail::Block) <= kHeader);

}  // namespace

namespace detail {

void release_block(Block* block) noexcept { block->pool->give_back(block); }

}  // namespace detail

BufferPool* BufferPool::make(Memory& memory, std::uint64_t limit) noexcept {
  void* place = memory.allocate(sizeof(BufferPool), alignof(BufferPool));
  return place == nullptr ? nullptr : new (place) BufferPool(memory, limit);
}

BufferPool::~BufferPool() {
  for (std::size_t size_class = 0; size_class < kClasses.size(); ++size_class) {
    while (detail::Block* block = free_[size_class]) {
      free_[size_class] = block->next_free;
      memory_.release(block, kHeader + kClasses[size_class], kAlignment);
    }
  }
}

void BufferPool::retire() noexcept {
  retired_ = true;
  if (usage_.live_blocks == 0) destroy();
}

void BufferPool::destroy() noexcept {
  Memory& memory = memory_;
  this->~BufferPool();
  memory.release(this, sizeof(BufferPool), alignof(BufferPool));
}

std::uint8_t BufferPool::class_for(std::uint32_t size) noexcept {
  std::uint8_t size_class = 0;
  while (size_class < kClasses.size() && kClasses[size_class] < size) ++size_class;
  return size_class;
}

Buffer BufferPool::allocate_payload(std::uint32_t size) noexcept {
  const std::uint8_t size_class = class_for(size);
  if (size_class < kClasses.size() && !has_room_for_payload(kClasses[size_class])) {
    ++usage_.refused;
    return {};
  }
  return allocate(size);
}

Buffer BufferPool::allocate(std::uint32_t size) noexcept {
  const std::uint8_t size_class = class_for(size);
  if (size_class == kClasses.size() || usage_.live_bytes + kClasses[size_class] > limit_) {
    ++usage_.refused;
    return {};
  }
  const std::uint32_t capacity = kClasses[size_class];
  detail::Block* block = free_[size_class];
  if (block != nullptr) {
    free_[size_class] = block->next_free;
    cached_[size_class] -= capacity;
    usage_.cached_bytes -= capacity;
  } else if (block = new_block(capacity, size_class); block == nullptr) {
    ++usage_.refused;
    return {};
  }
  ++usage_.live_blocks;
  usage_.live_bytes += capacity;
  return Buffer(block);
}

Buffer BufferPool::allocate_exactly(std::uint32_t capacity) noexcept {
  for (const std::uint32_t of_class : kClasses) {
    if (capacity == of_class) return allocate(capacity);
  }
  detail::Block* block = nullptr;
  if (capacity != 0 && usage_.live_bytes + capacity <= limit_) {
    block = new_block(capacity, kExact);
  }
  if (block == nullptr) {
    ++usage_.refused;
    return {};
  }
  ++usage_.live_blocks;
  usage_.live_bytes += capacity;
  return Buffer(block);
}

detail::Block* BufferPool::new_block(std::uint32_t capacity, std::uint8_t size_class) noexcept {
  void* place = memory_.allocate(kHeader + capacity, kAlignment);
  if (place == nullptr) return nullptr;
  auto* block = new (place) detail::Block;
  block->data = static_cast<std::byte*>(place) + kHeader;
  block->capacity = capacity;
  block->pool = this;
  block->size_class = size_class;
  return block;
}

Slice BufferPool::copy(std::span<const std::byte> bytes) noexcept {
  if (bytes.empty() || bytes.size() > kLargest) return {};
  const Buffer buffer = allocate(static_cast<std::uint32_t>(bytes.size()));
  if (!buffer) return {};
  std::memcpy(buffer.data(), bytes.data(), bytes.size());
  return buffer.slice(0, static_cast<std::uint32_t>(bytes.size()));
}

Slice BufferPool::adopt(std::span<const std::byte> bytes, void (*deleter)(void*) noexcept,
                        void* context) noexcept {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  if (bytes.empty() || size != bytes.size() || !has_room_for_payload(size)) return {};
  void* place = memory_.allocate(kHeader, kAlignment);
  if (place == nullptr) return {};
  auto* block = new (place) detail::Block;
  // A slice shows its bytes as const; nobody writes through this pointer.
  block->data = const_cast<std::byte*>(bytes.data());
  block->capacity = size;
  block->pool = this;
  block->deleter = deleter;
  block->context = context;
  block->size_class = kOwned;
  ++usage_.live_blocks;
  usage_.live_bytes += size;
  return Slice(block, block->data, size);
}

void BufferPool::give_back(detail::Block* block) noexcept {
  --usage_.live_blocks;
  usage_.live_bytes -= block->capacity;
  if (block->size_class == kOwned) {
    if (block->deleter != nullptr) block->deleter(block->context);
    memory_.release(block, kHeader, kAlignment);
  } else if (retired_ || block->size_class == kExact ||
             cached_[block->size_class] + block->capacity > kMaxCached) {
    memory_.release(block, kHeader + block->capacity, kAlignment);
  } else {
    block->next_free = free_[block->size_class];
    free_[block->size_class] = block;
    cached_[block->size_class] += block->capacity;
    usage_.cached_bytes += block->capacity;
  }
  if (retired_ && usage_.live_blocks == 0) destroy();
}

}  // namespace bowline::inline v0
