#pragma once

// Slabs: where connections, listeners and sockets live.
//
// A slab hands out places by number. Elements never move and there is never a big stall: storage
// comes in chunks of a few KiB, so growing by one element costs at most one chunk. A freed place is
// used again first (its lines are still in the cache) with a new generation, so that a handle to
// its former tenant is recognised as stale. Generations stand apart from the elements: a stale
// handle does not touch them.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "bowline/base/memory.hpp"

namespace bowline::inline v0 {

/// A growing set of `T`, each under a number that stays its own until it is erased. One thread's.
template <class T>
class Slab {
 public:
  /// "No element": what emplace() returns when it could not.
  static constexpr std::uint32_t kNone = 0xffffffff;

  /// An empty slab over `memory`, which must outlive it, for at most `limit` elements. Holds no
  /// memory yet.
  Slab(Memory& memory, std::uint32_t limit) noexcept : memory_(&memory), limit_(limit) {}
  Slab(Slab&& other) noexcept
      : memory_(other.memory_),
        chunks_(std::exchange(other.chunks_, nullptr)),
        directory_size_(std::exchange(other.directory_size_, 0)),
        chunk_count_(std::exchange(other.chunk_count_, 0)),
        limit_(other.limit_),
        used_(std::exchange(other.used_, 0)),
        size_(std::exchange(other.size_, 0)),
        free_(std::exchange(other.free_, kNone)) {}
  Slab& operator=(Slab&& other) noexcept {
    Slab taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Slab() { clear(); }

  void swap(Slab& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(chunks_, other.chunks_);
    std::swap(directory_size_, other.directory_size_);
    std::swap(chunk_count_, other.chunk_count_);
    std::swap(limit_, other.limit_);
    std::swap(used_, other.used_);
    std::swap(size_, other.size_);
    std::swap(free_, other.free_);
  }

  /// Constructs a `T` from `arguments` and returns its number; kNone, and nothing is constructed,
  /// when the limit is reached or there is no memory.
  template <class... A>
  [[nodiscard]] std::uint32_t emplace(A&&... arguments) noexcept {
    if (size_ >= limit_) return kNone;
    std::uint32_t index = free_;
    if (index != kNone) {
      free_ = meta(index).next_free;
    } else {
      if (used_ == chunk_count_ * kPerChunk && !add_chunk()) return kNone;
      index = used_++;
    }
    meta(index).next_free = kLive;
    ++size_;
    std::construct_at(place(index), std::forward<A>(arguments)...);
    return index;
  }

  /// Destroys element `index`, which must be live. Its generation moves on and its number is the
  /// next one to be given out.
  void erase(std::uint32_t index) noexcept {
    std::destroy_at(place(index));
    retire(index);
    meta(index).next_free = free_;
    free_ = index;
    --size_;
  }

  /// Element `index`, which must be live.
  [[nodiscard]] T& operator[](std::uint32_t index) noexcept { return *place(index); }
  [[nodiscard]] const T& operator[](std::uint32_t index) const noexcept { return *place(index); }

  /// Is there an element `index`? Any number may be asked for.
  [[nodiscard]] bool live(std::uint32_t index) const noexcept {
    return index < used_ && meta(index).next_free == kLive;
  }

  /// The generation of `index`; never 0 for a place that has been used, 0 for one that has not.
  [[nodiscard]] std::uint32_t generation(std::uint32_t index) const noexcept {
    return index < used_ ? meta(index).generation : 0;
  }

  /// Element `index` if it lives and its generation is still `generation`, else null.
  [[nodiscard]] T* find(std::uint32_t index, std::uint32_t generation) noexcept {
    return live(index) && meta(index).generation == generation ? place(index) : nullptr;
  }
  [[nodiscard]] const T* find(std::uint32_t index, std::uint32_t generation) const noexcept {
    return live(index) && meta(index).generation == generation ? place(index) : nullptr;
  }

  /// Moves the generation of `index` on while the element lives: every handle to it is stale from
  /// now on.
  void retire(std::uint32_t index) noexcept {
    std::uint32_t& generation = meta(index).generation;
    if (++generation == 0) generation = 1;
  }

  /// How many elements live.
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// How many elements there may be.
  [[nodiscard]] std::uint32_t limit() const noexcept { return limit_; }

  /// Changes the limit. Elements beyond a lower one stay; only emplace() is refused.
  void set_limit(std::uint32_t limit) noexcept { limit_ = limit; }

  /// Calls `f(index, element)` for every live element in the order of their numbers. `f` may erase
  /// the element it is given, and may emplace (whether that one is visited depends on its number).
  template <class F>
  void for_each(F&& f) {
    for (std::uint32_t index = 0; index < used_; ++index) {
      if (live(index)) f(index, *place(index));
    }
  }
  template <class F>
  void for_each(F&& f) const {
    for (std::uint32_t index = 0; index < used_; ++index) {
      if (live(index)) f(index, std::as_const(*place(index)));
    }
  }

  /// As for_each(), but looks at no more than `most` places from number `from` on: for a walk in
  /// pieces, between which elements may come and go. Returns where to go on; kNone: that was all.
  template <class F>
  [[nodiscard]] std::uint32_t walk(std::uint32_t from, std::uint32_t most, F&& f) const {
    std::uint32_t index = from;
    for (; index < used_ && most > 0; ++index, --most) {
      if (live(index)) f(index, std::as_const(*place(index)));
    }
    return index < used_ ? index : kNone;
  }

  /// Begins to load the first line of element `index` into the cache. Any number of a used place.
  void prefetch(std::uint32_t index) const noexcept {
    if (index < used_) __builtin_prefetch(place(index));
  }

  /// Bytes of memory that the slab itself holds.
  [[nodiscard]] std::size_t bytes_held() const noexcept {
    return chunk_count_ * sizeof(Chunk) + directory_size_ * sizeof(Chunk*);
  }

  /// Destroys every element and gives all memory back. Generations start anew: handles from before
  /// must not be used with this slab any more.
  void clear() noexcept {
    for_each([](std::uint32_t, T& element) { std::destroy_at(&element); });
    for (std::uint32_t i = 0; i < chunk_count_; ++i) {
      memory_->release(chunks_[i], sizeof(Chunk), alignof(Chunk));
    }
    if (chunks_ != nullptr) {
      memory_->release(chunks_, directory_size_ * sizeof(Chunk*), alignof(Chunk*));
    }
    chunks_ = nullptr;
    directory_size_ = chunk_count_ = used_ = size_ = 0;
    free_ = kNone;
  }

  /// State: saved and loaded with numbers, generations and the order in which places will be used
  /// again; hashed as the live elements under their numbers. When loading, elements are constructed
  /// from `arguments` (default: none) before they are visited. The limit is configuration and is
  /// not visited.
  template <class V, class... A>
  void visit(V& v, A&... arguments) {
    if constexpr (V::hashing) {
      v(size_);
      for_each([&v](std::uint32_t index, T& element) { v(index, element); });
    } else if constexpr (V::loading) {
      load(v, arguments...);
    } else {
      v(used_, free_);
      for (std::uint32_t index = 0; index < used_; ++index) {
        v(meta(index).generation, meta(index).next_free);
        if (live(index)) v(*place(index));
      }
    }
  }

 private:
  static constexpr std::uint32_t kLive = 0xfffffffe;  // in next_free: the place is taken

  struct Meta {
    std::uint32_t generation;
    std::uint32_t next_free;
  };

  // As many elements as make about 8 KiB, a power of two so that a number splits by shift and mask.
  static constexpr std::uint32_t kPerChunk =
      sizeof(T) >= 4096 ? 2 : std::bit_floor(static_cast<std::uint32_t>(8192 / sizeof(T)));
  static constexpr std::uint32_t kShift = std::countr_zero(kPerChunk);

  struct Chunk {
    alignas(T) std::byte elements[kPerChunk * sizeof(T)];
    Meta meta[kPerChunk];
  };

  [[nodiscard]] T* place(std::uint32_t index) const noexcept {
    std::byte* elements = chunks_[index >> kShift]->elements;
    return std::launder(reinterpret_cast<T*>(elements + (index & (kPerChunk - 1)) * sizeof(T)));
  }
  [[nodiscard]] Meta& meta(std::uint32_t index) const noexcept {
    return chunks_[index >> kShift]->meta[index & (kPerChunk - 1)];
  }

  [[nodiscard]] bool add_chunk() noexcept {
    if (chunk_count_ >= kLive / kPerChunk) return false;
    if (chunk_count_ == directory_size_ && !grow_directory()) return false;
    void* memory = memory_->allocate(sizeof(Chunk), alignof(Chunk));
    if (memory == nullptr) return false;
    auto* chunk = new (memory) Chunk;  // leaves the elements' bytes alone
    for (Meta& meta : chunk->meta) meta = {1, kNone};
    chunks_[chunk_count_++] = chunk;
    return true;
  }

  // Copies one pointer for each chunk: a thousandth of what a rehash or a moved array would cost.
  [[nodiscard]] bool grow_directory() noexcept {
    const std::uint32_t larger = directory_size_ == 0 ? 4 : directory_size_ * 2;
    void* memory = memory_->allocate(larger * sizeof(Chunk*), alignof(Chunk*));
    if (memory == nullptr) return false;
    auto* directory = static_cast<Chunk**>(memory);
    for (std::uint32_t i = 0; i < chunk_count_; ++i) directory[i] = chunks_[i];
    if (chunks_ != nullptr) {
      memory_->release(chunks_, directory_size_ * sizeof(Chunk*), alignof(Chunk*));
    }
    chunks_ = directory;
    directory_size_ = larger;
    return true;
  }

  template <class V, class... A>
  void load(V& v, A&... arguments) {
    clear();
    std::uint32_t used = 0;
    std::uint32_t free = kNone;
    v(used, free);
    while (used_ < used && !v.failed()) {
      if (used_ == chunk_count_ * kPerChunk && !add_chunk()) return v.fail();
      const std::uint32_t index = used_;
      Meta loaded{};
      v(loaded.generation, loaded.next_free);
      if (v.failed()) return;
      const bool lives = loaded.next_free == kLive;
      if (!lives && loaded.next_free != kNone && loaded.next_free >= used) return v.fail();
      if (lives) {
        std::construct_at(place(index), arguments...);
        ++size_;
      }
      meta(index) = loaded;
      ++used_;
      if (lives) v(*place(index));
    }
    if (!v.failed()) adopt_free_list(v, free);
  }

  // A free list from outside must hold each free place once, or the slab would give one out twice.
  template <class V>
  void adopt_free_list(V& v, std::uint32_t free) noexcept {
    std::uint32_t count = 0;
    for (std::uint32_t i = free; i != kNone; i = meta(i).next_free) {
      if (i >= used_ || live(i) || ++count > used_ - size_) return v.fail();
    }
    if (count != used_ - size_) return v.fail();
    free_ = free;
  }

  Memory* memory_;
  Chunk** chunks_ = nullptr;
  std::uint32_t directory_size_ = 0;
  std::uint32_t chunk_count_ = 0;
  std::uint32_t limit_;
  std::uint32_t used_ = 0;  // places 0 .. used_ - 1 have been given out at least once
  std::uint32_t size_ = 0;
  std::uint32_t free_ = kNone;
};

}  // namespace bowline::inline v0
