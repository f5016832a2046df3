#pragma once

// Buffers: payload is written once and then shared.
//
// A Buffer is a block of memory that one owner fills; a Slice is a read-only window on it. Slices
// are counted references, so the bytes that an application wrote stand in the send buffer, in the
// segment on its way and in the peer's receive queue (when that is in the same process) without
// being copied. The counts are not atomic: a Stack is one thread's, and slices never cross threads
// (DESIGN section 3).
//
// Blocks come from a BufferPool, last in, first out, so that the block handed out is the one whose
// lines are still in the cache. A pool lives until its owner has let go of it and its last slice is
// gone, so a frame of one stack may outlive that stack in another's queue.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "bowline/base/memory.hpp"

namespace bowline::inline v0 {

class BufferPool;

namespace detail {

/// What stands in front of (or beside, for owned memory) the bytes of a block.
struct Block {
  std::byte* data = nullptr;
  std::uint32_t capacity = 0;
  std::uint32_t references = 0;
  BufferPool* pool = nullptr;
  Block* next_free = nullptr;
  void (*deleter)(void* context) noexcept = nullptr;  // owned memory only
  void* context = nullptr;
  std::uint8_t size_class = 0;
};

void release_block(Block* block) noexcept;

}  // namespace detail

/// A read-only window on shared bytes. Copying shares, destroying lets go. Never crosses threads.
class Slice {
 public:
  constexpr Slice() noexcept = default;
  Slice(const Slice& other) noexcept
      : block_(other.block_), data_(other.data_), size_(other.size_) {
    if (block_ != nullptr) ++block_->references;
  }
  Slice(Slice&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Slice& operator=(const Slice& other) noexcept {
    Slice copy(other);
    swap(copy);
    return *this;
  }
  Slice& operator=(Slice&& other) noexcept {
    Slice taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Slice() { reset(); }

  /// Lets go of the bytes; empty afterwards.
  void reset() noexcept {
    if (block_ != nullptr && --block_->references == 0) detail::release_block(block_);
    block_ = nullptr;
    data_ = nullptr;
    size_ = 0;
  }

  [[nodiscard]] const std::byte* data() const noexcept { return data_; }  ///< Its first byte.
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }     ///< Bytes.
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }        ///< No bytes?
  /// All of them.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

  /// The bytes of memory that this slice keeps from being reused: the capacity of its whole block.
  /// Caps count this, not size() (DESIGN section 3).
  [[nodiscard]] std::uint32_t pinned() const noexcept {
    return block_ == nullptr ? 0 : block_->capacity;
  }

  /// The part of this slice from `offset` on, at most `length` bytes. `offset` beyond the end gives
  /// nothing.
  [[nodiscard]] Slice part(std::uint32_t offset, std::uint32_t length) const noexcept {
    Slice result(*this);
    result.drop_front(offset);
    result.truncate(length);
    return result;
  }

  /// Moves the start `count` bytes on (at most to the end).
  void drop_front(std::uint32_t count) noexcept {
    const std::uint32_t taken = count < size_ ? count : size_;
    data_ += taken;
    size_ -= taken;
  }

  /// Moves the start `count` bytes back, over bytes of the block that no slice shows and the caller
  /// may write: what Buffer::slice() left out in front. False when there are not so many.
  [[nodiscard]] bool uncover_front(std::uint32_t count) noexcept {
    if (block_ == nullptr || data_ - block_->data < static_cast<std::ptrdiff_t>(count))
      return false;
    data_ -= count;
    size_ += count;
    return true;
  }

  /// Cuts the end so that at most `length` bytes are left.
  void truncate(std::uint32_t length) noexcept {
    if (length < size_) size_ = length;
  }

  /// Exchanges the two.
  void swap(Slice& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  /// The number of slices and buffers that share the block; 0 for an empty slice. For tests and for
  /// code that may write in place when it is the only owner.
  [[nodiscard]] std::uint32_t references() const noexcept {
    return block_ == nullptr ? 0 : block_->references;
  }

 private:
  friend class Buffer;
  friend class BufferPool;
  friend class SaveVisitor;
  Slice(detail::Block* block, const std::byte* data, std::uint32_t size) noexcept
      : block_(block), data_(data), size_(size) {
    if (block_ != nullptr) ++block_->references;
  }

  detail::Block* block_ = nullptr;
  const std::byte* data_ = nullptr;
  std::uint32_t size_ = 0;
};

/// A block that its holder may write. Bytes that a slice already shows must not be written any
/// more. Move-only: one writer. An empty Buffer (operator bool) is what an exhausted pool returns.
class Buffer {
 public:
  constexpr Buffer() noexcept = default;
  Buffer(Buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { reset(); }

  /// Lets go of the block.
  void reset() noexcept {
    if (block_ != nullptr && --block_->references == 0) detail::release_block(block_);
    block_ = nullptr;
  }

  /// Is there one?
  [[nodiscard]] explicit operator bool() const noexcept { return block_ != nullptr; }
  [[nodiscard]] std::byte* data() const noexcept { return block_->data; }  ///< Its first byte.
  /// Bytes; 0 without a block.
  [[nodiscard]] std::uint32_t capacity() const noexcept {
    return block_ == nullptr ? 0 : block_->capacity;
  }

  /// A slice of `size` bytes from `offset` on; both must lie within capacity().
  [[nodiscard]] Slice slice(std::uint32_t offset, std::uint32_t size) const noexcept {
    return Slice(block_, block_->data + offset, size);
  }

 private:
  friend class BufferPool;
  friend class SaveVisitor;
  friend class LoadVisitor;
  explicit Buffer(detail::Block* block) noexcept : block_(block) { ++block_->references; }

  detail::Block* block_ = nullptr;
};

/// How much a pool holds, for limits and tests.
struct BufferPoolUsage {
  std::uint64_t live_blocks = 0;   ///< blocks that somebody holds
  std::uint64_t live_bytes = 0;    ///< their capacities
  std::uint64_t cached_bytes = 0;  ///< free blocks kept for the next allocate()
  std::uint64_t refused = 0;       ///< allocate() calls that were answered with an empty Buffer
};

/// Hands out blocks in a few size classes. One thread's. Create it by make(); the owner calls
/// retire() (BufferPoolOwner does) and the pool goes when its last block comes home.
class BufferPool {
 public:
  /// The largest block that allocate() hands out: a 64 KiB IP packet with room in front for a link
  /// header.
  static constexpr std::uint32_t kLargest = 65'536 + 256;

  /// What is to be sent, and what has come and waits to be read, may take so many per cent of the
  /// limit. The rest is for headers, which live until the link has taken them: without them nothing
  /// could be said any more, not even what makes room.
  static constexpr std::uint32_t kPayloadPercent = 97;

  /// A pool over `memory`, which must outlive it, holding at most `limit` bytes in live blocks;
  /// null when `memory` has nothing left.
  [[nodiscard]] static BufferPool* make(Memory& memory, std::uint64_t limit) noexcept;

  /// The owner lets go. The pool destroys itself now, or when the last block comes back.
  void retire() noexcept;

  /// A block with a capacity of at least `size` bytes, or an empty Buffer when the pool's limit or
  /// the memory is exhausted or `size` is over kLargest.
  [[nodiscard]] Buffer allocate(std::uint32_t size) noexcept;

  /// As allocate(), but nothing of the last few per cent, see kPayloadPercent.
  [[nodiscard]] Buffer allocate_payload(std::uint32_t size) noexcept;

  /// A block of exactly `capacity` bytes, which may be over kLargest: what loading needs, so that a
  /// clone pins and counts what its original does. An empty Buffer as for allocate(), or when
  /// `capacity` is 0.
  [[nodiscard]] Buffer allocate_exactly(std::uint32_t capacity) noexcept;

  /// A new block that holds a copy of `bytes`; an empty slice when there is no room (or no bytes).
  [[nodiscard]] Slice copy(std::span<const std::byte> bytes) noexcept;

  /// Makes a slice of memory that the caller owns and lends: nothing is copied. `deleter(context)`
  /// runs on this thread when the last slice is gone. An empty slice when there is no room for
  /// payload or the bookkeeping block cannot be had; the deleter has then not run and will not.
  [[nodiscard]] Slice adopt(std::span<const std::byte> bytes, void (*deleter)(void*) noexcept,
                            void* context) noexcept;

  /// Where the blocks come from.
  [[nodiscard]] Memory& memory() const noexcept { return memory_; }

  /// Bytes until half of the limit is in use. Nobody who could do without should come to hold more
  /// than that: the other half is for those who cannot.
  [[nodiscard]] std::uint32_t spare() const noexcept {
    const std::uint64_t half = limit_ / 2;
    if (usage_.live_bytes >= half) return 0;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(half - usage_.live_bytes, 1U << 30));
  }

  /// Is more than so many per cent of the limit in use?
  [[nodiscard]] bool beyond(std::uint32_t percent) const noexcept {
    return usage_.live_bytes > limit_ / 100 * percent;
  }

  /// Is there room for `size` bytes more of payload?
  [[nodiscard]] bool has_room_for_payload(std::uint32_t size) const noexcept {
    return usage_.live_bytes + size <= limit_ / 100 * kPayloadPercent;
  }

  /// What is in use now.
  [[nodiscard]] const BufferPoolUsage& usage() const noexcept { return usage_; }

 private:
  friend void detail::release_block(detail::Block* block) noexcept;

  BufferPool(Memory& memory, std::uint64_t limit) noexcept : memory_(memory), limit_(limit) {}
  ~BufferPool();
  // The smallest class for `size`; kClasses.size(): it is too large.
  [[nodiscard]] static std::uint8_t class_for(std::uint32_t size) noexcept;
  [[nodiscard]] detail::Block* new_block(std::uint32_t capacity, std::uint8_t size_class) noexcept;
  void give_back(detail::Block* block) noexcept;
  void destroy() noexcept;

  static constexpr std::array<std::uint32_t, 5> kClasses{256, 2'048, 8'192, 16'384, kLargest};
  static constexpr std::uint8_t kOwned = 0xff;  // the bytes are somebody else's
  static constexpr std::uint8_t kExact =
      0xfe;  // of no class: goes back to memory_ when it comes home
  static constexpr std::uint64_t kMaxCached = 4U << 20;  // free bytes kept in each class

  Memory& memory_;
  std::uint64_t limit_;
  std::array<detail::Block*, kClasses.size()> free_{};
  std::array<std::uint64_t, kClasses.size()> cached_{};
  BufferPoolUsage usage_;
  bool retired_ = false;
};

/// Owns a BufferPool: retires it when destroyed. Movable.
class BufferPoolOwner {
 public:
  BufferPoolOwner() noexcept = default;
  explicit BufferPoolOwner(BufferPool* pool) noexcept : pool_(pool) {}  ///< Owns it.
  BufferPoolOwner(BufferPoolOwner&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
  BufferPoolOwner& operator=(BufferPoolOwner&& other) noexcept {
    std::swap(pool_, other.pool_);
    return *this;
  }
  ~BufferPoolOwner() {
    if (pool_ != nullptr) pool_->retire();
  }
  [[nodiscard]] BufferPool& operator*() const noexcept { return *pool_; }  ///< The pool.
  [[nodiscard]] BufferPool* operator->() const noexcept { return pool_; }  ///< The pool.
  /// Is there one?
  [[nodiscard]] explicit operator bool() const noexcept { return pool_ != nullptr; }

 private:
  BufferPool* pool_ = nullptr;
};

}  // namespace bowline::inline v0
